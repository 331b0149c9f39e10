"""What a check-in is as a message to the customer, from what was said in the contact. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from frontline.configuration.model import Desk, Inbox
from frontline.contract.ids import AgentId, MessageId
from frontline.contract.message import Automation, OutboundKind, OutboundMessage, Recipient, ThreadRef
from frontline.contract.transcript import Direction, ItemKind, TranscriptItem
from router.core.event_check_in import CheckInDue
from router.desk.acknowledge import QUIET

MAX_REFERENCES = 50

_SAID = {ItemKind.MESSAGE, ItemKind.CALL, ItemKind.VOICEMAIL, ItemKind.SURVEY}


def letter(
    event: CheckInDue, texts: Mapping[str, str], desk: Desk, said: Iterable[TranscriptItem], now: datetime
) -> OutboundMessage | None:
    """To where the customer wrote from last; one who left a live channel and an address is written to there. `None`
    when there is nobody to write to: the words are gone, or a machine or a list has written them. Its own line, which
    is there when it is written again, is nothing that was said before it: no letter answers itself.
    """
    items = [item for item in _latest(said) if item.kind in _SAID and item.id != event.message]
    theirs = [item for item in items if item.direction is Direction.IN and item.author.id == event.customer]
    if theirs and (theirs[-1].automation is not Automation.NO or theirs[-1].native.get(QUIET)):
        return None
    inbox, to = _way(event, desk, items, theirs)
    if inbox is None or to is None:
        return None
    there = [item for item in items if item.channel == inbox.channel]
    return OutboundMessage(
        id=event.message,
        channel=inbox.channel,
        inbox=inbox.id,
        desk=desk.id,
        contact=event.contact,
        customer=event.customer,
        author=AgentId(""),
        author_name=inbox.name or desk.name or desk.id,
        to=(to,),
        written=now,
        subject=_subject(inbox, desk, there),
        text=_text(texts, [item.language for item in reversed(theirs) if item.language], inbox.languages),
        thread=_thread(there),
        kind=OutboundKind.CHECK_IN,
    )


def _latest(said: Iterable[TranscriptItem]) -> list[TranscriptItem]:
    """Of each the highest revision, the first of equals, in the order in which they were said."""
    found: dict[MessageId, TranscriptItem] = {}
    for item in said:
        if item.id not in found or item.revision > found[item.id].revision:
            found[item.id] = item
    return list(found.values())


def _way(
    event: CheckInDue, desk: Desk, items: Sequence[TranscriptItem], theirs: Sequence[TranscriptItem]
) -> tuple[Inbox | None, Recipient | None]:
    here = next((each for each in desk.inboxes if (each.channel, each.id) == (event.channel, event.inbox)), None)
    mails = next((each for each in desk.inboxes if _is_mail(each.address)), None)
    if here is not None and mails is not None and not _is_mail(here.address) and (left := _left(theirs)) is not None:
        return mails, left
    for item in reversed(theirs):
        identity = item.author.identity
        if identity is not None and identity.channel == event.channel and identity.address:
            return here, Recipient(address=identity.address, name=identity.name)
    for item in reversed(items):  # we wrote first, and they never did
        if item.direction is Direction.OUT and item.channel == event.channel:
            return here, next((each for each in item.recipients if each.role == "to"), None)
    return here, None


def _left(theirs: Sequence[TranscriptItem]) -> Recipient | None:
    """The mail address that somebody left in a chat; beside a mail's own address it is a Reply-To, which counts
    for nothing.
    """
    for item in reversed(theirs):
        if item.author.identity is None or _is_mail(item.author.identity.address):
            continue
        for each in item.recipients:
            if each.role == "reply_to" and _is_mail(each.address):
                return Recipient(address=each.address, name=item.author.name)
    return None


def _subject(inbox: Inbox, desk: Desk, there: Sequence[TranscriptItem]) -> str:
    said = next((item.subject for item in there if item.subject), "")
    if said or not _is_mail(inbox.address):
        return said
    return f"Your conversation with {inbox.name or desk.name or inbox.address}"


def _text(texts: Mapping[str, str], theirs: Sequence[str], ours: Sequence[str]) -> str:
    known = {language.casefold(): text for language, text in texts.items()}
    for language in (*theirs, *ours):
        whole = language.casefold()
        if (text := known.get(whole) or known.get(whole.partition("-")[0])) is not None:
            return text
    return next(iter(texts.values()))


def _thread(there: Sequence[TranscriptItem]) -> tuple[ThreadRef, ...]:
    found = [
        ThreadRef(reply=item.id) if item.direction is Direction.OUT else ThreadRef(native_id=item.native_id)
        for item in there
        if item.direction is Direction.OUT or item.native_id
    ]
    return tuple(found if len(found) <= MAX_REFERENCES else [found[0], *found[1 - MAX_REFERENCES :]])


def _is_mail(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    return bool(at and local and domain) and ":" not in address and " " not in address
