"""Who leads a desk, agreed on through one key of the bucket `LEASES` (ADR 4).

The holder writes its name with a growing count. A standby that has seen no change for the time to
live, on its own monotonic clock, takes over by compare-and-set. So no clocks have to agree and no
expiry has to be trusted. Leadership is an optimisation: epoch and index keep the log right even
if two replicas believe that they lead.
"""

import asyncio
import secrets
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
        self._holder = f"{holder}.{secrets.token_hex(4)}"  # a process started again is another holder
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
        pause = self._ttl / 4
        while True:
            await asyncio.sleep(pause)
            pause = self._ttl / 4
            started = self._monotonic()
            try:
                async with asyncio.timeout(self._ttl / 4):
                    self._revision = await self._bucket.update(self._key, self._encode(), self._revision)
            except WrongSequence as error:
                if not await self._is_ours():
                    self._renewed = -float("inf")
                    raise LeaseLost from error
                # An earlier renewal was stored and its acknowledgement lost. Standbys count from when
                # that was, which we don't know: so it prolongs nothing, and the next one goes out now.
                pause = 0
            except (Unavailable, TimeoutError):
                continue  # `held` ends by itself; if nobody took over meanwhile, the epoch goes on
            else:
                self._renewed = started

    async def release(self) -> None:
        """Hand over at once; without effect if the lease is not ours any more."""
        self._renewed = -float("inf")
        free = msgspec.json.encode(_Value())
        with suppress(Unavailable, WrongSequence):
            try:
                await self._bucket.update(self._key, free, self._revision)
            except WrongSequence:  # `keep` or `acquire`, cancelled meanwhile, may have had one on its way
                last = await self._bucket.last(self._key)
                if last is not None and _decode(last).holder == self._holder:
                    await self._bucket.update(self._key, free, last.revision)

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
            async with asyncio.timeout(self._ttl / 4):
                self._revision = await self._bucket.update(self._key, self._encode(), over.revision if over else 0)
        except WrongSequence:
            return False
        except (Unavailable, TimeoutError):
            await asyncio.sleep(self._ttl / 8)
            if not await self._is_ours():  # stored all the same, and only the acknowledgement lost?
                return False
        self._renewed = started
        return True

    async def _is_ours(self) -> bool:
        entry = await self._bucket_entry()
        if entry is None or _decode(entry).holder != self._holder:
            return False
        self._revision = entry.revision
        return True

    async def _bucket_entry(self) -> Entry | None:
        while True:
            try:
                return await self._bucket.last(self._key)
            except Unavailable:
                await asyncio.sleep(self._ttl / 8)

    def _encode(self) -> bytes:
        self._count += 1
        return msgspec.json.encode(_Value(self._holder, self._count))


def _decode(entry: Entry) -> _Value:
    return msgspec.json.decode(entry.value, type=_Value) if entry.value else _Value()  # deleted by an operator: free
