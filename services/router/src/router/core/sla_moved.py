"""What becomes of clocks when messages leave a contact, or come into it: as events.

A clock goes by when things were said, not by when they were moved. What is on record stays: a breach
of a question that has left, and the clock of a question that was answered before it did.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from frontline.contract.ids import ContactId, MessageId
from router.core import sla, sla_clock
from router.core.clock import MET, Clock, pauses_since
from router.core.contact import RESOLVED, WAITS, Contact
from router.core.event import DeskDecision
from router.core.event_clock import ClockPaused, ClockStarted, ClockWithdrawn
from router.core.state import DeskState
from router.core.term import FIRST_RESPONSE, FOLLOW_UP, NEXT_RESPONSE, RESOLUTION, Term

MOVED = "moved"

Sent = tuple[MessageId, datetime]

_ANSWERED = (FIRST_RESPONSE, NEXT_RESPONSE)


class Change(NamedTuple):
    """What a contact has once messages have left it or come into it, oldest first, and what it has no more.
    `asks` are questions that nobody has called done (by resolving), by when they were asked.
    """

    asks: Sequence[datetime]
    replies: Sequence[Sent]
    gone_asks: frozenset[datetime] = frozenset()
    gone_replies: frozenset[MessageId] = frozenset()


def fresh(
    state: DeskState, contact: ContactId, policy: str, lane: str, asks: Sequence[datetime], replies: Sequence[Sent]
) -> Iterator[ClockStarted]:
    """For a contact that was split off: the first question without an answer, from when it was asked. What had
    its answer is on record where it was asked.
    """
    if asked := unanswered(asks, replies):
        target = NEXT_RESPONSE if asked > asks[0] else FIRST_RESPONSE
        if term := state.terms.get((policy, target, lane)):
            yield sla_clock.started(term, contact, asked)
    if asks and (term := state.terms.get((policy, RESOLUTION, lane))):
        yield sla_clock.started(term, contact, asks[0])


def reckoned(state: DeskState, contact: Contact, now_has: Change, now: datetime) -> list[DeskDecision]:
    """For a contact that messages have left, or come into: its clocks are as if it had never been otherwise.

    The first question that no reply follows is what a clock runs from, and a reply meets what it follows. A
    question that a reply had answered which has left is open again.
    """
    events = _answers(contact, now_has, now)
    settled = {getattr(event, "target", "") for event in events}
    open_ = [clock for clock in _clocks(contact) if not clock.end and clock.target not in settled]
    if contact.phase == RESOLVED:  # and opened again by what has come: a breach of before is another story
        open_ = [clock for clock in open_ if not clock.breached]
    asked = unanswered(now_has.asks, now_has.replies)
    kept: Clock | None = None
    if asked is not None and (again := _was_answered(contact, asked, now_has)) is not None:
        kept = again
        events += [event for clock in open_ for event in _ended(contact, clock, now)]
        events += sla_clock.runs_on(contact.id, again, now, MOVED)
    elif asked is not None:
        kept = _closest(open_, asked, now_has)
        events += [event for clock in open_ if clock is not kept for event in _ended(contact, clock, now)]
        events += _since_then(state, contact, kept, asked, now_has, now)
    else:
        for clock in open_:
            if clock.started_at in now_has.gone_asks and clock.started_at not in now_has.asks:
                events += _ended(contact, clock, now)
    return [*events, *_resolution(state, contact, now_has, now)]


def unanswered(asks: Sequence[datetime], replies: Sequence[Sent]) -> datetime | None:
    """The first question that no reply follows. The very first may be answered in its own millisecond."""
    for asked in asks:
        before = any(at < asked for _, at in replies)
        if not any(at > asked or (at == asked and not before) for _, at in replies):
            return asked
    return None


def _answers(contact: Contact, now_has: Change, now: datetime) -> list[DeskDecision]:
    """What replies meet that have come, and what those that have left no longer do."""
    events: list[DeskDecision] = []
    for clock in contact.clocks:
        if clock.target not in sla.BY_ANSWER:
            continue
        after = next((sent for sent in now_has.replies if sla.answers(clock, sent)), None)
        lost = clock.end == MET and clock.met_by in now_has.gone_replies
        if clock.target != FOLLOW_UP and lost and clock.started_at not in now_has.asks:
            continue  # its question has left as well
        if after is not None and not clock.end:
            events += sla_clock.met(contact.id, clock, after[1], after[0])
        elif after is not None and lost:
            events += [
                sla_clock.as_if_never(contact.id, clock, MOVED),
                *sla_clock.met(contact.id, clock, after[1], after[0]),
            ]
        elif lost and clock.target == FOLLOW_UP:
            events += sla_clock.runs_on(contact.id, clock, now, MOVED)
    return events


def _was_answered(contact: Contact, asked: datetime, now_has: Change) -> Clock | None:
    """The clock of this question, which a reply had met that has left."""
    for clock in _clocks(contact):
        for one in (clock, clock.former):
            if one is not None and one.end == MET and one.started_at == asked and one.met_by in now_has.gone_replies:
                return one
    return None


def _closest(clocks: Sequence[Clock], asked: datetime, now_has: Change) -> Clock | None:
    """Of the open ones the one that is this question's, else the one whose question is still here."""
    for clock in clocks:
        if clock.started_at == asked:
            return clock
    here = [clock for clock in clocks if clock.started_at not in now_has.gone_asks or clock.started_at in now_has.asks]
    return next(iter(here or clocks), None)


