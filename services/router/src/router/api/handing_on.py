"""Giving a contact to somebody else."""

from aiohttp import web

from router.api.call import Call, answer
from router.api.idempotency import ask
from router.api.shape import Nothing, TransferBody
from router.core.command import TransferContact


async def transfer(call: Call[TransferBody, Nothing]) -> web.Response:
    contact = call.contact()
    body = {"id": contact.id, "done": "transferred"}
    command = TransferContact(
        contact=contact.id, agent=call.who.agent.id, to=call.body.agent, skill=call.body.skill or ""
    )
    reply = await ask(call, command, body)
    return answer(body, seq=reply.seq)
