"""One clock: what it says when something happens to it, with the outcomes that its calendar gives. All as events."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from frontline.contract.ids import ContactId, MessageId
from router.core.calendar_hours import LISTED, NOTHING, Counted, Interval
from router.core.clock import Clock
from router.core.event import DeskDecision
from router.core.event_clock import (
    ClockBreached,
    ClockMet,
    ClockRebased,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    ClockWithdrawn,
)
from router.core.term import Term, part


def started(term: Term, contact: ContactId, at: datetime, due_at: datetime | None = None) -> ClockStarted:
    """`due_at` is for a promise, which has an end of its own."""
    calendar = term.calendar
    if due_at is None:
        due = calendar.due
        within, due_at = term.within, due(at, term.within)
        warnings = tuple([(fraction, due(at, after)) for fraction, after in term.warnings])
    else:
        within = calendar.elapsed(at, due_at)
        warnings = _warnings(term, within, term.warn_at, NOTHING, at)
    counted = calendar.counted(at, due_at)
    return ClockStarted(
        at=at,
        contact=contact,
        target=term.target,
        policy=term.policy,
        version=term.version,
        calendar=term.calendar_name,
        within=within,
        due_at=due_at,
        warnings=warnings,
        intervals=counted.intervals,
        rest=counted.rest,
    )


def next_of(contact: ContactId, clock: Clock) -> ClockWarned | ClockBreached:
    """What a running clock does when it next comes due, at its true time."""
    if clock.warnings:
        fraction, instant = clock.warnings[0]
        return ClockWarned(at=instant, contact=contact, target=clock.target, fraction=fraction)
    return ClockBreached(at=clock.due_at, contact=contact, target=clock.target)


def overdue(contact: ContactId, clock: Clock, at: datetime) -> list[DeskDecision]:
    """What a clock that has not ended has done by `at` and nobody has said yet. At `due_at` it is in time."""
    events: list[DeskDecision] = []
    if clock.breached or clock.paused:
        return events
    for fraction, instant in clock.warnings:
        if instant <= at:
            events.append(ClockWarned(at=instant, contact=contact, target=clock.target, fraction=fraction))
    if clock.due_at < at:
        events.append(ClockBreached(at=clock.due_at, contact=contact, target=clock.target))
    return events


def met(contact: ContactId, clock: Clock, at: datetime, by: MessageId | None) -> list[DeskDecision]:
    """The target was met at `at`: in time, or late and then with the breach on record first."""
    events = overdue(contact, clock, at)
    events.append(ClockMet(at=at, contact=contact, target=clock.target, late=clock.missed(at), by=by))
    return events


def withdrawn(contact: ContactId, clock: Clock, at: datetime, reason: str) -> list[DeskDecision]:
    if clock.end:
        return []
    events = overdue(contact, clock, at)
    if not clock.missed(at):
        events.append(ClockWithdrawn(at=at, contact=contact, target=clock.target, reason=reason))
    return events


def resumed(contact: ContactId, clock: Clock, at: datetime, reason: str) -> ClockResumed:
    """Of a clock that stands still. One that was breached has no deadline to come."""
    at = max(at, clock.pauses[-1][0])
    calendar, within, used = clock.term.calendar, clock.term.within, time_used(clock, at)
    due_at = clock.due_at if clock.breached else calendar.due(at, within - used)
    counted = Counted(()) if clock.breached else calendar.counted(at, due_at)
    return ClockResumed(
        at=at,
        contact=contact,
        target=clock.target,
        due_at=due_at,
        warnings=_warnings(clock.term, within, [fraction for fraction, _ in clock.warnings], used, at),
        intervals=counted.intervals,
        rest=counted.rest,
        reason=reason,
    )


def runs_on(contact: ContactId, clock: Clock, at: datetime, why: str, *, former: bool = False) -> list[DeskDecision]:
    """It had ended, and runs on. One that ended while it stood still stood still up to now: nobody waits for
    others any more, and when they ceased to was nothing to it.
    """
    again = as_if_never(contact, clock, why, former=former)
    return [again, resumed(contact, clock, at, why)] if clock.paused else [again]


def as_if_never(contact: ContactId, clock: Clock, why: str, *, former: bool = False) -> ClockStarted:
    """It had ended, and runs on as if it never had. `former`: it is the one before the contact's own of that target."""
    counted = _counted(clock, clock.term, clock.due_at)
    return ClockStarted(
        at=clock.started_at,
        contact=contact,
        target=clock.target,
        policy=clock.term.policy,
        version=clock.term.version,
        calendar=clock.term.calendar_name,
        within=clock.term.within,
        due_at=clock.due_at,
        warnings=clock.warnings,
        intervals=counted.intervals,
        rest=counted.rest,
        resumes=why,
        former=former,
    )


