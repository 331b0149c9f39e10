"""The bodies of the rota's routes (design: `api.md`). Fields are added, never renamed."""

from typing import Annotated

import msgspec

from frontline.contract.ids import AgentId, DeskId
from router.api.shape import Answer, Body
from router.index.row import Stamp

_Instant = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
_Day = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]


class Window(Body, frozen=True, kw_only=True):
    """Which turns: four weeks back and four weeks ahead, unless it says otherwise."""

    since: _Instant | None = None
    until: _Instant | None = None


class SwapBody(Body, frozen=True, kw_only=True):
    """`shift` is the id of a turn; one of you and `with` has it, and the other gets it."""

    shift: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    partner: Annotated[str, msgspec.Meta(min_length=1, max_length=63)] = msgspec.field(name="with")


class TurnView(Answer, frozen=True, kw_only=True):
    """`available`: whoever is on counts as available. `day` is the one on which it begins, where the shift is."""

    id: str
    shift: str
    day: _Day
    start: Stamp
    end: Stamp
    agents: tuple[AgentId, ...]
    available: bool


class Fair(Answer, frozen=True, kw_only=True):
    """Somebody's share of the turns shown."""

    agent: AgentId
    turns: int
    weekend_turns: int
    hours: float


class RotaView(Answer, frozen=True, kw_only=True):
    """`on_duty` are those who are on now; nobody comes or goes before `changes_at`."""

    desk: DeskId
    since: Stamp
    until: Stamp
    on_duty: tuple[AgentId, ...]
    changes_at: Stamp | None
    items: list[TurnView]
    next: None = None
    fairness: list[Fair]


class Swapped(Answer, frozen=True, kw_only=True):
    """A swap that holds from now on; `by` asked for it."""

    shift: str
    by: AgentId
    partner: AgentId = msgspec.field(name="with")
