"""What the tables must keep to together: nothing twice, nothing that is not there."""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from frontline.configuration.calendar import ALWAYS, Calendar
from frontline.configuration.check_in import CheckIn
from frontline.configuration.model import Agent, Configuration, Desk, Inbox
from frontline.configuration.opening import WEEK
from frontline.configuration.policy import TARGETS, LaneTimes, Policy
from frontline.configuration.routing import CENTURY
from frontline.configuration.rule import Rule
from frontline.configuration.shape import Found, Place
from frontline.configuration.shift import Override, Shift, named
from frontline.contract.error import Mistake


def repeated(found: Sequence[Found]) -> Iterator[Mistake]:
    """Everything that is there twice, in one file or in two."""
    for kind, keys, place, say in _UNIQUE:
        first: dict[tuple[str, ...], Place] = {}
        for item in found:
            if not isinstance(item.value, kind) or not item.broken.isdisjoint(keys):
                continue
            values = tuple(getattr(item.value, key) for key in keys)
            former = first.setdefault(tuple(value.casefold() for value in values), item.place)
            if former is not item.place:
                desks = ", on two desks" if _belongs(kind) and former.around(2) != item.place.around(2) else ""
                yield Mistake(str(item.place / place), f"{say.format(*values)}{desks}; first at {former / place}")
    yield from _shifts(found)
    yield from _versions(found)


_UNIQUE: tuple[tuple[type[msgspec.Struct], tuple[str, ...], str, str], ...] = (
    (Desk, ("id",), "id", "desk {0!r} is there twice"),
    (Agent, ("id",), "id", "agent {0!r} is there twice"),
    (Inbox, ("channel", "id"), "id", "{0} inbox {1!r} is there twice"),
    (Inbox, ("channel", "address"), "address", "address {1!r} is used twice on {0}"),
    (Policy, ("id",), "id", "policy {0!r} is there twice"),
    (Calendar, ("id",), "id", "calendar {0!r} is there twice"),
)
"""What may be there only once: a kind of table, by which keys, the key to point at, what to say."""


def _belongs(kind: type[msgspec.Struct]) -> bool:
    return kind in (Agent, Inbox)


def _shifts(found: Sequence[Found]) -> Iterator[Mistake]:
    """The ids of shifts and of rules are their own within their desk, and a day has one override."""
    ids: dict[tuple[object, str], Place] = {}
    rules: dict[tuple[object, str], Place] = {}
    days: dict[tuple[object, object], Place] = {}
    for item in found:
        match item.value:
            case Shift(id=name) if "id" not in item.broken:
                former = ids.setdefault((item.place.around(2), name), item.place)
                if former is not item.place:
                    yield Mistake(str(item.place / "id"), f"shift {name!r} is there twice; first at {former / 'id'}")
            case Rule(id=name) if "id" not in item.broken:
                former = rules.setdefault((item.place.around(2), name), item.place)
                if former is not item.place:
                    yield Mistake(str(item.place / "id"), f"rule {name!r} is there twice; first at {former / 'id'}")
            case Override(day=day) if "day" not in item.broken:
                former = days.setdefault((item.place.around(2), day), item.place)
                if former is not item.place:
                    yield Mistake(str(item.place / "day"), f"{day} is there twice; first at {former / 'day'}")


def _versions(found: Sequence[Found]) -> Iterator[Mistake]:
    said: tuple[int, Place] | None = None
    for item in found:
        place = item.place / "version"
        if isinstance(item.value, Configuration) and place.exists and "version" not in item.broken:
            said = said or (item.value.version, place)
            if item.value.version != said[0]:
                yield Mistake(str(place), f"version {item.value.version} disagrees with version {said[0]} at {said[1]}")


