"""Reading contacts and what was said in them."""

import base64
import binascii
from typing import Any

import msgspec
from aiohttp import web

from frontline.contract.error import Unavailable
from router.api.call import Call, answer
from router.api.compose import GIST, address_letter
from router.api.desk import shown
from router.api.line import line_of
from router.api.problem import FieldMistake, Invalid, not_found
from router.api.shape import ContactFilter, Nothing, Transcript, TranscriptFilter
from router.index.row import ContactRow
from router.index.search import ContactQuery
from router.index.shape import AnswerBy, Wait

WAIT_SECONDS = 5.0
"""How long a read waits for this replica to see what it was told to see."""


async def list_contacts(call: Call[Nothing, ContactFilter]) -> web.Response:
    query, position = call.query, _position(call)
    page = await call.api.index.contacts(
        ContactQuery(
            desk=call.who.desk.id,
            states=query.state,
            channel=query.channel,
            agent=query.agent,
            customer=query.customer,
            lane=query.lane,
            words=query.q,
            before=decode_cursor(query.cursor),
            limit=query.limit,
        )
    )
    return answer({"items": page.contacts, "next": encode_cursor(page.next)}, seq=position)


async def show_contact(call: Call[Nothing, Nothing]) -> web.Response:
    position = _position(call)
    row = call.contact()
    if call.seen:
        await call.api.index.wait_for_words(row.id, call.seen, WAIT_SECONDS)  # they say where a reply goes
    read, desk = call.api.index.read, call.who.desk.id
    contact = read.contact(desk, row.id)
    if contact is None:
        raise not_found("contact")
    history = read.history(desk, row.id, row.customer)
    wait = await _wait(call, row)
    linked = read.linked_from(desk, row.id)
    whole = msgspec.structs.replace(
        contact, history=history, answer_by=_answer_by(call, row), wait=wait, linked_from=linked
    )
    return answer(whole, seq=position)


async def _wait(call: Call[Nothing, Nothing], row: ContactRow) -> Wait | None:
    """As the customer is told it, if somebody waits at the other end. Without it a contact is shown all the same."""
    if row.state not in {"waiting", "offered"}:
        return None
    try:
        view = await shown(call.api.bus, row.desk)
    except Unavailable:
        return None
    standing = None if view is None else view.contacts.get(row.id)
    if standing is None or standing.position < 1:
        return None
    told = standing.wait
    return Wait(position=standing.position, low=told.low if told else None, high=told.high if told else None)


def _answer_by(call: Call[Nothing, Nothing], row: ContactRow) -> AnswerBy | None:
    """Where a reply goes that names nobody."""
    read = call.api.index.read
    said, customer = read.gist(row.id, GIST), read.customer(row.customer)
    try:
        letter = address_letter(
            row, "", customer, said, call.who.desk, channel=None, to=None, cc=None, is_ours=call.api.access.is_ours
        )
    except Invalid:
        return None
    to, cc = (tuple(each.address for each in letter.to if each.role == role) for role in ("to", "cc"))
    return AnswerBy(channel=letter.channel, to=to, cc=cc)


async def show_transcript(call: Call[Nothing, TranscriptFilter]) -> web.Response:
    contact = call.contact()
    position = _position(call)
    if call.seen:
        await call.api.index.wait_for_words(contact.id, call.seen, WAIT_SECONDS)
    said = call.api.index.read.transcript(contact.id, call.query.after, call.query.limit + 1)
    more = len(said) > call.query.limit
    lines = [line_of(spoken, call.api.access.picture) for spoken in said[: call.query.limit]]
    return answer(Transcript(items=lines, next=str(lines[-1].seq) if more else None), seq=position)


def encode_cursor(ordinal: int | None) -> str | None:
    if ordinal is None:
        return None
    return base64.urlsafe_b64encode(ordinal.to_bytes(8, "big")).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> int | None:
    """Raises `Invalid` for one that we did not give out."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 8:
        raise Invalid(FieldMistake("cursor", "is not one that a list gave"))
    return int.from_bytes(raw, "big", signed=True)


def _position(call: Call[Any, Any]) -> int:
    """To be taken before the read: what is read then is this young at least."""
    return call.api.index.log_position(call.who.desk.id).seq
