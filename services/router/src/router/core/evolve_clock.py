"""How SLA clocks change; a part of `evolve`, with the same promises."""

from datetime import datetime

from frontline.contract.ids import ContactId
from router.core.contact import MET, WITHDRAWN, Clock, Contact
from router.core.event import ClockBreached, ClockMet, ClockStarted, ClockWarned, ClockWithdrawn
from router.core.illegal import known_contact, no
from router.core.state import DeskState


def started(state: DeskState, event: ClockStarted) -> None:
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


def warned(state: DeskState, event: ClockWarned) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if not clock.running or not clock.warnings or clock.warnings[0] != (event.fraction, event.at):
        no(f"{event.target} of contact {contact.id} does not warn at {event.fraction}")
    clock.warnings = clock.warnings[1:]
    state.dues.arm_clock(contact, clock)


def breached(state: DeskState, event: ClockBreached) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if not clock.running or clock.warnings or event.at != clock.due_at:
        no(f"{event.target} of contact {contact.id} is not breached at {event.at}")
    clock.breached = True
    state.dues.arm_clock(contact, clock)


def met(state: DeskState, event: ClockMet) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if clock.end or event.late != clock.breached or (event.at > clock.due_at and not event.late):
        no(f"{event.target} of contact {contact.id} can't be met like this")
    _end(state, contact, clock, MET)
    clock.met_by = event.by


def withdrawn(state: DeskState, event: ClockWithdrawn) -> None:
    contact, clock = _clock(state, event.contact, event.target)
    if clock.end:
        no(f"{event.target} of contact {contact.id} has ended")
    _end(state, contact, clock, WITHDRAWN)


def _end(state: DeskState, contact: Contact, clock: Clock, how: str) -> None:
    clock.end = how
    state.dues.arm_clock(contact, clock)
    state.matching.moved(contact)


def _clock(state: DeskState, contact: ContactId, target: str) -> tuple[Contact, Clock]:
    owner = known_contact(state, contact)
    clock = owner.clock(target)
    return no(f"contact {contact} has no clock {target}") if clock is None else (owner, clock)
