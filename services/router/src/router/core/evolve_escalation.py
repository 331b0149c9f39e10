"""Clocks that ask for more than to be told; a part of `evolve`, with the same promises."""

from router.core.clock import Clock
from router.core.contact import Contact
from router.core.escalation import Reached
from router.core.event_escalation import Escalated
from router.core.illegal import known_contact, no
from router.core.state import DeskState


def reached(state: DeskState, contact: Contact, clock: Clock, fraction: float) -> None:
    """The clock warns at `fraction`, or is breached: what its policy has for that is decided next."""
    for rule in clock.term.escalations:
        if rule.fraction == fraction:
            asked = state.escalating.get(contact.id, ())
            state.escalating[contact.id] = (*asked, Reached(clock.target, rule))


def escalated(state: DeskState, event: Escalated) -> None:
    contact = known_contact(state, event.contact)
    first, *others = state.escalating.get(contact.id, (None,))
    if first is None or (first.target, first.rule.fraction) != (event.target, event.fraction):
        no(f"{event.target} of contact {contact.id} asks for nothing at {event.fraction}")
    if others:
        state.escalating[contact.id] = tuple(others)
    else:
        del state.escalating[contact.id]
