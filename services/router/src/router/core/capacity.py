"""Agents, and how much each may hold.

Two sentences hold always: live load never exceeds the capacity; what is written is given only while
live and written load together stay within it. So a call may be put over mail that is held already,
never over a call.
"""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from frontline.contract.ids import AgentId, ContactId
from router.core.need import Need

AVAILABLE = "available"
AWAY = "away"
OFFLINE = "offline"
STATES = (AVAILABLE, AWAY, OFFLINE)

MISSES = 2
"""Offers that an agent leaves unanswered, in a row, before they are set away."""


class Room(msgspec.Struct, frozen=True, gc=False):
    """Units that may still be given; below zero when the capacity was lowered under what is held."""

    written: int
    live: int


NO_ROOM = Room(0, 0)


@dataclass(slots=True, eq=False)
class Agent:
    """`turn` says who is idle for longest: it grows with each contact given or offered and each return
    to work, so the smallest one is next. `load` counts what is held and what is offered, `live_load`
    the part of it where somebody is at the other end. `missed` are the offers left unanswered in a row.
    `gone` is one whom the settings no longer name but who still has something in hand.

    `on_duty` is what the rota says, and true without one; `off_duty_too` is whether they may be given
    work all the same, in a ring that goes so far. `back_by` is when the live contacts of somebody who
    went offline go to others. `by_load` is a desk's strategy: whoever has least to do comes first.
    """

    id: AgentId
    capacity: int
    skills: frozenset[str]
    state: str
    turn: int
    until: datetime | None = None
    load: int = 0
    live_load: int = 0
    gone: bool = False
    held: dict[ContactId, None] = field(default_factory=dict)
    offered: dict[ContactId, None] = field(default_factory=dict)
    missed: int = 0
    on_duty: bool = True
    off_duty_too: bool = True
    back_by: datetime | None = None
    by_load: bool = False

    @property
    def empty_handed(self) -> bool:
        return not self.held and not self.offered

    @property
    def present(self) -> bool:
        return self.state == AVAILABLE

    @property
    def absent(self) -> bool:
        """Whether they are said to be there, and do not answer."""
        return self.state == AVAILABLE and self.missed >= MISSES

    @property
    def rank(self) -> tuple[int, int]:
        """Of those with room, the smallest comes first."""
        return (self.load if self.by_load else 0, self.turn)

    @property
    def room(self) -> Room:
        return Room(self.capacity - self.load, self.capacity - self.live_load)

    def load_of(self, need: Need) -> int:
        """What counts against their capacity when it is about such a contact."""
        return self.live_load if need.live else self.load

    def has_room(self, need: Need) -> bool:
        return self.capacity - (self.live_load if need.live else self.load) >= need.cost

    def has_place(self, cost: int, *, live: bool) -> bool:
        return self.state == AVAILABLE and self.capacity - (self.live_load if live else self.load) >= cost

    def fits(self, need: Need) -> bool:
        """Whether a contact of this need may be given to them now, skills apart."""
        return self.has_place(need.cost, live=need.live)

    def take(self, need: Need) -> None:
        self.load += need.cost
        if need.live:
            self.live_load += need.cost

    def give_back(self, need: Need) -> None:
        self.load -= need.cost
        if need.live:
            self.live_load -= need.cost
