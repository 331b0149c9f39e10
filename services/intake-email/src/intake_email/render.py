"""From an `OutboundMessage` to a mail: pure, and the same mail each time, so that a repeat is no second one.

Files are not in the result but named in it: whoever sends it puts their base64 in from the object
store, a piece at a time.
"""

import re
from collections.abc import Iterable
from email.utils import format_datetime

import msgspec

from frontline.contract.channel import Inbox
from frontline.contract.error import Reason, Rejected
from frontline.contract.message import Attachment, ObjectRef, OutboundMessage, Recipient, ThreadRef
from intake_email.address import canonical_address
from intake_email.encode import field, folded, mailbox, one_line, parameter, text_part
from intake_email.thread import Sign, own_message_id, token_id

_AT_EACH_END = 20
_REPLY_PREFIX = re.compile(
    r"(?:\s*(?:re|aw|antw|sv|vs|odp|ref|rif|res|回复|答复)\s?(?:\[\d+\])?\s?[:：])+\s*", re.IGNORECASE
)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_CONTENT_ID = re.compile(r"[^<>\s\x00-\x1f\x7f-\uffff]{1,200}")

Part = tuple[bytes | ObjectRef, ...]
"""Pieces of a mail in order: octets, and files whose base64 in lines of 76 stands there."""


class Rendered(msgspec.Struct, frozen=True):
    """A mail, and its envelope. `message_id` is with brackets."""

    sender: str
    recipients: tuple[str, ...]
    message_id: str
    pieces: Part

    @property
    def international(self) -> bool:
        """Whether an address needs SMTPUTF8 (RFC 6531)."""
        return not all(address.isascii() for address in (self.sender, *self.recipients))


def render(message: OutboundMessage, inbox: Inbox, sign: Sign, *, domain: str = "") -> Rendered:
    """The mail that `message` is. `domain` is the right side of our Message-IDs, by default the inbox's.

    Raises `Rejected` for a message that no mail can be made of.
    """
    recipients = _recipients(message.to)
    domain = domain or inbox.address.rpartition("@")[2]
    if not recipients or not domain:
        raise Rejected("there is nobody to send this mail to, or from", Reason.MALFORMED)
    try:
        message_id = token_id(message.id, domain, sign)
        references = _references(message.thread, domain, sign)
    except ValueError as error:
        raise Rejected("a reply with this id can't be sent by mail", Reason.MALFORMED) from error
    head = [
        folded("From", [mailbox(inbox.address, _author(message.author_name, inbox.name))], ","),
        *_address_fields(recipients),
        field("Subject", _subject(message.subject, answers=bool(references))),
        folded("Date", [format_datetime(message.written)], ""),
        folded("Message-ID", [f"<{message_id}>"], ""),
    ]
    if references:
        head.append(folded("In-Reply-To", [references[-1]], ""))
        head.append(folded("References", _ends(references), " "))
    head.append(b"MIME-Version: 1.0\r\n")
    return Rendered(
        sender=inbox.address,
        recipients=tuple(dict.fromkeys(each.address for each in recipients)),
        message_id=f"<{message_id}>",
        pieces=_joined((b"".join(head), *_body(message))),
    )


def _recipients(to: Iterable[Recipient]) -> list[Recipient]:
    found = []
    for each in to:
        address = canonical_address(each.address)
        if not address:
            raise Rejected("a recipient's address is no mail address", Reason.MALFORMED)
        # What the customer gave keeps its letters; only the domain must be one that any relay knows.
        written = f"{each.address.strip().rpartition('@')[0]}@{address.rpartition('@')[2]}"
        found.append(msgspec.structs.replace(each, address=written))
    return found


def _address_fields(recipients: list[Recipient]) -> list[bytes]:
    fields = []
    for name, role in (("To", "to"), ("Cc", "cc")):
        boxes = [mailbox(each.address, each.name) for each in recipients if each.role == role]
        if boxes:
            fields.append(folded(name, boxes, ","))
        elif role == "to":
            fields.append(b"To: undisclosed-recipients:;\r\n")
    return fields


def _author(agent: str, inbox: str) -> str:
    """Who wrote, and for whom: "Demo agent 1 (Support)"."""
    agent, inbox = one_line(agent), one_line(inbox)
    return f"{agent} ({inbox})" if agent and inbox and agent != inbox else agent or inbox


def _subject(subject: str, *, answers: bool) -> str:
    subject = one_line(subject)
    if not answers:
        return subject
    bare = subject[match.end() :] if (match := _REPLY_PREFIX.match(subject)) else subject
    return f"Re: {bare}".strip()


def _references(thread: tuple[ThreadRef, ...], domain: str, sign: Sign) -> list[str]:
    """The ids of the mails before, oldest first; what came without an id has none to refer to."""
    found = []
    for ref in thread:
        if ref.reply is not None:
            found.append(f"<{token_id(ref.reply, domain, sign)}>")
        elif ref.native_id.startswith("<") and (given := own_message_id(ref.native_id)) and given.isascii():
            found.append(f"<{given}>")
    return list(dict.fromkeys(found))


def _ends(references: list[str]) -> list[str]:
    if len(references) <= 2 * _AT_EACH_END:
        return references
    return references[:_AT_EACH_END] + references[-_AT_EACH_END:]


def _body(message: OutboundMessage) -> Part:
    """Text, or text and HTML (RFC 2046, 5.1.4), around them what HTML shows (RFC 2387), around all the files."""
    inline = [each for each in message.attachments if message.html and each.inline and each.content_id]
    files = [each for each in message.attachments if each not in inline]
    body: Part = (text_part("text/plain", message.text),)
    if message.html:
        html: Part = (text_part("text/html", message.html),)
        if inline:
            html = _multipart("related", message.id, [html, *map(_file, inline)])
        body = _multipart("alternative", message.id, [body, html])
    if files:
        body = _multipart("mixed", message.id, [body, *map(_file, files)])
    return body


def _multipart(kind: str, identifier: str, parts: list[Part]) -> Part:
    # "=_" stands in no base64 and in no quoted-printable, and nobody knew the reply's id when the text was written.
    boundary = f"=_{kind}_{identifier}"[:70]
    pieces: list[bytes | ObjectRef] = [f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()]
    for part in parts:
        pieces += (f"--{boundary}\r\n".encode(), *part, b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return tuple(pieces)


def _file(attachment: Attachment) -> Part:
    media_type = attachment.media_type.lower()
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(("multipart/", "message/")):
        # A whole mail may not be sent as base64 (RFC 2046, 5.2.1); as octets it may.
        media_type = "application/octet-stream"
    name = one_line(attachment.name) or "attachment"
    head = (
        f"Content-Type: {media_type}{parameter('name', name)}\r\n"
        f"Content-Disposition: {'inline' if attachment.inline else 'attachment'}{parameter('filename', name)}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
    )
    if _CONTENT_ID.fullmatch(attachment.content_id):
        head += f"Content-ID: <{attachment.content_id}>\r\n"
    return (f"{head}\r\n".encode(), attachment.content)


def _joined(pieces: Part) -> Part:
    """Neighbouring octets as one piece."""
    joined: list[bytes | ObjectRef] = []
    for piece in pieces:
        if joined and isinstance(piece, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)
