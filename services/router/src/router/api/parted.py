"""What goes with a message that is split off or moved, and what stays, as the index knows it: for the desk to decide by."""

from collections.abc import Mapping, Sequence

from frontline.contract.ids import AgentId, ContactId, MessageId
from frontline.contract.transcript import Direction, ItemKind, TranscriptItem
from router.api.problem import FieldMistake, Invalid, not_found
from router.core.command import MoveMessage, SplitContact, Staying
from router.core.decide_move import MOVED_ON
from router.core.event_move import Moving
from router.core.overlay import Position
from router.core.refusal import Refused
from router.desk.acknowledge import acknowledged_by
from router.index.reading import Reader, Standing
from router.index.row import ContactRow
from router.index.said import Utterance

MOST_ITEMS = 300
"""Lines that go at once: they have to fit into one commit."""

MOST_SAID = 5_000
"""What may be said in a contact that something is taken from: a request to the desk says when it all was asked."""


def to_split(
    read: Reader, contact: ContactRow, from_seq: int, new: ContactId, agent: AgentId, seen: Position
) -> SplitContact:
    """All from a line on, without receipts for what stays and what acknowledged it: they are where that is, or was, so
    that they are found when it is erased. The index was at `seen` at least. Raises `Refused`, `Invalid`.
    """
    later = [line for line in read.standing(contact.id) if line.seq >= from_seq and not _notice(line)]
    if not later:
        raise Invalid(FieldMistake("$.from_seq", "is behind everything that was said"))
    goes = {line.item.id for line in later}
    going = [line for line in later if _goes_with(line.item) in goes]
    said, ids = _said(read, contact, going), {line.item.id for line in going}
    if not any(_message(each) and each.id not in ids for each in said):
        raise Refused("nothing_stays", "Nothing would stay behind: the contact is about this already.")
    if not any(_message(each) and each.id in ids for each in said):
        raise Refused("nothing_said", "There are only notes from there on, and no message.")
    first = next((each for each in said if each.id in ids and each.customer is not None), None)
    items, stays = moving(said, {line.item.id: line.moved for line in going})
    return SplitContact(
        contact=contact.id,
        new_contact=new,
        agent=agent,
        channel=(first and first.channel) or contact.channel,
        inbox=(first and first.inbox) or contact.inbox,
        items=items,
        stays=stays,
        seen=seen,
    )


def to_move(
    read: Reader, contact: ContactRow, to: ContactRow, message: MessageId, agent: AgentId, seen: Position
) -> MoveMessage:
    """One message, with the receipts for it and what acknowledged it. Raises `Refused`, `Declined` (404)."""
    standing = read.standing(contact.id)
    wanted = next((line for line in standing if line.item.id == message), None)
    if wanted is None or wanted.item.kind is ItemKind.RECEIPT:
        raise not_found("message in this contact")
    if _notice(wanted):
        raise Refused("notice", "It says what happened to this contact, and belongs to it.")
    if acknowledged_by(message) is not None:
        raise Refused("acknowledgement", "It goes with the message that it acknowledges: move that one.")
    going = [line for line in standing if _goes_with(line.item) == message]
    said = _said(read, contact, going)
    if not any(_message(each) and each.id != message for each in said):
        raise Refused("nothing_stays", "Nothing else is said in this contact: merge it into the other one.")
    items, stays = moving(said, {line.item.id: line.moved for line in going})
    return MoveMessage(
        contact=contact.id,
        to=to.id,
        agent=agent,
        items=items,
        stays=stays,
        there=moving(_said(read, to, ()), {})[1],
        seen=seen,
    )


def moving(said: Sequence[Utterance], going: Mapping[MessageId, int]) -> tuple[tuple[Moving, ...], Staying]:
    """What goes (each with how often it was moved before) and what stays, of all that is said in a contact.
    A thread key goes with the youngest message that bound it.
    """
    binder = {key: each.id for each in said for key in each.binds}
    known = {each.id: each for each in said}
    items = []
    for id_, moved in going.items():
        each = known.get(id_)
        if each is None:
            items.append(Moving(id=id_, moves=moved + 1))
            continue
        binds = tuple(key for key in each.binds if binder[key] == id_)
        item = Moving(
            id=id_, moves=moved + 1, at=each.at, asks=each.asks, key=each.key, customer=each.customer, binds=binds
        )
        items.append(item)
    stays = Staying(
        asks=tuple(each.at for each in said if each.asks and not each.done and each.id not in going),
        replies=tuple(each.id for each in said if each.answers and each.id not in going),
    )
    return tuple(items), stays


def _said(read: Reader, contact: ContactRow, going: Sequence[Standing]) -> list[Utterance]:
    """What is said in the contact itself. Raises `Refused` for what can't be taken from it."""
    foreign = next((line.contact for line in going if line.contact != contact.id), None)
    if foreign is not None:
        raise Refused("merged", f"Some of it is of contact {foreign}, which goes on here: take that out first.")
    said = read.said(contact.id)
    if len(going) > MOST_ITEMS or len(said) > MOST_SAID:
        raise Refused("too_long", f"{MOST_ITEMS} lines can go at once, of {MOST_SAID} messages in a contact.")
    known = {each.id for each in said}
    if any(line.item.id not in known and line.item.author.role in {"customer", "agent"} for line in going):
        raise Refused(
            MOVED_ON, "Something is just being said in this contact, or was said at another desk: look again."
        )
    return said


def _message(said: Utterance) -> bool:
    return said.customer is not None or said.answers


def _goes_with(item: TranscriptItem) -> MessageId:
    """The line that it is never parted from: what it tells of, or acknowledges, or itself."""
    line = item.reply or item.id
    return acknowledged_by(line) or line


def _notice(line: Standing) -> bool:
    """It says what became of the contact, and is no part of what is said in it."""
    return line.item.kind is ItemKind.SYSTEM and line.item.direction is Direction.INTERNAL
