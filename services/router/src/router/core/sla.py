"""SLA clocks: when one starts, what becomes of it, and what it says of itself. All as events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from frontline.contract.ids import ContactId, MessageId
from router.core.calendar import Calendar, calendars
from router.core.contact import MET, RESOLVED, WITHDRAWN, Clock, Contact
from router.core.desk_settings import DeskSettings
from router.core.event import ClockBreached, ClockMet, ClockStarted, ClockWarned, ClockWithdrawn, DeskDecision

FIRST_RESPONSE = "first_response"
_MILLISECOND = timedelta(milliseconds=1)
TARGETS = (FIRST_RESPONSE, "next_response", "resolution", "follow_up")


@dataclass(frozen=True, slots=True)
class Term:
    """One target of a policy, ready to be started. Warnings are in the calendar's time."""

    target: str
    policy: str
    version: int
    calendar_name: str
    calendar: Calendar
    within: timedelta
    warnings: tuple[tuple[float, timedelta], ...]


Terms = Mapping[str, Mapping[str, Term]]
"""By policy, then by target."""


def terms(settings: DeskSettings) -> Terms:
    known = calendars(settings)
    return {
        policy.id: {
            target.target: Term(
                target=target.target,
                policy=policy.id,
                version=policy.version,
                calendar_name=policy.calendar,
                calendar=known[policy.calendar],
                within=target.within,
                warnings=tuple((fraction, _part(target.within, fraction)) for fraction in sorted(target.warn_at)),
            )
            for target in policy.targets
        }
        for policy in settings.policies
    }


def _part(whole: timedelta, fraction: float) -> timedelta:
    """In whole milliseconds, as every instant is."""
    part = whole * fraction
    return part - part % _MILLISECOND


def started(term: Term, contact: ContactId, at: datetime) -> ClockStarted:
    due_at = term.calendar.due(at, term.within)
    return ClockStarted(
        at=at,
        contact=contact,
        target=term.target,
        policy=term.policy,
        version=term.version,
        calendar=term.calendar_name,
        due_at=due_at,
        warnings=tuple((fraction, term.calendar.due(at, after)) for fraction, after in term.warnings),
        intervals=term.calendar.counted(at, due_at).intervals,
    )


def next_of(contact: ContactId, clock: Clock) -> ClockWarned | ClockBreached:
    """What a running clock does when it next comes due, at its true time."""
    if clock.warnings:
        fraction, instant = clock.warnings[0]
        return ClockWarned(at=instant, contact=contact, target=clock.target, fraction=fraction)
    return ClockBreached(at=clock.due_at, contact=contact, target=clock.target)


def overdue(contact: ContactId, clock: Clock, at: datetime) -> list[DeskDecision]:
    """What a clock that has not ended has done by `at` and nobody has said yet. At `due_at` it is in time."""
    if clock.breached:
        return []
    events: list[DeskDecision] = [
        ClockWarned(at=instant, contact=contact, target=clock.target, fraction=fraction)
        for fraction, instant in clock.warnings
        if instant <= at
    ]
    if clock.due_at < at:
        events.append(ClockBreached(at=clock.due_at, contact=contact, target=clock.target))
    return events


def met(contact: ContactId, clock: Clock, at: datetime, by: MessageId) -> list[DeskDecision]:
    """The target was met at `at`: in time, or late and then with the breach on record first."""
    late = clock.breached or clock.due_at < at
    return [
        *overdue(contact, clock, at),
        ClockMet(at=at, contact=contact, target=clock.target, late=late, by=by),
    ]


def resolved(contact: Contact, at: datetime) -> list[DeskDecision]:
    """Nobody will meet these any more. A breach on record stays, and needs no other end."""
    events: list[DeskDecision] = []
    for clock in contact.clocks:
        if clock.running:
            events += overdue(contact.id, clock, at)
            if clock.due_at >= at:
                events.append(ClockWithdrawn(at=at, contact=contact.id, target=clock.target, reason=RESOLVED))
    return events


def asked(contact: Contact, term: Term | None, at: datetime) -> ClockStarted | None:
    """A person (or a machine on its own) wrote to a contact that exists: the clock to start, if one
    has to. What never had an answer and has no clock that counts for it gets one from here.
    """
    if term is None or contact.replies:
        return None
    clock = contact.clock(term.target)
    if clock is None or clock.end or (clock.breached and contact.phase == RESOLVED):
        return started(term, contact.id, at)
    return None


def reopened(contact: Contact, failed: MessageId | None = None) -> ClockStarted | None:
    """Reopened without a new message: what the resolving withdrew runs on, unless it was answered since.
    `failed` is a reply that turned out not to be an answer.
    """
    clock = contact.clock(FIRST_RESPONSE)
    if clock is None or clock.end != WITHDRAWN or any(reply != failed for reply, _ in contact.replies):
        return None
    return _resumed(contact.id, clock, "reopened")


def bounced(contact: Contact, reply: MessageId) -> list[DeskDecision]:
    """A reply did not arrive. If it had met the clock, that runs on as if never met, up to the next
    reply if there was one.
    """
    clock = contact.clock(FIRST_RESPONSE)
    if clock is None or clock.end != MET or clock.met_by != reply:
        return []
    events: list[DeskDecision] = [_resumed(contact.id, clock, "bounced")]
    for other, at in contact.replies:
        if other != reply:
            return events + met(contact.id, clock, at, other)
    return events


def _resumed(contact: ContactId, clock: Clock, why: str) -> ClockStarted:
    return ClockStarted(
        at=clock.started_at,
        contact=contact,
        target=clock.target,
        policy=clock.policy,
        version=clock.version,
        calendar=clock.calendar,
        due_at=clock.due_at,
        warnings=clock.warnings,
        intervals=clock.intervals,
        resumes=why,
    )
