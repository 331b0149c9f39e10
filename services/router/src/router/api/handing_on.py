"""Giving a contact to somebody else, and making two of them one."""

from aiohttp import web

from router.api.call import Call, answer
from router.api.idempotency import ask
from router.api.problem import FieldMistake, Invalid
from router.api.shape import MergeBody, Nothing, TransferBody
from router.core.command import MergeContacts, TransferContact, UnmergeContact


async def transfer(call: Call[TransferBody, Nothing]) -> web.Response:
    contact = call.contact()
    if call.body.desk is not None and call.body.desk not in call.api.access.desks:
        raise Invalid(FieldMistake("$.desk", "is no desk"))
    body = {"id": contact.id, "done": "transferred"}
    command = TransferContact(
        contact=contact.id,
        agent=call.who.agent.id,
        to=call.body.agent,
        skill=call.body.skill or "",
        desk=call.body.desk,
    )
    reply = await ask(call, command, body)
    return answer(body, seq=reply.seq)


async def merge(call: Call[MergeBody, Nothing]) -> web.Response:
    contact = call.contact()
    if call.api.index.read.here(call.who.desk.id, call.body.into) is None:
        raise Invalid(FieldMistake("$.into", "is no contact of this desk"))
    body = {"id": contact.id, "done": "merged"}
    reply = await ask(call, MergeContacts(contact=contact.id, into=call.body.into, agent=call.who.agent.id), body)
    return answer(body, seq=reply.seq)


async def unmerge(call: Call[Nothing, Nothing]) -> web.Response:
    contact = call.contact()
    body = {"id": contact.id, "done": "unmerged"}
    reply = await ask(call, UnmergeContact(contact=contact.id, agent=call.who.agent.id), body)
    return answer(body, seq=reply.seq)
