"""From what a visitor says to an `InboundMessage`, and from a line of the transcript to a frame: pure."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from frontline.contract.channel import ATTACHMENTS, Line
from frontline.contract.codec import to_milliseconds
from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ChannelName, ContactId, InboxId, MessageId
from frontline.contract.message import (
    Attachment,
    Automation,
    DeliveryReceipt,
    DeliveryState,
    Evidence,
    Identity,
    IdentityStatus,
    InboundMessage,
    MessageKind,
    Presence,
    Recipient,
    ThreadEvidence,
    ThreadKey,
    Times,
    idempotency_key,
    message_id,
)
from frontline.contract.transcript import Direction, ItemKind, TranscriptItem
from intake_chat.frames import File, Message, Rates, Say, Speaker
from intake_chat.identity import Person
from intake_chat.seal import Upload
from intake_chat.token import Visitor

CHANNEL = ChannelName("chat")

LEFT = "left"
_SHOWN = {ItemKind.MESSAGE, ItemKind.CALL, ItemKind.VOICEMAIL, ItemKind.SYSTEM}
_ROLES = {"customer": "visitor", "agent": "agent"}
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8}){0,3}\Z")
_ADDRESS = re.compile(r"[^\s@<>,;\"']{1,64}@[^\s@<>,;\"']+\.[^\s@<>,;\"']+\Z")


class Surroundings(msgspec.Struct, frozen=True):
    """What a visitor's `hello` said: who they are by their host page, where they are, what they speak."""

    person: Person | None = None
    page: str = ""
    language: str = ""


def visitor_key(visitor: Visitor) -> ThreadKey:
    """What ties a visitor's messages together; their signed token is the proof."""
    return ThreadKey(kind="visitor", value=visitor.id, evidence=ThreadEvidence.TOKEN)


def key_of(visitor: Visitor, client_id: str) -> str:
    """The idempotency key of the message that a visitor's client calls `client_id`."""
    return idempotency_key(account=f"{CHANNEL}:{visitor.inbox}:{visitor.id}", native_id=client_id, kind="message")


def normalise(
    said: Say, visitor: Visitor, around: Surroundings, files: Sequence[Upload], received: datetime, most: int
) -> InboundMessage:
    """Raises `Rejected` for a message that says nothing, says more than `most` characters, or names a file
    that was not sent for it.
    """
    if not said.text.strip() and not files:
        raise Rejected("there is nothing in this message", Reason.CONFLICT)
    if len(said.text) > most:
        raise Rejected(f"more than {most} characters in one message", Reason.TOO_LARGE)
    key = key_of(visitor, said.id)
    identifier = message_id(key)
    reply_to = _reply_to(said, around.person)
    return InboundMessage(
        id=identifier,
        key=key,
        channel=CHANNEL,
        inbox=visitor.inbox,
        native_id=said.id,
        sender=sender_of(visitor, around.person, said.name or ""),
        times=Times(received=to_milliseconds(received)),
        presence=Presence.LIVE,
        recipients=(Recipient(address=reply_to, role="reply_to"),) if reply_to else (),
        text=said.text,
        reply_text=said.text,
        language=around.language.lower() if _LANGUAGE.match(around.language) else "",
        attachments=tuple(_attachment(file, visitor, identifier) for file in files),
        thread=(visitor_key(visitor),),
        native=_native(reply_to, around),
    )


def departure(visitor: Visitor, around: Surroundings, last: str, received: datetime, *, said: bool) -> InboundMessage:
    """The visitor has left: they `said` so, or were gone for a while. `last` is the client id of the last
    message that they wrote: after each there is one departure, whoever tells of it.
    """
    return _beside(
        visitor,
        around,
        last,
        "left",
        received,
        kind=MessageKind.SYSTEM,
        presence=Presence.LEFT,
        automation=Automation.AUTO_REPLIED,
        text="The visitor ended the chat." if said else "The visitor left the page.",
        native={"chat": LEFT},
    )


def survey(visitor: Visitor, around: Surroundings, last: str, rates: Rates, received: datetime) -> InboundMessage:
    """How the visitor found it; asked once for what they wrote up to `last`."""
    said = rates.text.strip()
    return _beside(
        visitor,
        around,
        last,
        "survey",
        received,
        kind=MessageKind.SURVEY,
        automation=Automation.AUTO_REPLIED,
        text=f"{rates.score} of 5{f': {said}' if said else ''}",
        native={"score": rates.score},
    )


