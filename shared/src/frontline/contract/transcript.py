"""What was said: one item a message, note, receipt, in or out, each stored once.

Items on `transcript.<contact>.pub` may be shown to the customer; notes and receipts stand
on `.int`. Of a repeated id the reader keeps the highest revision, the first of equals; of the
receipts of a reply the last wins. What is moved to another contact is stored again there, under the
same id and with a higher `moved`: there it is then, and no longer where it was.
"""

from enum import StrEnum
from typing import Any

from frontline.contract.clock import Instant
from frontline.contract.codec import EnvelopeDecoder
from frontline.contract.ids import ChannelName, ContactId, InboxId, MessageId
from frontline.contract.message import (
    Attachment,
    Automation,
    DeliveryState,
    Envelope,
    Identity,
    ObjectRef,
    Recipient,
    Value,
)


class ItemKind(StrEnum):
    MESSAGE = "message"
    NOTE = "note"
    CALL = "call"
    VOICEMAIL = "voicemail"
    RECEIPT = "receipt"
    SURVEY = "survey"
    SYSTEM = "system"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


class Author(Value, frozen=True):
    """Who said it: `role` is `customer`, `agent` or `system`; `id` is ours, `identity` theirs."""

    role: str
    id: str = ""
    name: str = ""
    identity: Identity | None = None


class TranscriptItem(Envelope, frozen=True, kw_only=True, tag="transcript_item"):
    """One line of a conversation, with everything needed to show it and to answer it."""

    id: MessageId
    contact: ContactId
    at: Instant
    kind: ItemKind
    direction: Direction
    author: Author
    channel: ChannelName
    inbox: InboxId
    native_id: str = ""
    subject: str = ""
    text: str = ""
    reply_text: str = ""
    html: str = ""
    recipients: tuple[Recipient, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    original: ObjectRef | None = None
    automation: Automation = Automation.NO
    threaded_by: str = ""
    flaw: str = ""
    withheld: str = ""
    """Why agents are not given the original; empty when they are."""
    delivery: DeliveryState | None = None
    reply: MessageId | None = None
    """For a receipt: which reply it is about."""
    revision: int = 0
    language: str = ""
    """In which it is written, as far as that is known: a tag such as `en` or `pt-BR`."""
    moved: int = 0
    """How often it has been moved from one contact to another; the highest stands in the contact that has it."""
    moved_from: ContactId | None = None
    """Where it stood before it was moved here, and is still stored."""
    native: dict[str, Any] = {}
    """The channel's own part, so that it can parse the original again."""


decode_item: EnvelopeDecoder[TranscriptItem] = EnvelopeDecoder(TranscriptItem)
