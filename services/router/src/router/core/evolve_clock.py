"""How SLA clocks change, and waits with them; a part of `evolve`, with the same promises."""

from frontline.contract.ids import ContactId
from router.core import evolve_check_in, evolve_contact, evolve_escalation, evolve_waiting, waiting
from router.core.clock import DROPPED, MET, WITHDRAWN, Clock, pauses_since
from router.core.contact import ASSIGNED, OFFERED, RESOLVED, WAITING, WAITS, Contact
from router.core.escalation import BREACH
from router.core.event import LaneChanged, PromiseMade, WaitEnded, WaitStarted
from router.core.event_clock import (
    ClockBreached,
    ClockMet,
    ClockPaused,
    ClockRebased,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    ClockWithdrawn,
)
from router.core.illegal import known_contact, no
from router.core.queue import LANES
from router.core.state import DeskState
from router.core.term import FOLLOW_UP, NEXT_RESPONSE, RESOLUTION


def started(state: DeskState, event: ClockStarted) -> None:
    contact = known_contact(state, event.contact)
    current = contact.clock(event.target) if contact.clocks else None
    if event.former:
        clock = _exchanged(state, contact, current, event)
    elif current is not None and current.running:
        no(f"{event.target} of contact {contact.id} runs already")
    else:
        clock = _again(contact, current, event) if event.resumes else _new(state, contact, current, event)
    others = contact.clocks if current is None else tuple(other for other in contact.clocks if other is not current)
    contact.clocks = (*others, clock)
    _look(state, contact, clock)


def _exchanged(state: DeskState, contact: Contact, current: Clock | None, event: ClockStarted) -> Clock:
    """The clock before, as if it had not ended. The one that was there is the one before it now, unless it was
    withdrawn for good.
    """
    former = None if current is None else current.former
    if current is None or former is None or (former.started_at, former.due_at) != (event.at, event.due_at):
        return no(f"{event.target} of contact {contact.id} has nothing before it to resume")
    state.dues.disarm_clock(current)
    current.former = None
    former.former = None if current.end == DROPPED else current
    former.end, former.met_by = "", None
    return former


def _again(contact: Contact, former: Clock | None, event: ClockStarted) -> Clock:
    """The clock that ended last, or the one before it, as if it had not ended. Both may have begun in one
    millisecond: what was withdrawn for good is not the one.
    """
    for clock in (former, former and former.former):
        if clock is not None and clock.started_at == event.at and clock.end in (MET, WITHDRAWN):
            clock.end, clock.met_by = "", None
            return clock
    return no(f"{event.target} of contact {contact.id} has nothing to resume")


def _new(state: DeskState, contact: Contact, former: Clock | None, event: ClockStarted) -> Clock:
    term = state.promise_term(contact) if event.target == FOLLOW_UP else state.term(contact, event.target)
    if term is None or (term.policy, term.version) != (event.policy, event.version):
        return no(f"policy {event.policy} {event.version} promises contact {contact.id} no {event.target}")
    clock = Clock(term.target, term, event.at, event.due_at, event.warnings)
    if event.target == NEXT_RESPONSE and former is not None and former.end == MET:
        clock.former, former.former = former, None
    return clock


def warned(state: DeskState, event: ClockWarned) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if not clock.running or not clock.warnings or clock.warnings[0] != (event.fraction, event.at):
        no(f"{event.target} of contact {contact.id} does not warn at {event.fraction}")
    clock.warnings, clock.warned = clock.warnings[1:], max(clock.warned, event.fraction)
    state.dues.arm_clock(contact, clock)
    evolve_escalation.reached(state, contact, clock, event.fraction)


def paused(state: DeskState, event: ClockPaused) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if not clock.running or clock.paused or clock.missed(event.at):
        no(f"{event.target} of contact {contact.id} can't stand still from {event.at}")
    clock.pauses = (*clock.pauses, (event.at, None))
    state.dues.arm_clock(contact, clock)