def _since_then(
    state: DeskState, contact: Contact, clock: Clock | None, asked: datetime, now_has: Change, now: datetime
) -> list[DeskDecision]:
    """`clock`, or a new one, goes by a question of that time."""
    if clock is None:
        first = contact.clock(FIRST_RESPONSE)
        before = any(at <= asked for _, at in now_has.replies) and not (contact.ours and first is None)
        target = NEXT_RESPONSE if before or (first is not None and first.end == MET) else FIRST_RESPONSE
        term = state.term(contact, target)
        return [] if term is None else _anew(contact, term, asked, now)
    if clock.started_at == asked:
        return []
    overdue = sla_clock.overdue(contact.id, clock, now)
    if not clock.missed(now):
        return [*overdue, *_since(contact, clock, asked, now)]
    if clock.started_at in now_has.asks or clock.started_at not in now_has.gone_asks:
        return overdue  # it is breached, and still the one that is open
    term = state.term(contact, clock.target)
    return _ended(contact, clock, now) if term is None else [*overdue, *_anew(contact, term, asked, now)]


def _resolution(state: DeskState, contact: Contact, now_has: Change, now: datetime) -> list[DeskDecision]:
    clock, term = contact.clock(RESOLUTION), state.term(contact, RESOLUTION)
    if clock is None:
        return [sla_clock.started(term, contact.id, now_has.asks[0])] if term and now_has.asks else []
    if clock.end or clock.started_at not in now_has.gone_asks or clock.started_at in now_has.asks:
        return []
    if not now_has.asks:
        return _ended(contact, clock, now)
    overdue = sla_clock.overdue(contact.id, clock, now)
    return overdue if clock.missed(now) else [*overdue, *_since(contact, clock, now_has.asks[0], now)]


def _since(contact: Contact, clock: Clock, start: datetime, at: datetime) -> list[DeskDecision]:
    """A clock that runs is reckoned anew from another start, by the same term, with what it stood still since."""
    begun = msgspec.structs.replace(clock, started_at=start, pauses=pauses_since(clock.pauses, start))
    anew = msgspec.structs.replace(sla_clock.reckoned(contact.id, begun, clock.term, at), started_at=start)
    return [anew, *(sla_clock.passed(anew, begun.pauses[-1][0]) if begun.paused else ())]


def _ended(contact: Contact, clock: Clock, now: datetime) -> list[DeskDecision]:
    overdue, late = sla_clock.overdue(contact.id, clock, now), clock.missed(now)
    return [
        *overdue,
        ClockWithdrawn(at=now, contact=contact.id, target=clock.target, reason=MOVED, late=late),
    ]


def _anew(contact: Contact, term: Term, asked: datetime, now: datetime) -> list[DeskDecision]:
    """A new clock. Where the contact waits for others, it stands still from now on."""
    begun = sla_clock.started(term, contact.id, asked)
    clock = Clock(term.target, term, begun.at, begun.due_at, begun.warnings)
    if contact.phase not in WAITS or contact.phase not in term.pause_in or clock.missed(now):
        return [begun]
    used = sla_clock.time_used(clock, now)
    paused = ClockPaused(at=now, contact=contact.id, target=term.target, reason=contact.phase, used=used)
    return [begun, *sla_clock.overdue(contact.id, clock, now), paused]


def _clocks(contact: Contact) -> Collection[Clock]:
    return [clock for clock in contact.clocks if clock.target in _ANSWERED]
