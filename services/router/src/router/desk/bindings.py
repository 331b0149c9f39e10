"""Where keys lead, written to the two indexes that all desks look into, and never by one who leads no more.

A leader that was away finds out late that another one leads. What it had begun to write may even arrive after the
other one has moved a message elsewhere, and would lead its answers back. So a key is bound if it never was: that
needs no look before. Else it is looked up first, then whether we still lead, and the new value is to replace the very
value that was looked up: whoever has bound it since leads, and ours is refused.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from frontline.contract.ids import ContactId, DeskId, KeyHash
from frontline.runtime.bus import Bus, PubAck, WrongSequence
from frontline.runtime.keyvalue import Entry, KeyValue
from frontline.runtime.topology import KEYS, THREADS
from router.desk.deposed import check_leads
from router.desk.resolve import KnownKey


class _Key(NamedTuple):
    bucket: str
    key: KeyHash


class Bindings:
    """Of the leader in `epoch`. Bind any number of keys, then `settle`; of two values of a key the later one holds."""

    def __init__(self, bus: Bus, desk: DeskId, epoch: int) -> None:
        self._bus = bus
        self._desk = desk
        self._epoch = epoch
        self._buckets = {bucket: KeyValue(bus, bucket) for bucket in (THREADS, KEYS)}
        self._wanted: dict[_Key, bytes] = {}
        self._begun: dict[_Key, tuple[bytes, asyncio.Future[PubAck]]] = {}

    def begin_anew(self) -> None:
        """Forget what was begun: all of it is repeated."""
        self._wanted, self._begun = {}, {}

    async def lead(self, key: KeyHash, contact: ContactId) -> None:
        """What names this key belongs to `contact`."""
        await self._bind(_Key(THREADS, key), contact.encode())

    async def place(self, key: KeyHash, known: KnownKey) -> None:
        """The message with this idempotency key is known."""
        await self._bind(_Key(KEYS, key), msgspec.json.encode(known))

    async def _bind(self, key: _Key, value: bytes) -> None:
        if key not in self._begun:
            ack = await self._buckets[key.bucket].begin_create(key.key, value)
            ack.add_done_callback(_hear)
            self._begun[key] = value, ack
        self._wanted[key] = value

    async def settle(self) -> None:
        """Return once all of it stands. Raises `Unavailable`, and `Deposed` if another one leads."""
        wanted, begun = self._wanted, self._begun
        self.begin_anew()
        outcomes = await asyncio.gather(*(ack for _, ack in begun.values()), return_exceptions=True)
        bound: set[_Key] = set()
        for (key, (value, _)), outcome in zip(begun.items(), outcomes, strict=True):
            if isinstance(outcome, PubAck):
                if value == wanted[key]:
                    bound.add(key)
            elif not isinstance(outcome, WrongSequence):
                raise outcome
        left = {key: value for key, value in wanted.items() if key not in bound}
        while left:
            left = await self._over(left)

    async def _over(self, wanted: Mapping[_Key, bytes]) -> dict[_Key, bytes]:
        """Bind what has been bound before. Gives what has changed meanwhile, to be looked up again."""
        found = await asyncio.gather(*(self._buckets[key.bucket].last(key.key) for key in wanted))
        others = [(key, entry) for key, entry in zip(wanted, found, strict=True) if _value(entry) != wanted[key]]
        if not others:
            return {}
        await check_leads(self._bus, self._desk, self._epoch)
        replacing = [
            self._buckets[key.bucket].update(key.key, wanted[key], entry.revision if entry else 0)
            for key, entry in others
        ]
        again: dict[_Key, bytes] = {}
        for (key, _), outcome in zip(others, await asyncio.gather(*replacing, return_exceptions=True), strict=True):
            if isinstance(outcome, WrongSequence):
                again[key] = wanted[key]
            elif isinstance(outcome, BaseException):
                raise outcome
        return again


def _hear(ack: asyncio.Future[PubAck]) -> None:
    """Whoever began it may have begun anew since; then nobody asks what became of it."""
    if not ack.cancelled():
        ack.exception()


def _value(entry: Entry | None) -> bytes | None:
    return entry.value if entry else None
