"""Messages that are about something else: split off as a contact of their own, or moved to another one.

What goes is looked up in the index (`parted.py`). That may be behind, or have seen half of what happens; the desk then
says no (`moved_on`), and it is looked up again.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from frontline.contract.ids import ContactId, MessageId
from router.api.call import Call, answer
from router.api.contacts import WAIT_SECONDS
from router.api.idempotency import ask, id_for
from router.api.parted import to_move, to_split
from router.api.problem import FieldMistake, Invalid
from router.api.shape import MoveBody, Nothing, SplitBody
from router.core.command import DeskCommand
from router.core.decide_move import MOVED_ON
from router.core.refusal import Refused
from router.index.row import ContactRow
from router.index.writing import Position

_TRIES = 5
_PAUSE_SECONDS = 0.2


async def split(call: Call[SplitBody, Nothing]) -> web.Response:
    contact, read = _open(call.contact()), call.api.index.read
    new = ContactId(id_for(call, contact.id, "c"))
    done = {"id": new, "origin": contact.id}

    def command(seen: Position) -> DeskCommand:
        return to_split(read, contact, call.body.from_seq, new, call.who.agent.id, (seen.epoch, seen.index))

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
        return to_move(read, contact, to, message, call.who.agent.id, (seen.epoch, seen.index))

    if any(line.item.id == message and line.contact == to.id for line in read.standing(to.id)):  # it is there
        return answer(done, seq=call.api.index.log_position(call.who.desk.id).seq)
    return answer(done, seq=await _patiently(call, command, done, contact.id, to.id))


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
