"""What became of everybody and everything in a simulation. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from frontline.contract.ids import AgentId
from router.core.wait import Estimate
from router.simulate.day import Arrival


@dataclass(slots=True, eq=False)
class Visit:
    """One customer. `answered` is when an agent had them for the first time, `left` when they gave up before
    that, `done` when their contact was resolved; `expected` is what they were told when they came.
    """

    arrival: Arrival
    live: bool
    answered: datetime | None = None
    left: datetime | None = None
    done: datetime | None = None
    breached: bool = False
    expected: Estimate | None = None

    @property
    def wait(self) -> timedelta | None:
        return None if self.answered is None or self.left is not None else self.answered - self.arrival.at


@dataclass(slots=True, eq=False)
class Effort:
    """How long an agent was there, and how long of that they had something to do."""

    present: timedelta = timedelta(0)
    busy: timedelta = timedelta(0)
    answered: int = 0


@dataclass(slots=True, eq=False)
class Played:
    visits: list[Visit] = field(default_factory=list)
    efforts: dict[AgentId, Effort] = field(default_factory=dict)
    line: list[tuple[datetime, int, int]] = field(default_factory=list)
    """How many waited live, and how many agents were there, each time that one of them changed."""
