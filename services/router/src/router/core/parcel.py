"""A contact on its way to another desk, as plain data: everything that the other one needs to go on with it.

It stands in the logs of both desks, so fields are added with defaults and never renamed.
"""

from datetime import datetime, timedelta

import msgspec

from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, MessageId
from router.core.desk_settings import CalendarSettings, EscalationSettings, InboxSettings, PolicySettings

Trail = tuple[tuple[DeskId, DeskId], ...]
"""Each desk that a contact has left, and where it last went from there."""


class Carried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a parcel."""


class CarriedTerm(Carried, frozen=True, kw_only=True):
    """A whole `Term`: what a clock was promised by, with its calendar."""

    target: str
    policy: str
    version: int
    calendar_name: str
    calendar: CalendarSettings | None = None
    within: timedelta = timedelta(0)
    warn_at: tuple[float, ...] = ()
    pause_in: tuple[str, ...] = ()
    raises: tuple[tuple[float, str], ...] = ()
    escalations: tuple[EscalationSettings, ...] = ()


class CarriedClock(Carried, frozen=True, kw_only=True):
    """A `Clock`. `term` is its number among the parcel's; `former` says that it is the one before of its target.
    `intervals` and `rest` are what it counts from its start to `due_at`, less its pauses.
    """

    term: int
    started_at: datetime
    due_at: datetime
    warnings: tuple[tuple[float, datetime], ...] = ()
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    breached: bool = False
    end: str = ""
    met_by: MessageId | None = None
    former: bool = False
    warned: float = 0.0
    intervals: tuple[tuple[datetime, datetime], ...] = ()
    rest: timedelta = timedelta(0)


class Guest(Carried, frozen=True, kw_only=True):
    """An inbox of another desk, and by what the clocks of its contacts run that are to come."""

    inbox: InboxSettings
    policies: tuple[PolicySettings, ...] = ()
    calendars: tuple[CalendarSettings, ...] = ()


class Parcel(Carried, frozen=True, kw_only=True):
    """`home` is the desk that it comes from, `by` who sent it. `moves` counts how often the contact has changed
    desks, this time included, so that the same parcel is known when it comes again. `reached` is what its clocks
    ask for and have not had yet, by target; `offers` is how many there were, as their ids go on from there.
    """

    contact: ContactId
    home: DeskId
    by: AgentId
    moves: int
    customer: CustomerId
    lane: str
    guest: Guest
    trail: Trail = ()
    others: tuple[CustomerId, ...] = ()
    skills: tuple[str, ...] = ()
    policy: str = ""
    live: bool = False
    ours: bool = False
    linked_to: ContactId | None = None
    offers: int = 0
    replies: tuple[tuple[MessageId, datetime], ...] = ()
    terms: tuple[CarriedTerm, ...] = ()
    clocks: tuple[CarriedClock, ...] = ()
    reached: tuple[tuple[str, EscalationSettings], ...] = ()
    checked_in: tuple[str, ...] = ()
    """The rules of check-ins that have had their say in it: each has it once, wherever the contact is."""
