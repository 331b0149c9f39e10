"""What erasing a customer comes to, or one contact. Looks, never touches."""

from datetime import datetime

from frontline.contract.ids import ContactId
from router.core import decide_offer, sla
from router.core.command import EraseContact, EraseCustomer
from router.core.contact import MERGED, OFFERED, RESOLVED, Contact
from router.core.event import ContactClosed, ContactResolved, DeskDecision
from router.core.event_erased import ContactErased, CustomerErased
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]

CONTACTS_AT_ONCE = 32
"""So that a commit is never too large; who asks, asks again until nothing comes of it."""

ERASED = "erased"


def contact(state: DeskState, command: EraseContact, now: datetime) -> Events:
    """One that the desk has closed long since is erased, too: its words are still there."""
    if command.contact in state.erased:
        return ()
    return _erased(state, command.contact, now)


def customer(state: DeskState, command: EraseCustomer, now: datetime) -> Events:
    """All contacts that the desk holds of them, some at a time; those that it has closed are for `EraseContact`."""
    told: Events = ()
    if command.customer not in state.successors:
        told = (CustomerErased(at=now, customer=command.customer, successor=command.successor),)
    theirs = sorted(held.id for held in state.contacts.values() if held.customer == command.customer)
    return (*told, *(event for id_ in theirs[:CONTACTS_AT_ONCE] for event in _erased(state, id_, now)))


def _erased(state: DeskState, id_: ContactId, now: datetime) -> Events:
    held = state.contacts.get(id_)
    if held is None:
        return (ContactErased(at=now, contact=id_),)
    agent = held.agent if held.offer is None else held.offer.agent
    return (*_closed(held, now), ContactErased(at=now, contact=id_, agent=agent))


def _closed(held: Contact, now: datetime) -> Events:
    """What ran is withdrawn, what is on record stays, and the desk forgets the contact."""
    withdrawn = [decide_offer.withdrawn(held, now, ERASED)] if held.phase == OFFERED else []
    resolved = [] if held.phase in (RESOLVED, MERGED) else [ContactResolved(at=now, contact=held.id)]
    return (*sla.stopped(held, now, ERASED), *withdrawn, *resolved, ContactClosed(at=now, contact=held.id))