def resumed(state: DeskState, event: ClockResumed) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if not clock.paused or event.at < clock.pauses[-1][0] or (clock.end and clock.target != RESOLUTION):
        no(f"{event.target} of contact {contact.id} does not stand still")
    clock.pauses = (*clock.pauses[:-1], (clock.pauses[-1][0], event.at))
    clock.end, clock.met_by = "", None
    clock.due_at, clock.warnings = event.due_at, event.warnings
    _look(state, contact, clock)


def rebased(state: DeskState, event: ClockRebased) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    term = state.terms.get((event.policy, event.target, contact.lane)) if event.started_at is None else clock.term
    if not clock.running or term is None or (term.policy, term.version) != (event.policy, event.version):
        no(f"{event.target} of contact {contact.id} can't be reckoned by policy {event.policy} {event.version}")
    if event.started_at is not None:
        clock.started_at, clock.pauses = event.started_at, pauses_since(clock.pauses, event.started_at)
    clock.term, clock.due_at, clock.warnings = term, event.due_at, event.warnings
    _look(state, contact, clock)


def breached(state: DeskState, event: ClockBreached) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if not clock.running or clock.warnings or event.at != clock.due_at:
        no(f"{event.target} of contact {contact.id} is not breached at {event.at}")
    clock.breached = True
    state.dues.arm_clock(contact, clock)
    evolve_escalation.reached(state, contact, clock, BREACH)


def met(state: DeskState, event: ClockMet) -> None:
    """A resolution that was met stands still: it may turn out to have been too early."""
    contact, clock = _clock(state, event.contact, event.target)
    if clock.end or event.late != clock.breached or (clock.missed(event.at) and not event.late):
        no(f"{event.target} of contact {contact.id} can't be met like this")
    if clock.target == RESOLUTION and not clock.paused:
        clock.pauses = (*clock.pauses, (event.at, None))
    clock.end, clock.met_by = MET, event.by
    _look(state, contact, clock)


def withdrawn(state: DeskState, event: ClockWithdrawn) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if clock.end:
        no(f"{event.target} of contact {contact.id} has ended")
    clock.end = WITHDRAWN if event.reason == RESOLVED else DROPPED
    _look(state, contact, clock)


def promise_made(state: DeskState, event: PromiseMade) -> None:
    known_contact(state, event.contact)


def lane_changed(state: DeskState, event: LaneChanged) -> None:
    contact = known_contact(state, event.contact)
    if event.lane not in LANES:
        no(f"there is no lane {event.lane}")
    contact.lane, contact.aged = state.words[event.lane], 0
    state.matching.moved(contact)
    if contact.phase in (WAITING, OFFERED):
        state.dues.arm_moment(contact, waiting.next_moment(state, contact))


def wait_started(state: DeskState, event: WaitStarted) -> None:
    contact = known_contact(state, event.contact)
    if event.state not in WAITS or contact.phase not in {WAITING, ASSIGNED, *WAITS}:
        no(f"contact {contact.id} is {contact.phase}, and can't be {event.state}")
    if contact.phase == ASSIGNED:
        evolve_contact.release(state, contact)
    elif contact.phase == WAITING:
        state.matching.leave(contact)
    contact.phase, contact.front, contact.asked = state.words[event.state], False, ()
    state.dues.arm_moment(contact, event.until)
    evolve_check_in.falls_silent(state, contact, event.at)


def wait_ended(state: DeskState, event: WaitEnded) -> None:
    contact = known_contact(state, event.contact)
    if contact.phase not in WAITS:
        no(f"contact {contact.id} is {contact.phase}, and waits for nobody")
    contact.sticky = contact.last_agent if contact.last_agent in state.agents else contact.sticky
    evolve_waiting.begin(state, contact, front=False)


def _look(state: DeskState, contact: Contact, clock: Clock) -> None:
    state.dues.arm_clock(contact, clock)
    if contact.place is not None:
        state.matching.moved(contact)


def _clock(state: DeskState, contact: ContactId, target: str) -> tuple[Contact, Clock]:
    owner = known_contact(state, contact)
    clock = owner.clock(target)
    return no(f"contact {contact} has no clock {target}") if clock is None else (owner, clock)
