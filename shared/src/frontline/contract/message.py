"""The message schema: what every channel is turned into, and what it is turned from.

Schema rules (ADR 2): fields are only added, with defaults, within a major version; unknown
fields are ignored; `schema` is `<major>.<minor>` and readers refuse another major only.
All instants are aware UTC and have milliseconds.
"""

import hashlib
from enum import StrEnum
from typing import Any

import msgspec

from frontline.contract.clock import Instant
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId

SCHEMA = "1.0"

NOTICE_PREFIX = "w"
"""With this the id of a notice begins, and no other."""
ALOUD = "aloud"
"""With this in the `native` part of a notice it is to be said on the phone, not written."""


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value inside a message. Equal by content, never changed."""


class IdentityStatus(StrEnum):
    CLAIMED = "claimed"
    VERIFIED = "verified"


class Evidence(Value, frozen=True):
    """Why an identity is believed, or is not, in words an agent can check: `dmarc`, `pass`, and what about."""

    method: str
    result: str
    detail: str = ""


class Identity(Value, frozen=True):
    """One address of a person on a channel. `address` is canonical for its channel
    (lower-case domain, E.164, ...), `name` is what the person calls themselves.
    """

    channel: ChannelName
    address: str
    name: str = ""
    status: IdentityStatus = IdentityStatus.CLAIMED
    evidence: tuple[Evidence, ...] = ()


class Recipient(Value, frozen=True):
    """Somebody else whom the message names, and how: `to`, `cc`, `reply_to`."""

    address: str
    name: str = ""
    role: str = "to"


class ObjectRef(Value, frozen=True):
    """Where bytes are kept: a bucket and a name in it, with their size and SHA-256 (hex)."""

    bucket: str
    name: str
    size: int
    sha256: str


class Attachment(Value, frozen=True):
    """A file that came with or goes with a message; `content_id` binds inline images (RFC 2392)."""

    name: str
    media_type: str
    content: ObjectRef
    content_id: str = ""
    inline: bool = False


class ThreadEvidence(StrEnum):
    """How strongly a thread key binds, strongest first."""

    TOKEN = "token"  # noqa: S105 - a word for the evidence, no secret
    NAMED = "named"
    """Somebody who takes part had named this sender (Cc) on the message that is answered."""
    THREAD = "thread"
    REFERENCE = "reference"
    ANCESTOR = "ancestor"
    FORWARD = "forward"
    """The message hands on one of the contact's to somebody else: it joins only in the contact's own inbox."""


class ThreadKey(Value, frozen=True):
    """Something that ties this message to others.

    `finds` says that the message belongs to whatever carries the key; `binds` that later
    messages with this key belong to this one. `token` keys prove that the sender had our mail and
    `named` keys that they were asked in; the others count only for people who already take part.
    """

    kind: str
    value: str
    evidence: ThreadEvidence
    finds: bool = True
    binds: bool = True


class Times(Value, frozen=True):
    """The four times of a message. `sent` is the customer's claim and decides nothing;
    `accepted` is a provider's time stamp that we trust, if there is one; `received` is ours;
    `stored` is JetStream's and is known to readers only.
    """

    received: Instant
    sent: Instant | None = None
    accepted: Instant | None = None
    stored: Instant | None = None


class MessageKind(StrEnum):
    MESSAGE = "message"
    CALL = "call"
    VOICEMAIL = "voicemail"
    SURVEY = "survey"
    """The customer's answer to "how did we do?"; it asks for nothing."""
    SYSTEM = "system"
    """Nobody said anything: something happened, and `text` says what. It asks for nothing."""


class Presence(StrEnum):
    """Where the customer is, as far as this message tells."""

    AWAY = "away"
    """They wrote and went on: mail, SMS."""
    LIVE = "live"
    """They are on the line, or in the chat, and wait."""
    ANSWERED = "answered"
    """They are on the line, and a person of ours has picked up: this counts as a reply."""
    LEFT = "left"
    """They were live, and have hung up or closed the chat."""


