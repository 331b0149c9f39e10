"""The SLA clocks of a contact: which start, stand still, go on and end with what happens to it. All as events."""

from collections.abc import Iterator
from datetime import datetime

from frontline.contract.ids import ContactId, MessageId
from router.core.clock import MET, WITHDRAWN, Clock
from router.core.contact import RESOLVED, Contact
from router.core.event import DeskDecision, LaneChanged
from router.core.event_clock import (
    ClockBreached,
    ClockPaused,
    ClockStarted,
    ClockWarned,
)
from router.core.queue import LANES
from router.core.sla_clock import (
    met,
    overdue,
    passed,
    reckoned,
    resumed,
    runs_on,
    started,
    time_used,
    withdrawn,
)
from router.core.state import DeskState
from router.core.term import FIRST_RESPONSE, FOLLOW_UP, NEXT_RESPONSE, RESOLUTION

REOPENED = "reopened"
REPLACED = "replaced"

BY_ANSWER = (FIRST_RESPONSE, NEXT_RESPONSE, FOLLOW_UP)
"""What a public reply meets."""


def opened(state: DeskState, contact: ContactId, policy: str, lane: str, at: datetime) -> list[ClockStarted]:
    """A person's message opens a contact: what is promised from here."""
    events = []
    for target in (FIRST_RESPONSE, RESOLUTION):
        term = state.terms.get((policy, target, lane))
        if term is not None:
            events.append(started(term, contact, at))
    return events


def raised(contact: Contact, clock: Clock, told: ClockWarned | ClockBreached) -> Iterator[LaneChanged]:
    """What the policy does about a warning or a breach: the contact comes before others. It is the same clock
    still: the times of the lane are for those who were put there.
    """
    reached = told.fraction if isinstance(told, ClockWarned) else 1.0
    for fraction, lane in clock.term.raises:
        if fraction == reached and LANES[lane] < LANES[contact.lane]:
            reason = f"{clock.target} at {reached:g}" if reached < 1 else f"{clock.target} breached"
            yield LaneChanged(at=told.at, contact=contact.id, lane=lane, reason=reason)
            return


def replied(contact: Contact, at: datetime, reply: MessageId) -> list[DeskDecision]:
    """A person answered in public: a reply, or a call that was taken."""
    events: list[DeskDecision] = []
    for clock in contact.clocks:
        if not clock.end and clock.target in BY_ANSWER:
            events += met(contact.id, clock, at, reply)
    return events


def heard(state: DeskState, contact: Contact, at: datetime) -> list[DeskDecision]:
    """A person (or a machine on its own) wrote to a contact that exists: what starts with it. Everything up
    to the next answer is one clock.
    """
    target = NEXT_RESPONSE if contact.replies and not _never_answered(contact) else FIRST_RESPONSE
    wanted = [target] if contact.clock(RESOLUTION) else [target, RESOLUTION]
    if not _may_begin(contact, FIRST_RESPONSE if target == NEXT_RESPONSE else NEXT_RESPONSE):
        wanted.remove(target)  # what is open is the other one: messages were moved, or a reply before it failed
    terms = ((each, state.term(contact, each)) for each in wanted)
    return [started(term, contact.id, at) for each, term in terms if term is not None and _may_begin(contact, each)]


def _never_answered(contact: Contact) -> bool:
    """Our first word was no answer. What was said since they asked is, also if the contact was resolved before."""
    first = contact.clock(FIRST_RESPONSE)
    return contact.ours and (first is None or (first.end != MET and not _answered(contact, first)))


def _may_begin(contact: Contact, target: str) -> bool:
    former = contact.clock(target)
    return former is None or bool(former.end) or (former.breached and contact.phase == RESOLVED)


def promised(state: DeskState, contact: Contact, at: datetime, due_at: datetime) -> list[DeskDecision]:
    """An agent promised to be back by then. The promise that was open is no more."""
    former = contact.clock(FOLLOW_UP)
    events = [] if former is None else withdrawn(contact.id, former, at, REPLACED)
    return [*events, started(state.promise_term(contact), contact.id, at, due_at)]


