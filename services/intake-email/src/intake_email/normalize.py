"""From the bytes of a mail to an `InboundMessage`: pure, and never an error, whatever the bytes are.

What can't be understood is noted in the message's `flaw`; the original is kept in any case.
"""

import hashlib
import re
from datetime import datetime
from typing import Any

import msgspec

from frontline.contract.channel import ATTACHMENTS, ORIGINALS
from frontline.contract.codec import to_milliseconds
from frontline.contract.ids import ChannelName, InboxId, MessageId
from frontline.contract.message import (
    Attachment,
    Automation,
    Identity,
    IdentityStatus,
    InboundMessage,
    ObjectRef,
    Recipient,
    ThreadKey,
    Times,
    idempotency_key,
    message_id,
)
from intake_email.address import Mailbox, canonical_address, mailboxes
from intake_email.automation import automation
from intake_email.checked import NOTHING, Checked, withheld
from intake_email.content import Content, content
from intake_email.date import date_of
from intake_email.facts import facts, says_nothing_but_yes
from intake_email.file import File
from intake_email.forward import forwards
from intake_email.header import Headers
from intake_email.language import language_of
from intake_email.line_end import octets_with_line_feeds
from intake_email.markup import is_marked, marked_text
from intake_email.mime import Entity, structure
from intake_email.phrases import FORWARD_PREFIX
from intake_email.quote import reply_text
from intake_email.report import Report, bound, report_of
from intake_email.thread import Sign, message_ids, own_message_id, reply_of, reply_of_address, thread_keys

CHANNEL = ChannelName("email")
LONGEST_SUBJECT = 1000
LONGEST_REPLY = 64 * 1024
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8}){0,3}")
_NAMED = ((b"to", "to"), (b"cc", "cc"), (b"reply-to", "reply_to"))
_HASHED = (b"message-id", b"date", b"from", b"subject")


