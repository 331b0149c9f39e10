"""A desk's snapshots in the object store: the last few, each read back before it counts."""

import asyncio
import gc
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from datetime import datetime

import msgspec

from frontline.contract.clock import Instant
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.contract.message import ObjectRef
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.objects import Objects
from frontline.runtime.topology import PROGRESS, SNAPSHOTS
from router.core.snapshot import FORMAT, Restoration, UnreadableSnapshot, save
from router.core.state import DeskState
from router.desk.fence import Fence

KEPT = 3
_LENGTH_BYTES = 4


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that was stored and read back: the state behind sequence `seq` of the log."""

    seq: int
    epoch: int
    index: int
    at: Instant
    contacts: int
    content: ObjectRef
    mark: str = ""
    """Of the record at `seq`."""
    format: int = FORMAT


_decode = msgspec.json.Decoder(tuple[Taken, ...]).decode


class Snapshots:
    def __init__(self, bus: Bus, desk: DeskId) -> None:
        self._desk = desk
        self._objects = Objects(bus)
        self._progress = KeyValue(bus, PROGRESS)
        self._key = f"snapshots.{desk}"

    async def taken(self) -> tuple[Taken, ...]:
        """Those that this code can read, youngest first. Raises `Unavailable`."""
        entry = await self._progress.get(self._key)
        return tuple(each for each in _decode(entry.value) if each.format == FORMAT) if entry else ()

    async def load(self, taken: Taken) -> DeskState:
        """Raises `UnreadableSnapshot`, `Unavailable`. Lets others run in between."""
        restoration = Restoration()
        collects = gc.isenabled()
        gc.disable()  # a million new objects, all of them to stay: looking for garbage takes longer than making them
        try:
            async for block in _blocks(self._objects.get(taken.content)):
                restoration.add(block)
                await asyncio.sleep(0)
        finally:
            if collects:
                gc.enable()
                gc.freeze()  # nor is garbage looked for among them later: that would stop a loop for seconds
        return restoration.done()

    async def write(self, state: DeskState, place: Fence, now: datetime) -> Taken:
        """Store `state`, which must not change meanwhile, and read it back. `place` is that of the last record
        that counts or begins an epoch: where a reader of the snapshot goes on from. Raises `Unavailable`, and
        `UnreadableSnapshot` if what was read is not what was written.
        """
        before = await self.taken()
        name = f"{self._desk}/{_free(before)}"
        written = hashlib.sha256()
        content = await self._objects.put(SNAPSHOTS, name, _in_turns(_framed(state, written)))
        taken = Taken(
            seq=place.seq,
            epoch=place.epoch,
            index=place.index,
            mark=place.mark,
            at=now,
            contacts=len(state.contacts),
            content=content,
        )
        found = hashlib.sha256()
        async for _ in _in_turns(_framed(await self.load(taken), found)):
            pass  # saving it again is what it takes to see all of it
        if found.digest() != written.digest():
            raise UnreadableSnapshot("what was read back is another state")
        await self._progress.put(self._key, msgspec.json.encode((taken, *before)[:KEPT]))
        return taken


def _free(before: tuple[Taken, ...]) -> int:
    """A name that none of those that stay has: the one of the oldest is used again."""
    stay = {each.content.name.rpartition("/")[2] for each in before[: KEPT - 1]}
    return next(n for n in range(KEPT) if str(n) not in stay)


def _framed(state: DeskState, digest: "hashlib._Hash") -> Iterator[bytes]:
    """Each block behind its length, as the store cuts where it likes. `digest` has all of them in the end."""
    for block in save(state):
        digest.update(block)
        yield len(block).to_bytes(_LENGTH_BYTES) + block


async def _in_turns(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Lets others run in between."""
    for part in parts:
        yield part
        await asyncio.sleep(0)


async def _blocks(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    rest = bytearray()
    async for chunk in chunks:
        rest += chunk
        while len(rest) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(rest[:_LENGTH_BYTES])
            if len(rest) < end:
                break
            yield bytes(rest[_LENGTH_BYTES:end])
            del rest[:end]
    if rest:
        raise Unavailable("a snapshot ends in the middle of a block")
