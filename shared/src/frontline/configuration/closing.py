"""The days on which calendars are closed: dates of their own, public holidays, and those of .ics files.

They become plain dates where the configuration is read, so that a desk needs no library and no file to
know them, and its log says for good by which days its clocks ran.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from frontline.configuration.calendar import Calendar
from frontline.configuration.holiday import holidays_of
from frontline.configuration.ics import closed_in
from frontline.configuration.shape import Found
from frontline.contract.error import Mistake

YEARS_BEHIND, YEARS_AHEAD = 1, 15
MOST_DAYS = 2000
"""A calendar is part of a desk's log, in one commit with all the others."""

Closed = dict[str, tuple[date, ...]]
"""By calendar."""


def closed_days(found: Sequence[Found], today: date) -> tuple[Closed, list[Mistake]]:
    """The closed days of all calendars for the years to come, and all that is wrong with them."""
    years = range(today.year - YEARS_BEHIND, today.year + YEARS_AHEAD + 1)
    closed: Closed = {}
    mistakes: list[Mistake] = []
    for item in found:
        if isinstance(item.value, Calendar):
            days = set(item.value.closed)
            for key, index, read in _sources(item.value, Path(item.place.file).parent, years):
                try:
                    days |= read()
                except ValueError as error:
                    mistakes.append(Mistake(str(item.place / key / index), str(error)))
            if len(days) > MOST_DAYS:
                what = f"this calendar is closed on {len(days)} days; {MOST_DAYS} are the most"
                mistakes.append(Mistake(str(item.place), what))
            closed[item.value.id] = tuple(sorted(days))
    return closed, mistakes


def _sources(
    calendar: Calendar, folder: Path, years: Sequence[int]
) -> Iterator[tuple[str, int, Callable[[], set[date]]]]:
    for index, code in enumerate(calendar.holidays):
        yield "holidays", index, partial(holidays_of, code, years)
    for index, name in enumerate(calendar.ics):
        yield "ics", index, partial(closed_in, folder / name, years)
