"""What is known of a mail beyond what every channel's messages have: the rest of its `native` part. Pure."""

from typing import Any

import msgspec

from frontline.contract.message import Automation
from intake_email.automation import MailKind, is_list, quiet
from intake_email.content import Content
from intake_email.header import Headers
from intake_email.report import Reported

_OF_INVITE = ("method", "uid", "summary", "start", "end", "place", "answer")


def facts(
    headers: Headers,
    content: Content,
    sender: str,
    return_path: str | None,
    automatic: Automation,
    reported: Reported | None,
) -> dict[str, Any]:
    """`kind` (a `MailKind`; a person's has none), `quiet` (why it gets no automatic answer), `invite` (what a
    calendar part asks or answers) and `report` (a `Reported`), each where there is something to say.
    """
    found: dict[str, Any] = {}
    kind = _kind(headers, content, automatic, reported)
    if kind is not MailKind.PERSON:
        found["kind"] = str(kind)
    if reasons := quiet(headers, sender=sender, return_path=return_path):
        found["quiet"] = list(reasons)
    if content.invite is not None:
        said = {name: getattr(content.invite, name) for name in _OF_INVITE}
        found["invite"] = {name: value for name, value in said.items() if value}
    if reported is not None:
        found["report"] = msgspec.to_builtins(reported)
    return found


def says_nothing_but_yes(content: Content) -> bool:
    """Whether somebody answered an invitation by pressing a button. What Microsoft's programs put beside it are
    the person's own words; others write a sentence of theirs.
    """
    invite = content.invite
    if invite is None or not invite.is_reply or invite.comment:
        return False
    return not (invite.by_microsoft and content.text and content.text != invite.words())


def _kind(headers: Headers, content: Content, automatic: Automation, reported: Reported | None) -> MailKind:
    if reported is not None:
        return MailKind(str(reported.kind))
    if content.invite is not None and content.invite.is_reply:
        return MailKind.CALENDAR_REPLY
    if automatic is not Automation.NO:
        return MailKind(str(automatic))
    return MailKind.LIST if is_list(headers) else MailKind.PERSON