def resolved(contact: Contact, at: datetime) -> list[DeskDecision]:
    """The contact is done with: that meets its resolution, and nobody will meet the others any more.
    A breach on record stays, and needs no other end.
    """
    events: list[DeskDecision] = []
    for clock in contact.clocks:
        if clock.end:
            continue
        if clock.target == RESOLUTION:
            events += met(contact.id, clock, at, None)
        elif not clock.breached:
            events += withdrawn(contact.id, clock, at, RESOLVED)
    return events


def reopened(contact: Contact, at: datetime) -> list[DeskDecision]:
    """Reopened by an agent: what the resolving withdrew runs on, unless it was answered since."""
    again = unanswered(contact)
    if (
        FIRST_RESPONSE in again
    ):  # a reply that has failed since was between them: all of it is one row without an answer
        again.pop(NEXT_RESPONSE, None)
    events: list[DeskDecision] = []
    for clock in again.values():
        events += runs_on(contact.id, clock, at, REOPENED)
    return [*events, *unresolved(contact, at)]


def unanswered(contact: Contact, failed: MessageId | None = None) -> dict[str, Clock]:
    """What the resolving withdrew and no reply has answered since, by target. `failed` is one that turned out not to be
    an answer.
    """
    return {
        clock.target: clock
        for clock in contact.clocks
        if clock.end == WITHDRAWN and not _answered(contact, clock, failed)
    }


def unresolved(contact: Contact, at: datetime) -> list[DeskDecision]:
    """Reopened, for whatever reason: the resolution goes on with the time used so far."""
    clock = contact.clock(RESOLUTION)
    if clock is None or clock.end != MET:
        return []
    return [resumed(contact.id, clock, at, REOPENED)]


def paused(contact: Contact, waits: str, at: datetime) -> list[DeskDecision]:
    """The contact waits for somebody else: what the policy lets stand still does, with what it used."""
    events: list[DeskDecision] = []
    for clock in contact.clocks:
        if clock.running and not clock.paused and waits in clock.term.pause_in:
            events += overdue(contact.id, clock, at)
            if not clock.missed(at):
                used = time_used(clock, at)
                events.append(ClockPaused(at=at, contact=contact.id, target=clock.target, reason=waits, used=used))
    return events


def went_on(contact: Contact, at: datetime, reason: str, waits: str = "") -> list[DeskDecision]:
    """It waits no more, or for something else (`waits`): what stood still goes on with the time that is left."""
    return [
        resumed(contact.id, clock, at, reason)
        for clock in contact.clocks
        if clock.running and clock.paused and waits not in clock.term.pause_in
    ]


def stopped(contact: Contact, at: datetime, reason: str) -> list[DeskDecision]:
    """The contact is no more: `merged` into another, or its customer `erased`. Figures stay."""
    return [event for clock in contact.clocks for event in withdrawn(contact.id, clock, at, reason)]


def rebased(state: DeskState, contact: Contact, policy: str, lane: str, at: datetime) -> list[DeskDecision]:
    """Moved to another policy or lane: what runs is reckoned anew from its start, with all that it stood
    still. A recorded breach stays, and so does a promise.
    """
    events: list[DeskDecision] = []
    for clock in contact.clocks:
        if not clock.running or clock.target == FOLLOW_UP:
            continue
        term = state.terms.get((policy, clock.target, lane))
        events += overdue(contact.id, clock, at)
        if clock.missed(at) or term is clock.term:
            continue
        if term is None:
            events += withdrawn(contact.id, clock, at, "policy")
            continue
        anew = reckoned(contact.id, clock, term, at)
        events.append(anew)
        if clock.paused:
            events += passed(anew, clock.pauses[-1][0])
    return events


def _answered(contact: Contact, clock: Clock, failed: MessageId | None = None) -> bool:
    return any(sent[0] != failed and answers(clock, sent) for sent in contact.replies)


def answers(clock: Clock, sent: tuple[MessageId, datetime]) -> bool:
    return sent[1] > clock.started_at or (clock.target == FIRST_RESPONSE and sent[1] == clock.started_at)
