"""One year of a calendar as plain stretches of UTC, with the open time before each."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from router.core.calendar_zone import DAY_MS, milliseconds, stretches

MINUTE_MS = 60_000
DAY = timedelta(days=1)

Hours = Sequence[tuple[int, int]]
"""Minutes since midnight of the day on which it opens: from, to; the end may lie in the next day."""


class Year:
    """`starts` and `ends` are milliseconds since 1970, `before[n]` is what was open in this year before
    the n-th of them. All are in order, and no two touch.
    """

    __slots__ = ("before", "ends", "starts", "total")

    def __init__(self, intervals: Sequence[tuple[int, int]]) -> None:
        self.starts = [start for start, _ in intervals]
        self.ends = [end for _, end in intervals]
        self.before: list[int] = []
        open_ = 0
        for start, end in intervals:
            self.before.append(open_)
            open_ += end - start
        self.total = open_

    def open_until(self, at: int) -> int:
        """The open time of this year that has passed at `at`."""
        place = bisect_right(self.starts, at) - 1
        if place < 0:
            return 0
        return self.before[place] + min(at, self.ends[place]) - self.starts[place]

    def reached(self, open_: int) -> int:
        """The first instant at which that much was open; `open_` is above 0 and at most `total`."""
        place = bisect_left(self.before, open_) - 1
        return self.starts[place] + open_ - self.before[place]


def compile_year(year: int, zone: ZoneInfo, week: Mapping[int, Hours], special: Mapping[date, Hours]) -> Year:
    """The year of UTC: `week` by weekday (Monday is 0), `special` instead of it on days of their own.

    A minute is open when the clock on the wall then shows a time for which a day's hours ask: in a gap
    there is no such minute, in an overlap it comes twice.
    """
    begin, end = milliseconds(datetime(year, 1, 1, tzinfo=UTC)), milliseconds(datetime(year + 1, 1, 1, tzinfo=UTC))
    wall = _merged(_on_the_wall(date(year, 1, 1) - 4 * DAY, date(year, 12, 31) + 2 * DAY, week, special))
    ends = [close for _, close in wall]
    found: list[tuple[int, int]] = []
    for start, stop, offset in stretches(zone, begin, end):
        for opens, closes in wall[bisect_right(ends, start + offset) :]:
            if opens >= stop + offset:
                break
            found.append((max(opens - offset, start), min(closes - offset, stop)))
    return Year(_merged(found))


def _on_the_wall(
    first: date, last: date, week: Mapping[int, Hours], special: Mapping[date, Hours]
) -> Iterator[tuple[int, int]]:
    midnight = milliseconds(datetime(first.year, first.month, first.day, tzinfo=UTC))
    day = first
    while day <= last:
        for opens, closes in special.get(day, week[day.weekday()]):
            yield midnight + opens * MINUTE_MS, midnight + closes * MINUTE_MS
        day += DAY
        midnight += DAY_MS


def _merged(intervals: Iterator[tuple[int, int]] | list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
