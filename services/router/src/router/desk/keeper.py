"""Keeps a desk's log short to read: has a snapshot taken every so many commits, and purges what
nobody needs any more. The leader runs it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta

import msgspec

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.desk.figures import RouterFigures
from router.desk.log_store import LogStore
from router.desk.snapshots import Snapshots

Take = Callable[[DeskId], Awaitable[int]]
"""Has a snapshot taken, elsewhere; gives 0 if that went well."""

_AGAIN_SECONDS = 60.0


class Keeper:
    """`every` is in commits. With a `retention`, commits older than it are purged: those that lie before the last two
    snapshots that the log leads up to, and that the effects have carried out. Without one the log stays whole.
    """

    def __init__(
        self,
        bus: Bus,
        desk: DeskId,
        store: LogStore,
        *,
        take: Take,
        every: int,
        retention: timedelta | None,
        clock: Clock,
        figures: RouterFigures,
        log: Log,
    ) -> None:
        self._bus = bus
        self._desk = desk
        self._store = store
        self._take = take
        self._every = every
        self._retention = retention
        self._clock = clock
        self._figures = figures
        self._log = log
        self._snapshots = Snapshots(bus, desk)
        self._done = 0
        self._wanted: int | None = None
        self._due = asyncio.Event()

    def carried_out(self, seq: int) -> None:
        """The effects have come up to `seq`."""
        self._done = seq
        if self._wanted is not None and seq >= self._wanted:
            self._due.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                taken = await self._snapshots.taken()
                self._figures.snapshot(self._desk, taken[0].seq if taken else 0)
                self._wanted = (taken[0].seq if taken else 0) + self._every
                if self._done < self._wanted:
                    self._due.clear()
                    await self._due.wait()
                if await self._take(self._desk) != 0:
                    raise Unavailable("the snapshot was not taken")
                await self._purge()
            except Unavailable as error:
                self._figures.snapshot_failed(self._desk)
                self._log.error("desk.no_snapshot", desk=self._desk, error=error.detail)
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _purge(self) -> None:
        if self._retention is None:
            return
        taken = [
            each.seq for each in await self._snapshots.taken() if await self._store.holds(each.seq, each.mark)
        ]  # one of an end that the log has lost leads nowhere, and may lie beyond one that does
        if len(taken) < 2:
            return
        floor = min(taken[0], taken[1], self._done)
        first = await self._first_since(floor)
        if first is None:
            return
        ask = msgspec.json.encode({"seq": first})
        await self._bus.request(f"$JS.API.STREAM.PURGE.{subject.desk_stream(self._desk)}", ask)
        self._log.info("desk.log_purged", desk=self._desk, before=first)

    async def _first_since(self, floor: int) -> int | None:
        """The first sequence up to `floor` that is young enough to stay, `None` if all are. Found by halving:
        time grows with the sequence.
        """
        assert self._retention is not None
        oldest = self._clock() - self._retention
        low = await self._first(0)
        if low is None or low[1] >= oldest:
            return None
        begin, end = low[0], floor
        while begin < end:
            middle = (begin + end) // 2
            found = await self._first(middle)
            if found is None or found[0] > end or found[1] >= oldest:
                end = middle
            else:
                begin = found[0] + 1
        return begin

    async def _first(self, seq: int) -> tuple[int, datetime] | None:
        async with aclosing(self._store.read(max(seq - 1, 0))) as records:
            async for stored in records:
                return stored.seq, stored.at
        return None
