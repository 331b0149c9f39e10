"""M/M/c: one kind of customer, people who are alike, Poisson arrivals, exponential handling times."""

from datetime import UTC, datetime, timedelta
from heapq import heapreplace
from math import exp, log, sqrt
from random import Random

from frontline.contract.ids import AgentId, ChannelName, InboxId
from router.core.desk_settings import AgentSettings, DeskSettings, InboxSettings, PolicySettings
from router.simulate.day import Arrival, Day

START = datetime(2026, 3, 2, tzinfo=UTC)
PHONE = ChannelName("phone")
MAIN = InboxId("main")
SPECIAL = InboxId("special")
TAKES = timedelta(minutes=5)
FOREVER = timedelta(days=365)
MILLISECOND = timedelta(milliseconds=1)


def queue(people: int, part: float, customers: int, seed: int) -> Day:
    """A day on which `people` are busy for this `part` of their time, on average. What a contact takes is
    to be found out: somebody supposed the double of it.
    """
    random = Random(seed)
    at, arrivals = 0.0, []
    for _ in range(customers):
        at += random.expovariate(part * people / TAKES.total_seconds())
        takes = random.expovariate(1 / TAKES.total_seconds())
        arrivals.append(Arrival(START + _exact(at), PHONE, MAIN, max(_exact(takes), MILLISECOND), FOREVER))
    inbox = InboxSettings(channel=PHONE, id=MAIN, cost=100, live=True, handling=2 * TAKES)
    settings = DeskSettings(
        version=1,
        agents=tuple(AgentSettings(id=AgentId(f"a{number}"), available=True) for number in range(people)),
        inboxes=(inbox,),
        policies=(PolicySettings(id="standard", version=1, calendar="always"),),
    )
    return Day(settings=settings, start=START, end=arrivals[-1].at, arrivals=tuple(arrivals))


def mixed(
    agents: int, cost: int, part: float, varies: float, customers: int, seed: int, *, skills: bool = False
) -> Day:
    """Where theory has no formula: several contacts at once (`cost` of 100), handling times that vary more or
    less than by pure chance (lognormal), and with `skills` three of ten customers whom every second agent serves.
    """
    random = Random(seed)
    spread = sqrt(log(1 + varies**2))
    at, arrivals = 0.0, []
    for _ in range(customers):
        at += random.expovariate(part * agents * (100 // cost) / TAKES.total_seconds())
        takes = TAKES.total_seconds() * exp(random.gauss(0, 1) * spread - spread**2 / 2)
        inbox = SPECIAL if skills and random.random() < 0.3 else MAIN
        arrivals.append(Arrival(START + _exact(at), PHONE, inbox, max(_exact(takes), MILLISECOND), FOREVER))
    settings = DeskSettings(
        version=1,
        agents=tuple(
            AgentSettings(id=AgentId(f"a{number}"), available=True, skills=("special",) if number % 2 else ())
            for number in range(agents)
        ),
        inboxes=(
            InboxSettings(channel=PHONE, id=MAIN, cost=cost, live=True),
            InboxSettings(channel=PHONE, id=SPECIAL, cost=cost, live=True, skills=("special",)),
        ),
        policies=(PolicySettings(id="standard", version=1, calendar="always"),),
    )
    return Day(settings=settings, start=START, end=arrivals[-1].at, arrivals=tuple(arrivals))


def first_come_first_served(day: Day, people: int) -> list[timedelta]:
    """Each customer's wait, by the recursion of Kiefer and Wolfowitz: whoever is free first takes the next."""
    free = [day.start] * people
    waits = []
    for arrival in day.arrivals:
        begins = max(free[0], arrival.at)
        waits.append(begins - arrival.at)
        heapreplace(free, begins + arrival.takes)
    return waits


def _exact(seconds: float) -> timedelta:
    return timedelta(milliseconds=round(seconds * 1000))
