"""Business time: which instants a target counts, both ways.

`decide` asks; events carry the answer, so that `evolve` and a replay need no calendar.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from frontline.contract.codec import to_milliseconds
from router.core.event import DeskSettings

Interval = tuple[datetime, datetime]
"""From, to: a stretch of time that was counted; aware UTC."""

ALWAYS = "always"
"""The calendar that never closes; every desk has it."""


def exact(instant: datetime) -> datetime:
    """`instant` as everything here is reckoned: UTC, whole milliseconds, rounded down."""
    if instant.tzinfo is UTC and instant.microsecond % 1000 == 0:
        return instant
    return to_milliseconds(instant)


class Calendar(Protocol):
    def due(self, start: datetime, duration: timedelta) -> tuple[datetime, tuple[Interval, ...]]:
        """The instant at which `duration` of open time has passed since `start`, and the intervals
        that were counted on the way there.
        """
        ...

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The open time between two instants; zero if `end` is not after `start`."""
        ...


class Always:
    """24x7. Counts real elapsed time: UTC has no gaps and no overlaps."""

    __slots__ = ()

    def due(self, start: datetime, duration: timedelta) -> tuple[datetime, tuple[Interval, ...]]:
        end = start + duration
        return end, ((start, end),)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        return max(end - start, timedelta(0))


def calendars(settings: DeskSettings) -> dict[str, Calendar]:
    """Every calendar that policies of these settings may name."""
    del settings  # 24x7 needs nothing said about it
    return {ALWAYS: Always()}
