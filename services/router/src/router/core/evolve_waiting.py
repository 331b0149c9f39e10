"""How waiting goes on, and ends at last; a part of `evolve`, with the same promises."""

from frontline.contract.ids import ContactId
from router.core import evolve_check_in, waiting
from router.core.contact import MERGED, OFFERED, RESOLVED, STICKY, WAITING, Contact
from router.core.event import (
    AlarmRaised,
    ContactAged,
    ContactClosed,
    ContactTransferred,
    RingOpened,
)
from router.core.illegal import known_agent, known_contact, no
from router.core.queue import HIGHEST_BY_AGE, LANES
from router.core.state import DeskState


def ring_opened(state: DeskState, event: RingOpened) -> None:
    contact = _waiting(state, event.contact)
    if not contact.ring < event.ring < len(state.rings):
        no(f"ring {event.ring} can't open for contact {contact.id}, which is in {contact.ring}")
    contact.ring = event.ring
    reline(state, contact)
    state.dues.arm_moment(contact, waiting.next_moment(state, contact))


def aged(state: DeskState, event: ContactAged) -> None:
    contact = _waiting(state, event.contact)
    if event.steps != contact.aged + 1 or LANES[contact.lane] - event.steps < HIGHEST_BY_AGE:
        no(f"contact {contact.id} can't age by {event.steps}")
    contact.aged = event.steps
    state.matching.moved(contact)
    state.dues.arm_moment(contact, waiting.next_moment(state, contact))


def alarm_raised(state: DeskState, event: AlarmRaised) -> None:
    contact = _waiting(state, event.contact)
    if contact.alarmed:
        no(f"the alarm for contact {contact.id} was raised already")
    contact.alarmed = True
    state.dues.arm_moment(contact, waiting.next_moment(state, contact))


def transferred(state: DeskState, event: ContactTransferred) -> None:
    """To whoever has the skills: from the first ring on, before all others of its lane."""
    contact = known_contact(state, event.contact)
    known_agent(state, event.by)
    if contact.phase != WAITING:
        no(f"contact {contact.id} is {contact.phase}, not waiting")
    state.matching.leave(contact)
    contact.skills, contact.sticky = tuple(sorted(set(event.skills))), None
    begin(state, contact, front=True)


def closed(state: DeskState, event: ContactClosed) -> None:
    contact = known_contact(state, event.contact)
    if contact.phase not in (RESOLVED, MERGED):
        no(f"contact {contact.id} is {contact.phase}, neither resolved nor merged")
    state.dues.arm_moment(contact, None)
    leave_heir(state, contact)
    state.escalating.pop(contact.id, None)
    evolve_check_in.forget(state, contact.id)
    del state.contacts[contact.id]
    if contact.moves:
        state.left(contact.id, None, contact.moves)
    for merged in state.absorbed.pop(contact.id, ()):
        state.dues.arm_moment(state.contacts[merged], event.at)  # what went on in it is over with it


def leave_heir(state: DeskState, contact: Contact) -> None:
    """It goes on in no other one any more, if it did."""
    heir, contact.merged_into = contact.merged_into, None
    merged = None if heir is None else state.absorbed.get(heir)
    if heir is not None and merged is not None:
        merged.discard(contact.id)
        if not merged:
            del state.absorbed[heir]


def begin(state: DeskState, contact: Contact, *, front: bool) -> None:
    """It waits from now on, in no line yet."""
    contact.phase, contact.front = WAITING, front
    contact.since, contact.aged, contact.alarmed = state.now, 0, False
    evolve_check_in.stop(state, contact.id)
    contact.ring = 0 if contact.sticky is None else STICKY
    if contact.offer_for is not None and not contact.live and waiting.inbox_of(state, contact).live:
        contact.offer_for = None  # nobody is at the other end any more: nobody is asked first
    contact.line = state.matching.line(waiting.need_of(state, contact))
    state.matching.join(contact)
    moment = waiting.next_moment(state, contact)
    if moment is not contact.moment:
        state.dues.arm_moment(contact, moment)


def reline(state: DeskState, contact: Contact) -> None:
    """What it needs has changed; its place among those who need the same has not."""
    line = state.matching.line(waiting.need_of(state, contact))
    if contact.phase == WAITING:
        state.matching.leave(contact)
        contact.line = line
        state.matching.join(contact)
    else:
        contact.line = line


def _waiting(state: DeskState, id_: ContactId) -> Contact:
    contact = known_contact(state, id_)
    if contact.phase not in (WAITING, OFFERED):
        no(f"contact {id_} is {contact.phase}, and does not wait")
    return contact
