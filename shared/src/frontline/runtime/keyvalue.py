"""Key-value buckets with compare-and-set, on the bus's own acknowledgements (ADR-8 of NATS).

Reads go to the stream's leader, never to a replica that may be behind: the desk decides by them.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

import msgspec

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus, PubAck
from frontline.runtime.reader import follow

_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_NOT_FOUND = 10037


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and its revision; an empty value stands for a deleted key."""

    key: str
    value: bytes
    revision: int


class _Message(msgspec.Struct):
    seq: int
    data: str = ""


class _Error(msgspec.Struct):
    err_code: int = 0
    description: str = ""


class _Answer(msgspec.Struct):
    message: _Message | None = None
    error: _Error | None = None


_decode = msgspec.json.Decoder(_Answer).decode


class KeyValue:
    """One bucket. Keys are tokens of subjects: ids and hexadecimal HMACs, with dots between."""

    def __init__(self, bus: Bus, bucket: str) -> None:
        self._bus = bus
        self.bucket = bucket

    async def get(self, key: str) -> Entry | None:
        """The present value, or `None` for a key that never was or is deleted."""
        last = await self.last(key)
        return last if last is not None and last.value else None

    async def last(self, key: str) -> Entry | None:
        """The last word on `key`, be it that it was deleted: what `update` has to be over. `None` if there never was one."""
        return self._read(key, await (await self._ask(key)))

    async def get_many(self, keys: Iterable[str]) -> list[Entry | None]:
        """As `get`, all under way at once, without a task for each."""
        asked = [(key, await self._ask(key)) for key in keys]
        answers = await asyncio.gather(*(answer for _, answer in asked))
        found = [self._read(key, data) for (key, _), data in zip(asked, answers, strict=True)]
        return [entry if entry is not None and entry.value else None for entry in found]

    async def _ask(self, key: str) -> asyncio.Future[bytes]:
        ask = msgspec.json.encode({"last_by_subj": f"$KV.{self.bucket}.{key}"})
        return await self._bus.begin_request(f"$JS.API.STREAM.MSG.GET.KV_{self.bucket}", ask)

    def _read(self, key: str, data: bytes) -> Entry | None:
        answer = _decode(data)
        if answer.message is not None:
            return Entry(key, base64.b64decode(answer.message.data), answer.message.seq)
        if answer.error is not None and answer.error.err_code == _NOT_FOUND:
            return None
        raise Unavailable(f"bucket {self.bucket} cannot be read")

    async def begin_put(self, key: str, value: bytes) -> asyncio.Future[PubAck]:
        """Start a write; the future is that of `Bus.begin`."""
        return await self._bus.begin(f"$KV.{self.bucket}.{key}", value)

    async def begin_create(self, key: str, value: bytes) -> asyncio.Future[PubAck]:
        """Start a write that is to be the key's first one ever; the future ends with `WrongSequence` if it is not."""
        return await self._bus.begin(f"$KV.{self.bucket}.{key}", value, {_EXPECTED: "0"})

    async def put(self, key: str, value: bytes) -> int:
        """Write; gives the new revision."""
        return (await self._bus.publish(f"$KV.{self.bucket}.{key}", value)).seq

    async def update(self, key: str, value: bytes, revision: int) -> int:
        """Write only over `revision` (0: only if there was never a value). Raises `WrongSequence`."""
        return (await self._bus.publish(f"$KV.{self.bucket}.{key}", value, {_EXPECTED: str(revision)})).seq

    async def watch(self, keys: str = ">") -> AsyncGenerator[list[Entry], None]:
        """What is there, then each change, for ever. An empty list: all that was there has been given."""
        prefix = f"$KV.{self.bucket}."
        async for items in follow(self._bus, f"KV_{self.bucket}", prefix + keys, f"kv.{self.bucket}.{keys}"):
            yield [Entry(item.subject.removeprefix(prefix), item.data, item.seq) for item in items]
