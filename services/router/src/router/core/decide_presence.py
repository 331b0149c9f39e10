"""What follows when a customer comes on the line, and when they leave it. Looks, never touches."""

from datetime import datetime

from router.core import decide_offer, waiting
from router.core.contact import ASSIGNED, OFFERED, Contact
from router.core.event import ContactUnassigned, CustomerLeft, CustomerReturned, DeskDecision
from router.core.reason import CUSTOMER_RETURNED
from router.core.state import DeskState


def left(state: DeskState, contact: Contact, now: datetime) -> list[DeskDecision]:
    """Nobody is asked to speak with an empty line; whoever spoke gets time to wrap up."""
    if not contact.live or contact.left:
        return []
    if contact.phase == OFFERED:
        return [
            decide_offer.withdrawn(contact, now, "customer_left"),
            CustomerLeft(at=now, contact=contact.id),
        ]
    wrap_up = waiting.inbox_of(state, contact).wrap_up
    if contact.phase != ASSIGNED or wrap_up is None:
        return [CustomerLeft(at=now, contact=contact.id)]
    return [CustomerLeft(at=now, contact=contact.id, agent=contact.agent, wrap_up_until=now + wrap_up)]


def came(state: DeskState, contact: Contact, *, calls: bool, now: datetime) -> list[DeskDecision]:
    """Whoever holds the contact goes on with it if they are there and have the room. A call has to be put
    through: they are asked, as for a new one, and before everybody else.
    """
    inbox = waiting.inbox_of(state, contact)
    if not inbox.live:
        return []
    returned = [] if contact.live and not contact.left else [CustomerReturned(at=now, contact=contact.id)]
    if contact.phase == OFFERED and returned:
        return [decide_offer.withdrawn(contact, now, CUSTOMER_RETURNED), *returned]
    if contact.phase != ASSIGNED or (not returned and not calls):
        return list(returned)
    assert contact.agent is not None
    agent = state.agents[contact.agent]
    more = 0 if contact.live else inbox.cost
    if agent.present and not calls and agent.room.live >= more:
        return list(returned)
    back = ContactUnassigned(at=now, contact=contact.id, agent=agent.id, rule=CUSTOMER_RETURNED, front=True)
    return [back] if contact.live and contact.left is False else [back, CustomerReturned(at=now, contact=contact.id)]
