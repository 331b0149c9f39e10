"""When time counts, as an operator writes it; what each table must keep to by itself. Pure."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date

import msgspec

from frontline.configuration.locate import Path
from frontline.configuration.opening import Opening, overlap, say, times, week
from frontline.contract.subject import is_token

ALWAYS = "always"
"""The calendar that is open around the clock; it needs no table of its own."""

AROUND_THE_CLOCK = ("mon-sun 00:00-24:00",)


class SpecialDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A date with hours of its own, such as `["09:00-12:00"]`; none for a day without any. It is stronger
    than the week, and than a holiday on that day.
    """

    day: date
    hours: tuple[str, ...] = ()


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When time counts, in days of `zone` (an IANA name).

    `hours` are entries such as `mon-fri 09:00-12:30, 13:30-17:00`; left out, it is open around the clock.
    What begins before midnight and ends after it (`fri 21:00-02:00`) belongs to the day on which it begins.
    Nothing opens on `closed` dates, on public `holidays` (`DE`, or `DE-BY` with a part of the country),
    and on the whole-day events of the files in `ics`, named as seen from this file. Once read, `closed`
    has all of these.
    """

    id: str
    zone: str = "UTC"
    hours: tuple[str, ...] = AROUND_THE_CLOCK
    closed: tuple[date, ...] = ()
    holidays: tuple[str, ...] = ()
    ics: tuple[str, ...] = ()
    special: tuple[SpecialDay, ...] = ()

    @property
    def week(self) -> tuple[Opening, ...]:
        """Of a calendar without mistakes."""
        return tuple(hours for entry in self.hours for hours in week(entry))


def calendar_breaches(calendar: Calendar, zones: Collection[str]) -> Iterator[tuple[Path, str]]:
    if not is_token(calendar.id):
        yield ("id",), f"id {calendar.id!r} must be of lower-case letters, digits and hyphens"
    if calendar.id == ALWAYS:
        yield ("id",), f"{ALWAYS!r} is there already: it is open around the clock"
    if calendar.zone != "UTC" and calendar.zone not in zones:
        yield ("zone",), f"{calendar.zone!r} is not a time zone that this machine knows, such as Europe/Berlin"
    if not calendar.hours:
        yield ("hours",), "this calendar is never open; leave hours out for one that always is"
    yield from _week(calendar.hours)
    seen: set[date] = set()
    for index, special in enumerate(calendar.special):
        if special.day in seen:
            yield ("special", index, "day"), f"{special.day} is there twice"
        seen.add(special.day)


def special_breaches(special: SpecialDay) -> Iterator[tuple[Path, str]]:
    found: list[Opening] = []
    for index, entry in enumerate(special.hours):
        try:
            found += [Opening(0, *span) for span in times(entry)]
        except ValueError as error:
            yield ("hours", index), str(error)
            continue
        if both := overlap(found):
            found = []
            yield ("hours", index), f"{_time(both[0])} and {_time(both[1])} overlap"


def _week(entries: Sequence[str]) -> Iterator[tuple[Path, str]]:
    found: list[Opening] = []
    for index, entry in enumerate(entries):
        try:
            hours = week(entry)
        except ValueError as error:
            yield ("hours", index), str(error)
            continue
        if both := overlap([*found, *hours]):
            yield ("hours", index), f"{say(both[0])} and {say(both[1])} overlap"
        else:
            found += hours


def _time(hours: Opening) -> str:
    return say(hours).partition(" ")[2]
