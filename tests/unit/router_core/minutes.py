"""The slow and obvious way through a calendar: minute by minute, with a look at the clock on the wall."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from router.core.desk_settings import CalendarSettings, HoursSettings

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def is_open(calendar: CalendarSettings, at: datetime) -> bool:
    wall = at.astimezone(ZoneInfo(calendar.zone)).replace(tzinfo=None)
    for day in (wall.date(), wall.date() - DAY, wall.date() - 2 * DAY):
        midnight = datetime(day.year, day.month, day.day)
        for hours in _hours(calendar, day):
            if midnight + hours.opens * MINUTE <= wall < midnight + hours.closes * MINUTE:
                return True
    return False


def elapsed(calendar: CalendarSettings, start: datetime, end: datetime) -> timedelta:
    return sum((stop - begin for begin, stop in _open_minutes(calendar, start, end)), timedelta(0))


def due(calendar: CalendarSettings, start: datetime, duration: timedelta, until: datetime) -> datetime | None:
    """`None` if it is not reached by `until`."""
    left = duration
    for begin, stop in _open_minutes(calendar, start, until):
        if stop - begin >= left:
            return begin + left
        left -= stop - begin
    return None


def _open_minutes(calendar: CalendarSettings, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every zone that there is today changes at a whole minute, and so do all hours."""
    minute = start.replace(second=0, microsecond=0)
    while minute < end:
        if is_open(calendar, minute):
            yield max(minute, start), min(minute + MINUTE, end)
        minute += MINUTE


def _hours(calendar: CalendarSettings, day: date) -> tuple[HoursSettings, ...]:
    for special in calendar.special:
        if special.day == day:
            return special.hours
    if day in calendar.closed:
        return ()
    return tuple(hours for hours in calendar.week if hours.weekday == day.weekday())
