"""What a desk decides. Past tense, ids only, outcomes rather than rules: a replay needs no
calendar, no zone data, no configuration beyond what the events themselves say.

Fields are added with defaults and never renamed; an unknown event stops a replica from leading.
"""

from datetime import datetime

from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, InboxId, KeyHash, MessageId, OfferId
from frontline.contract.message import Automation, DeliveryState, MessageKind, Presence
from router.core.event_check_in import CheckInArmed, CheckInDue
from router.core.event_clock import (
    ClockBreached,
    ClockMet,
    ClockPaused,
    ClockRebased,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    ClockWithdrawn,
)
from router.core.event_erased import ContactErased, CustomerErased
from router.core.event_escalation import Escalated
from router.core.event_inbox import InboxReleased, InboxTaken
from router.core.event_move import MessagesMoved, MessagesTaken
from router.core.event_people import AvailabilityChanged, ConfigChanged, DutyChanged, GraceEnded, RotaSwapped
from router.core.event_transfer import ContactTaken, TransferBegun, TransferRecovered, TransferRefused, TransferTaken
from router.core.happened import Event

OFFER = "offer"
"""How a contact is assigned that was offered and accepted."""


class ContactOpened(Event, frozen=True, kw_only=True):
    contact: ContactId
    channel: ChannelName
    inbox: InboxId
    customer: CustomerId
    lane: str
    linked_to: ContactId | None = None
    """A contact that the message named without proof that its sender takes part in it."""
    live: bool = False
    """Somebody is at the other end and waits."""
    skills: tuple[str, ...] = ()
    """Asked for by rules, besides those that the inbox asks for."""
    rules: tuple[str, ...] = ()
    """Those that held, in their order."""
    policy: str = ""
    """By what its clocks run, if a rule said so; else as its inbox has it."""
    sticky: AgentId | None = None
    """Who knows this customer, and is asked first for a while."""
    ours: bool = False
    """We wrote first."""
    split_by: AgentId | None = None
    """Who split it off from the contact that it is linked to."""


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
    by: AgentId | None = None
    """Who gave it to them, or took it; `None` where nobody did."""


class ContactUnassigned(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId
    rule: str
    front: bool = False
    """Whether it waits before all others of its lane."""


class RingOpened(Event, frozen=True, kw_only=True):
    """More people may take a contact that waits: `ring` is the last of the desk's that is open now."""

    contact: ContactId
    ring: int
    rule: str
    """`time`, `nobody_there` (in the rings before nobody could), or `escalated`."""


class ContactAged(Event, frozen=True, kw_only=True):
    """It has waited so long that it competes `steps` lanes above its own."""

    contact: ContactId
    steps: int


class AlarmRaised(Event, frozen=True, kw_only=True):
    """It has waited in the last ring, and nobody has taken it: somebody has to see to it."""

    contact: ContactId


class CustomerLeft(Event, frozen=True, kw_only=True):
    """Nobody is at the other end any more: it has hung up, or closed the chat. The contact goes on in writing."""

    contact: ContactId
    agent: AgentId | None = None
    """Who holds it, and keeps the room that it takes for wrapping up."""
    wrap_up_until: datetime | None = None


class CustomerReturned(Event, frozen=True, kw_only=True):
    """Somebody is at the other end, again or for the first time."""

    contact: ContactId


class WrapUpEnded(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId


class ContactTransferred(Event, frozen=True, kw_only=True):
    """`by` an agent: it needs other skills from here on."""

    contact: ContactId
    by: AgentId
    skills: tuple[str, ...]


class ContactMerged(Event, frozen=True, kw_only=True):
    """It goes on in another one, and can be taken out of it again."""

    contact: ContactId
    into: ContactId
    agent: AgentId


class ContactUnmerged(Event, frozen=True, kw_only=True):
    """It is a contact of its own again, and waits."""

    contact: ContactId
    agent: AgentId


class ContactClosed(Event, frozen=True, kw_only=True):
    """Resolved for so long that it is not reopened any more, or merged into one that is closed; the desk forgets it."""

    contact: ContactId


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
    """`agent_away`, `agent_removed`, `customer_left`, `transferred`, `escalated` or `resolved`."""
    """`agent_away`, `agent_removed`, `customer_left`, `transferred`, `resolved` or `erased`."""


class OfferRenewed(Event, frozen=True, kw_only=True):
    """The desk was not there while the offer ran: the agent has the whole time again."""

    contact: ContactId
    agent: AgentId
    offer: OfferId
    expires_at: datetime


class WaitStarted(Event, frozen=True, kw_only=True):
    """The contact waits for somebody who is not one of us, and costs nobody capacity meanwhile."""

    contact: ContactId
    state: str
    """`waiting_customer` or `waiting_third_party`."""
    agent: AgentId | None = None
    """Who said so."""
    until: datetime | None = None
    """When the wait ends by itself."""


class WaitEnded(Event, frozen=True, kw_only=True):
    contact: ContactId
    rule: str
    """`message` (the customer wrote), `until`, `agent`, `delivery_failed` (what they are to answer did
    not reach them), or `moved` (a message came from another contact).
    """
    agent: AgentId | None = None


class PromiseMade(Event, frozen=True, kw_only=True):
    """An agent said by when the customer will hear from us; `note` has what they promised."""

    contact: ContactId
    agent: AgentId
    note: MessageId
    due_at: datetime


class LaneChanged(Event, frozen=True, kw_only=True):
    """`agent` is who said so; `None` when the policy raised it, at its `at`."""

    contact: ContactId
    agent: AgentId | None = None
    lane: str
    reason: str = ""


class ContactResolved(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId | None = None


class ContactReopened(Event, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId | None = None
    """Who reopened it; `None` when nobody asked for it: see `rule`."""
    rule: str = "agent"
    """`agent`, `message` (the customer wrote again), `delivery_failed`, `merged`, or `moved` (a message came from
    another contact).
    """


class IndexFloorRaised(Event, frozen=True, kw_only=True):
    """The key indexes hold everything up to this commit; the state may forget those keys."""

    epoch: int
    index: int


DeskDecision = (
    ConfigChanged
    | InboxTaken
    | InboxReleased
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
    | RingOpened
    | ContactAged
    | AlarmRaised
    | CustomerLeft
    | CustomerReturned
    | WrapUpEnded
    | GraceEnded
    | ContactTransferred
    | TransferBegun
    | TransferRefused
    | TransferTaken
    | TransferRecovered
    | ContactTaken
    | ContactMerged
    | ContactUnmerged
    | ContactClosed
    | MessagesMoved
    | MessagesTaken
    | ContactOffered
    | OfferAccepted
    | OfferRejected
    | OfferTimedOut
    | OfferWithdrawn
    | OfferRenewed
    | ContactResolved
    | ContactReopened
    | WaitStarted
    | WaitEnded
    | PromiseMade
    | LaneChanged
    | ClockStarted
    | ClockPaused
    | ClockResumed
    | ClockRebased
    | ClockWarned
    | ClockMet
    | ClockBreached
    | ClockWithdrawn
    | Escalated
    | CheckInArmed
    | CheckInDue
    | IndexFloorRaised
    | ContactErased
    | CustomerErased
)
