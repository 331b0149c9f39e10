"""What has to be true of a calendar, and of what is promised by it, before a clock can run by it."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from router.core.desk_settings import CalendarSettings, HoursSettings

DAY_MINUTES = 1440
WEEK = timedelta(weeks=1)
LONGEST = 5200 * WEEK
"""About a century. What takes longer than that can't be what anybody meant."""


def calendar_faults(calendar: CalendarSettings) -> Iterator[str]:
    if not calendar.week:
        yield "is never open"
    yield from _hours_faults("the week", calendar.week)
    for special in calendar.special:
        yield from _hours_faults(str(special.day), special.hours)


def takes_too_long(calendar: CalendarSettings, within: timedelta) -> bool:
    """Whether so much open time lies further ahead than anybody plans, closed days aside."""
    week = sum(hours.closes - hours.opens for hours in calendar.week)
    return within > LONGEST * (timedelta(minutes=week) / WEEK)


def _hours_faults(when: str, hours: Iterable[HoursSettings]) -> Iterator[str]:
    for one in hours:
        if not (0 <= one.weekday < 7 and 0 <= one.opens < DAY_MINUTES and 0 < one.closes - one.opens <= DAY_MINUTES):
            yield f"on {when} it can't be open from {one.opens} to {one.closes}"
