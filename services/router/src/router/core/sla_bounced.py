"""What becomes of clocks when a reply turns out not to have arrived: all is as if it had never been sent. As events.

What was asked up to an answer is one row, with one clock. So where a reply fails that stood between two questions, the
clock of the earlier one runs on, and the later one's has no say of its own any more; what is on record stays.
"""

from datetime import datetime
from typing import NamedTuple

import msgspec

from frontline.contract.ids import ContactId, MessageId
from router.core import sla
from router.core.clock import MET, WITHDRAWN, Clock
from router.core.contact import NEVER, RESOLVED, WAITS, Contact
from router.core.event import DeskDecision
from router.core.sla_clock import as_if_never, met, resumed, runs_on, withdrawn
from router.core.term import FIRST_RESPONSE, FOLLOW_UP, NEXT_RESPONSE

BOUNCED = "bounced"

Sent = tuple[MessageId, datetime]


class _Missed(NamedTuple):
    """A clock that the reply had met. `after` is the reply that answers in its place."""

    clock: Clock
    after: Sent | None
    former: bool = False
    """It is the one before the contact's own of that target."""


def bounced(contact: Contact, reply: MessageId, at: datetime) -> list[DeskDecision]:
    """What it had met runs on as if never met, up to the next reply if there was one. A resolved contact is open again
    by this: what the resolving withdrew runs on as well.
    """
    again = sla.unanswered(contact, reply) if contact.phase == RESOLVED else {}
    question = None if FIRST_RESPONSE in again else _question(contact, reply)
    promise = contact.clock(FOLLOW_UP)
    events = [] if question is None else _as_if_never_sent(contact, question, at, again)
    if FIRST_RESPONSE in again or (question is not None and question.after is None):
        again.pop(NEXT_RESPONSE, None)  # all of it is one row without an answer
    if promise is not None and _is_met_by(promise, reply):
        events += _runs_on(contact.id, _Missed(promise, _next_answer(contact, promise, reply)), at)
    for clock in again.values():
        aside = question is not None and question.former and clock.target == NEXT_RESPONSE
        events += runs_on(contact.id, clock, at, sla.REOPENED, former=aside)
    return [*events, *(sla.unresolved(contact, at) if contact.phase == RESOLVED else ())]


def _question(contact: Contact, reply: MessageId) -> _Missed | None:
    """The earliest question that the reply had answered."""
    first, asked = contact.clock(FIRST_RESPONSE), contact.clock(NEXT_RESPONSE)
    for clock in (first, asked):
        if clock is not None and _is_met_by(clock, reply):
            return _Missed(clock, _next_answer(contact, clock, reply))
    if asked is None or asked.former is None or not _is_met_by(asked.former, reply):
        return None
    after = _next_answer(contact, asked.former, reply)
    if after is None and asked.end not in ("", WITHDRAWN):
        return None  # what came behind it is done with, and so is all before
    return _Missed(asked.former, after, former=True)


def _as_if_never_sent(contact: Contact, missed: _Missed, at: datetime, again: dict[str, Clock]) -> list[DeskDecision]:
    asked = contact.clock(NEXT_RESPONSE)
    if missed.after is None:
        later = [] if asked is None or asked is missed.clock else withdrawn(contact.id, asked, at, BOUNCED)
        return [*later, *_runs_on(contact.id, missed, at)]
    events = _runs_on(contact.id, missed, at)
    if missed.former and asked is not None and NEXT_RESPONSE not in again:
        events += _comes_back(contact, asked, missed.after, at)
    return events


def _comes_back(contact: Contact, asked: Clock, answer: Sent, at: datetime) -> list[DeskDecision]:
    """The question behind was asked before that answer, and is of one row with what is before it; or after it, as who
    replied may not have seen it: then its clock is the contact's own.
    """
    if not asked.end:
        if asked.paused and contact.phase in WAITS:  # the failure has just ended that wait
            went_on = resumed(contact.id, asked, at, BOUNCED)
            pauses = (*asked.pauses[:-1], (asked.pauses[-1][0], went_on.at))
            asked = msgspec.structs.replace(
                asked, pauses=pauses, due_at=went_on.due_at, warnings=went_on.warnings, former=None, armed=None
            )
        return [as_if_never(contact.id, asked, BOUNCED, former=True)]
    own = next((sent for sent in contact.replies if sent[0] == asked.met_by != answer[0]), None)
    if asked.end != MET or own is None:
        return []
    return [as_if_never(contact.id, asked, BOUNCED, former=True), *met(contact.id, asked, own[1], own[0])]


def _runs_on(contact: ContactId, missed: _Missed, at: datetime) -> list[DeskDecision]:
    clock, after, former = missed
    if after is None:
        return runs_on(contact, clock, at, BOUNCED, former=former)
    return [as_if_never(contact, clock, BOUNCED, former=former), *met(contact, clock, after[1], after[0])]


def _next_answer(contact: Contact, missed: Clock, reply: MessageId) -> Sent | None:
    """What answers the question of `missed` if `reply` does not: the reply behind it. Instants don't tell: one that
    was there before the question came is no answer though it may be younger, and two may be of the question's own
    millisecond. But where messages were moved, everything goes by when it was said.
    """
    if contact.moved != NEVER:
        return next((sent for sent in contact.replies if sent[0] != reply and sla.answers(missed, sent)), None)
    at_hand = [sent[0] for sent in contact.replies].index(reply)
    return next(iter(contact.replies[at_hand + 1 :]), None)


def _is_met_by(clock: Clock, reply: MessageId) -> bool:
    return clock.end == MET and clock.met_by == reply
