"""From an `OutboundMessage` to a mail: pure, and the same mail each time, so that a repeat is no second one.

Files are not in the result but named in it: whoever sends it puts their base64 in from the object
store, a piece at a time.
"""

import re
from collections.abc import Callable, Iterable
from email.utils import format_datetime

import msgspec

from frontline.contract.channel import Inbox
from frontline.contract.error import Reason, Rejected
from frontline.contract.message import Attachment, ObjectRef, OutboundKind, OutboundMessage, Recipient, ThreadRef
from intake_email.address import canonical_address
from intake_email.encode import field, folded, mailbox, one_line, parameter, text_part
from intake_email.quoting import quoted_html, quoted_text
from intake_email.thread import Sign, own_message_id, reply_address, token_id

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


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How an operator wants mail to be. `domain` is the right side of our Message-IDs, by default the inbox's;
    `quote`: with the mail that is answered; `reply_tokens`: to be answered at an address of its own.
    """

    domain: str = ""
    quote: bool = True
    reply_tokens: bool = False


def render(
    message: OutboundMessage,
    inbox: Inbox,
    sign: Sign,
    *,
    manner: Manner = Manner(),  # noqa: B008 - frozen
    ours: Callable[[str], bool] = lambda _: False,
) -> Rendered:
    """The mail that `message` is. `ours` says of an address whether it is an inbox of ours: no mail goes there.

    Raises `Rejected` for a message that no mail can be made of.
    """
    recipients = _recipients(message.to, lambda address: address == inbox.address.lower() or ours(address))
    domain = manner.domain or inbox.address.rpartition("@")[2]
    if not recipients or not domain:
        raise Rejected("there is nobody to send this mail to, or from", Reason.MALFORMED)
    try:
        message_id = token_id(message.id, domain, sign)
        references = _references(message.thread, domain, sign)
    except ValueError as error:
        raise Rejected("a reply with this id can't be sent by mail", Reason.MALFORMED) from error
    asks = manner.reply_tokens and message.kind is not OutboundKind.NOTICE
    answers_at = reply_address(inbox.address, message.id, sign) if asks else None
    head = [
        folded("From", [mailbox(inbox.address, _author(message.author_name, inbox))], ","),
        *([folded("Reply-To", [mailbox(answers_at, inbox.name)], ",")] if answers_at else []),
        *_address_fields(recipients),
        field("Subject", _subject(message.subject, answers=bool(references))),
        folded("Date", [format_datetime(message.written)], ""),
        folded("Message-ID", [f"<{message_id}>"], ""),
    ]
    if references:
        head.append(folded("In-Reply-To", [references[-1]], ""))
        head.append(folded("References", _ends(references), " "))
    head += _automatic_fields(message, answers_at or inbox.address)
    head.append(b"MIME-Version: 1.0\r\n")
    return Rendered(
        # Reports on what became of the mail go there: with a token they say which mail they mean, whatever they hold.
        sender=answers_at or inbox.address,
        recipients=tuple(dict.fromkeys(each.address for each in recipients)),
        message_id=f"<{message_id}>",
        pieces=_joined((b"".join(head), *_body(message, quote=manner.quote))),
    )


def _recipients(to: Iterable[Recipient], ours: Callable[[str], bool]) -> list[Recipient]:
    found = []
    for each in to:
        address = canonical_address(each.address)
        if not address:
            raise Rejected("a recipient's address is no mail address", Reason.MALFORMED)
        if ours(address):
            continue
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


def _author(agent: str, inbox: Inbox) -> str:
    """Who wrote, and for whom: as the inbox has it, else "Demo agent 1 (Support)"."""
    agent, name = one_line(agent), one_line(inbox.name)
    if agent and inbox.sender:
        return one_line(inbox.sender.replace("{inbox}", name).replace("{agent}", agent))
    return f"{agent} ({name})" if agent and name and agent != name else agent or name


_AUTO_SUBMITTED = {
    OutboundKind.ACKNOWLEDGEMENT: "auto-replied",
    OutboundKind.SURVEY: "auto-generated",
    OutboundKind.CHECK_IN: "auto-generated",
    OutboundKind.NOTICE: "auto-generated",
}
_UNASKED = {OutboundKind.SURVEY, OutboundKind.CHECK_IN}
_ONE_CLICK = re.compile(r"https://[!-;=?-~]{1,900}")


def _automatic_fields(message: OutboundMessage, answers_at: str) -> list[bytes]:
    """What tells machines that no person wrote it (RFC 3834), and people how to get no more of it (RFC 2369).

    `native["unsubscribe"]` may be an https address that takes one click (RFC 8058); a mail to us does in any case.
    """
    if message.kind not in _AUTO_SUBMITTED:
        return []
    found = [f"Auto-Submitted: {_AUTO_SUBMITTED[message.kind]}\r\nX-Auto-Response-Suppress: All\r\n".encode()]
    if message.kind in _UNASKED:
        ways = [f"<mailto:{answers_at}?subject=unsubscribe>"]
        link = message.native.get("unsubscribe")
        if isinstance(link, str) and _ONE_CLICK.fullmatch(link):
            ways.insert(0, f"<{link}>")
            found.append(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
        found.append(folded("List-Unsubscribe", ways, ","))
    return found


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


def _body(message: OutboundMessage, *, quote: bool) -> Part:
    """Text, or text and HTML (RFC 2046, 5.1.4), around them what HTML shows (RFC 2387), around all the files."""
    quoted = message.quoted if quote else None
    inline = [each for each in message.attachments if message.html and each.inline and each.content_id]
    files = [each for each in message.attachments if each not in inline]
    text = f"{message.text.rstrip()}\n\n{quoted_text(quoted)}" if quoted else message.text
    body: Part = (text_part("text/plain", text),)
    if message.html:
        html: Part = (text_part("text/html", message.html + (quoted_html(quoted) if quoted else "")),)
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
