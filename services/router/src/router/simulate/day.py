"""What a simulation is about: a desk, who comes when and wants what, and who is not there. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from frontline.contract.ids import AgentId, ChannelName, InboxId
from router.core.desk_settings import DeskSettings


@dataclass(frozen=True, slots=True)
class Arrival:
    """A customer. `takes` is how long an agent is busy with them; `patience` how long they wait at the
    other end before they leave, `None` for one who writes and goes on.
    """

    at: datetime
    channel: ChannelName
    inbox: InboxId
    takes: timedelta
    patience: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    agent: AgentId
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """`reaction` is how long it takes to accept an offer, `call_back` how long an agent is busy with a
    customer who had left before anybody was there. Played from `start` until everybody is served, and to
    `give_up` at most.
    """

    settings: DeskSettings
    start: datetime
    end: datetime
    arrivals: tuple[Arrival, ...]
    absences: tuple[Absence, ...] = ()
    reaction: timedelta = timedelta(seconds=4)
    call_back: timedelta = timedelta(minutes=3)
    estimates: bool = True
    """Whether the wait is estimated for everybody who comes; costs time."""

    @property
    def give_up(self) -> datetime:
        return self.end + timedelta(hours=12)
