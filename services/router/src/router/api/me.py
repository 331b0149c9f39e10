"""An agent's own availability."""

from aiohttp import web

from router.api.call import Call, answer
from router.api.idempotency import ask
from router.api.instant import instant_ahead
from router.api.shape import AvailabilityBody, Nothing
from router.core.command import SetAvailability
from router.index.row import stamp


async def show_availability(call: Call[Nothing, Nothing]) -> web.Response:
    position = call.api.index.log_position(call.who.desk.id).seq
    row = call.api.index.read.agents(call.who.desk.id).get(call.who.agent.id)
    state, until, reason = (row.state, row.until, row.reason) if row else ("offline", None, "")
    return answer({"state": state, "until": until, "reason": reason}, seq=position)


async def set_availability(call: Call[AvailabilityBody, Nothing]) -> web.Response:
    until = instant_ahead("$.until", call.body.until, call.api.clock()) if call.body.until is not None else None
    body = {"state": call.body.state, "until": stamp(until) if until else None, "reason": ""}
    command = SetAvailability(agent=call.who.agent.id, state=call.body.state, until=until)
    reply = await ask(call, command, body)
    return answer(body, seq=reply.seq)
