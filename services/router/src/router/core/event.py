"""What a desk decides. Past tense, ids only, outcomes rather than rules: a replay needs no
calendar, no zone data, no configuration beyond what the events themselves say.

Fields are added with defaults and never renamed; an unknown event stops a replica from leading.
"""

from datetime import date, datetime, timedelta

import msgspec

from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, InboxId, KeyHash, MessageId, OfferId
from frontline.contract.message import Automation, DeliveryState, MessageKind, Presence
from router.core.rota_settings import ShiftSettings

OFFER = "offer"
"""How a contact is assigned that was offered and accepted."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=True):
    """`at` is when it took effect: for a breach the deadline, for a message when it reached us."""

    at: datetime


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the desk has to know of an agent to assign to them."""

    id: AgentId
    capacity: int = 100
    skills: tuple[str, ...] = ()
    available: bool = False
    """Whether the agent counts as available until they say otherwise."""


class InboxSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    channel: ChannelName
    id: InboxId
    cost: int = 10
    """Units of capacity that one contact of this inbox takes."""
    lane: str = "normal"
    policy: str = "standard"
    skills: tuple[str, ...] = ()
    offer_for: timedelta | None = None
    """Contacts are offered, and an agent has this long to accept; `None`: they are assigned unasked."""


class TargetSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of the calendar's time a target may take."""

    target: str
    within: timedelta
    warn_at: tuple[float, ...] = (0.5, 0.8)


class PolicySettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    version: int
    calendar: str
    targets: tuple[TargetSettings, ...] = ()


class HoursSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Open from `opens` to `closes`: minutes since the midnight of the day on which it opens, by the clock
    on the wall. `closes` is above 1440 for what goes on past the next midnight. Monday is weekday 0.
    """

    weekday: int = 0
    opens: int = 0
    closes: int = 1440


class SpecialDaySettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A date with hours of its own, whatever the week and the closed days say; their weekday says nothing."""

    day: date
    hours: tuple[HoursSettings, ...] = ()


class CalendarSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When time counts, in days of `zone` (an IANA name). On `closed` days nothing opens: holidays and
    dates of one's own, worked out where the configuration is read.
    """

    id: str
    zone: str = "UTC"
    week: tuple[HoursSettings, ...] = ()
    closed: tuple[date, ...] = ()
    special: tuple[SpecialDaySettings, ...] = ()


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A desk's configuration as the log holds it: everything that decisions are made by."""

    version: int
    agents: tuple[AgentSettings, ...] = ()
    inboxes: tuple[InboxSettings, ...] = ()
    policies: tuple[PolicySettings, ...] = ()
    calendars: tuple[CalendarSettings, ...] = ()
    shifts: tuple[ShiftSettings, ...] = ()


class ConfigChanged(Event, frozen=True, kw_only=True):
    settings: DeskSettings


class AvailabilityChanged(Event, frozen=True, kw_only=True):
    agent: AgentId
    state: str
    """`available`, `away` or `offline`."""
    until: datetime | None = None
    reason: str = ""
    """Empty if the agent said so or `until` came; `missed_offers` if they did not answer; `shift_began`
    and `shift_ended` by the rota.
    """


class DutyChanged(Event, frozen=True, kw_only=True):
    """From `at` on these are on duty by the rota, and nobody else, up to `until` at least."""

    agents: tuple[AgentId, ...]
    available: tuple[AgentId, ...] = ()
    """Those of them whom their shift makes available."""
    until: datetime | None = None
    """When to look again; `None`: nothing will change."""


class RotaSwapped(Event, frozen=True, kw_only=True):
    """`agent` gave their turn in a shift to `to`. `day` is the one on which it begins, where the shift is."""

    shift: str
    day: date
    agent: AgentId
    to: AgentId


class ContactOpened(Event, frozen=True, kw_only=True):
    contact: ContactId
    channel: ChannelName
    inbox: InboxId
    customer: CustomerId
    lane: str
    linked_to: ContactId | None = None
    """A contact that the message named without proof that its sender takes part in it."""


class MessageReceived(Event, frozen=True, kw_only=True):
    """A customer's message is now part of a contact; its keys find the contact from here on."""

    contact: ContactId
    message: MessageId
    key: KeyHash
    customer: CustomerId
    channel: ChannelName
    inbox: InboxId
    kind: MessageKind = MessageKind.MESSAGE
    presence: Presence = Presence.AWAY
    automation: Automation = Automation.NO
    threaded_by: str = "new"
    keys: tuple[KeyHash, ...] = ()


