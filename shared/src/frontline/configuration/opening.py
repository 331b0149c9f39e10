"""Opening hours as an operator writes them: `mon-fri 09:00-12:30, 13:30-17:00`. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY

_ENTRY = re.compile(r"(?P<days>[a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*) +(?P<times>\S.*)\Z")
_TIMES = re.compile(r"(?P<opens>\d\d:\d\d) ?- ?(?P<closes>\d\d:\d\d)\Z")
_EXAMPLE = 'such as "mon-fri 09:00-12:30, 13:30-17:00"'


class Opening(NamedTuple):
    """From `opens` to `closes`, in minutes since the midnight on which `weekday` (Monday is 0) begins.
    `closes` is above 1440 when that is past the next midnight.
    """

    weekday: int
    opens: int
    closes: int


def week(entry: str) -> tuple[Opening, ...]:
    """The hours of one entry. Raises `ValueError` that says what is wrong with it."""
    match = _ENTRY.match(entry)
    if match is None:
        raise ValueError(f"{entry!r} must be days and times {_EXAMPLE}")
    spans = times(match["times"])
    return tuple(Opening(weekday, *span) for weekday in _days(match["days"]) for span in spans)


def times(text: str) -> tuple[tuple[int, int], ...]:
    """`09:00-12:30, 13:30-17:00` as minutes since midnight; `22:00-02:00` ends on the next day."""
    return tuple(_span(part.strip()) for part in text.split(","))


def overlap(hours: Sequence[Opening]) -> tuple[Opening, Opening] | None:
    """Two that are open at the same time, also over the end of the week."""
    for one, other in combinations(hours, 2):
        for shift in (-WEEK, 0, WEEK):
            first, second = one.weekday * DAY, other.weekday * DAY + shift
            if max(first + one.opens, second + other.opens) < min(first + one.closes, second + other.closes):
                return one, other
    return None


def say(hours: Opening) -> str:
    opens, closes = hours.opens, hours.closes if hours.closes == DAY else hours.closes % DAY
    return f"{WEEKDAYS[hours.weekday]} {opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = _weekday(first), _weekday(last or first)
        yield from ((begin + n) % 7 for n in range((end - begin) % 7 + 1))


def _weekday(name: str) -> int:
    if name not in WEEKDAYS:
        raise ValueError(f"{name!r} is not a day; there are {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(name)


def _span(text: str) -> tuple[int, int]:
    match = _TIMES.match(text)
    if match is None:
        raise ValueError(f"{text!r} must be from when to when, {_EXAMPLE}")
    opens, closes = _minutes(match["opens"]), _minutes(match["closes"])
    if opens in (closes, DAY):
        raise ValueError(f"{text!r} is no time at all; a whole day is 00:00-24:00")
    return opens, closes if closes > opens else closes + DAY


def _minutes(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    if hour * 60 + minute > DAY or minute > 59:
        raise ValueError(f"{text!r} is not a time of day")
    return hour * 60 + minute
