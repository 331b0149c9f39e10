"""What the clocks of a zone show: for how long each distance from UTC holds."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SECOND_MS = 1000
DAY_MS = 86_400_000

Stretch = tuple[int, int, int]
"""From, to (milliseconds of UTC since 1970) and what to add for the time on the wall."""


def milliseconds(instant: datetime) -> int:
    """Since 1970, rounded down."""
    return (instant - EPOCH) // MILLISECOND


def instant(since_1970: int) -> datetime:
    return EPOCH + since_1970 * MILLISECOND


def stretches(zone: ZoneInfo, start: int, end: int) -> list[Stretch]:
    """All stretches from `start` to `end`, without a gap. No zone has ever changed twice within a day."""
    found: list[Stretch] = []
    begin, offset = start, _offset(zone, start)
    at = start
    while at < end:
        after = min(at + DAY_MS, end)
        if after < end and _offset(zone, after) != offset:
            change = _change(zone, at, after)
            found.append((begin, change, offset))
            begin, offset = change, _offset(zone, change)
            at = change
        else:
            at = after
    found.append((begin, end, offset))
    return found


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """The second at which the offset becomes another one, between two instants of which one has each."""
    old = _offset(zone, before)
    low, high = before // SECOND_MS, after // SECOND_MS
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle * SECOND_MS) == old:
            low = middle
        else:
            high = middle
    return high * SECOND_MS


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = instant(at).astimezone(zone).utcoffset()
    assert offset is not None, "a ZoneInfo always knows"
    return offset // MILLISECOND
