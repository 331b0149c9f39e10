"""What a desk can be asked. Imperative; everything that had to be looked up is in it already."""

from datetime import date, datetime

import msgspec

from frontline.contract.ids import (
    AgentId,
    ChannelName,
    ContactId,
    CustomerId,
    DeskId,
    InboxId,
    KeyHash,
    MessageId,
    OfferId,
)
from frontline.contract.message import Automation, DeliveryState, MessageKind, Presence, ThreadEvidence
from router.core.desk_settings import DeskSettings
from router.core.event_move import Moving
from router.core.holding import InboxKey
from router.core.parcel import Parcel


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=True, gc=False):
    """A request to the desk's one writer."""


class FoundKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A thread key of a message, and the contact that the index knows for it, if any.
    The desk's own overlay of young keys is looked at first and wins. `desk` is which desk has that
    contact, if one is known to; `moves` is how often that has changed desks when it is there, if it is on its way.
    """

    key: KeyHash
    evidence: ThreadEvidence
    contact: ContactId | None = None
    desk: DeskId | None = None
    moves: int = 0


class SentOn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How another desk sent a message on: for `contact`, which has changed desks `moves` times when it is here, and
    which the message named by `key`. That may lead elsewhere by then, and is looked at again where it comes to. `home`
    is the desk that had it first, `hops` counts how often it was sent on.
    """

    home: DeskId
    hops: int
    contact: ContactId
    key: KeyHash = KeyHash("")
    moves: int = 0


class ReceiveMessage(Command, frozen=True, kw_only=True):
    """A customer wrote. `at` is when it reached us or a trusted provider, never in the future.

    `known` is what the index says of the idempotency key: the contact it went to the first time.
    `new_contact` is the id to use if this opens a contact. `binds` are keys that later messages
    may name.
    """

    message: MessageId
    key: KeyHash
    channel: ChannelName
    inbox: InboxId
    customer: CustomerId
    at: datetime
    new_contact: ContactId
    kind: MessageKind = MessageKind.MESSAGE
    presence: Presence = Presence.AWAY
    automation: Automation = Automation.NO
    opts_out: bool = False
    """The customer says that they want no check-ins, and nothing else."""
    rules: tuple[str, ...] = ()
    """The routing rules that match, by their ids."""
    knows: AgentId | None = None
    """Who had a contact of this customer last."""
    finds: tuple[FoundKey, ...] = ()
    binds: tuple[KeyHash, ...] = ()
    known: ContactId | None = None
    sent_on: SentOn | None = None


class RecordDelivery(Command, frozen=True, kw_only=True):
    receipt: MessageId
    key: KeyHash
    reply: MessageId
    contact: ContactId
    state: DeliveryState
    at: datetime
    known: ContactId | None = None
    """Where the index has that it was recorded."""
    desk: DeskId | None = None
    """Which desk has the contact, if one is known to."""
    moves: int = 0
    """How often the contact has changed desks when it is there, if it is on its way."""
    sent_on: SentOn | None = None
    finds: KeyHash | None = None
    """The key of the reply. If the reply was moved, `contact` or the desk's overlay say where it is now."""


class SendReply(Command, frozen=True, kw_only=True):
    contact: ContactId
    reply: MessageId
    agent: AgentId
    channel: ChannelName
    inbox: InboxId
    draft: int
    keys: tuple[KeyHash, ...] = ()


class WriteFirst(Command, frozen=True, kw_only=True):
    """An agent writes to a customer who has not asked: a contact of ours, that waits for their answer."""

    contact: ContactId
    customer: CustomerId
    reply: MessageId
    agent: AgentId
    channel: ChannelName
    inbox: InboxId
    draft: int
    keys: tuple[KeyHash, ...] = ()


class MergeContacts(Command, frozen=True, kw_only=True):
    """`contact` goes on in `into`: what is written to either comes there."""

    contact: ContactId
    into: ContactId
    agent: AgentId