def dangling(found: Sequence[Found], ids: Collection[tuple[type[msgspec.Struct], str]]) -> Iterator[Mistake]:
    """Every name of a policy or calendar that is not there; `ids` are all tables' ids."""
    for item in found:
        match item.value:
            case Inbox(policy=name) if "policy" not in item.broken and (Policy, name) not in ids:
                yield Mistake(str(item.place / "policy"), f"there is no [[policy]] with the id {name!r}")
            case Rule(policy=name) if name and "policy" not in item.broken and (Policy, name) not in ids:
                yield Mistake(str(item.place / "policy"), f"there is no [[policy]] with the id {name!r}")
            case Rule(calendar=name) if name and name != ALWAYS and (Calendar, name) not in ids:
                if "calendar" not in item.broken:
                    yield Mistake(str(item.place / "calendar"), f"there is no [[calendar]] with the id {name!r}")
            case Policy(calendar=name) if name != ALWAYS and (Calendar, name) not in ids:
                if "calendar" not in item.broken:
                    yield Mistake(str(item.place / "calendar"), f"there is no [[calendar]] with the id {name!r}")


def strangers(found: Sequence[Found]) -> Iterator[Mistake]:
    """Everybody in a shift who is not an agent of its desk."""
    desks = {item.value.id: item.place.around(2) for item in found if isinstance(item.value, Agent)}
    for item in found:
        if not isinstance(item.value, Shift | Override):
            continue
        desk = item.place.around(2 if isinstance(item.value, Shift) else 4)
        for path, agent in named(item.value):
            if path[0] in item.broken or desks.get(agent) == desk:
                continue
            place = item.place
            for key in path:
                place = place / key
            where = "is an agent of another desk" if agent in desks else "is no [[desk.agent]]"
            yield Mistake(str(place), f"{agent!r} {where}")


def unskilled(found: Sequence[Found]) -> Iterator[Mistake]:
    """Every skill that an inbox or a rule asks for and nobody at its desk has."""
    has: dict[object, set[str]] = {}
    for item in found:
        if isinstance(item.value, Agent):
            has.setdefault(item.place.around(2), set()).update(item.value.skills)
    for item in found:
        if not isinstance(item.value, Inbox | Rule) or "skills" in item.broken:
            continue
        known = has.get(item.place.around(2), set())
        for index, skill in enumerate(item.value.skills):
            if skill not in known:
                yield Mistake(str(item.place / "skills" / index), f"nobody at this desk has the skill {skill!r}")


def too_dear(found: Sequence[Found]) -> Iterator[Mistake]:
    """Every inbox that costs more than anybody at its desk has: it could never be assigned."""
    most: dict[object, int] = {}
    for item in found:
        if isinstance(item.value, Agent):
            desk = item.place.around(2)
            most[desk] = max(item.value.capacity, most.get(desk, 0))
    for item in found:
        room = most.get(item.place.around(2))
        if isinstance(item.value, Inbox) and room is not None and item.value.units > room:
            what = f"costs {item.value.units} units, but nobody at this desk has more than {room}"
            yield Mistake(str(item.place / "cost"), what)


def too_far(found: Sequence[Found]) -> Iterator[Mistake]:
    """Every promise that lies further ahead than a century, because its calendar is hardly ever open."""
    open_ = {item.value.id: _share(item.value) for item in found if isinstance(item.value, Calendar)}
    policies = {item.place.path: item.value for item in found if isinstance(item.value, Policy)}
    for item in found:
        if isinstance(item.value, CheckIn) and item.value.after > CENTURY * open_.get(item.value.calendar, 1.0):
            yield Mistake(str(item.place / "after"), "this would take more than a century to come due")
        policy = item.value if isinstance(item.value, Policy) else policies.get(item.place.path[:-2])
        if policy is None or not isinstance(item.value, Policy | LaneTimes):
            continue
        for target in TARGETS:
            within = getattr(item.value, target)
            if within is not None and within > CENTURY * open_.get(policy.calendar, 1.0):
                yield Mistake(str(item.place / target), f"{target} would take more than a century to come due")


def _share(calendar: Calendar) -> float:
    """Of the week."""
    return sum(hours.closes - hours.opens for hours in calendar.week) / WEEK
