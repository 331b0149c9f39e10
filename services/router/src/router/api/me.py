"""An agent's own availability."""

from datetime import UTC, datetime

from aiohttp import web

from frontline.contract.codec import to_milliseconds
from router.api.call import Call, answer
from router.api.idempotency import ask
from router.api.problem import FieldMistake, Invalid
from router.api.shape import AvailabilityBody, Nothing
from router.core.command import SetAvailability
from router.index.row import stamp


async def show_availability(call: Call[Nothing, Nothing]) -> web.Response:
    position = call.api.index.log_position(call.who.desk.id).seq
    row = call.api.index.read.agents(call.who.desk.id).get(call.who.agent.id)
    state, until, reason = (row.state, row.until, row.reason) if row else ("offline", None, "")
    return answer({"state": state, "until": until, "reason": reason}, seq=position)


async def set_availability(call: Call[AvailabilityBody, Nothing]) -> web.Response:
    until = _instant(call.body.until, call.api.clock()) if call.body.until is not None else None
    body = {"state": call.body.state, "until": stamp(until) if until else None, "reason": ""}
    command = SetAvailability(agent=call.who.agent.id, state=call.body.state, until=until)
    reply = await ask(call, command, body)
    return answer(body, seq=reply.seq)


def _instant(text: str, now: datetime) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(FieldMistake("$.until", "must be a date and time as in RFC 3339")) from None
    if instant.tzinfo is None:
        raise Invalid(FieldMistake("$.until", "needs its offset from UTC, or Z"))
    if instant <= now:
        raise Invalid(FieldMistake("$.until", "lies in the past"))
    return to_milliseconds(instant.astimezone(UTC))
