"""When an event of an iCalendar file is: its times, in a zone that has a name. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

Event = Mapping[str, Any]
"""Properties by name; what the library makes of each is known by asking it."""

_DAY = timedelta(days=1)
_YEAR = 366


class Unfit(Exception):
    """Why an event can't become a shift."""


def times(event: Event, zone: str) -> tuple[datetime, datetime]:
    """From, to; both in the zone in which it begins. Raises `Unfit`."""
    if "dtstart" not in event:
        raise Unfit("it does not say when it begins")
    start = moment(event, "dtstart", zone)
    if "dtend" in event:
        end = moment(event, "dtend", zone)
    elif "duration" in event:
        end = (start.astimezone(UTC) + event["duration"].dt).astimezone(start.tzinfo)
    elif not isinstance(event["dtstart"].dt, datetime):
        end = start + _DAY
    else:
        raise Unfit("it does not say when it ends")
    end = end.astimezone(start.tzinfo)
    length = end.replace(tzinfo=None) - start.replace(tzinfo=None)
    if length <= timedelta(0):
        raise Unfit("it does not end after it has begun")
    if length > _DAY:
        raise Unfit("a shift lasts a day at most; one that goes on is several, one a day")
    if start.second or end.second:
        raise Unfit("a shift begins and ends with a minute")
    return start, end


def moment(event: Event, name: str, zone: str) -> datetime:
    """Aware, in a zone with a name; what has none is of `zone`. An instant in UTC stays in UTC. Raises `Unfit`."""
    value = event[name].dt
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=ZoneInfo(zone))
    said = str(event[name].params.get("TZID", ""))
    if value.tzinfo is None and not said:
        return value.replace(tzinfo=ZoneInfo(zone))
    known = getattr(value.tzinfo, "key", None) or _known(said)
    if known is not None and known != "UTC":
        # The clocks of the zone that we know by that name, whatever the file says of it.
        return value.replace(tzinfo=ZoneInfo(known))
    if value.tzinfo is None:
        raise Unfit(f"there is no time zone {said}")
    if known == "UTC" or not _changes(value.tzinfo, value):
        return value.astimezone(UTC)
    if _alike(value.tzinfo, ZoneInfo(zone), value):
        return value.replace(tzinfo=ZoneInfo(zone))
    if "rrule" in event:
        raise Unfit(f"its time zone {said} has no name that is known here, and other clocks than {zone}")
    return value.astimezone(UTC)


@cache
def _known(said: str) -> str | None:
    """The IANA name of a zone as other programs call it: Outlook by a name of Windows, some with a path before it."""
    if said in WINDOWS_TO_OLSON:
        return str(WINDOWS_TO_OLSON[said])
    parts = said.strip("/").split("/")
    names = ("/".join(parts[place:]) for place in range(len(parts)))
    return next((name for name in names if name in available_timezones()), None)


def _offsets(clocks: tzinfo, begin: datetime) -> list[timedelta | None]:
    """Over a year, day by day: no zone has two changes that cancel each other within one."""
    first = begin.replace(tzinfo=None)
    return [clocks.utcoffset((first + day * _DAY).replace(tzinfo=clocks)) for day in range(_YEAR)]


def _changes(clocks: tzinfo, begin: datetime) -> bool:
    return len(set(_offsets(clocks, begin))) > 1


def _alike(clocks: tzinfo, others: tzinfo, begin: datetime) -> bool:
    return _offsets(clocks, begin) == _offsets(others, begin)
