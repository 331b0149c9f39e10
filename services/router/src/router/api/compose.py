"""From what an agent wrote to what is stored, delivered and shown. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from frontline.configuration.model import Desk
from frontline.contract.draft import Draft
from frontline.contract.ids import ChannelName, ContactId, CustomerId, InboxId, MessageId
from frontline.contract.message import Attachment, OutboundMessage, Quoted, Recipient, ThreadRef
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from router.api.access import Who
from router.api.copied import copied
from router.api.problem import FieldMistake, Invalid
from router.api.shape import several
from router.api.way import address_left, first_subject, usual_channel
from router.index.reading import Said
from router.index.row import ContactRow
from router.index.shape import Customer

MAX_REFERENCES = 50
"""A conversation of thousands of messages names its first one and its latest."""


LONGEST_QUOTE = 32 * 1024
"""Letters of a message that a reply carries along."""

GIST = 4 * MAX_REFERENCES
"""Of a long conversation its first item and so many of the latest say how to go on."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out, and to whom, before it has an id and a time."""

    channel: ChannelName
    inbox: InboxId
    to: tuple[Recipient, ...]
    thread: tuple[ThreadRef, ...]
    subject: str
    quoted: Quoted | None = None


def address_letter(
    contact: ContactRow,
    subject: str,
    customer: Customer | None,
    said: Sequence[Said],
    desk: Desk,
    *,
    channel: ChannelName | None,
    to: str | Sequence[str] | None,
    cc: str | Sequence[str] | None,
    is_ours: Callable[[str], bool],
) -> Letter:
    """Where a reply goes. `said` is the conversation, oldest first. Unless `to` or `cc` say who gets it, those
    who were on the latest message are copied, except our own addresses (`is_ours`).

    Left to itself it goes to the customer where they wrote from last: never to a Reply-To, which
    anybody can set, nor to somebody else who joined. One who has left a chat and an address is
    answered there. Raises `Invalid` when there is no way.
    """
    left = address_left(contact, [spoken.item for spoken in said])
    channel = channel or usual_channel(contact, left, desk)
    there = [spoken.item for spoken in said if spoken.item.channel == channel and _utterance(spoken.item)]
    inbox = _inbox(contact, channel, there, desk)
    recipients = tuple(Recipient(address=address) for address in several(to)) or _customer(
        contact, customer, channel, there, left if channel != contact.channel else ""
    )
    subject = subject or first_subject(channel, inbox, desk)
    copies = tuple(Recipient(address=address, role="cc") for address in several(cc))
    if cc is None and not to:
        copies = copied(there, recipients, is_ours)
    return Letter(
        channel=channel,
        inbox=inbox,
        to=recipients + copies,
        thread=_thread(there),
        subject=subject,
        quoted=_quoted(there),
    )


def reply_draft(
    letter: Letter,
    *,
    id_: MessageId,
    contact: ContactId,
    customer: CustomerId,
    who: Who,
    text: str,
    html: str,
    attachments: tuple[Attachment, ...],
    now: datetime,
) -> Draft:
    item = TranscriptItem(
        id=id_,
        contact=contact,
        at=now,
        kind=ItemKind.MESSAGE,
        direction=Direction.OUT,
        author=Author(role="agent", id=who.agent.id, name=who.agent.name),
        channel=letter.channel,
        inbox=letter.inbox,
        subject=letter.subject,
        text=text,
        html=html,
        recipients=letter.to,
        attachments=attachments,
    )
    outbound = OutboundMessage(
        id=id_,
        channel=letter.channel,
        inbox=letter.inbox,
        desk=who.desk.id,
        contact=contact,
        customer=customer,
        author=who.agent.id,
        author_name=who.agent.name,
        to=letter.to,
        written=now,
        subject=letter.subject,
        text=text,
        html=html,
        attachments=attachments,
        thread=letter.thread,
        quoted=letter.quoted,
    )
    return Draft(item=item, outbound=outbound)


def note_draft(*, id_: MessageId, contact: ContactRow, who: Who, text: str, now: datetime) -> Draft:
    item = TranscriptItem(
        id=id_,
        contact=contact.id,
        at=now,
        kind=ItemKind.NOTE,
        direction=Direction.INTERNAL,
        author=Author(role="agent", id=who.agent.id, name=who.agent.name),
        channel=contact.channel,
        inbox=contact.inbox,
        text=text,
    )
    return Draft(item=item)


def _quoted(there: Sequence[TranscriptItem]) -> Quoted | None:
    """The latest message of somebody else; a reply may carry it along."""
    heard = next((item for item in reversed(there) if _is_heard(item) and item.text), None)
    if heard is None:
        return None
    text = heard.text if len(heard.text) <= LONGEST_QUOTE else heard.text[:LONGEST_QUOTE].rpartition("\n")[0]
    html = heard.html if len(heard.html) <= LONGEST_QUOTE and text is heard.text else ""
    return Quoted(at=heard.at, name=heard.author.name, text=text, html=html)


def _utterance(item: TranscriptItem) -> bool:
    return item.kind in {ItemKind.MESSAGE, ItemKind.CALL, ItemKind.VOICEMAIL, ItemKind.SURVEY}


def _inbox(contact: ContactRow, channel: ChannelName, there: Sequence[TranscriptItem], desk: Desk) -> InboxId:
    """The one of ours that the customer used last on this channel; else the one most like the contact's own."""
    ours = [inbox.id for inbox in desk.inboxes if inbox.channel == channel]
    used = [item.inbox for item in there if item.inbox in ours]
    if used:
        return used[-1]
    if contact.channel == channel or contact.inbox in ours:
        return contact.inbox
    if ours:
        return ours[0]
    known = ", ".join(sorted({inbox.channel for inbox in desk.inboxes}))
    raise Invalid(FieldMistake("$.channel", f"this desk has no inbox on {channel!r}; it has {known}"))


def _customer(
    contact: ContactRow, customer: Customer | None, channel: ChannelName, there: Sequence[TranscriptItem], left: str
) -> tuple[Recipient, ...]:
    heard = [item for item in there if _is_heard(item)]
    theirs = [item for item in heard if item.author.id == contact.customer]
    for item in [*reversed(theirs), *heard[:1]]:
        identity = item.author.identity
        if identity is not None and identity.channel == channel and identity.address:
            return (Recipient(address=identity.address, name=identity.name),)
    if left:
        return (Recipient(address=left, name=customer.name if customer else ""),)
    for known in reversed(customer.identities if customer else ()):
        if known.channel == channel and customer:
            return (Recipient(address=known.address, name=customer.name),)
    raise Invalid(FieldMistake("$.to", f"this customer has no known address on {channel!r}: say which"))


def _is_heard(item: TranscriptItem) -> bool:
    return item.direction is Direction.IN and item.author.role == "customer"


def _thread(there: Sequence[TranscriptItem]) -> tuple[ThreadRef, ...]:
    references = [reference for item in there if (reference := _reference(item)) is not None]
    if len(references) > MAX_REFERENCES:
        references = [references[0], *references[1 - MAX_REFERENCES :]]
    return tuple(references)


def _reference(item: TranscriptItem) -> ThreadRef | None:
    if item.direction is Direction.OUT:
        return ThreadRef(reply=item.id)
    return ThreadRef(native_id=item.native_id) if item.native_id else None
