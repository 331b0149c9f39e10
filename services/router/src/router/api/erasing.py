"""Erasing a customer, or one contact: for agents whose configuration says that they may.

The answer comes once the desk has decided it: from then on nobody is shown anything, and nothing leads there. The
stores follow (`router.desk.eraser`).
"""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from frontline.contract.erasure import Name
from frontline.contract.ids import CustomerId
from router.api.call import Call, answer
from router.api.idempotency import ask
from router.api.problem import Declined, not_found
from router.api.shape import Nothing
from router.core.command import EraseContact, EraseCustomer
from router.desk.erasing_customers import successor_of
from router.index.search import ContactQuery

ERASE = "erase"


async def erase_contact(call: Call[Nothing, Nothing]) -> web.Response:
    _check(call)
    contact = call.contact()
    for desk in sorted(call.api.access.desks):  # it may have been there, or be there; and if nobody asks again
        await call.api.journal.ask_for(Name(desk, "contact", contact.id), call.api.clock())
    body = {"id": contact.id, "done": "erased"}
    reply = await ask(call, EraseContact(contact=contact.id), body)
    call.api.log.info("api.erased", contact=contact.id, agent=call.who.agent.id)
    return answer(body, status=HTTPStatus.ACCEPTED, seq=reply.seq)


async def erase_customer(call: Call[Nothing, Nothing]) -> web.Response:
    """With everybody who proved to be the same person, at every desk. All desks are asked first, in the journal,
    so that none of it is lost if we end here, and none of it is left half done.
    """
    _check(call)
    api, customer = call.api, CustomerId(call.part("id"))
    if not api.index.read.contacts(ContactQuery(desk=call.who.desk.id, customer=customer, limit=1)).contacts:
        raise not_found("customer")
    now = api.clock()
    for desk in sorted(api.access.desks):
        for each in (customer, *api.index.read.same_person(customer)):
            await api.journal.ask_for(Name(desk, "customer", each), now, successor=successor_of(api.signer, each))
    body = {"id": customer, "done": "erased"}
    reply = await ask(call, EraseCustomer(customer=customer, successor=successor_of(api.signer, customer)), body)
    api.log.info("api.erased", customer=customer, agent=call.who.agent.id)
    return answer(body, status=HTTPStatus.ACCEPTED, seq=reply.seq)


def _check(call: Call[Any, Any]) -> None:
    if ERASE not in call.who.agent.may:
        detail = f'This takes a right that you do not have: `may = ["{ERASE}"]` in the configuration.'
        raise Declined(HTTPStatus.FORBIDDEN, detail)
