"""Business time: which instants a target counts, both ways.

`decide` asks; events carry the answer, so that `evolve` and a replay need no calendar.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from frontline.contract.codec import to_milliseconds
from router.core.calendar_hours import NOTHING, Counted, OpeningHours
from router.core.desk_settings import CalendarSettings, DeskSettings

ALWAYS = "always"
"""The calendar that never closes; every desk has it."""


NONE: Mapping[str, "Calendar"] = MappingProxyType({})


def exact(instant: datetime) -> datetime:
    """`instant` as everything here is reckoned: UTC, whole milliseconds, rounded down."""
    if instant.tzinfo is UTC and instant.microsecond % 1000 == 0:
        return instant
    return to_milliseconds(instant)


def event_time(said: datetime, now: datetime) -> datetime:
    """When it happened of which somebody says that it did at `said`: never in the future."""
    return min(exact(said), now)


class Calendar(Protocol):
    @property
    def settings(self) -> CalendarSettings | None:
        """By which it is made; `None` for the one that never closes."""
        ...

    def due(self, start: datetime, duration: timedelta) -> datetime:
        """The first instant at which `duration` of open time has passed since `start`."""
        ...

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The open time between two instants; zero if `end` is not after `start`."""
        ...

    def counted(self, start: datetime, end: datetime) -> Counted:
        """The intervals of which `elapsed` is the sum."""
        ...


class Always:
    """24x7. Counts real elapsed time: UTC has no gaps and no overlaps."""

    __slots__ = ()

    @property
    def settings(self) -> None:
        return None

    def due(self, start: datetime, duration: timedelta) -> datetime:
        return start + duration

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        return max(end - start, NOTHING)

    def counted(self, start: datetime, end: datetime) -> Counted:
        return Counted(((start, end),) if end > start else ())


def calendars(settings: DeskSettings, former: Mapping[str, Calendar] = NONE) -> dict[str, Calendar]:
    """Every calendar that policies of these settings may name. Of `former` those stay that have not
    changed: they know years already.
    """
    found: dict[str, Calendar] = {ALWAYS: Always()}
    for wanted in settings.calendars:
        known = former.get(wanted.id)
        found[wanted.id] = known if known is not None and known.settings == wanted else OpeningHours(wanted)
    return found
