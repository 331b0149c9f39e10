"""How somebody is erased; a part of `evolve`, with the same promises."""

from router.core import evolve_check_in
from router.core.event_erased import ContactErased, CustomerErased
from router.core.illegal import no
from router.core.state import DeskState


def contact_erased(state: DeskState, event: ContactErased) -> None:
    if event.contact in state.contacts or event.contact in state.erased:
        no(f"contact {event.contact} is not closed, or erased already")
    state.erased.add(event.contact)
    evolve_check_in.stop(state, event.contact)


def customer_erased(state: DeskState, event: CustomerErased) -> None:
    if event.customer in state.successors or state.called_now(event.successor) == event.customer:
        no(f"customer {event.customer} is erased already, or their own successor")
    state.successors[event.customer] = event.successor
    evolve_check_in.stop_all(state, event.customer)
