"""What a desk decides, for those who watch: the latest events, in order, each told once the index shows it.

Every watcher has a place of its own in one shared stretch of events. So a slow one holds up nobody
and costs no memory; one who falls behind its beginning has to start anew.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from router.core.event import DeskDecision
from router.desk.fence import Counted

KEPT = 4096


class FellBehind(Exception):
    """What comes next for this watcher is not kept any more."""


@dataclass(frozen=True, slots=True)
class Told:
    """`more` says that others of the same log sequence follow: to resume behind it would leave them out."""

    seq: int
    event: DeskDecision
    more: bool


class Live:
    """One desk's events behind `floor`, a log sequence: what lies at or before it is not here."""

    def __init__(self, floor: int, *, kept: int = KEPT) -> None:
        self._floor = floor
        self._kept = kept
        self._events: deque[Told] = deque()
        self._first = 0
        self._changed = asyncio.Event()

    @property
    def end(self) -> int:
        """The place behind everything told so far."""
        return self._first + len(self._events)

    def tell(self, batch: Iterable[Counted]) -> None:
        for counted in batch:
            events = counted.commit.events
            self._events.extend(Told(counted.seq, event, n < len(events)) for n, event in enumerate(events, 1))
        while len(self._events) > self._kept:
            self._floor = self._events.popleft().seq
            self._first += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def place_after(self, seq: int) -> int | None:
        """Where to go on for one who has seen the log up to `seq`; `None` if some of it is not here."""
        if seq < self._floor:
            return None
        return self._first + sum(told.seq <= seq for told in self._events)

    async def at(self, place: int) -> Sequence[Told]:
        """What was told from `place` on; waits until there is something. Raises `FellBehind`."""
        while place >= self.end:
            await self._changed.wait()
        if place < self._first:
            raise FellBehind
        return tuple(islice(self._events, place - self._first, None))
