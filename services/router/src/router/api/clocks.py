"""What agents say that clocks go by: whom a contact waits for, what they promised, how urgent it is."""

from aiohttp import web

from router.api.call import Call, answer
from router.api.clock_shape import LaneBody, PromiseBody, WaitBody
from router.api.compose import note_draft
from router.api.idempotency import ask, id_for
from router.api.instant import instant_ahead
from router.api.shape import Nothing
from router.api.writing import keep
from router.core.command import ChangeLane, Promise, WaitFor
from router.index.row import stamp


async def wait(call: Call[WaitBody, Nothing]) -> web.Response:
    contact = call.contact()
    until = None if call.body.until is None else instant_ahead("$.until", call.body.until, call.api.clock())
    state = f"waiting_{call.body.who}"
    body = {"id": contact.id, "state": state, "until": stamp(until) if until else None}
    command = WaitFor(contact=contact.id, agent=call.who.agent.id, state=state, until=until)
    reply = await ask(call, command, body)
    return answer(body, seq=reply.seq)


async def promise(call: Call[PromiseBody, Nothing]) -> web.Response:
    contact, now = call.contact(), call.api.clock()
    due_at = instant_ahead("$.due_at", call.body.due_at, now)
    id_ = id_for(call, contact.id, "p")
    text = f"Promised for {stamp(due_at)}: {call.body.text}"
    draft = note_draft(id_=id_, contact=contact, who=call.who, text=text, now=now)
    command = Promise(
        contact=contact.id, agent=call.who.agent.id, due_at=due_at, note=id_, draft=await keep(call, draft)
    )
    body = {"id": id_, "contact": contact.id}
    reply = await ask(call, command, body)
    return answer(body, status=201, seq=reply.seq)


async def change_lane(call: Call[LaneBody, Nothing]) -> web.Response:
    contact = call.contact()
    body = {"id": contact.id, "lane": call.body.lane}
    command = ChangeLane(contact=contact.id, agent=call.who.agent.id, lane=call.body.lane, reason=call.body.reason)
    reply = await ask(call, command, body)
    return answer(body, seq=reply.seq)
