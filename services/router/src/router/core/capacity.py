"""Agents, and how much each may hold."""

from dataclasses import dataclass, field
from datetime import datetime

from frontline.contract.ids import AgentId, ContactId

AVAILABLE = "available"
AWAY = "away"
OFFLINE = "offline"
STATES = (AVAILABLE, AWAY, OFFLINE)


@dataclass(slots=True, eq=False)
class Agent:
    """`turn` says who is idle for longest: it grows with each contact given and each return to work,
    so the smallest one is next. `gone` is one whom the settings no longer name but who still holds work.
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

    @property
    def room(self) -> int:
        """Units left; below zero when the capacity was lowered under what is held."""
        return self.capacity - self.load

    def fits(self, cost: int) -> bool:
        """Whether a contact of `cost` may be given to them now, skills apart."""
        return self.state == AVAILABLE and self.capacity - self.load >= cost
