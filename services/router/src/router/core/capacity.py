"""Agents, and how much each may hold."""

from dataclasses import dataclass, field
from datetime import datetime

from frontline.contract.ids import AgentId, ContactId

AVAILABLE = "available"
AWAY = "away"
OFFLINE = "offline"
STATES = (AVAILABLE, AWAY, OFFLINE)

MISSES = 2
"""Offers that an agent leaves unanswered, in a row, before they are set away."""


@dataclass(slots=True, eq=False)
class Agent:
    """`turn` says who is idle for longest: it grows with each contact given or offered and each return
    to work, so the smallest one is next. `load` counts what is held and what is offered. `missed` are
    the offers left unanswered in a row. `gone` is one whom the settings no longer name but who still
    has something in hand.
    """

    id: AgentId
    capacity: int
    skills: frozenset[str]
    state: str
    turn: int
    until: datetime | None = None
    load: int = 0
    gone: bool = False
    held: dict[ContactId, None] = field(default_factory=dict)
    offered: dict[ContactId, None] = field(default_factory=dict)
    missed: int = 0

    @property
    def empty_handed(self) -> bool:
        return not self.held and not self.offered

    @property
    def absent(self) -> bool:
        """Whether they are said to be there, and do not answer."""
        return self.state == AVAILABLE and self.missed >= MISSES

    @property
    def room(self) -> int:
        """Units left; below zero when the capacity was lowered under what is held."""
        return self.capacity - self.load

    def fits(self, cost: int) -> bool:
        """Whether a contact of `cost` may be given to them now, skills apart."""
        return self.state == AVAILABLE and self.capacity - self.load >= cost
