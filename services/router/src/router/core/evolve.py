"""The only place where a desk changes. An event says what has happened; here it becomes so.

Each step checks first and changes then: an event that can't have happened raises `IllegalEvent` and
leaves everything as it was. Nothing is asked but the state and the event.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from frontline.contract.ids import ContactId, KeyHash
from frontline.contract.message import DeliveryState
from router.core import evolve_offer
from router.core.capacity import AVAILABLE, OFFLINE, STATES, Agent
from router.core.commit import Outcome
from router.core.contact import ASSIGNED, MET, OFFERED, RESOLVED, WAITING, WITHDRAWN, Clock, Contact
from router.core.event import (
    OFFER,
    AgentSettings,
    AvailabilityChanged,
    ClockBreached,
    ClockMet,
    ClockStarted,
    ClockWarned,
    ClockWithdrawn,
    ConfigChanged,
    ContactAssigned,
    ContactOffered,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    ContactUnassigned,
    DeliveryRecorded,
    DeskDecision,
    IndexFloorRaised,
    MessageReceived,
    NoteAdded,
    OfferAccepted,
    OfferRejected,
    OfferRenewed,
    OfferTimedOut,
    OfferWithdrawn,
    ReplyQueued,
)
from router.core.illegal import known_agent, known_contact, no
from router.core.overlay import Placement
from router.core.queue import LANES
from router.core.settings import faults
from router.core.state import DeskState


def begin_commit(state: DeskState, epoch: int, index: int, now: datetime) -> None:
    """The head of a commit: it must be the next one of its epoch, or the first of a later one."""
    follows = (epoch == state.epoch and index == state.index + 1) or (epoch > state.epoch and index == 1)
    if not follows:
        no(f"commit {epoch}.{index} does not follow {state.epoch}.{state.index}")
    if now < state.now:
        no(f"commit {epoch}.{index} is of {now}, before {state.now}")
    state.begin(epoch, index, now)


def remember_outcome(state: DeskState, outcome: Outcome) -> None:
    """What the command of the commit that was begun is answered with."""
    if state.outcome(outcome.request) is not None:
        no("a request is answered once")
    state.remember(outcome)


def evolve(state: DeskState, event: DeskDecision) -> None:
    """Make it so. Raises `IllegalEvent`."""
    _STEPS[type(event)](state, event)


def _config_changed(state: DeskState, event: ConfigChanged) -> None:
    settings = event.settings
    if settings.version <= state.settings.version:
        no(f"settings {settings.version} are not newer than {state.settings.version}")
    if found := faults(settings):
        no("; ".join(found))
    state.configure(settings)
    named = {agent.id for agent in settings.agents}
    for agent in [agent for agent in state.agents.values() if agent.id not in named]:
        state.dues.arm_availability(agent, None)
        if agent.empty_handed:
            evolve_offer.forget_gone(state, agent)
        else:
            agent.gone, agent.state, agent.missed = True, OFFLINE, 0
            state.leaving.add(agent.id)
            evolve_offer.look(state, agent)
    for wanted in settings.agents:
        _employ(state, wanted)
    state.matching.staff(agent for agent in state.agents.values() if not agent.gone)


def _employ(state: DeskState, wanted: AgentSettings) -> None:
    agent = state.agents.get(wanted.id)
    first_state = AVAILABLE if wanted.available else OFFLINE
    if agent is None:
        state.turns += 1
        state.agents[wanted.id] = Agent(wanted.id, wanted.capacity, frozenset(wanted.skills), first_state, state.turns)
        return
    agent.capacity, agent.skills = wanted.capacity, frozenset(wanted.skills)
    if agent.gone:
        agent.gone, agent.state = False, first_state
        state.leaving.discard(agent.id)
        evolve_offer.look(state, agent)


def _availability_changed(state: DeskState, event: AvailabilityChanged) -> None:
    agent = known_agent(state, event.agent)
    if agent.gone or event.state not in STATES:
        no(f"agent {agent.id} can't be {event.state}")
    state.dues.arm_availability(agent, event.until)
    back = event.state == AVAILABLE and agent.state != AVAILABLE
    agent.state, agent.missed = event.state, 0
    evolve_offer.look(state, agent)
    if back:
        state.turns += 1
        agent.turn = state.turns
        state.matching.gained(agent, 0)


def _contact_opened(state: DeskState, event: ContactOpened) -> None:
    inbox = state.inbox(event.channel, event.inbox)
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
        lane=state.word(event.lane),
        line=state.matching.line(tuple(sorted(set(inbox.skills))), inbox.cost),
        arrival=state.arrivals,
        linked_to=event.linked_to,
        offer_for=inbox.offer_for,
    )
    state.contacts[event.contact] = contact
    state.matching.join(contact)


def _message_received(state: DeskState, event: MessageReceived) -> None:
    contact = known_contact(state, event.contact)
    _fresh(state, event.key)
    position = (state.epoch, state.index)
    placement = Placement(contact.id, event.message, state.word(event.threaded_by))
    state.overlay.place(event.key, placement, position)
    state.overlay.bind(event.keys, contact.id, position)
    if not contact.has(event.customer):
        contact.others = (*contact.others, event.customer)


def _reply_queued(state: DeskState, event: ReplyQueued) -> None:
    contact = known_contact(state, event.contact)
    if any(reply == event.reply for reply, _ in contact.replies):
        no(f"reply {event.reply} was sent already")
    contact.replies = (*contact.replies, (event.reply, event.at))
    state.overlay.bind(event.keys, contact.id, (state.epoch, state.index))


def _note_added(state: DeskState, event: NoteAdded) -> None:
    known_contact(state, event.contact)


def _delivery_recorded(state: DeskState, event: DeliveryRecorded) -> None:
    contact = known_contact(state, event.contact)
    _fresh(state, event.key)
    placement = Placement(contact.id, event.receipt, "")
    state.overlay.place(event.key, placement, (state.epoch, state.index))
    if event.state is DeliveryState.FAILED:
        contact.replies = tuple(sent for sent in contact.replies if sent[0] != event.reply)


def _contact_assigned(state: DeskState, event: ContactAssigned) -> None:
    contact = known_contact(state, event.contact)
    agent = known_agent(state, event.agent)
    if contact.phase != WAITING:
        no(f"contact {contact.id} is {contact.phase}, not waiting")
    if agent.gone or (event.via != OFFER and agent.room < contact.line.cost):  # an offer has kept the room
        no(f"agent {agent.id} has no room for contact {contact.id}")
    state.matching.leave(contact)
    contact.phase, contact.front = ASSIGNED, False
    contact.agent = contact.last_agent = agent.id
    contact.asked = ()
    agent.held[contact.id] = None
    agent.load += contact.line.cost
    state.turns += 1
    agent.turn = state.turns
    state.matching.took(agent)


def _contact_unassigned(state: DeskState, event: ContactUnassigned) -> None:
    contact = known_contact(state, event.contact)
    if contact.phase != ASSIGNED or contact.agent != event.agent:
        no(f"contact {contact.id} is not with agent {event.agent}")
    _release(state, contact)
    _wait(state, contact, front=event.front)


def _contact_resolved(state: DeskState, event: ContactResolved) -> None:
    contact = known_contact(state, event.contact)
    if contact.phase == RESOLVED:
        no(f"contact {contact.id} is resolved already")
    if contact.phase == OFFERED or any(clock.running for clock in contact.clocks):
        no(f"contact {contact.id} has a clock that runs, or is offered")
    if contact.phase == ASSIGNED:
        _release(state, contact)
    else:
        state.matching.leave(contact)
    contact.phase, contact.front = RESOLVED, False
    contact.asked = ()


def _contact_reopened(state: DeskState, event: ContactReopened) -> None:
    contact = known_contact(state, event.contact)
    if contact.phase != RESOLVED:
        no(f"contact {contact.id} is {contact.phase}, not resolved")
    state.arrivals += 1
    contact.arrival = state.arrivals
    _wait(state, contact, front=False)


def _clock_started(state: DeskState, event: ClockStarted) -> None:
    contact = known_contact(state, event.contact)
    former = contact.clock(event.target)
    if former is not None and former.running:
        no(f"{event.target} of contact {contact.id} runs already")
    if event.resumes:
        if former is None or not former.end or former.started_at != event.at:
            no(f"{event.target} of contact {contact.id} has nothing to resume")
        former.end, former.met_by = "", None
        clock = former
    else:
        clock = Clock(
            state.word(event.target),
            state.word(event.policy),
            event.version,
            state.word(event.calendar),
            event.at,
            event.due_at,
            event.warnings,
            _lean(event),
        )
        contact.clocks = (*(other for other in contact.clocks if other is not former), clock)
    state.dues.arm_clock(contact, clock)
    state.matching.moved(contact)


def _lean(event: ClockStarted) -> tuple[tuple[datetime, datetime], ...]:
    """The intervals; the one of a calendar that never closes is made of the clock's own two instants."""
    whole = (event.at, event.due_at)
    return (whole,) if event.intervals == (whole,) else event.intervals