class ReplyQueued(Event, frozen=True, kw_only=True):
    """An agent's reply is decided; `draft` is where its words stand in the stream `DRAFTS`."""

    contact: ContactId
    reply: MessageId
    agent: AgentId
    channel: ChannelName
    inbox: InboxId
    draft: int
    keys: tuple[KeyHash, ...] = ()


class NoteAdded(Event, frozen=True, kw_only=True):
    contact: ContactId
    note: MessageId
    agent: AgentId
    draft: int


class DeliveryRecorded(Event, frozen=True, kw_only=True):
    contact: ContactId
    reply: MessageId
    receipt: MessageId
    key: KeyHash
    state: DeliveryState


class ContactAssigned(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId
    via: str
    """`auto`, `offer`, `direct` or `transfer`."""
    rule: str
    """Why this agent: `longest_idle`, `sticky`, ..."""


class ContactUnassigned(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId
    rule: str
    front: bool = False
    """Whether it waits before all others of its lane."""


class ContactOffered(Event, frozen=True, kw_only=True):
    """`agent` is asked, and nobody else, until the offer ends; meanwhile it counts against their capacity."""

    contact: ContactId
    agent: AgentId
    offer: OfferId
    expires_at: datetime
    rule: str
    """Why this agent, as in `ContactAssigned`."""
    round: int
    """From 1 on. A round ends when everybody who could take the contact has been asked."""


class OfferAccepted(Event, frozen=True, kw_only=True):
    """The contact is assigned by the event that follows."""

    contact: ContactId
    agent: AgentId
    offer: OfferId


class OfferRejected(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId
    offer: OfferId
    reason: str = ""


class OfferTimedOut(Event, frozen=True, kw_only=True):
    """Nobody answered by `at`."""

    contact: ContactId
    agent: AgentId
    offer: OfferId


class OfferWithdrawn(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId
    offer: OfferId
    reason: str
    """`agent_away`, `agent_removed` or `resolved`."""


class OfferRenewed(Event, frozen=True, kw_only=True):
    """The desk was not there while the offer ran: the agent has the whole time again."""

    contact: ContactId
    agent: AgentId
    offer: OfferId
    expires_at: datetime


class ContactResolved(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId | None = None


class ContactReopened(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId | None = None
    """Who reopened it; `None` when nobody asked for it: see `rule`."""
    rule: str = "agent"
    """`agent`, `message` (the customer wrote again) or `delivery_failed`."""


class ClockStarted(Event, frozen=True, kw_only=True):
    """`at` is the start; `intervals` is what the calendar counted from there to `due_at`."""

    contact: ContactId
    target: str
    policy: str
    version: int
    calendar: str
    due_at: datetime
    warnings: tuple[tuple[float, datetime], ...] = ()
    intervals: tuple[tuple[datetime, datetime], ...] = ()
    resumes: str = ""
    """Empty for a new clock. Else the one that ended last runs on as if it never had, with the
    warnings still to come and a recorded breach kept, because of this: `bounced`, `reopened`.
    """


class ClockWarned(Event, frozen=True, kw_only=True):
    contact: ContactId
    target: str
    fraction: float


class ClockMet(Event, frozen=True, kw_only=True):
    """Ended in time, or, after a breach, ended at all: `late` then says so."""

    contact: ContactId
    target: str
    late: bool = False
    by: MessageId | None = None
    """The reply that met it; if that one fails, the clock runs on."""


class ClockBreached(Event, frozen=True, kw_only=True):
    contact: ContactId
    target: str


class ClockWithdrawn(Event, frozen=True, kw_only=True):
    contact: ContactId
    target: str
    reason: str


class IndexFloorRaised(Event, frozen=True, kw_only=True):
    """The key indexes hold everything up to this commit; the state may forget those keys."""

    epoch: int
    index: int


DeskDecision = (
    ConfigChanged
    | AvailabilityChanged
    | DutyChanged
    | RotaSwapped
    | ContactOpened
    | MessageReceived
    | ReplyQueued
    | NoteAdded
    | DeliveryRecorded
    | ContactAssigned
    | ContactUnassigned
    | ContactOffered
    | OfferAccepted
    | OfferRejected
    | OfferTimedOut
    | OfferWithdrawn
    | OfferRenewed
    | ContactResolved
    | ContactReopened
    | ClockStarted
    | ClockWarned
    | ClockMet
    | ClockBreached
    | ClockWithdrawn
    | IndexFloorRaised
)
