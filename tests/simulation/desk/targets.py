"""What the log should say of the warnings and breaches of resolutions, next responses and promises, told from what happened alone.

Contacts that were ever merged, or that a message was moved out of or into, are left out, and for what an answer meets also those of which a reply has
failed: what becomes of a clock then is told by `tests/unit/router_core`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from frontline.contract.ids import ContactId
from frontline.contract.message import Automation, DeliveryState, Presence
from router.core.commit import Commit
from router.core.contact import WAITING_CUSTOMER
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
from router.core.event_clock import ClockBreached, ClockMet, ClockStarted, ClockWarned
from router.core.event_move import MessagesMoved, MessagesTaken
from router.core.term import FIRST_RESPONSE, FOLLOW_UP, NEXT_RESPONSE, RESOLUTION
from tests.simulation.desk import terms
from tests.simulation.desk.history import as_due, moved_between
from tests.simulation.desk.terms import Terms, by_people
from tests.simulation.desk.warned import Due, Warned

_BY_ITSELF = ("message", "merged")
"""Reasons to reopen that bring back nothing but the resolution."""

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
    warned: Warned = field(default_factory=Warned)

    @property
    def ended(self) -> bool:
        return self.due is None or self.met or self.withdrawn

    def start(self, began: datetime, within: timedelta, fractions: Sequence[float]) -> None:
        self.due, self.stood, self.breached, self.met, self.withdrawn = began + within, None, False, False, False
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

    def meet(self, at: datetime) -> None:
        self.look(at)
        self.met = self.met or not self.ended

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
    asked: bool = False
    first_asked: datetime | None = None
    first_late: bool = False
    """It is breached, and nothing has ended it. Both as on record: `history` tells of it."""
    next_asked: datetime | None = None
    promised: datetime | None = None
    last_reply: datetime | None = None
    replied: bool = False
    failed: bool = False
    merged: bool = False
    """Or something was moved: it is left out."""
    resolved: bool = False

    @property
    def clocks(self) -> tuple[_Clock, ...]:
        return self.resolution, self.next, self.promise

    def answered(self, clock: _Clock) -> bool:
        """Whether there was a reply since what began it, also one after it was withdrawn: then nothing is owed that an
        agent could bring back. A question that came in behind a reply that is younger counts as answered by it.
        """
        began = self.next_asked if clock is self.next else self.promised
        return began is not None and self.last_reply is not None and self.last_reply > began

    def ask(self, at: datetime) -> None:
        if self.resolution.due is None:
            within = self.terms.within(RESOLUTION, self.lane)
            self.resolution.start(at, within, self.terms.fractions(RESOLUTION))
        if self.replied and (self.resolved or not self.first_late):  # while a contact is open it has one clock
            again = self.next.breached and self.resolved
            if self.next.ended or again:
                within = self.terms.within(NEXT_RESPONSE, self.lane)
                self.next.start(at, within, self.terms.fractions(NEXT_RESPONSE))
                self.next_asked = at
        self.asked = True


def come_due(log: list[Commit]) -> ComeDue:
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
            elif isinstance(event, DeliveryRecorded) and event.state is DeliveryState.FAILED:
                found.setdefault(event.contact, answered)
    return found


def _compared(contacts: dict[ContactId, _Contact]) -> Iterator[tuple[tuple[ContactId, str], _Clock]]:
    for id_, contact in contacts.items():
        if contact.merged:
            continue
        yield (id_, "resolution"), contact.resolution
        if not contact.failed:
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
            contact.first_asked, contact.first_late = event.at, False
        case ClockBreached() | ClockMet() if event.target == FIRST_RESPONSE:
            contact.first_late = isinstance(event, ClockBreached)
        case ReplyQueued():
            contact.replied |= contact.asked or not contact.ours
            contact.last_reply = event.at
            contact.next.meet(event.at)
            contact.promise.meet(event.at)
        case DeliveryRecorded() if event.state is DeliveryState.FAILED:
            contact.failed = True
        case PromiseMade():
            contact.promise.look(event.at)
            contact.promise.start(event.at, event.due_at - event.at, contact.terms.fractions(FOLLOW_UP))
            contact.promised = event.at
        case WaitStarted():
            contact.resolution.stand(event.at)
            (contact.next.stand if event.state == WAITING_CUSTOMER else contact.next.go_on)(event.at)
        case WaitEnded():
            contact.resolution.go_on(event.at)
            contact.next.go_on(event.at)
        case ContactResolved():
            contact.resolved = True
            before, asked = contact.last_reply, contact.first_asked
            contact.replied |= before is not None and asked is not None and before >= asked
            contact.next.withdraw(event.at)
            contact.promise.withdraw(event.at)
            contact.resolution.look(event.at)
            contact.resolution.stood = contact.resolution.stood or event.at
            contact.resolution.met = contact.resolution.due is not None
        case ContactReopened():
            contact.resolved = False
            contact.resolution.run_on(event.at)
            if event.rule not in _BY_ITSELF:
                for clock in (contact.next, contact.promise):
                    if clock.withdrawn and not contact.answered(clock):
                        clock.run_on(event.at)
        case ContactMerged() | MessagesMoved() | MessagesTaken():
            contact.merged = True
