"""How a contact changes: what is said in it, and who has it; a part of `evolve`, with the same promises."""

from frontline.contract.ids import AgentId, KeyHash
from frontline.contract.message import DeliveryState, Presence
from router.core import evolve_check_in, evolve_offer, waiting
from router.core.contact import ASSIGNED, OFFERED, RESOLVED, WAITING, WAITING_CUSTOMER, Contact
from router.core.event import (
    OFFER,
    ContactAssigned,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    ContactUnassigned,
    DeliveryRecorded,
    MessageReceived,
    NoteAdded,
    ReplyQueued,
)
from router.core.evolve_waiting import begin
from router.core.illegal import known_agent, known_contact, no
from router.core.leaving import look
from router.core.overlay import Placement
from router.core.queue import LANES, NOWHERE
from router.core.reason import CUSTOMER_RETURNED, ESCALATED
from router.core.state import DeskState


def opened(state: DeskState, event: ContactOpened) -> None:
    """One that is split off may be of another desk's inbox, as what it came from is."""
    own = state.inboxes.get((event.channel, event.inbox))
    inbox = own if event.split_by is None else state.inbox(event.channel, event.inbox)
    if event.contact in state.contacts:
        no(f"contact {event.contact} is open already")
    if inbox is None or event.lane not in LANES:
        no(f"contact {event.contact} is of no inbox or lane that there is")
    state.arrivals += 1
    contact = Contact(
        id=event.contact,
        channel=inbox.channel,
        inbox=inbox.id,
        customer=event.customer,
        lane=state.words[event.lane],
        line=NOWHERE,
        arrival=state.arrivals,
        linked_to=event.linked_to,
        offer_for=inbox.offer_for if waiting.is_asked_first(inbox, live=event.live) else None,
        policy=state.words[event.policy],
        skills=_sorted(state, (*inbox.skills, *event.skills)) if inbox.skills or event.skills else (),
        live=event.live,
        ours=event.ours,
        sticky=event.sticky if event.sticky in state.agents else None,
    )
    state.contacts[event.contact] = contact
    begin(state, contact, front=False)


def message_received(state: DeskState, event: MessageReceived) -> None:
    contact = known_contact(state, event.contact)
    _fresh(state, event.key)
    position = (state.epoch, state.index)
    placement = Placement(contact.id, event.message, state.words[event.threaded_by])
    state.overlay.place(event.key, placement, position)
    if event.keys:
        state.overlay.bind(event.keys, contact.id, position)
    if event.customer != contact.customer and not contact.has(event.customer):
        contact.others = (*contact.others, event.customer)
    evolve_check_in.heard(state, event)
    if event.presence is Presence.ANSWERED:
        contact.replies = (*contact.replies, (event.message, event.at))


def reply_queued(state: DeskState, event: ReplyQueued) -> None:
    contact = known_contact(state, event.contact)
    if contact.replies and any(reply == event.reply for reply, _ in contact.replies):
        no(f"reply {event.reply} was sent already")
    contact.replies = (*contact.replies, (event.reply, event.at))
    if contact.phase == WAITING_CUSTOMER:
        evolve_check_in.falls_silent(state, contact, event.at)
    if event.keys:
        state.overlay.bind(event.keys, contact.id, (state.epoch, state.index))


def note_added(state: DeskState, event: NoteAdded) -> None:
    known_contact(state, event.contact)


def delivery_recorded(state: DeskState, event: DeliveryRecorded) -> None:
    contact = known_contact(state, event.contact)
    _fresh(state, event.key)
    placement = Placement(contact.id, event.receipt, "")
    state.overlay.place(event.key, placement, (state.epoch, state.index))
    if event.state is DeliveryState.FAILED and contact.merged_into is None:
        contact.replies = tuple(sent for sent in contact.replies if sent[0] != event.reply)


def assigned(state: DeskState, event: ContactAssigned) -> None:
    contact = known_contact(state, event.contact)
    agent = known_agent(state, event.agent)
    if contact.phase != WAITING:
        no(f"contact {contact.id} is {contact.phase}, not waiting")
    if agent.gone or (event.via != OFFER and not agent.has_room(contact.line.need)):  # an offer has kept the room
        no(f"agent {agent.id} has no room for contact {contact.id}")
    state.matching.leave(contact)
    contact.phase, contact.front = ASSIGNED, False
    contact.agent = contact.last_agent = agent.id
    contact.asked = ()
    if contact.moment is not None:
        state.dues.arm_moment(contact, None)
    agent.held[contact.id] = None
    agent.take(contact.line.need)
    state.turns += 1
    agent.turn = state.turns
    state.matching.took(agent)


def unassigned(state: DeskState, event: ContactUnassigned) -> None:
    contact = known_contact(state, event.contact)
    if contact.phase != ASSIGNED or contact.agent != event.agent:
        no(f"contact {contact.id} is not with agent {event.agent}")
    release(state, contact)
    contact.sticky = _asked_first(state, contact, event)
    if event.rule == ESCALATED:  # others come first now
        contact.round, contact.asked = contact.round + 1, (event.agent,)
    begin(state, contact, front=event.front)


def resolved(state: DeskState, event: ContactResolved) -> None:
    contact = known_contact(state, event.contact)
    if contact.phase == RESOLVED:
        no(f"contact {contact.id} is resolved already")
    if contact.phase == OFFERED:
        no(f"contact {contact.id} is offered")
    for clock in contact.clocks:
        if clock.running:
            no(f"contact {contact.id} has a clock that runs")
    if contact.phase == ASSIGNED:
        release(state, contact)
    elif contact.phase == WAITING:
        state.matching.leave(contact)
    contact.phase, contact.front = RESOLVED, False
    contact.asked = ()
    contact.live = contact.left = False
    evolve_check_in.falls_silent(state, contact, event.at)
    kept = state.settings.reopen_for
    state.dues.arm_moment(contact, None if kept is None else event.at + kept)


def reopened(state: DeskState, event: ContactReopened) -> None:
    contact = known_contact(state, event.contact)
    if contact.phase != RESOLVED:
        no(f"contact {contact.id} is {contact.phase}, not resolved")
    state.arrivals += 1
    contact.arrival = state.arrivals
    contact.sticky = contact.last_agent if contact.last_agent in state.agents else None
    begin(state, contact, front=False)


def release(state: DeskState, contact: Contact) -> None:
    assert contact.agent is not None
    agent = state.agents[contact.agent]
    room = agent.room
    contact.agent = None
    del agent.held[contact.id]
    agent.give_back(contact.line.need)
    if contact.left:  # wrapping up ends with the work on it
        contact.live = contact.left = False
    if state.leaving:
        look(state, agent)
    if not agent.gone:
        state.matching.gained(agent, room)
    elif agent.empty_handed:
        evolve_offer.forget_gone(state, agent)


def _asked_first(state: DeskState, contact: Contact, event: ContactUnassigned) -> AgentId | None:
    """Whoever had it, if they gave it back only because its customer is on the line again, and have the room."""
    agent = state.agents.get(event.agent)
    if event.rule != CUSTOMER_RETURNED or agent is None:
        return None
    return agent.id if agent.has_place(waiting.inbox_of(state, contact).cost, live=True) else None


def _sorted(state: DeskState, skills: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([state.words[skill] for skill in sorted(set(skills))])


def _fresh(state: DeskState, key: KeyHash) -> None:
    if state.overlay.placement(key) is not None:
        no("a message is decided once")
