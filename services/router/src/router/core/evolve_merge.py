"""How contacts become one, and two again; a part of `evolve`, with the same promises."""

from router.core import evolve_check_in, evolve_contact, evolve_waiting
from router.core.contact import ASSIGNED, MERGED, OFFERED, WAITING
from router.core.event import ContactMerged, ContactUnmerged
from router.core.illegal import known_agent, known_contact, no
from router.core.state import DeskState


def merged(state: DeskState, event: ContactMerged) -> None:
    """Whoever took part in the one takes part in the other."""
    contact, into = known_contact(state, event.contact), known_contact(state, event.into)
    known_agent(state, event.agent)
    if contact.phase in (MERGED, OFFERED) or into.phase == MERGED or contact is into:
        no(f"contact {contact.id} can't be merged into {into.id}")
    if any(clock.running for clock in contact.clocks):
        no(f"contact {contact.id} has a clock that runs")
    if contact.phase == ASSIGNED:
        evolve_contact.release(state, contact)
    elif contact.phase == WAITING:
        state.matching.leave(contact)
    contact.phase, contact.front, contact.asked = MERGED, False, ()
    contact.live = contact.left = False
    contact.merged_into = into.id
    evolve_check_in.stop(state, contact.id)
    state.absorbed.setdefault(into.id, set()).add(contact.id)
    state.dues.arm_moment(contact, None)
    for customer in (contact.customer, *contact.others):
        if not into.has(customer):
            into.others = (*into.others, customer)


def unmerged(state: DeskState, event: ContactUnmerged) -> None:
    contact = known_contact(state, event.contact)
    known_agent(state, event.agent)
    if contact.phase != MERGED:
        no(f"contact {contact.id} is {contact.phase}, not merged")
    evolve_waiting.leave_heir(state, contact)
    contact.sticky = contact.last_agent if contact.last_agent in state.agents else None
    evolve_waiting.begin(state, contact, front=False)
