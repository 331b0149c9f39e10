"""What other mail systems report of a reply of ours: that it failed or waits (RFC 3464), that it was read
(RFC 8098), that its reader calls it spam (RFC 5965).

Such a mail is about the reply and no contact of its own. `bounce.py` reads those that keep to no standard.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryReceipt, DeliveryState, InboundMessage
from intake_email.address import canonical_address, mailboxes
from intake_email.bounce import DAEMON, Told, is_robot, told_in_text
from intake_email.content import Content
from intake_email.file import File
from intake_email.header import Headers, split
from intake_email.thread import message_ids

DELIVERY_STATUS = ("message/delivery-status", "message/global-delivery-status")
DISPOSITION = ("message/disposition-notification", "message/global-disposition-notification")
FEEDBACK = "message/feedback-report"
_RETURNED = {
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
}
_MOST_RECIPIENTS = 100
_MOST_IDS = 40
_LONGEST_DETAIL = 500

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ID_LINE = re.compile(r"(?im)^[> \t]{0,9}(?:x-)?(?:original-)?message-id:[ \t]*\n?[ \t]*<([^<>\s]{3,990})>")
_SPACE = re.compile(r"\s+")
# Full mailboxes, full disks and lines that are down get better by themselves, whatever the first digit says.
_PASSING = re.compile(r"[45]\.(?:2\.2|3\.1|3\.2|4\.\d{1,3})\Z")


class ReportKind(StrEnum):
    BOUNCE = "bounce"
    RECEIPT = "receipt"
    COMPLAINT = "complaint"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report. `about` are the Message-IDs that may be that of our reply, the likeliest first."""

    kind: ReportKind
    state: DeliveryState
    detail: str
    about: tuple[str, ...]
    certain: bool
    """Whether it is a report beyond doubt; otherwise it counts only if it names a reply of ours."""
    status: str = ""
    """The enhanced status code (RFC 3463), "" for none."""

    @property
    def is_hard(self) -> bool:
        """Whether writing to this address again is no use."""
        return self.state is DeliveryState.FAILED and not _PASSING.match(self.status) and self.status[:1] != "4"


class Reported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A report and the reply that it is about; kept as `report` in the message's `native` part."""

    kind: ReportKind
    state: DeliveryState
    detail: str
    hard: bool = False
    reply: MessageId | None = None


def bound(report: Report, reply: MessageId | None) -> Reported | None:
    """The report, if it is one: whoever only sounds like a mail system has to name a reply of ours."""
    if reply is None and not report.certain:
        return None
    return Reported(kind=report.kind, state=report.state, detail=report.detail, hard=report.is_hard, reply=reply)


def reported(message: InboundMessage) -> Reported | None:
    """What a message reports, `None` for one that is a contact's own."""
    found = message.native.get("report")
    return None if found is None else msgspec.convert(found, Reported)


def receipt(message: InboundMessage, report: Reported, contact: ContactId) -> DeliveryReceipt:
    """What the desk is told in place of the message. It has the message's own id and key, so that its original
    is where that of a message is.
    """
    assert report.reply is not None
    return DeliveryReceipt(
        id=message.id,
        key=message.key,
        channel=message.channel,
        inbox=message.inbox,
        reply=report.reply,
        contact=contact,
        state=report.state,
        times=message.times,
        native_id=message.native_id,
        detail=report.detail,
    )


class _Fate(msgspec.Struct, frozen=True):
    """What became of the mail for one recipient. `action` as in RFC 3464, 2.3.3."""

    action: str
    address: str = ""
    status: str = ""
    diagnostic: str = ""


def report_of(
    headers: Headers, content: Content, media_type: str, *, sender: str, return_path: str | None
) -> Report | None:
    """The report that a mail is, `None` for any other mail. `media_type` is that of the whole mail."""
    robot = is_robot(sender) or return_path == "" or b"x-failed-recipients" in headers
    if not robot and media_type != "multipart/report":
        return None
    returned = _returned(content.files)
    certain = media_type == "multipart/report" or return_path == "" or DAEMON.match(sender) is not None
    for file in content.files:
        if file.media_type in DELIVERY_STATUS:
            return _of_delivery(headers, content, _groups(file.data), returned, certain=certain)
        if file.media_type in DISPOSITION:
            return _of_disposition(headers, content, _groups(file.data), returned)
        if file.media_type == FEEDBACK:
            return _of_feedback(headers, content, _groups(file.data), returned)
    told = told_in_text(headers, content.text, returned=returned is not None, sure=is_robot(sender))
    return None if told is None else _of_text(headers, content, told, returned, certain=certain)


def _of_delivery(
    headers: Headers, content: Content, groups: Sequence[Headers], returned: Headers | None, *, certain: bool
) -> Report:
    fates = [_fate(group) for group in groups if b"final-recipient" in group or b"action" in group]
    if not fates:
        fates = [_Fate("failed")]
    about = _about(headers, content.text, groups, returned)
    return _judged(fates, about, returned, certain=certain)


def _of_text(headers: Headers, content: Content, told: Told, returned: Headers | None, *, certain: bool) -> Report:
    action = "delayed" if told.delayed else "failed"
    fates = [_Fate(action, address, told.status, told.why) for address in told.addresses or ("",)]
    return _judged(fates, _about(headers, content.text, (), returned), returned, certain=certain)


