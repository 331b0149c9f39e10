"""What an agent is asked, and what they say."""

from aiohttp import web

from frontline.contract.ids import OfferId
from router.api.call import Call, answer
from router.api.idempotency import ask
from router.api.shape import Nothing, Offers, RejectBody
from router.core.command import AcceptOffer, RejectOffer


async def list_offers(call: Call[Nothing, Nothing]) -> web.Response:
    position = call.api.index.log_position(call.who.desk.id).seq
    return answer(Offers(items=call.api.index.read.offers(call.who.desk.id, call.who.agent.id)), seq=position)


async def accept(call: Call[Nothing, Nothing]) -> web.Response:
    offer = OfferId(call.part("id"))
    body = {"id": offer, "done": "accepted"}
    reply = await ask(call, AcceptOffer(offer=offer, agent=call.who.agent.id), body)
    return answer(body, seq=reply.seq)


async def reject(call: Call[RejectBody, Nothing]) -> web.Response:
    offer = OfferId(call.part("id"))
    body = {"id": offer, "done": "rejected"}
    reply = await ask(call, RejectOffer(offer=offer, agent=call.who.agent.id, reason=call.body.reason), body)
    return answer(body, seq=reply.seq)
