"""The rota of a desk as values, and what each of its shifts must keep to. Pure.

```toml
[[desk.shift]]
id = "early"
zone = "Europe/Berlin"
days = ["mon", "tue", "wed", "thu", "fri"]
begins = "07:00"
ends = "15:00"
weeks = [["ann", "ben"], ["cem"]]
since = 2026-11-23

[[desk.shift.override]]
day = 2026-12-24
agents = []
```
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date, time
from typing import Literal, get_args

import msgspec

from frontline.configuration.locate import Path
from frontline.contract.ids import AgentId
from frontline.contract.subject import is_token

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)

ANY_MONDAY = date(1970, 1, 5)
"""Where a shift begins that is the same every week and does not say since when."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z|24:00\Z")


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Override(_Table, frozen=True):
    """A day on which a shift is not as usual, or which it does not have otherwise. `agents` are there
    instead of the usual ones, nobody if it is empty; what is left out is as usual.
    """

    day: date
    agents: tuple[AgentId, ...] | None = None
    begins: str | None = None
    ends: str | None = None


class Shift(_Table, frozen=True):
    """When somebody is on duty, and who. Times are those on the clocks of `zone`; an end that is not
    after the beginning is on the next day, and the same time is a whole day later.

    Either the same `agents` every week, or `weeks`: those of week A, of week B and so on, over and over.
    Weeks begin on Monday, and week A is the one in which `since` lies, the first day; `until` is the
    last. With `available` the shift makes its people available and lets them go at its end.
    """

    id: str
    begins: str
    ends: str
    zone: str = "UTC"
    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    agents: tuple[AgentId, ...] = ()
    weeks: tuple[tuple[AgentId, ...], ...] = ()
    since: date | None = None
    until: date | None = None
    available: bool = False
    overrides: tuple[Override, ...] = msgspec.field(default=(), name="override")

    @property
    def crews(self) -> tuple[tuple[AgentId, ...], ...]:
        """By week, one at least."""
        return self.weeks or (self.agents,)


def time_of_day(text: str) -> time:
    """`HH:MM`; 24:00 is the midnight at which the next day begins."""
    hours, _, minutes = text.partition(":")
    return time(int(hours) % 24, int(minutes))


def shift_breaches(shift: Shift, zones: Collection[str]) -> Iterator[tuple[Path, str]]:
    if not is_token(shift.id):
        yield ("id",), f"id {shift.id!r} must be of lower-case letters, digits and hyphens, begin with no hyphen"
    if shift.zone != "UTC" and shift.zone not in zones:
        yield ("zone",), f"{shift.zone!r} is not a time zone that this machine knows, such as Europe/Berlin"
    yield from _time("begins", shift.begins, may_be_midnight=False)
    yield from _time("ends", shift.ends, may_be_midnight=True)
    if not shift.days and not shift.overrides:
        yield ("days",), "days must not be empty: the shift would never be held"
    yield from _twice(("days",), shift.days)
    if shift.agents and shift.weeks:
        yield ("weeks",), "say either agents, the same every week, or weeks"
    if not shift.agents and not any(shift.weeks) and not any(override.agents for override in shift.overrides):
        yield ("agents",), "say who is on: with agents, the same every week, or with weeks"
    if len(shift.weeks) > 1 and shift.since is None:
        yield ("weeks",), "weeks take turns from a day on: say with since which week is the first one"
    if shift.since is not None and shift.until is not None and shift.until < shift.since:
        yield ("until",), f"until {shift.until} lies before since {shift.since}"
    yield from _twice(("agents",), shift.agents)
    for index, crew in enumerate(shift.weeks):
        yield from _twice(("weeks", index), crew)


def override_breaches(override: Override) -> Iterator[tuple[Path, str]]:
    if override.begins is not None:
        yield from _time("begins", override.begins, may_be_midnight=False)
    if override.ends is not None:
        yield from _time("ends", override.ends, may_be_midnight=True)
    yield from _twice(("agents",), override.agents or ())


def named(table: Shift | Override) -> Iterator[tuple[Path, AgentId]]:
    """Everybody that a table names, and where."""
    for index, agent in enumerate(table.agents or ()):
        yield ("agents", index), agent
    if isinstance(table, Shift):
        for week, crew in enumerate(table.weeks):
            for index, agent in enumerate(crew):
                yield ("weeks", week, index), agent


def _time(key: str, text: str, *, may_be_midnight: bool) -> Iterator[tuple[Path, str]]:
    if not _TIME.match(text) or (text == "24:00" and not may_be_midnight):
        yield (key,), f"{key} must be a time of day such as 09:00, not {text!r}"


def _twice(path: Path, words: Sequence[str]) -> Iterator[tuple[Path, str]]:
    for index, word in enumerate(words):
        if word in words[:index]:
            yield (*path, index), f"{path[0]} holds {word!r} twice"