class Arrival(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a mail came: what its bytes don't say. Kept as the message's `native` part, with `digest`
    filled in, so that the original can be read again.

    `return_path` is the envelope's sender, "" for the null one and `None` when it isn't known.
    """

    inbox: InboxId
    received: datetime
    return_path: str | None = None
    recipients: tuple[str, ...] = ()
    peer: str = ""
    digest: str = ""
    checked: Checked = NOTHING
    """What was found out about it before it was stored."""
    accepted: datetime | None = None
    """When a mail server that we trust took it, if that is known."""
    note: str = ""
    """What is wrong with it that its octets don't say."""


class Piece(msgspec.Struct, frozen=True):
    """Bytes to be kept under a name, before the message that refers to them is stored."""

    ref: ObjectRef
    data: bytes


class Normalised(msgspec.Struct, frozen=True):
    message: InboundMessage
    pieces: tuple[Piece, ...]
    """The original first, then the files."""


class Mail(msgspec.Struct, frozen=True):
    """A mail read once, to be made a message for each inbox that it came to."""

    raw: bytes
    headers: Headers
    content: Content
    reply_text: str
    media_type: str
    """Of the whole."""
    language: str
    digest: str
    """Of what stays the same over every way that the mail can take."""
    sha256: str


def read(raw: bytes) -> Mail:
    """Everything that the bytes say."""
    try:
        tree = structure(raw)
        headers = tree.root.headers
        said = content(tree)
        own_words = _own_words(said, forwards=_forwards(headers.text(b"subject")))
        language = _language(headers, own_words)
        digest, sha256 = _digest(raw, tree.root), _sha256(raw)
        return Mail(raw, headers, said, _clipped(own_words), tree.root.media_type, language, digest, sha256)
    except Exception as error:  # noqa: BLE001 - a bug in here must not cost a mail: it is kept, and parked for a look
        return _unread(raw, error)


def normalise(mail: Mail, arrival: Arrival, sign: Sign) -> Normalised:
    """The message that `mail` is in one inbox, with what has to be stored before it.

    The idempotency key is made of the inbox, the Message-ID and the digest: a repeat has the same,
    another mail under a used Message-ID has not. Without a Message-ID the digest stands alone.
    """
    try:
        return _normalised(mail, arrival, sign)
    except Exception as error:  # noqa: BLE001 - as above
        return _normalised(_unread(mail.raw, error), arrival, sign)


def _unread(raw: bytes, error: Exception) -> Mail:
    legible = "".join(
        letter for letter in raw[:LONGEST_REPLY].decode("ascii", "ignore") if letter.isprintable() or letter == "\n"
    )
    said = Content(legible, "", (), (f"not understood ({type(error).__name__})",))
    digest = _sha256(raw)
    return Mail(raw, Headers({}), said, said.text, media_type="text/plain", language="", digest=digest, sha256=digest)


def _forwards(subject: str) -> bool:
    return (":" in subject or "：" in subject) and FORWARD_PREFIX.match(subject) is not None


def _own_words(said: Content, *, forwards: bool) -> str:
    found = reply_text(said.text, said.marks, forwards=forwards)
    if said.beside and len(found) == len(said.text.strip()) and is_marked(said.beside):
        # Nothing of the text is known for a quote, but the HTML beside it says that there is one.
        text, marks = marked_text(said.beside)
        marked = reply_text(text, marks, forwards=forwards)
        return marked if marked and len(marked) < len(text.strip()) else found
    return found


def _normalised(mail: Mail, arrival: Arrival, sign: Sign) -> Normalised:
    headers, said = mail.headers, withheld(mail.content, arrival.checked)
    digest = arrival.digest or mail.digest
    own_id = own_message_id(headers.first(b"message-id"))
    native_id = f"<{own_id}>" if own_id else f"sha256:{digest}"
    key = idempotency_key(account=f"{CHANNEL}:{arrival.inbox}", native_id=f"{native_id} {digest}", kind="message")
    identifier = message_id(key)
    pieces = [Piece(_ref(ORIGINALS, f"{identifier}/0", mail.raw, mail.sha256), mail.raw)]
    attachments = []
    for number, file in enumerate(said.files, 1):
        ref = _ref(ATTACHMENTS, f"{identifier}/{number}", file.data, _sha256(file.data))
        pieces.append(Piece(ref, file.data))
        attachments.append(_attachment(file, ref))
    return_path = _return_path(headers, arrival)
    sender = _sender(headers, return_path)
    recipients = _recipients(headers)
    report = report_of(headers, said, mail.media_type, sender=sender.address, return_path=return_path)
    reported = None if report is None else bound(report, _reply(report, arrival, recipients, sign))
    automatic = automation(
        headers,
        sender=sender.address,
        return_path=return_path,
        is_report=mail.media_type == "multipart/report" or reported is not None,
    )
    if automatic is Automation.NO and says_nothing_but_yes(said):
        automatic = Automation.AUTO_REPLIED
    message = InboundMessage(
        id=identifier,
        key=key,
        channel=CHANNEL,
        inbox=arrival.inbox,
        native_id=native_id,
        sender=_identity(sender, arrival.checked),
        times=Times(
            received=to_milliseconds(arrival.received),
            sent=date_of(headers.first(b"date")),
            accepted=to_milliseconds(arrival.accepted) if arrival.accepted else None,
        ),
        automation=automatic,
        recipients=recipients,
        subject=headers.text(b"subject")[:LONGEST_SUBJECT],
        text=said.text,
        reply_text=mail.reply_text if said.text == mail.content.text else said.text,
        html=said.html,
        language=mail.language,
        attachments=tuple(attachments),
        thread=_thread(mail, arrival, own_id, sender.address, recipients, sign),
        original=pieces[0].ref,
        flaw="; ".join(filter(None, (arrival.note, *said.flaws, "" if sender.address else "no sender"))),
        withheld=arrival.checked.virus,
        native=_native(arrival, digest, facts(headers, said, sender.address, return_path, automatic, reported)),
    )
    return Normalised(message, tuple(pieces))


def _return_path(headers: Headers, arrival: Arrival) -> str | None:
    """The envelope's sender; where nobody told us, what the mail server wrote down that delivered the mail
    (RFC 5321, 4.4). Only the first such field is its own.
    """
    if arrival.return_path is not None or b"return-path" not in headers:
        return arrival.return_path
    path = headers.first(b"return-path").strip()
    return "" if path == "<>" else canonical_address(path.strip("<>")) or None


def _reply(report: Report, arrival: Arrival, recipients: tuple[Recipient, ...], sign: Sign) -> MessageId | None:
    """Our reply that a report is about: by its Message-ID, or by an address that the report came to."""
    reached = (*arrival.recipients, *(each.address for each in recipients if each.role != "reply_to"))
    named = (reply_of(message_id, sign) for message_id in report.about)
    found = next((reply for reply in named if reply is not None), None)
    addressed = (reply_of_address(address, sign) for address in reached[:16])
    return found or next((reply for reply in addressed if reply is not None), None)


def _identity(sender: Mailbox, checked: Checked) -> Identity:
    """Who wrote, and why that is believed, or is not."""
    status = IdentityStatus.VERIFIED if checked.verified and sender.address else IdentityStatus.CLAIMED
    return Identity(channel=CHANNEL, address=sender.address, name=sender.name, status=status, evidence=checked.evidence)


def arrival_of(native: dict[str, Any]) -> Arrival:
    """How a mail came, from the `native` part of its message. Raises `msgspec.ValidationError`."""
    return msgspec.convert(native, Arrival)


def _native(arrival: Arrival, digest: str, facts: dict[str, Any]) -> dict[str, Any]:
    """As it comes back when the message has been stored: a list is no tuple."""
    arrival = arrival if arrival.digest else msgspec.structs.replace(arrival, digest=digest)
    native: dict[str, Any] = msgspec.to_builtins(arrival, builtin_types=())
    if arrival.recipients:
        native["recipients"] = list(arrival.recipients)
    return {**native, **facts}


def _digest(raw: bytes, root: Entity) -> str:
    """SHA-256 of the body and the sender's own fields. What relays add or change is not in it: trace
    fields, signatures, line ends, folding, white space at the end.
    """
    said = [b" ".join(root.headers.first(name).strip().encode("utf-8", "replace").split()) for name in _HASHED]
    return _sha256(b"\0".join((*said, octets_with_line_feeds(raw[root.start :]).rstrip())))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _ref(bucket: str, name: str, data: bytes, sha256: str) -> ObjectRef:
    return ObjectRef(bucket=bucket, name=name, size=len(data), sha256=sha256)


def _attachment(file: File, ref: ObjectRef) -> Attachment:
    return Attachment(
        name=file.name, media_type=file.media_type, content=ref, content_id=file.content_id, inline=file.inline
    )


def _sender(headers: Headers, return_path: str | None) -> Mailbox:
    """Who wrote: From, else whoever is named as next best."""
    for name in (b"from", b"sender", b"reply-to"):
        found = mailboxes(headers.first(name))
        if found:
            return found[0]
    return Mailbox(canonical_address(return_path or ""))


def _recipients(headers: Headers) -> tuple[Recipient, ...]:
    found: dict[tuple[str, str], Recipient] = {}
    for name, role in _NAMED:
        if name in headers:
            for value in headers.every(name, most=8):
                for box in mailboxes(value):
                    found[box.address, role] = Recipient(address=box.address, name=box.name, role=role)
    return tuple(found.values())[:200]


def _thread(
    mail: Mail, arrival: Arrival, own_id: str, sender: str, recipients: tuple[Recipient, ...], sign: Sign
) -> tuple[ThreadKey, ...]:
    headers = mail.headers
    named = [each.address for each in recipients if each.role != "reply_to"]
    return thread_keys(
        own_id,
        message_ids(headers.first(b"in-reply-to")) if b"in-reply-to" in headers else (),
        message_ids(headers.first(b"references")) if b"references" in headers else (),
        sign,
        sender=sender,
        to=(*arrival.recipients, *named),
        forwards=forwards(
            headers.text(b"subject"),
            mail.reply_text if _may_head(mail.reply_text) else "",
            marked=b"x-forwarded-message-id" in headers,
        ),
    )


def _may_head(text: str) -> bool:
    """Whether a line in it may say that something is handed on: with a colon, or behind hyphens or the like."""
    return (
        ":" in text
        or ("-" in text and "--" in text)
        or ("_" in text and "__" in text)
        or ("*" in text and "**" in text)
        or ("—" in text and "——" in text)
    )


def _language(headers: Headers, text: str) -> str:
    """What the text is in; where that can't be told, or is the same, what the sender's program says of it."""
    found = language_of(text)
    if b"content-language" not in headers:
        return found
    stated = _LANGUAGE.match(headers.first(b"content-language"))
    said = stated[0].lower() if stated else ""
    return found if found and said.partition("-")[0] != found else said


def _clipped(text: str) -> str:
    if len(text) * 4 <= LONGEST_REPLY:
        return text
    data = text.encode()
    return text if len(data) <= LONGEST_REPLY else data[:LONGEST_REPLY].decode(errors="ignore")
