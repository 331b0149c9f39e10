"""Resolving and reopening contacts."""

from aiohttp import web

from router.api.call import Call, answer
from router.api.idempotency import ask
from router.api.shape import Nothing
from router.core.command import ReopenContact, ResolveContact


async def resolve(call: Call[Nothing, Nothing]) -> web.Response:
    contact = call.contact()
    body = {"id": contact.id, "done": "resolved"}
    reply = await ask(call, ResolveContact(contact=contact.id, agent=call.who.agent.id), body)
    return answer(body, seq=reply.seq)


async def reopen(call: Call[Nothing, Nothing]) -> web.Response:
    contact = call.contact()
    body = {"id": contact.id, "done": "reopened"}
    reply = await ask(call, ReopenContact(contact=contact.id, agent=call.who.agent.id), body)
    return answer(body, seq=reply.seq)
