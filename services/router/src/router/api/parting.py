"""Messages that are about something else: split off as a contact of their own, or moved to another one.

What goes is looked up in the index. That may be behind, or have seen half of what happens; the desk then says
no (`moved_on`), and it is looked up again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.transcript import Direction, ItemKind
from router.api.call import Call, answer
from router.api.contacts import WAIT_SECONDS
from router.api.idempotency import ask, id_for
from router.api.problem import FieldMistake, Invalid, not_found
from router.api.shape import MoveBody, Nothing, SplitBody
from router.core.command import DeskCommand, MoveMessage, SplitContact, Staying
from router.core.decide_move import MOVED_ON
from router.core.event_move import Moving
from router.core.refusal import Refused
from router.index.reading import Standing
from router.index.row import ContactRow
from router.index.said import Utterance
from router.index.writing import Position

MOST_ITEMS = 300
"""Lines that go at once: they have to fit into one commit."""

MOST_SAID = 5_000
"""What may be said in a contact that something is taken from: a request to the desk says when it all was asked."""

_TRIES = 5
_PAUSE_SECONDS = 0.2


async def split(call: Call[SplitBody, Nothing]) -> web.Response:
    contact, read = _open(call.contact()), call.api.index.read
    new = ContactId(id_for(call, contact.id, "c"))
    done = {"id": new, "origin": contact.id}

    def command(seen: Position) -> DeskCommand:
        going = [line for line in read.standing(contact.id) if line.seq >= call.body.from_seq and not _notice(line)]
        if not going:
            raise Invalid(FieldMistake("$.from_seq", "is behind everything that was said"))
        said, ids = _said(call, contact, going), {line.item.id for line in going}
        if not any(_message(each) and each.id not in ids for each in said):
            raise Refused("nothing_stays", "Nothing would stay behind: the contact is about this already.")
        if not any(_message(each) and each.id in ids for each in said):
            raise Refused("nothing_said", "There are only notes from there on, and no message.")
        first = next((each for each in said if each.id in ids and each.customer is not None), None)
        items, stays = moving(said, {line.item.id: line.moved for line in going})
        return SplitContact(
            contact=contact.id,
            new_contact=new,
            agent=call.who.agent.id,
            channel=(first and first.channel) or contact.channel,
            inbox=(first and first.inbox) or contact.inbox,
            items=items,
            stays=stays,
            seen=(seen.epoch, seen.index),
        )

    if call.key and read.row(call.who.desk.id, new) is not None:  # a repeat: what was to go has gone
        return answer(done, status=201, seq=call.api.index.log_position(call.who.desk.id).seq)
    return answer(done, status=201, seq=await _patiently(call, command, done, contact.id))


async def move(call: Call[MoveBody, Nothing]) -> web.Response:
    contact, read = _open(call.contact()), call.api.index.read
    named = read.row(call.who.desk.id, call.body.to)
    if named is None:
        raise Invalid(FieldMistake("$.to", "is no contact of this desk"))
    message, to = MessageId(call.part("message")), _open(named)
    done = {"id": message, "contact": to.id, "origin": contact.id}

    def command(seen: Position) -> DeskCommand:
        going = [line for line in read.standing(contact.id) if message in (line.item.id, line.item.reply)]
        wanted = next((line for line in going if line.item.id == message), None)
        if wanted is None or wanted.item.kind is ItemKind.RECEIPT:
            raise not_found("message in this contact")
        if _notice(wanted):
            raise Refused("notice", "It says what happened to this contact, and belongs to it.")
        said = _said(call, contact, going)
        if not any(_message(each) and each.id != message for each in said):
            raise Refused("nothing_stays", "Nothing else is said in this contact: merge it into the other one.")
        items, stays = moving(said, {line.item.id: line.moved for line in going})
        return MoveMessage(
            contact=contact.id,
            to=to.id,
            agent=call.who.agent.id,
            items=items,
            stays=stays,
            there=moving(_said(call, to, ()), {})[1],
            seen=(seen.epoch, seen.index),
        )

    if any(line.item.id == message and line.contact == to.id for line in read.standing(to.id)):  # it is there
        return answer(done, seq=call.api.index.log_position(call.who.desk.id).seq)
    return answer(done, seq=await _patiently(call, command, done, contact.id, to.id))


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


async def _patiently(
    call: Call[Any, Any], command: Callable[[Position], DeskCommand], done: dict[str, Any], *contacts: ContactId
) -> int:
    """Look up and ask until the desk knows no more than the index did; gives the log position."""
    index, desk = call.api.index, call.who.desk.id
    for left in reversed(range(_TRIES)):
        seen = index.log_position(desk)  # before the rows are read: they are this young at least
        for contact in contacts:
            await index.wait_for_words(contact, seen.seq, WAIT_SECONDS)
        try:
            return (await ask(call, command(seen), done)).seq
        except Refused as refused:
            if refused.conflict != MOVED_ON or not left:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _open(contact: ContactRow) -> ContactRow:
    if contact.merged_into is not None:
        raise Refused("merged", f"The contact goes on in {contact.merged_into}.")
    if contact.state == "closed":
        raise Refused("closed", f"Contact {contact.id} is closed.")
    return contact


def _said(call: Call[Any, Any], contact: ContactRow, going: Sequence[Standing]) -> list[Utterance]:
    """What is said in the contact itself. Raises `Refused` for what can't be taken from it."""
    foreign = next((line.contact for line in going if line.contact != contact.id), None)
    if foreign is not None:
        raise Refused("merged", f"Some of it is of contact {foreign}, which goes on here: take that out first.")
    said = call.api.index.read.said(contact.id)
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


def _notice(line: Standing) -> bool:
    """It says what became of the contact, and is no part of what is said in it."""
    return line.item.kind is ItemKind.SYSTEM and line.item.direction is Direction.INTERNAL