def spoke(item: TranscriptItem) -> bool:
    """Whether a line is a visitor's own message."""
    return item.channel == CHANNEL and item.direction is Direction.IN and item.kind is ItemKind.MESSAGE


def sender_of(visitor: Visitor, person: Person | None, name: str) -> Identity:
    """An identity on this channel and no other: an address that a visitor claims finds nobody else's contacts.

    Whom the host page vouches for is verified, under the page's own id of them; the mail address that it
    names is evidence of who they are on other channels.
    """
    if person is None:
        return Identity(channel=CHANNEL, address=visitor.id, name=name)
    email = (Evidence(method="address", result=person.email),) if person.email else ()
    return Identity(
        channel=CHANNEL,
        address=f"{visitor.inbox}:{person.subject}",
        name=person.name or name,
        status=IdentityStatus.VERIFIED,
        evidence=(Evidence(method="jwt", result="pass"), *email),
    )


def read_receipt(reply: MessageId, contact: ContactId, inbox: InboxId, received: datetime) -> DeliveryReceipt:
    """That the customer has seen a reply; the same one each time."""
    key = idempotency_key(account=f"{CHANNEL}:{inbox}", native_id=reply, kind="receipt read")
    return DeliveryReceipt(
        id=message_id(key),
        key=key,
        channel=CHANNEL,
        inbox=inbox,
        reply=reply,
        contact=contact,
        state=DeliveryState.READ,
        times=Times(received=to_milliseconds(received)),
    )


def shows(item: TranscriptItem) -> bool:
    """Whether a line is for the customer's eyes. Who has left need not be told so."""
    left = item.kind is ItemKind.SYSTEM and item.native.get("chat") == LEFT
    return item.kind in _SHOWN and item.direction is not Direction.INTERNAL and not left


def client_id(item: TranscriptItem) -> str:
    """What the clients of this visitor call a line: the id that one of them minted, else ours."""
    ours = item.direction is Direction.IN and item.channel == CHANNEL
    return item.native_id if ours and item.native_id else item.id


def message_of(line: Line, picture: str, urls: Sequence[str]) -> Message:
    """`urls` are where the files can be fetched, in order."""
    item = line.item
    return Message(
        seq=line.seq,
        id=client_id(item),
        speaker=Speaker(_ROLES.get(item.author.role, "system"), item.author.name, picture),
        text=item.text,
        attachments=tuple(
            File(file.name, file.media_type, file.content.size, url)
            for file, url in zip(item.attachments, urls, strict=True)
        ),
        at=item.at,
    )


def _beside(
    visitor: Visitor, around: Surroundings, last: str, kind_of_key: str, received: datetime, **parts: Any
) -> InboundMessage:
    key = idempotency_key(account=f"{CHANNEL}:{visitor.inbox}:{visitor.id}", native_id=last, kind=kind_of_key)
    return InboundMessage(
        id=message_id(key),
        key=key,
        channel=CHANNEL,
        inbox=visitor.inbox,
        native_id=f"{kind_of_key}.{last}",
        sender=sender_of(visitor, around.person, ""),
        times=Times(received=to_milliseconds(received)),
        thread=(visitor_key(visitor),),
        **parts,
    )


def _reply_to(said: Say, person: Person | None) -> str:
    if person is not None and person.email:
        return person.email
    claimed = (said.reply_to or "").strip()
    if claimed and not _ADDRESS.match(claimed):
        raise Rejected("this is not a mail address", Reason.CONFLICT)
    return claimed


def _attachment(file: Upload, visitor: Visitor, message: MessageId) -> Attachment:
    if (
        file.visitor != visitor.id
        or file.content.bucket != ATTACHMENTS
        or not file.content.name.startswith(f"{message}/")
    ):
        raise Rejected("this file was not sent for this message", Reason.NOT_FOUND)
    return Attachment(name=file.name, media_type=file.media_type, content=file.content)


def _native(reply_to: str, around: Surroundings) -> dict[str, Any]:
    native: dict[str, Any] = {}
    if reply_to:
        native["reply_to"] = reply_to
        native["reply_to_status"] = "verified" if around.person and around.person.email else "claimed"
    if around.page:
        native["page"] = around.page
    return native