def _of_disposition(headers: Headers, content: Content, groups: Sequence[Headers], returned: Headers | None) -> Report:
    said = groups[0].first(b"disposition") if groups else ""
    mode, _, kind = said.lower().partition(";")
    shown = kind.strip().startswith("displayed")
    reader = _address(groups[0], b"final-recipient") if groups else ""
    detail = f"{'read' if shown else kind.strip() or 'disposed of'} by {reader or 'the recipient'} ({mode.strip()})"
    return Report(
        kind=ReportKind.RECEIPT,
        state=DeliveryState.READ if shown else DeliveryState.DELIVERED,
        detail=_clipped(detail),
        about=_about(headers, content.text, groups, returned),
        certain=True,
    )


def _of_feedback(headers: Headers, content: Content, groups: Sequence[Headers], returned: Headers | None) -> Report:
    said = groups[0] if groups else Headers({})
    kind = said.first(b"feedback-type").lower() or "abuse"
    who = said.first(b"original-rcpt-to").strip("<> ") or "the recipient"
    by = said.first(b"user-agent") or headers.first(b"from")
    return Report(
        kind=ReportKind.COMPLAINT,
        state=DeliveryState.DELIVERED,
        detail=_clipped(f"delivered; {who} complained ({kind}), told by {by}"),
        about=_about(headers, content.text, groups, returned),
        certain=True,
    )


def _judged(fates: list[_Fate], about: tuple[str, ...], returned: Headers | None, *, certain: bool) -> Report:
    """One word for all recipients: the reply failed if it reached nobody whom it was written to."""
    failed = [fate for fate in fates if fate.action == "failed"]
    delayed = [fate for fate in fates if fate.action == "delayed"]
    if failed and not _others_reached({fate.address for fate in failed}, returned):
        state, told, what = DeliveryState.FAILED, failed, "not delivered"
    elif failed:
        state, told, what = DeliveryState.UNKNOWN, failed, "delivered to others, but not"
    elif delayed:
        state, told, what = DeliveryState.UNKNOWN, delayed, "delayed, still being tried"
    elif any(fate.action == "delivered" for fate in fates):
        state, told, what = DeliveryState.DELIVERED, fates, "delivered"
    else:
        state, told, what = DeliveryState.SENT, fates, "passed on"
    first = told[0]
    to = ", ".join(dict.fromkeys(fate.address for fate in told[:5] if fate.address))
    why = (
        first.diagnostic if first.status and first.status in first.diagnostic else f"{first.status} {first.diagnostic}"
    )
    detail = f"{what}{f' to {to}' if to else ''}{f': {why.strip()}' if why.strip() else ''}"
    return Report(
        kind=ReportKind.BOUNCE, state=state, detail=_clipped(detail), about=about, certain=certain, status=first.status
    )


def _others_reached(failed: set[str], returned: Headers | None) -> bool:
    """Whether the returned mail was written to somebody else as well, whom nobody says that it did not reach."""
    if returned is None:
        return False
    to = {box.address for box in mailboxes(returned.first(b"to"))}
    everybody = to | {box.address for box in mailboxes(returned.first(b"cc"))}
    # An address that is not among them is where one of them was forwarded to; nobody knows which.
    return failed <= everybody and not to <= failed


def _fate(group: Headers) -> _Fate:
    diagnostic = group.first(b"diagnostic-code").partition(";")[2].strip() or group.first(b"diagnostic-code")
    status = _status(group.first(b"status"))
    if status in ("", "5.0.0", "4.0.0", "5.5.0"):
        status = _status(diagnostic) or status
    action = group.first(b"action").partition(" ")[0].strip(" ;(").lower()
    if action not in ("failed", "delayed", "delivered", "relayed", "expanded"):
        action = {"4": "delayed", "2": "delivered"}.get(status[:1], "failed")
    address = _address(group, b"original-recipient") or _address(group, b"final-recipient")
    return _Fate(action, address, status, _SPACE.sub(" ", diagnostic)[:300])


def _address(group: Headers, name: bytes) -> str:
    """`rfc822; a@b` without its type."""
    kind, semicolon, address = group.first(name).partition(";")
    return canonical_address((address if semicolon else kind).strip().strip("<>"))


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return found[0] if found else ""


def _groups(data: bytes) -> list[Headers]:
    """The groups of fields, divided by empty lines."""
    found: list[Headers] = []
    at = 0
    while at < len(data) and len(found) < _MOST_RECIPIENTS:
        headers, after = split(data, at)
        if after == at:
            break
        if after - at > 2:
            found.append(headers)
        at = after
    return found


def _returned(files: Iterable[File]) -> Headers | None:
    """The header of the mail that came back, if it did."""
    for file in files:
        if file.media_type in _RETURNED:
            return split(file.data.lstrip(b"\r\n"))[0]
    return None


def _about(headers: Headers, text: str, groups: Iterable[Headers], returned: Headers | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_ids(headers, text, groups, returned)))[:_MOST_IDS]


def _ids(headers: Headers, text: str, groups: Iterable[Headers], returned: Headers | None) -> Iterator[str]:
    """Ids that may be the reply's: its own header first, then what the report says, then what it answers."""
    if returned is not None:
        yield from message_ids(returned.first(b"message-id"))
    for group in groups:
        for name in (b"original-message-id", b"x-original-message-id"):
            yield from message_ids(group.first(name))
    for name in (b"x-original-message-id", b"original-message-id"):
        yield from message_ids(headers.first(name))
    yield from _ID_LINE.findall(text)
    yield from message_ids(headers.first(b"in-reply-to"))
    yield from reversed(message_ids(headers.first(b"references")))


def _clipped(detail: str) -> str:
    return _SPACE.sub(" ", detail).strip()[:_LONGEST_DETAIL]