class UnmergeContact(Command, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId


class Staying(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What else is said in a contact, as the index knows it: when each question was asked that has not been
    called done, answered or not, and the public replies.
    """

    asks: tuple[datetime, ...] = ()
    replies: tuple[MessageId, ...] = ()


class SplitContact(Command, frozen=True, kw_only=True):
    """`items` become a contact of their own, `new_contact`, in this inbox. The index was at commit `seen`
    (epoch, index) at least when they were looked up; the desk says no if more has happened since.
    """

    contact: ContactId
    new_contact: ContactId
    agent: AgentId
    channel: ChannelName
    inbox: InboxId
    items: tuple[Moving, ...]
    stays: Staying
    seen: tuple[int, int]


class MoveMessage(Command, frozen=True, kw_only=True):
    """A message, with the receipts for it, belongs to the contact `to`; `there` is what is said in that one."""

    contact: ContactId
    to: ContactId
    agent: AgentId
    items: tuple[Moving, ...]
    stays: Staying
    there: Staying
    seen: tuple[int, int]


class AddNote(Command, frozen=True, kw_only=True):
    contact: ContactId
    note: MessageId
    agent: AgentId
    draft: int


class ResolveContact(Command, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId


class ReopenContact(Command, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId


class TransferContact(Command, frozen=True, kw_only=True):
    """`agent` gives a contact to `to`, back to all who have `skill`, or to another desk: one of the three."""

    contact: ContactId
    agent: AgentId
    to: AgentId | None = None
    skill: str = ""
    desk: DeskId | None = None


class SettleTransfer(Command, frozen=True, kw_only=True):
    """`desk` has said whether it takes the contact that it was asked to take, and if not, why."""

    contact: ContactId
    desk: DeskId
    taken: bool
    reason: str = ""


class TakeContact(Command, frozen=True, kw_only=True):
    """Another desk has given us this contact, after we said that we take it."""

    parcel: Parcel


class RecoverTransfer(Command, frozen=True, kw_only=True):
    """The log has lost that we gave this contact away: `desk` has it, or had it when it had changed desks `moves`
    times.
    """

    contact: ContactId
    desk: DeskId
    moves: int


class AcceptOffer(Command, frozen=True, kw_only=True):
    offer: OfferId
    agent: AgentId


class RejectOffer(Command, frozen=True, kw_only=True):
    offer: OfferId
    agent: AgentId
    reason: str = ""


class SetAvailability(Command, frozen=True, kw_only=True):
    agent: AgentId
    state: str
    until: datetime | None = None


class WaitFor(Command, frozen=True, kw_only=True):
    """Nobody here has to do anything until the customer or a third party has; or until `until`."""

    contact: ContactId
    agent: AgentId
    state: str
    until: datetime | None = None


class Promise(Command, frozen=True, kw_only=True):
    """The customer will hear from us by `due_at`. What was promised is the note that `draft` has."""

    contact: ContactId
    agent: AgentId
    due_at: datetime
    note: MessageId
    draft: int


class ChangeLane(Command, frozen=True, kw_only=True):
    contact: ContactId
    agent: AgentId
    lane: str
    reason: str = ""


class EraseContact(Command, frozen=True, kw_only=True):
    """What was said in it goes from every store; nobody has to do anything for it any more, and figures stay."""

    contact: ContactId


class EraseCustomer(Command, frozen=True, kw_only=True):
    """All contacts of theirs that the desk holds, some at a time: to be asked until nothing comes of it. A message
    that is on its way is from `successor`, an id that nobody had before.
    """

    customer: CustomerId
    successor: CustomerId


class SwapTurn(Command, frozen=True, kw_only=True):
    """`agent` asks: one of the two has the turn of a shift that begins on `day`, and the other takes it."""

    agent: AgentId
    partner: AgentId
    shift: str
    day: date


class ApplySettings(Command, frozen=True, kw_only=True):
    """Taken only with a higher version than the log's; see "Configuration" in the design."""

    settings: DeskSettings
    elsewhere: tuple[InboxKey, ...] = ()
    """The inboxes of other desks: what goes to one of them keeps its settings for the contacts that stay."""


class TakeInboxes(Command, frozen=True, kw_only=True):
    """No other desk has these any more, and none can take them: what comes in there is ours."""

    inboxes: tuple[InboxKey, ...]


class ReleaseInboxes(Command, frozen=True, kw_only=True):
    """The settings do not name these any more, or their consumer is made anew; nothing from there is in hand."""

    inboxes: tuple[InboxKey, ...]


class RaiseIndexFloor(Command, frozen=True, kw_only=True):
    epoch: int
    index: int


class StartEpoch(Command, frozen=True, kw_only=True):
    """A leader's first: from the last commit up to now there was no desk, which is nobody's miss."""


class Tick(Command, frozen=True, kw_only=True):
    """Nothing but the time: fires what is due."""


DeskCommand = (
    ReceiveMessage
    | RecordDelivery
    | SendReply
    | WriteFirst
    | MergeContacts
    | UnmergeContact
    | SplitContact
    | MoveMessage
    | AddNote
    | ResolveContact
    | ReopenContact
    | TransferContact
    | SettleTransfer
    | TakeContact
    | RecoverTransfer
    | AcceptOffer
    | RejectOffer
    | SetAvailability
    | WaitFor
    | Promise
    | ChangeLane
    | EraseContact
    | EraseCustomer
    | SwapTurn
    | ApplySettings
    | TakeInboxes
    | ReleaseInboxes
    | RaiseIndexFloor
    | StartEpoch
    | Tick
)
