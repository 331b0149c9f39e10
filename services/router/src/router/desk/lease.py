"""Who leads a desk, agreed on through one key of the bucket `LEASES` (ADR 4).

The holder writes its name with a growing count. A standby that has seen no change for the time to
live, on its own monotonic clock, takes over by compare-and-set. So no clocks have to agree and no
expiry has to be trusted. Leadership is an optimisation: epoch and index keep the log right even
if two replicas believe that they lead.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress

import msgspec

from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import WrongSequence
from frontline.runtime.keyvalue import Entry, KeyValue

MARGIN = 0.8
"""The part of the time to live for which the holder itself trusts its lease: standbys wait for all of it."""


class _Value(msgspec.Struct):
    holder: str = ""
    count: int = 0


class LeaseLost(Exception):
    """Somebody else holds the lease now."""


class Lease:
    """One replica's hold on one desk. `monotonic` gives seconds and never goes back."""

    def __init__(
        self, bucket: KeyValue, desk: DeskId, holder: str, *, ttl: float, monotonic: Callable[[], float]
    ) -> None:
        self._bucket = bucket
        self._key = desk
        self._holder = holder
        self._ttl = ttl
        self._monotonic = monotonic
        self._renewed = -float("inf")
        self._revision = 0
        self._count = 0

    @property
    def held(self) -> bool:
        """Whether the lease may be relied on at this moment; asked before each answer."""
        return self._monotonic() - self._renewed < self._ttl * MARGIN

    async def acquire(self) -> None:
        """Wait until the lease is ours: at once if it is free, else when its holder is silent."""
        changes: asyncio.Queue[Entry] = asyncio.Queue()
        watching = asyncio.create_task(self._watch(changes))
        try:
            latest = await self._bucket_entry()
            while True:
                if latest is None or not _decode(latest).holder:
                    silent = True
                else:
                    silent = await self._silent(changes, latest)
                if silent and await self._take(latest):
                    return
                latest = await self._bucket_entry()
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def keep(self) -> None:
        """Renew until cancelled. Raises `LeaseLost` when another holds it. While the bus is away
        `held` turns false and renewing goes on: the log's epoch decides whether we still lead.
        """
        while True:
            await asyncio.sleep(self._ttl / 4)
            started = self._monotonic()
            try:
                self._revision = await self._bucket.update(self._key, self._encode(), self._revision)
            except WrongSequence as error:
                # Our own renewal may have been stored although its acknowledgement was lost.
                if not await self._is_ours():
                    self._renewed = -float("inf")
                    raise LeaseLost from error
            except Unavailable:
                continue  # `held` ends by itself; if nobody took over meanwhile, the epoch goes on
            self._renewed = started

    async def release(self) -> None:
        """Hand over at once; without effect if the lease is not ours any more."""
        self._renewed = -float("inf")
        with suppress(Unavailable, WrongSequence):
            await self._bucket.update(self._key, msgspec.json.encode(_Value()), self._revision)

    async def _watch(self, changes: asyncio.Queue[Entry]) -> None:
        async with aclosing(self._bucket.watch(self._key)) as batches:
            async for entries in batches:
                for entry in entries:
                    changes.put_nowait(entry)

    async def _silent(self, changes: asyncio.Queue[Entry], latest: Entry) -> bool:
        """Whether `latest` stays the last word for the whole time to live. False at any change."""
        deadline = self._monotonic() + self._ttl
        while (left := deadline - self._monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    entry = await changes.get()
            except TimeoutError:
                return True
            if entry.revision > latest.revision:
                return False
        return True

    async def _take(self, over: Entry | None) -> bool:
        started = self._monotonic()
        self._count = _decode(over).count if over else 0
        try:
            revision = await self._bucket.update(self._key, self._encode(), over.revision if over else 0)
        except (WrongSequence, Unavailable):
            return False
        self._revision = revision
        self._renewed = started
        return True

    async def _is_ours(self) -> bool:
        try:
            entry = await self._bucket_entry()
        except Unavailable:
            return False
        if entry is None or _decode(entry).holder != self._holder:
            return False
        self._revision = entry.revision
        return True

    async def _bucket_entry(self) -> Entry | None:
        while True:
            try:
                return await self._bucket.get(self._key)
            except Unavailable:
                await asyncio.sleep(self._ttl / 8)

    def _encode(self) -> bytes:
        self._count += 1
        return msgspec.json.encode(_Value(self._holder, self._count))


def _decode(entry: Entry) -> _Value:
    return msgspec.json.decode(entry.value, type=_Value)