def _clock_warned(state: DeskState, event: ClockWarned) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if not clock.running or not clock.warnings or clock.warnings[0] != (event.fraction, event.at):
        no(f"{event.target} of contact {contact.id} does not warn at {event.fraction}")
    clock.warnings = clock.warnings[1:]
    state.dues.arm_clock(contact, clock)


def _clock_breached(state: DeskState, event: ClockBreached) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if not clock.running or clock.warnings or event.at != clock.due_at:
        no(f"{event.target} of contact {contact.id} is not breached at {event.at}")
    clock.breached = True
    state.dues.arm_clock(contact, clock)


def _clock_met(state: DeskState, event: ClockMet) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if clock.end or event.late != clock.breached or (event.at > clock.due_at and not event.late):
        no(f"{event.target} of contact {contact.id} can't be met like this")
    _end(state, contact, clock, MET)
    clock.met_by = event.by


def _clock_withdrawn(state: DeskState, event: ClockWithdrawn) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if clock.end:
        no(f"{event.target} of contact {contact.id} has ended")
    _end(state, contact, clock, WITHDRAWN)


def _index_floor_raised(state: DeskState, event: IndexFloorRaised) -> None:
    floor = (event.epoch, event.index)
    if not state.overlay.floor < floor <= (state.epoch, state.index):
        no(f"the floor can't be raised from {state.overlay.floor} to {floor}")
    state.overlay.raise_floor(floor)


