"""From the clock on the wall to the instant: what `begins = 09:00` means on one day in one zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def span(day: date, begins: time, ends: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a stretch of `day` begins and ends; on the next day if `ends` is not after `begins`."""
    last = day if ends > begins else day + _DAY
    return instant(datetime.combine(day, begins), zone), instant(datetime.combine(last, ends), zone)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which clocks in `zone` show `wall` (naive) or more.

    Where clocks go forward over `wall`, that is the moment they do so; where they go back, it is the
    first of the two. So a later time on the wall is never an earlier instant, and a shift that ends
    when the next one begins leaves no gap and no overlap, whatever the clocks do.
    """
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _shown(found, zone) == wall:
        return found
    # Nobody's clock ever shows it. Read with the offset after the change it lies before that, and the
    # other way round; the change is where clocks begin to show more.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = (found - before) // _SECOND
    low, high = 0, seconds
    while low < high:
        middle = (low + high) // 2
        if _shown(before + middle * _SECOND, zone) < wall:
            low = middle + 1
        else:
            high = middle
    return (before + low * _SECOND).replace(microsecond=0)


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)