class Automation(StrEnum):
    """Who wrote it: a person, an automatic answer, or a machine on its own (RFC 3834)."""

    NO = "no"
    AUTO_REPLIED = "auto_replied"
    AUTO_GENERATED = "auto_generated"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What everything on the bus carries. `schema` is always written out, defaults are not."""

    schema: str = msgspec.field(default_factory=lambda: SCHEMA)


class InboundMessage(Envelope, frozen=True, kw_only=True, tag="inbound_message"):
    """One utterance of a customer, normalised.

    `key` says what "the same message again" means: see `idempotency_key`. `id` follows from it.
    `text` is the whole text as it came; `reply_text` is the same without quotes and signature.
    `native` is the channel's own part; only that channel reads it.
    `flaw` says what could not be understood; the original then has to be looked at.
    """

    id: MessageId
    key: str
    channel: ChannelName
    inbox: InboxId
    native_id: str
    sender: Identity
    times: Times
    kind: MessageKind = MessageKind.MESSAGE
    presence: Presence = Presence.AWAY
    automation: Automation = Automation.NO
    recipients: tuple[Recipient, ...] = ()
    subject: str = ""
    text: str = ""
    reply_text: str = ""
    html: str = ""
    language: str = ""
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[ThreadKey, ...] = ()
    original: ObjectRef | None = None
    flaw: str = ""
    withheld: str = ""
    """Why agents are not given the original (a virus is in it); empty when they are."""
    revision: int = 0
    """Above 0 for an original that was parsed again: the view with the highest one holds."""
    native: dict[str, Any] = {}


class DeliveryState(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"


class DeliveryReceipt(Envelope, frozen=True, kw_only=True, tag="delivery_receipt"):
    """What became of a reply. `native_id` is the id that the far end knows the reply by."""

    id: MessageId
    key: str
    channel: ChannelName
    inbox: InboxId
    reply: MessageId
    contact: ContactId
    state: DeliveryState
    times: Times
    native_id: str = ""
    detail: str = ""


Inbound = InboundMessage | DeliveryReceipt
"""What may stand on `inbound.<channel>.<inbox>`."""


class ThreadRef(Value, frozen=True):
    """An earlier message of the contact, oldest first: the customer's by its `native_id`,
    one of ours by its `reply` id (only the channel knows what id that one travels under).
    """

    native_id: str = ""
    reply: MessageId | None = None


class OutboundKind(StrEnum):
    """What a message of ours is. Only a reply is a person's; all others are automatic mail (RFC 3834)."""

    REPLY = "reply"
    ACKNOWLEDGEMENT = "acknowledgement"
    """It answers a message of its own accord: we have it, and this is how long it will take."""
    SURVEY = "survey"
    CHECK_IN = "check_in"
    NOTICE = "notice"
    """To one of us, of what waits for them: nobody answers it, and what becomes of it is nobody's contact."""


class Quoted(Value, frozen=True):
    """The message that a reply answers, for channels where replies carry it along."""

    at: Instant
    name: str = ""
    text: str = ""
    html: str = ""
    """Sanitised; empty when there was none, or it was long."""


class OutboundMessage(Envelope, frozen=True, kw_only=True, tag="outbound_message"):
    """One message of ours to be delivered. Complete: a channel needs nothing else to send it."""

    id: MessageId
    channel: ChannelName
    inbox: InboxId
    desk: DeskId
    contact: ContactId
    customer: CustomerId
    author: AgentId
    author_name: str
    to: tuple[Recipient, ...]
    written: Instant
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[ThreadRef, ...] = ()
    kind: OutboundKind = OutboundKind.REPLY
    quoted: Quoted | None = None
    native: dict[str, Any] = {}
    until: Instant | None = None
    """After that it is of no use to anybody, and is not sent."""


def idempotency_key(*, account: str, native_id: str, kind: str) -> str:
    """What makes two deliveries the same message: the account it came in by (a channel's
    inbox, number, mailbox), the provider's id for it, and its kind. Parts can't run together.
    """
    return f"{len(account)}:{account},{len(native_id)}:{native_id},{kind}"


def message_id(key: str) -> MessageId:
    """The id that follows from an idempotency key, so that a repeat has the same id everywhere."""
    return MessageId("m" + hashlib.sha256(key.encode()).hexdigest()[:31])
