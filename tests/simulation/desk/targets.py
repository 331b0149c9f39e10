"""What the log should say of the warnings and breaches of resolutions, next responses and promises, told from what happened alone.

Contacts that were ever merged, or that a message was moved out of or into, are left out: what becomes of their clocks is
told by `tests/unit/router_core`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import Automation, DeliveryState, Presence
from router.core.commit import Commit
from router.core.contact import RESOLVED, WAITING_CUSTOMER
from router.core.event import (
    ContactMerged,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    DeliveryRecorded,
    DeskDecision,
    LaneChanged,
    MessageReceived,
    PromiseMade,
    ReplyQueued,
    WaitEnded,
    WaitStarted,
)
from router.core.event_clock import ClockBreached, ClockMet, ClockStarted, ClockWarned, ClockWithdrawn
from router.core.event_move import MessagesMoved, MessagesTaken
from router.core.term import FIRST_RESPONSE, FOLLOW_UP, NEXT_RESPONSE, RESOLUTION
from tests.simulation.desk import terms
from tests.simulation.desk.history import as_due, moved_between, told_in
from tests.simulation.desk.terms import Terms, by_people
from tests.simulation.desk.warned import MILLISECOND, NONE, Due, Places, Warned

_OPEN, _LATE, _MET, _WITHDRAWN, _DROPPED = "open", "late", "met", "withdrawn", "dropped"
_BY_ITSELF = ("message", "merged")
"""Reasons to reopen that bring back nothing but the resolution."""

_Sent = tuple[MessageId, datetime]
ComeDue = dict[tuple[ContactId, str], list[Due]]


@dataclass
class _Clock:
    """`stood` is since when it stands still."""

    due: datetime | None = None
    within: timedelta = timedelta(0)
    began: datetime | None = None
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)
    stood: datetime | None = None
    breached: bool = False
    met: bool = False
    withdrawn: bool = False
    dropped: bool = False
    """For good: what began it is of one row with an earlier question."""
    by: MessageId | None = None
    warned: Warned = field(default_factory=Warned)

    @property
    def ended(self) -> bool:
        return self.due is None or self.met or self.withdrawn or self.dropped

    def start(self, began: datetime, within: timedelta, fractions: Sequence[float]) -> None:
        self.due, self.stood, self.breached, self.by = began + within, None, False, None
        self.met = self.withdrawn = self.dropped = False
        self.within, self.began, self.pauses = within, began, []
        self.warned.begin(fractions)

    def rebase(self, at: datetime, within: timedelta, fractions: Sequence[float]) -> None:
        """As if it had always run by that."""
        self.look(at)
        if self.due is None or self.ended or self.breached:
            return
        assert self.began is not None
        self.due, self.within = terms.due(self.began, within, self.pauses), within
        self.warned.rebase(fractions, self.began, within, self.pauses, self.stood or at)
        if self.stood is not None and self.due < self.stood:
            self._breach(self.due)

    def look(self, now: datetime) -> None:
        if self.due is None or self.ended or self.breached or self.stood:
            return
        self.warned.look(now, self.due, self.within)
        if self.due < now:
            self._breach(self.due)

    def _breach(self, at: datetime) -> None:
        self.breached = True
        self.warned.breach(at)

    def stand(self, at: datetime) -> None:
        self.look(at)
        if not (self.ended or self.breached or self.stood):
            self.stood = at

    def go_on(self, at: datetime) -> None:
        if self.stood is not None and self.due is not None and not self.ended:
            self.due += max(at - self.stood, timedelta(0))
            self.pauses.append((self.stood, max(at, self.stood)))
            self.stood = None

    def meet(self, at: datetime, reply: MessageId) -> None:
        self.look(at)
        if not self.ended:
            self.met, self.by = True, reply

    def is_met_by(self, reply: MessageId) -> bool:
        return self.met and self.by == reply

    def as_if_never_met(self, after: _Sent | None, at: datetime) -> None:
        """`after` is the next reply; without one it runs on, as what the failure has told of `at` this instant."""
        self.met = False
        if after is None:
            self.run_on(at)
        else:
            self.meet(after[1], after[0])

    def drop(self, at: datetime) -> None:
        self.look(at)
        self.dropped = self.dropped or not (self.ended or self.breached)

    def withdraw(self, at: datetime) -> None:
        self.look(at)
        self.withdrawn = self.withdrawn or not (self.ended or self.breached)

    def run_on(self, at: datetime) -> None:
        self.met = self.withdrawn = False
        self.go_on(at)


@dataclass
class _Contact:
    terms: Terms
    lane: str = ""
    resolution: _Clock = field(default_factory=_Clock)
    next: _Clock = field(default_factory=_Clock)
    promise: _Clock = field(default_factory=_Clock)
    ours: bool = False
    former: _Clock | None = None
    """The next response before: what had met it may fail yet."""
    first: str = ""
    """What became of the first response, with when it began and what has met it; all as on record: `history` tells of it."""
    first_asked: datetime | None = None
    first_by: MessageId | None = None
    first_late: bool = False
    """Its breach is on record."""
    row: bool = False
    """A reply has just failed, and what it had answered is of one row with all that was asked since."""
    replies: list[_Sent] = field(default_factory=list)
    """Those that have not failed."""
    merged: bool = False
    """Or something was moved: it is left out."""
    resolved: bool = False

    @property
    def clocks(self) -> tuple[_Clock, ...]:
        return self.resolution, self.next, self.promise

    def look(self, target: str, until: datetime) -> None:
        for clock, name in zip(self.clocks, (RESOLUTION, NEXT_RESPONSE, FOLLOW_UP), strict=True):
            if name == target:
                clock.look(until)

    @property
    def replied(self) -> bool:
        """Whether somebody has answered something: our own first word has not."""
        return bool(self.replies) and (not self.ours or self.first == _MET or self._first_answered)

    @property
    def _first_answered(self) -> bool:
        return any(self.first_asked is not None and at >= self.first_asked for _, at in self.replies)

    def answered(self, clock: _Clock) -> bool:
        """Whether there was a reply since what began it, also one after it was withdrawn: then nothing is owed that an
        agent could bring back. A question that came in behind a reply that is younger counts as answered by it.
        """
        return any(clock.began is not None and at > clock.began for _, at in self.replies)

    def ask(self, at: datetime) -> None:
        if self.resolution.due is None:
            self.resolution.start(at, self.terms.within(RESOLUTION, self.lane), self.terms.fractions(RESOLUTION))
        waits = self.first == _OPEN or (self.first == _LATE and not self.resolved)
        if not self.replied or waits:
            return  # while a contact is open it has one clock
        if self.next.ended or (self.next.breached and self.resolved):
            self.former = self.next if self.next.met else None
            self.next = _Clock(warned=Warned(self.next.warned.told))
            within = self.terms.within(NEXT_RESPONSE, self.lane)
            self.next.start(at, within, self.terms.fractions(NEXT_RESPONSE))

    def fail(self, reply: MessageId, at: datetime) -> None:
        """All is as if it had never been sent, but for what is on record."""
        ids = [id_ for id_, _ in self.replies]
        if reply not in ids:
            return
        place = ids.index(reply)
        after = next(iter(self.replies[place + 1 :]), None)
        del self.replies[place]
        if self.promise.is_met_by(reply):
            self.promise.as_if_never_met(after, at)
        self.row = self.resolved and self.first_comes_back
        if self.row:
            return
        if self.first == _MET and self.first_by == reply:
            self.row = after is None
            if self.row:
                self.next.drop(at)
        elif self.next.is_met_by(reply):
            self.next.as_if_never_met(after, at)
        elif self.former is not None and self.former.is_met_by(reply):
            self._fail_former(self.former, after, at)

    @property
    def first_comes_back(self) -> bool:
        return self.first == _WITHDRAWN and not self._first_answered

    def _fail_former(self, former: _Clock, after: _Sent | None, at: datetime) -> None:
        later = self.next
        if after is None:
            if later.met or later.dropped:
                return
            later.drop(at)
            former.as_if_never_met(None, at)
            self.next, self.former = former, None
            return
        former.as_if_never_met(after, at)
        comes_back = later.withdrawn and self.resolved and not self.answered(later)
        if later.ended and not comes_back and (not later.met or later.by == after[0]):
            self.next, self.former = former, later


def come_due(log: list[Commit], full: Places = NONE) -> ComeDue:
    contacts: dict[ContactId, _Contact] = {}
    terms = Terms()
    for commit in log:
        reopened = {event.contact: event for event in commit.events if isinstance(event, ContactReopened)}
        for event in commit.events:
            terms.take(event)
            if (id_ := getattr(event, "contact", None)) is not None:
                contact = contacts.setdefault(id_, _Contact(terms))
                contact.resolved |= id_ in reopened and isinstance(event, MessageReceived)
                _tell(contact, event)
        if (commit.epoch, commit.index, commit.now) in full:
            for told in told_in(commit):
                contacts[told.contact].look(told.target, told.at + MILLISECOND)
            continue
        for contact in contacts.values():
            for clock in contact.clocks:
                clock.look(commit.now)
    return {key: clock.warned.told for key, clock in _compared(contacts) if clock.warned.told}


def recorded(log: list[Commit]) -> ComeDue:
    """The same as the clocks have it."""
    left_out = _left_out(log)
    found: ComeDue = {}
    for commit in log:
        for event in commit.events:
            if isinstance(event, ClockWarned | ClockBreached) and event.target not in left_out.get(
                event.contact, ("first_response",)
            ):
                found.setdefault((event.contact, event.target), []).append(as_due(event))
    return found


def _left_out(log: list[Commit]) -> dict[ContactId, tuple[str, ...]]:
    answered = ("first_response", "next_response", "follow_up")
    found: dict[ContactId, tuple[str, ...]] = dict.fromkeys(moved_between(log), (*answered, "resolution"))
    for commit in log:
        for event in commit.events:
            if isinstance(event, ContactMerged):
                found[event.contact] = (*answered, "resolution")
    return found


def _compared(contacts: dict[ContactId, _Contact]) -> Iterator[tuple[tuple[ContactId, str], _Clock]]:
    for id_, contact in contacts.items():
        if contact.merged:
            continue
        yield (id_, "resolution"), contact.resolution
        yield (id_, "next_response"), contact.next
        yield (id_, "follow_up"), contact.promise


def _tell(contact: _Contact, event: DeskDecision) -> None:
    match event:
        case ContactOpened():
            contact.ours, contact.lane = event.ours, event.lane
        case LaneChanged():
            contact.lane = event.lane
            if by_people(event):
                for clock, target in ((contact.resolution, RESOLUTION), (contact.next, NEXT_RESPONSE)):
                    clock.rebase(event.at, contact.terms.within(target, event.lane), contact.terms.fractions(target))
        case MessageReceived() if event.automation is not Automation.AUTO_REPLIED and (
            event.presence is not Presence.LEFT
        ):
            for clock in contact.clocks:
                clock.look(event.at)
            contact.ask(event.at)
        case ClockStarted() if event.target == FIRST_RESPONSE:
            contact.first = _LATE if event.resumes and contact.first_late else _OPEN
            contact.first_asked, contact.first_late = event.at, contact.first == _LATE
        case ClockBreached() if event.target == FIRST_RESPONSE:
            contact.first, contact.first_late = _LATE, True
        case ClockMet() if event.target == FIRST_RESPONSE:
            contact.first, contact.first_by = _MET, event.by
        case ClockWithdrawn() if event.target == FIRST_RESPONSE:
            contact.first = _WITHDRAWN if event.reason == RESOLVED else _DROPPED
        case ReplyQueued():
            contact.replies.append((event.reply, event.at))
            contact.next.meet(event.at, event.reply)
            contact.promise.meet(event.at, event.reply)
        case DeliveryRecorded() if event.state is DeliveryState.FAILED:
            contact.fail(event.reply, event.at)
        case PromiseMade():
            contact.promise.look(event.at)
            contact.promise.start(event.at, event.due_at - event.at, contact.terms.fractions(FOLLOW_UP))
        case WaitStarted():
            contact.resolution.stand(event.at)
            (contact.next.stand if event.state == WAITING_CUSTOMER else contact.next.go_on)(event.at)
        case WaitEnded():
            contact.resolution.go_on(event.at)
            contact.next.go_on(event.at)
        case ContactResolved():
            contact.resolved, contact.row = True, False
            contact.next.withdraw(event.at)
            contact.promise.withdraw(event.at)
            contact.resolution.look(event.at)
            contact.resolution.stood = contact.resolution.stood or event.at
            contact.resolution.met = contact.resolution.due is not None
        case ContactReopened():
            contact.resolved = False
            contact.resolution.run_on(event.at)
            if event.rule not in _BY_ITSELF:
                comes_back = (
                    (contact.promise,) if contact.row or contact.first_comes_back else (contact.next, contact.promise)
                )
                for clock in comes_back:
                    if clock.withdrawn and not contact.answered(clock):
                        clock.run_on(event.at)
        case ContactMerged() | MessagesMoved() | MessagesTaken():
            contact.merged = True
