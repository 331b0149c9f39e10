"""Who is on duty when, from shifts that people take turns in, and when that next changes.

Asked by `decide` only: the events carry the answer (`DutyChanged`), so that a replay needs no zone
data. Everything here is worked out from the rules for the few days that are asked about.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from frontline.contract.ids import AgentId
from router.core.desk_settings import DeskSettings
from router.core.rota_settings import ShiftSettings
from router.core.rota_wall import span

Swaps = Mapping[tuple[str, date], tuple[tuple[AgentId, AgentId], ...]]
"""By shift and day: who gave their turn to whom, in the order in which they did."""

_DAY = timedelta(days=1)
_LOOK_AHEAD = (timedelta(days=8), timedelta(days=60), timedelta(days=400))


class Turn(NamedTuple):
    """A shift of one day: `agents` are on from `start` up to `end`, which is not theirs any more."""

    shift: str
    day: date
    start: datetime
    end: datetime
    agents: tuple[AgentId, ...]
    available: bool

    @property
    def id(self) -> str:
        return turn_id(self.shift, self.day)


class Duty(NamedTuple):
    """Who is on, and who of them is made available by that."""

    agents: frozenset[AgentId]
    available: frozenset[AgentId]


@dataclass(frozen=True, slots=True)
class Rota:
    """`agents` are all of the desk: whoever left it has no turns any more."""

    shifts: tuple[ShiftSettings, ...]
    swaps: Swaps
    agents: frozenset[AgentId]


def rota(settings: DeskSettings, swaps: Swaps) -> Rota:
    return Rota(settings.shifts, swaps, frozenset(agent.id for agent in settings.agents))


def turn_id(shift: str, day: date) -> str:
    return f"{shift}.{day.isoformat()}"


def parse_turn_id(text: str) -> tuple[str, date] | None:
    shift, dot, day = text.rpartition(".")
    try:
        return (shift, date.fromisoformat(day)) if dot else None
    except ValueError:
        return None


def duty(rota: Rota, now: datetime) -> Duty:
    on: set[AgentId] = set()
    available: set[AgentId] = set()
    for turn in turns(rota, now, now + timedelta(microseconds=1)):
        on.update(turn.agents)
        if turn.available:
            available.update(turn.agents)
    return Duty(frozenset(on), frozenset(available))


def next_change(rota: Rota, now: datetime) -> datetime | None:
    """When to look again: nobody comes or goes in between, and almost always somebody does then.

    `None` only if nothing will ever change: a desk without shifts.
    """
    before = duty(rota, now)
    for ahead in _LOOK_AHEAD:
        for instant, after in _changes(turns(rota, now, now + ahead)):
            if now < instant < now + ahead and after != before:
                return instant
    return now + _LOOK_AHEAD[-1] if rota.shifts else None


def next_on_duty(rota: Rota, now: datetime) -> datetime | None:
    """When somebody is on duty again, `now` if somebody is; `None` if not within the year to come."""
    for ahead in _LOOK_AHEAD:
        starts = [turn.start for turn in turns(rota, now, now + ahead)]
        if starts:
            return max(now, min(starts))
    return None


def turns(rota: Rota, start: datetime, end: datetime) -> list[Turn]:
    """Every turn that somebody has and that shares an instant with the time from `start` up to `end`,
    by when it begins.
    """
    found = [turn for shift in rota.shifts for turn in _turns(rota, shift, start, end)]
    return sorted(found, key=lambda turn: (turn.start, turn.shift, turn.day))


def turn_on(rota: Rota, shift: str, day: date) -> Turn | None:
    """The turn of a shift that begins on `day`; `None` if there is none."""
    for each in rota.shifts:
        if each.id == shift:
            return _turn(rota, each, ZoneInfo(each.zone), day)
    return None


def _turns(rota: Rota, shift: ShiftSettings, start: datetime, end: datetime) -> Iterator[Turn]:
    zone = ZoneInfo(shift.zone)
    # A turn may have begun the day before and last a day, longer where clocks go back.
    day = start.astimezone(zone).date() - 2 * _DAY
    last = end.astimezone(zone).date()
    while day <= last:
        turn = _turn(rota, shift, zone, day)
        if turn is not None and turn.start < end and turn.end > start:
            yield turn
        day += _DAY


def _turn(rota: Rota, shift: ShiftSettings, zone: ZoneInfo, day: date) -> Turn | None:
    override = next((each for each in shift.overrides if each.day == day), None)
    usual = day.weekday() in shift.days and shift.since <= day and (shift.until is None or day <= shift.until)
    begins, ends = shift.begins, shift.ends
    crew = shift.weeks[_week(shift, day) % len(shift.weeks)] if shift.weeks else ()
    if override is not None:
        crew = crew if override.agents is None else override.agents
        begins, ends = override.begins or begins, override.ends or ends
    elif not usual:
        return None
    people = tuple(agent for agent in _swapped(crew, rota.swaps.get((shift.id, day), ())) if agent in rota.agents)
    start, end = span(day, begins, ends, zone)
    return Turn(shift.id, day, start, end, people, shift.available) if people and start < end else None


def _week(shift: ShiftSettings, day: date) -> int:
    """Weeks since the one that `since` lies in."""
    monday = shift.since - shift.since.weekday() * _DAY
    return (day - monday).days // 7


def _swapped(crew: tuple[AgentId, ...], swaps: tuple[tuple[AgentId, AgentId], ...]) -> tuple[AgentId, ...]:
    """The crew after these swaps. One that does not fit any more, as the rules have changed, is passed over."""
    for gave, took in swaps:
        if gave in crew and took not in crew:
            crew = tuple(took if agent == gave else agent for agent in crew)
    return crew


def _changes(turns: list[Turn]) -> Iterator[tuple[datetime, Duty]]:
    """Each instant at which a turn begins or ends, and who is on from there."""
    steps: dict[datetime, list[tuple[Turn, int]]] = {}
    for turn in turns:
        steps.setdefault(turn.start, []).append((turn, 1))
        steps.setdefault(turn.end, []).append((turn, -1))
    on: Counter[AgentId] = Counter()
    available: Counter[AgentId] = Counter()
    for instant, changes in sorted(steps.items(), key=lambda step: step[0]):
        for turn, change in changes:
            for agent in turn.agents:
                on[agent] += change
                available[agent] += change if turn.available else 0
        yield instant, Duty(_present(on), _present(available))


def _present(counts: Counter[AgentId]) -> frozenset[AgentId]:
    return frozenset(agent for agent, count in counts.items() if count > 0)
