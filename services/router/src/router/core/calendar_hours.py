"""A calendar with opening hours, compiled year by year as far as somebody asks.

A question costs a search among the years and one within a year, however far the instants are apart.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from router.core.calendar_year import Hours, Year, compile_year
from router.core.calendar_zone import MILLISECOND, instant, milliseconds
from router.core.desk_settings import CalendarSettings

LISTED = 100
"""So many intervals are listed one by one; a log that has all of them for years would be long."""

Interval = tuple[datetime, datetime]
"""From, to: a stretch of time that was counted; aware UTC."""

NOTHING = timedelta(0)


class Counted(msgspec.Struct, frozen=True, gc=False):
    """What was counted between two instants: the first `intervals`, and in all later ones `rest`."""

    intervals: tuple[Interval, ...]
    rest: timedelta = NOTHING


class OpeningHours:
    """A `Calendar`. The zone is looked up when somebody asks: to hold settings needs no zone data."""

    __slots__ = ("_before", "_first", "_special", "_week", "_years", "_zone", "settings")

    def __init__(self, settings: CalendarSettings) -> None:
        self.settings = settings
        self._week = {
            weekday: [(hours.opens, hours.closes) for hours in settings.week if hours.weekday == weekday]
            for weekday in range(7)
        }
        self._special: dict[date, Hours] = {day: [] for day in settings.closed} | {
            special.day: [(hours.opens, hours.closes) for hours in special.hours] for special in settings.special
        }
        self._zone: ZoneInfo | None = None
        self._first = 0
        self._years: list[Year] = []
        self._before: list[int] = []

    def due(self, start: datetime, duration: timedelta) -> datetime:
        """The first instant at which `duration` of open time has passed since `start`."""
        if duration <= NOTHING:
            return start
        wanted = self._open_until(start) + duration // MILLISECOND
        while self._before[-1] + self._years[-1].total < wanted:
            self._add(self._first + len(self._years))
        place = bisect_left(self._before, wanted) - 1
        return instant(self._years[place].reached(wanted - self._before[place]))

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The open time between two instants; zero if `end` is not after `start`."""
        if end <= start:
            return NOTHING
        before = self._open_until(start)  # may make room in front, and so comes first
        return (self._open_until(end) - before) * MILLISECOND

    def counted(self, start: datetime, end: datetime) -> Counted:
        """The intervals of which `elapsed` is the sum."""
        whole = self.elapsed(start, end)
        if not whole:
            return Counted(())
        listed: list[Interval] = []
        for opens, closes in self._intervals(milliseconds(start), milliseconds(end)):
            if len(listed) == LISTED:
                break
            listed.append((instant(opens), instant(closes)))
        return Counted(tuple(listed), whole - sum((closes - opens for opens, closes in listed), NOTHING))

    def _open_until(self, at: datetime) -> int:
        """Milliseconds of open time since the first year that anybody asked for."""
        self._reach(at.year)
        place = at.year - self._first
        return self._before[place] + self._years[place].open_until(milliseconds(at))

    def _reach(self, year: int) -> None:
        if not self._years:
            self._first = year
            self._add(year)
        for later in range(self._first + len(self._years), year + 1):
            self._add(later)
        if year < self._first:
            years = [self._compile(earlier) for earlier in range(year, self._first)] + self._years
            self._first, self._years, self._before = year, [], []
            for compiled in years:
                self._append(compiled)

    def _add(self, year: int) -> None:
        self._append(self._compile(year))

    def _append(self, year: Year) -> None:
        self._before.append(self._before[-1] + self._years[-1].total if self._years else 0)
        self._years.append(year)

    def _compile(self, year: int) -> Year:
        if self._zone is None:
            self._zone = ZoneInfo(self.settings.zone)
        return compile_year(year, self._zone, self._week, self._special)

    def _intervals(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Clipped to `start` and `end`; one that goes on in the next year comes as one."""
        pending: tuple[int, int] | None = None
        for year in self._years[instant(start).year - self._first :]:
            for place in range(max(bisect_right(year.starts, start) - 1, 0), len(year.starts)):
                opens, closes = max(year.starts[place], start), min(year.ends[place], end)
                if year.starts[place] >= end:
                    break
                if opens >= closes:
                    continue
                if pending is not None and opens == pending[1]:
                    pending = (pending[0], closes)
                    continue
                if pending is not None:
                    yield pending
                pending = (opens, closes)
            if year.ends and year.ends[-1] >= end:
                break
        if pending is not None:
            yield pending