def reckoned(contact: ContactId, clock: Clock, term: Term, at: datetime) -> ClockRebased:
    """A clock that runs, by another term or from another start."""
    told = {clock.warned} | {fraction for fraction in clock.term.warn_at if fraction not in dict(clock.warnings)}
    told |= {fraction for fraction, instant in clock.warnings if not clock.paused and instant <= at}
    fractions = [fraction for fraction in term.warn_at if fraction > max(told)]
    due_at = _reached(clock, term, term.within)
    counted = _counted(clock, term, due_at)
    return ClockRebased(
        at=at,
        contact=contact,
        target=clock.target,
        policy=term.policy,
        version=term.version,
        calendar=term.calendar_name,
        within=term.within,
        due_at=due_at,
        warnings=tuple((fraction, _reached(clock, term, part(term.within, fraction))) for fraction in fractions),
        intervals=counted.intervals,
        rest=counted.rest,
    )


def passed(anew: ClockRebased, stopped: datetime) -> Iterator[ClockWarned | ClockBreached]:
    """What a clock had done before it stopped, as it is now reckoned: nothing comes due while it stands still."""
    for fraction, instant in anew.warnings:
        if instant <= stopped:
            yield ClockWarned(at=instant, contact=anew.contact, target=anew.target, fraction=fraction)
    if anew.due_at < stopped:
        yield ClockBreached(at=anew.due_at, contact=anew.contact, target=anew.target)


def _reached(clock: Clock, term: Term, within: timedelta) -> datetime:
    """When so much time has passed on this clock; on one that stands still, if it had not stopped."""
    left, begin = within, clock.started_at
    for stopped, went_on in clock.pauses:
        passed = term.calendar.elapsed(begin, stopped)
        if went_on is None or passed >= left:
            break
        left, begin = left - passed, went_on
    return term.calendar.due(begin, left)


def _counted(clock: Clock, term: Term, until: datetime) -> Counted:
    """What this clock counts up to then, of all its runs."""
    intervals: list[Interval] = []
    rest = NOTHING
    for begin, end in clock.runs(until):
        counted = term.calendar.counted(begin, end)
        room = LISTED - len(intervals)
        intervals += counted.intervals[:room]
        rest += counted.rest + sum((stop - start for start, stop in counted.intervals[room:]), NOTHING)
    return Counted(tuple(intervals), rest)


def counted(clock: Clock) -> Counted:
    """What a clock counts from its start to its deadline."""
    return _counted(clock, clock.term, clock.due_at)


def time_used(clock: Clock, at: datetime) -> timedelta:
    calendar = clock.term.calendar
    return sum((calendar.elapsed(begin, end) for begin, end in clock.runs(at)), NOTHING)


def _warnings(
    term: Term, within: timedelta, fractions: Iterable[float], used: timedelta, at: datetime
) -> tuple[tuple[float, datetime], ...]:
    """In the calendar's time. A promise for a time that has none in it warns of nothing: there is nobody there."""
    if not within:
        return ()
    return tuple((fraction, term.calendar.due(at, part(within, fraction) - used)) for fraction in fractions)
