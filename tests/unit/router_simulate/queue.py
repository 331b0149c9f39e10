"""M/M/c: one kind of customer, people who are alike, Poisson arrivals, exponential handling times."""

from datetime import UTC, datetime, timedelta
from heapq import heapreplace
from random import Random

from frontline.contract.ids import AgentId, ChannelName, InboxId
from router.core.desk_settings import AgentSettings, DeskSettings, InboxSettings, PolicySettings
from router.simulate.day import Arrival, Day

START = datetime(2026, 3, 2, tzinfo=UTC)
PHONE = ChannelName("phone")
MAIN = InboxId("main")
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
