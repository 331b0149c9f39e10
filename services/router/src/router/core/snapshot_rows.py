"""What a snapshot is made of. Every field of what a desk holds in memory has its place here, but for what
can be worked out again.
"""

from datetime import date, datetime, timedelta

import msgspec

from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId
from router.core.check_in import CheckInsKept
from router.core.commit import Outcome
from router.core.desk_settings import CalendarSettings, DeskSettings, EscalationSettings
from router.core.escalation import Reached
from router.core.gone import Gone
from router.core.handling import HandlingKept
from router.core.holding import InboxKey
from router.core.overlay import Comings, OverlayKept
from router.core.parcel import Guest
from router.core.state import EndedOffer


class Row(msgspec.Struct, array_like=True, frozen=True):
    """A tuple with names: what it costs to read a million of them is what a takeover costs."""


class AgentRow(Row, frozen=True):
    id: AgentId
    capacity: int
    skills: tuple[str, ...]
    state: str
    turn: int
    until: datetime | None
    load: int
    live_load: int
    gone: bool
    held: tuple[ContactId, ...]
    offered: tuple[ContactId, ...]
    missed: int
    on_duty: bool
    off_duty_too: bool
    back_by: datetime | None
    by_load: bool


class TermRow(Row, frozen=True):
    """`current` is where the settings in force have this very term; a clock of older settings keeps its own."""

    target: str
    policy: str
    version: int
    calendar_name: str
    calendar: CalendarSettings | None
    within: timedelta
    warn_at: tuple[float, ...]
    pause_in: tuple[str, ...]
    current: tuple[str, str, str] | None
    raises: tuple[tuple[float, str], ...] = ()
    escalations: tuple[EscalationSettings, ...] = ()


class Head(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    desk: DeskId
    epoch: int
    index: int
    now: datetime
    contacts: int
    settings: DeskSettings
    arrivals: int
    turns: int
    terms: tuple[TermRow, ...]
    agents: tuple[AgentRow, ...]
    duty: tuple[tuple[AgentId, ...], tuple[AgentId, ...]]
    duty_until: datetime | None
    swaps: tuple[tuple[tuple[str, date], tuple[tuple[AgentId, AgentId], ...]], ...]
    overlay: OverlayKept
    outcomes: tuple[tuple[datetime, Outcome], ...]
    ended_offers: tuple[EndedOffer, ...]
    leaving: tuple[tuple[AgentId, str], ...]
    unanswering: tuple[AgentId, ...]
    handling: HandlingKept
    taken: tuple[tuple[InboxKey, int], ...] = ()
    released: tuple[tuple[InboxKey, int], ...] = ()
    check_ins: CheckInsKept = CheckInsKept()
    escalating: tuple[tuple[ContactId, tuple[Reached, ...]], ...] = ()
    erased: tuple[ContactId, ...] = ()
    successors: tuple[tuple[CustomerId, CustomerId], ...] = ()
    elsewhere: tuple[tuple[ContactId, Gone], ...] = ()
    guests: tuple[Guest, ...] = ()
    comings: Comings = ()
