"""How contacts go from desk to desk; a part of `evolve`, with the same promises."""

from router.core import evolve_check_in, evolve_waiting, waiting
from router.core.contact import ASSIGNED, OFFERED, TRANSFERRING, WAITING, Contact
from router.core.escalation import Reached
from router.core.event_transfer import ContactTaken, TransferBegun, TransferRecovered, TransferRefused, TransferTaken
from router.core.gone import KEPT
from router.core.illegal import known_agent, known_contact, no
from router.core.need import Need
from router.core.packing import unpacked
from router.core.queue import LANES
from router.core.state import DeskState

_SOMEBODYS = (ASSIGNED, OFFERED)


def begun(state: DeskState, event: TransferBegun) -> None:
    contact = known_contact(state, event.contact)
    known_agent(state, event.by)
    if contact.phase != WAITING or event.desk == state.desk:
        no(f"contact {contact.id} is {contact.phase}, and can't be given to desk {event.desk}")
    state.matching.leave(contact)
    contact.phase, contact.front, contact.asked = TRANSFERRING, False, ()
    contact.bound_for, contact.last_sender = event.desk, event.by
    patience = state.settings.transfer_within
    state.dues.arm_moment(contact, None if patience is None else event.at + patience)


def refused(state: DeskState, event: TransferRefused) -> None:
    contact = _bound(state, event)
    contact.bound_for, contact.sticky = None, None
    evolve_waiting.begin(state, contact, front=True)


def taken(state: DeskState, event: TransferTaken) -> None:
    """It is the other desk's. Clocks, and whatever else would come due, are not ours any more."""
    _let_go(state, _bound(state, event), event, event.parcel.moves)


def recovered(state: DeskState, event: TransferRecovered) -> None:
    """It has long been the other desk's. Nobody has it here, and nobody is asked to take it."""
    contact = known_contact(state, event.contact)
    if contact.phase in _SOMEBODYS or contact.moves >= event.moves or event.desk == state.desk:
        no(f"contact {contact.id} is {contact.phase} here, and can't be at desk {event.desk}")
    if contact.phase == WAITING:
        state.matching.leave(contact)
    evolve_waiting.leave_heir(state, contact)
    _let_go(state, contact, event, event.moves)


def _let_go(state: DeskState, contact: Contact, event: TransferTaken | TransferRecovered, moves: int) -> None:
    state.dues.arm_moment(contact, None)
    for clock in contact.clocks:
        state.dues.disarm_clock(clock)
    del state.contacts[contact.id]
    state.escalating.pop(contact.id, None)
    evolve_check_in.forget(state, contact.id)
    for merged in state.absorbed.get(contact.id, ()):
        state.dues.arm_moment(state.contacts[merged], event.at + KEPT)  # messages to it are sent on as long
    state.left(contact.id, event.desk, moves)


def arrived(state: DeskState, event: ContactTaken) -> None:
    parcel, guest = event.parcel, event.parcel.guest
    if event.contact in state.contacts or parcel.lane not in LANES:
        no(f"contact {event.contact} is here already, or in no lane that there is")
    clocks = unpacked(state, parcel)
    state.welcome(guest)
    inbox = state.inbox(guest.inbox.channel, guest.inbox.id) or guest.inbox
    state.arrivals += 1
    contact = Contact(
        id=event.contact,
        channel=inbox.channel,
        inbox=inbox.id,
        customer=parcel.customer,
        lane=state.words[parcel.lane],
        line=state.matching.line(Need((), inbox.cost)),
        arrival=state.arrivals,
        linked_to=parcel.linked_to,
        others=parcel.others,
        clocks=clocks,
        replies=parcel.replies,
        offer_for=inbox.offer_for if waiting.is_asked_first(inbox, live=parcel.live) else None,
        policy=state.words[parcel.policy],
        skills=tuple(state.words[skill] for skill in event.skills),
        live=parcel.live,
        offers=parcel.offers,
        ours=parcel.ours,
        moves=parcel.moves,
        trail=parcel.trail,
    )
    state.contacts[contact.id] = contact
    state.elsewhere.pop(contact.id, None)
    state.overlay.came(contact.id, (state.epoch, state.index))
    if parcel.reached:
        state.escalating[contact.id] = tuple(Reached(target, rule) for target, rule in parcel.reached)
    if parcel.checked_in:
        state.check_ins.done[contact.id] = tuple(state.words[rule] for rule in parcel.checked_in)
    for merged in state.absorbed.get(contact.id, ()):
        state.dues.arm_moment(state.contacts[merged], None)
    for clock in clocks:
        if not (clock.end or clock.breached):
            state.dues.arm_clock(contact, clock)
    evolve_waiting.begin(state, contact, front=True)


def _bound(state: DeskState, event: TransferRefused | TransferTaken) -> Contact:
    contact = known_contact(state, event.contact)
    if contact.phase != TRANSFERRING or contact.bound_for != event.desk:
        no(f"desk {event.desk} is not asked to take contact {contact.id}")
    return contact
