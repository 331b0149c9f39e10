"""How customers come and go at the other end; a part of `evolve`, with the same promises."""

from router.core import evolve_waiting, waiting
from router.core.contact import ASSIGNED, OFFERED, Contact
from router.core.event import CustomerLeft, CustomerReturned, WrapUpEnded
from router.core.illegal import known_contact, no
from router.core.leaving import end_shift
from router.core.state import DeskState


def left(state: DeskState, event: CustomerLeft) -> None:
    contact = known_contact(state, event.contact)
    if not contact.live or contact.left or contact.phase == OFFERED:
        no(f"nobody can leave contact {contact.id}: nobody is there, or it is offered")
    if event.wrap_up_until is None:
        _become(state, contact, live=False)
        return
    if contact.phase != ASSIGNED or contact.agent is None or contact.agent != event.agent:
        no(f"nobody wraps up contact {contact.id}")
    contact.left = True
    state.dues.arm_moment(contact, event.wrap_up_until)
    end_shift(state, state.agents[contact.agent])


def returned(state: DeskState, event: CustomerReturned) -> None:
    contact = known_contact(state, event.contact)
    if (contact.live and not contact.left) or contact.phase == OFFERED:
        no(f"nobody has left contact {contact.id}, or it is offered")
    if contact.left:
        contact.left = False
        state.dues.arm_moment(contact, None)
        assert contact.agent is not None
        end_shift(state, state.agents[contact.agent])
    else:
        _become(state, contact, live=True)


def wrap_up_ended(state: DeskState, event: WrapUpEnded) -> None:
    contact = known_contact(state, event.contact)
    if not contact.left or contact.agent != event.agent:
        no(f"agent {event.agent} does not wrap up contact {contact.id}")
    state.dues.arm_moment(contact, None)
    contact.left = False
    _become(state, contact, live=False)


def _become(state: DeskState, contact: Contact, *, live: bool) -> None:
    before = contact.line.need
    inbox = waiting.inbox_of(state, contact)
    contact.live = live
    contact.offer_for = inbox.offer_for if waiting.is_asked_first(inbox, live=live) else None
    evolve_waiting.reline(state, contact)
    if contact.phase == ASSIGNED:
        assert contact.agent is not None
        agent = state.agents[contact.agent]
        room = agent.room
        agent.give_back(before)
        if live and not agent.has_room(contact.line.need):
            agent.take(before)
            no(f"agent {agent.id} has no room for contact {contact.id} while somebody is there")
        agent.take(contact.line.need)
        if not agent.gone:
            state.matching.gained(agent, room)
        end_shift(state, agent)
