"""From what was played to what a team lead wants to know. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from frontline.contract.ids import AgentId
from router.simulate.visit import Effort, Played, Visit

_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class InboxFigures:
    """`wait` is until an agent is there for whoever waits live, until the answer for those who wrote. `level` is
    the part of all who came that was served in time; `off` is by how much live waits were longer than
    what had been told, on average. Parts are from 0 to 1.
    """

    name: str
    live: bool
    came: int
    served: int
    left: int
    level: float
    waits: tuple[timedelta, timedelta, timedelta]
    """Half of them, nine of ten and ninety-nine of a hundred were not longer."""
    breached: int
    off: timedelta | None


@dataclass(frozen=True, slots=True)
class AgentFigures:
    agent: AgentId
    served: float
    """A day."""
    present: timedelta
    """A day."""
    busy: float
    """The part of the time there."""


@dataclass(frozen=True, slots=True)
class HourFigures:
    """One hour of the day, over all days: how many came live, how many waited and were there on average."""

    hour: int
    came: float
    left: float
    waiting: float
    people: float
    level: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    name: str
    days: int
    inboxes: tuple[InboxFigures, ...]
    agents: tuple[AgentFigures, ...]
    hours: tuple[HourFigures, ...]

    @property
    def evenness(self) -> float | None:
        """How evenly work fell: what the least busy of those there was busy, over the busiest. 1 is even."""
        busy = [agent.busy for agent in self.agents if agent.present]
        return min(busy) / max(busy) if busy and max(busy) > 0 else None


def figures(name: str, runs: Sequence[Played], *, days: int, level: timedelta, place: ZoneInfo) -> Figures:
    """`runs` are the same days over and over, each with another chance."""
    visits = [visit for run in runs for visit in run.visits]
    names = sorted({_name(visit) for visit in visits})
    total = days * len(runs)
    return Figures(
        name=name,
        days=total,
        inboxes=tuple(_inbox(name, [visit for visit in visits if _name(visit) == name], level) for name in names),
        agents=tuple(_agents(runs, total)),
        hours=tuple(_hours(runs, total, level, place)),
    )


def percentile(values: Sequence[timedelta], part: float) -> timedelta:
    """The smallest of `values` (sorted) that this part of them does not exceed."""
    return values[max(ceil(part * len(values)) - 1, 0)] if values else _ZERO


def _name(visit: Visit) -> str:
    return f"{visit.arrival.channel} {visit.arrival.inbox}"


def _wait(visit: Visit) -> timedelta | None:
    if visit.live:
        return visit.wait
    return None if visit.done is None else visit.done - visit.arrival.at


def _in_time(visit: Visit, level: timedelta) -> bool:
    wait = _wait(visit)
    return wait is not None and (wait <= level if visit.live else not visit.breached)


def _inbox(name: str, visits: Sequence[Visit], level: timedelta) -> InboxFigures:
    waits = sorted(wait for visit in visits if (wait := _wait(visit)) is not None)
    told = [(wait - visit.expected.mean) for visit in visits if visit.expected and (wait := visit.wait) is not None]
    return InboxFigures(
        name=name,
        live=any(visit.live for visit in visits),
        came=len(visits),
        served=len(waits),
        left=sum(visit.left is not None for visit in visits),
        level=sum(_in_time(visit, level) for visit in visits) / len(visits),
        waits=(percentile(waits, 0.5), percentile(waits, 0.9), percentile(waits, 0.99)),
        breached=sum(visit.breached for visit in visits),
        off=sum(told, _ZERO) / len(told) if told else None,
    )


def _agents(runs: Sequence[Played], days: int) -> Iterable[AgentFigures]:
    for agent in sorted({agent for run in runs for agent in run.efforts}):
        efforts = [run.efforts.get(agent, Effort()) for run in runs]
        present = sum((effort.present for effort in efforts), _ZERO)
        busy = sum((effort.busy for effort in efforts), _ZERO)
        served = sum(effort.answered for effort in efforts)
        yield AgentFigures(agent, served / days, present / days, busy / present if present else 0.0)


@dataclass(slots=True)
class _Hour:
    came: int = 0
    left: int = 0
    in_time: int = 0
    waiting: timedelta = _ZERO
    people: timedelta = _ZERO


def _hours(runs: Sequence[Played], days: int, level: timedelta, place: ZoneInfo) -> Iterable[HourFigures]:
    hours = [_Hour() for _ in range(24)]
    for run in runs:
        for visit in run.visits:
            if visit.live:
                hour = hours[visit.arrival.at.astimezone(place).hour]
                hour.came += 1
                hour.left += visit.left is not None
                hour.in_time += _in_time(visit, level)
        for (start, waiting, people), (end, _, _) in zip(run.line, run.line[1:], strict=False):
            for at, passes in _by_hour(start, end):
                hour = hours[at.astimezone(place).hour]
                hour.waiting += passes * waiting
                hour.people += passes * people
    whole = timedelta(hours=1) * days
    for number, hour in enumerate(hours):
        in_time = hour.in_time / hour.came if hour.came else None
        yield HourFigures(
            number, hour.came / days, hour.left / days, hour.waiting / whole, hour.people / whole, in_time
        )


def _by_hour(start: datetime, end: datetime) -> Iterable[tuple[datetime, timedelta]]:
    while start < end:
        # Quarters: clocks of some places are half an hour or a quarter off.
        step = min(
            end,
            start
            + timedelta(minutes=15)
            - (start - start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)),
        )
        yield start, step - start
        start = step
