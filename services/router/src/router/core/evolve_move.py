"""How messages go from one contact to another; a part of `evolve`, with the same promises."""

from router.core.contact import MERGED
from router.core.event_move import MessagesMoved, MessagesTaken
from router.core.illegal import known_agent, known_contact, no
from router.core.overlay import Placement
from router.core.state import DeskState


def moved(state: DeskState, event: MessagesMoved) -> None:
    contact, to = known_contact(state, event.contact), known_contact(state, event.to)
    known_agent(state, event.agent)
    if MERGED in (contact.phase, to.phase) or contact is to:
        no(f"messages of contact {contact.id} can't be moved to {to.id}")
    gone = frozenset(event.items)
    contact.replies = tuple(sent for sent in contact.replies if sent[0] not in gone)
    contact.moved = (state.epoch, state.index)


def taken(state: DeskState, event: MessagesTaken) -> None:
    contact, position = known_contact(state, event.contact), (state.epoch, state.index)
    known_agent(state, event.agent)
    here = {reply for reply, _ in contact.replies}
    if contact.phase == MERGED or any(reply in here for reply, _ in event.replies):
        no(f"contact {contact.id} can't take these messages")
    contact.replies = tuple(sorted((*contact.replies, *event.replies), key=lambda sent: sent[1]))
    contact.moved = position
    for item in event.items:
        if item.key is not None:
            state.overlay.place(item.key, Placement(contact.id, item.id, ""), position)
        state.overlay.bind(item.binds, contact.id, position)
        if item.customer is not None and not contact.has(item.customer):
            contact.others = (*contact.others, item.customer)
