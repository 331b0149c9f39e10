"""Draws the customers of a day. Everybody's fate is drawn before the day is played, from a stream of chance
of their own: two desks are compared by the same customers.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import exp, log, sqrt
from pathlib import Path
from random import Random

from router.core.calendar import exact
from router.core.desk_settings import DeskSettings
from router.core.rota_wall import instant
from router.simulate.day import Absence, Arrival, Day
from router.simulate.scenario import Coming, Scenario, measured

_HOUR = timedelta(hours=1)
_MOMENT = timedelta(milliseconds=1)


def draw(scenario: Scenario, settings: DeskSettings, seed: int, folder: Path) -> Day:
    """One day out of all that might be; the same one for the same seed. Files are named from `folder` on."""
    arrivals: list[Arrival] = []
    for number, coming in enumerate(scenario.arrivals):
        chance = Random(f"{seed}.{number}")  # noqa: S311 - nothing here is a secret
        for at in _instants(scenario, coming, chance, folder):
            arrivals.append(_arrival(coming, at, chance))
    return Day(
        settings=settings,
        start=scenario.start,
        end=scenario.end,
        arrivals=tuple(sorted(arrivals, key=lambda arrival: arrival.at)),
        absences=tuple(_absences(scenario)),
        reaction=scenario.reaction,
        call_back=scenario.call_back,
    )


def _instants(scenario: Scenario, coming: Coming, chance: Random, folder: Path) -> Iterator[datetime]:
    yield from [scenario.start] * coming.backlog
    if coming.csv:
        for at in measured(folder / coming.csv, coming.channel, coming.inbox):
            if scenario.start <= at < scenario.end:
                yield at
        return
    # A Poisson process whose rate changes by the hour: steps of an even one, laid along the hours.
    left = chance.expovariate(1)
    for begins, ends, rate in _hours(scenario, coming.per_hour):
        at = begins
        while rate and at + (passes := left / rate * _HOUR) < ends:
            at += passes
            yield exact(at)
            left = chance.expovariate(1)
        left -= (ends - at) / _HOUR * rate


def _hours(scenario: Scenario, per_hour: tuple[float, ...]) -> Iterator[tuple[datetime, datetime, float]]:
    """By the clocks there: an hour that does not come has no length, one that comes twice is two hours long."""
    for number in range(scenario.days):
        midnight = datetime.combine(scenario.day + timedelta(days=number), datetime.min.time())
        for hour, rate in enumerate(per_hour):
            wall = midnight + hour * _HOUR
            yield instant(wall, scenario.place), instant(wall + _HOUR, scenario.place), rate


def _arrival(coming: Coming, at: datetime, chance: Random) -> Arrival:
    # Lognormal, as times of handling are: never negative, most of them short, some very long.
    spread = sqrt(log(1 + coming.varies**2))
    takes = coming.takes * exp(chance.gauss(0, 1) * spread - spread**2 / 2)
    patience = chance.expovariate(1)
    return Arrival(
        at=at,
        channel=coming.channel,
        inbox=coming.inbox,
        takes=max(_whole(takes), _MOMENT),
        patience=None if coming.patience is None else max(_whole(coming.patience * patience), _MOMENT),
    )


def _absences(scenario: Scenario) -> Iterator[Absence]:
    for number in range(scenario.days):
        day = scenario.day + timedelta(days=number)
        for away in scenario.absences:
            if away.day in {None, day}:
                last = day if away.ends > away.begins else day + timedelta(days=1)
                yield Absence(away.agent, scenario.at(day, away.begins), scenario.at(last, away.ends))


def _whole(time: timedelta) -> timedelta:
    return time - time % _MOMENT
