"""Whether a contact's customer is written to when nothing is heard of them: an agent may say so for them."""

from aiohttp import web

from router.api.call import Call, answer
from router.api.check_in_shape import CheckInsBody
from router.api.shape import Nothing
from router.desk.opt_out import OptOuts


async def show_check_ins(call: Call[Nothing, Nothing]) -> web.Response:
    contact = call.contact()
    wanted = not await OptOuts(call.api.bus).holds(contact.customer)
    return answer({"customer": contact.customer, "wanted": wanted})


async def set_check_ins(call: Call[CheckInsBody, Nothing]) -> web.Response:
    """The same again changes nothing. What is due is asked at that moment, so this holds at once."""
    contact = call.contact()
    await OptOuts(call.api.bus).put(contact.customer, wants_none=not call.body.wanted)
    return answer({"customer": contact.customer, "wanted": call.body.wanted})
