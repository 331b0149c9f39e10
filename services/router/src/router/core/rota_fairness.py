"""Whether everyone takes turns: how many of them, and how long, each person has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from frontline.contract.ids import AgentId
from router.core.rota import Rota, turns

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Share:
    """What somebody has of the turns: those that begin in the time asked about, and how long they
    are on in that time. `weekend` are the turns that begin on a Saturday or Sunday, where the shift is.
    """

    agent: AgentId
    turns: int = 0
    weekend: int = 0
    time: timedelta = timedelta(0)


def fairness(rota: Rota, start: datetime, end: datetime, people: Iterable[AgentId]) -> tuple[Share, ...]:
    """A share for each of `people`, also for those without a turn; whoever has most time comes first.

    Two shifts at the same time are two turns, and their time counts twice: it is the rota that is weighed.
    """
    shares = {agent: Share(agent) for agent in people}
    for turn in turns(rota, start, end):
        begins = turn.start >= start
        weekend = begins and turn.day.weekday() >= SATURDAY
        time = min(turn.end, end) - max(turn.start, start)
        for agent in turn.agents:
            had = shares.get(agent, Share(agent))
            shares[agent] = Share(agent, had.turns + begins, had.weekend + weekend, had.time + time)
    return tuple(sorted(shares.values(), key=lambda share: (-share.time, share.agent)))