def _release(state: DeskState, contact: Contact) -> None:
    assert contact.agent is not None
    agent = state.agents[contact.agent]
    room = agent.room
    contact.agent = None
    del agent.held[contact.id]
    agent.load -= contact.line.cost
    if not agent.gone:
        state.matching.gained(agent, room)
    elif agent.empty_handed:
        evolve_offer.forget_gone(state, agent)


def _wait(state: DeskState, contact: Contact, *, front: bool) -> None:
    contact.phase, contact.front = WAITING, front
    state.matching.join(contact)


def _end(state: DeskState, contact: Contact, clock: Clock, how: str) -> None:
    clock.end = how
    state.dues.arm_clock(contact, clock)
    state.matching.moved(contact)


def _clock(state: DeskState, contact: ContactId, target: str) -> tuple[Contact, Clock]:
    owner = known_contact(state, contact)
    clock = owner.clock(target)
    return no(f"contact {contact} has no clock {target}") if clock is None else (owner, clock)


def _fresh(state: DeskState, key: KeyHash) -> None:
    if state.overlay.placement(key) is not None:
        no("a message is decided once")


_STEPS: Mapping[type, Callable[[DeskState, Any], None]] = {
    ConfigChanged: _config_changed,
    AvailabilityChanged: _availability_changed,
    ContactOpened: _contact_opened,
    MessageReceived: _message_received,
    ReplyQueued: _reply_queued,
    NoteAdded: _note_added,
    DeliveryRecorded: _delivery_recorded,
    ContactAssigned: _contact_assigned,
    ContactUnassigned: _contact_unassigned,
    ContactOffered: evolve_offer.offered,
    OfferAccepted: evolve_offer.accepted,
    OfferRejected: evolve_offer.rejected,
    OfferTimedOut: evolve_offer.timed_out,
    OfferWithdrawn: evolve_offer.withdrawn,
    OfferRenewed: evolve_offer.renewed,
    ContactResolved: _contact_resolved,
    ContactReopened: _contact_reopened,
    ClockStarted: _clock_started,
    ClockWarned: _clock_warned,
    ClockBreached: _clock_breached,
    ClockMet: _clock_met,
    ClockWithdrawn: _clock_withdrawn,
    IndexFloorRaised: _index_floor_raised,
}
