"""The whole log read as a story, once it is written: clocks, offers and wrap-ups, told from what happened alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import Automation, DeliveryState, Presence
from router.core.commit import Commit
from router.core.contact import MERGED, RESOLVED
from router.core.event import (
    ContactAssigned,
    ContactClosed,
    ContactMerged,
    ContactOffered,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    ContactUnassigned,
    ContactUnmerged,
    CustomerLeft,
    CustomerReturned,
    DeliveryRecorded,
    DeskDecision,
    LaneChanged,
    MessageReceived,
    OfferAccepted,
    OfferRejected,
    OfferRenewed,
    OfferTimedOut,
    OfferWithdrawn,
    ReplyQueued,
    WaitEnded,
    WaitStarted,
    WrapUpEnded,
)
from router.core.event_clock import (
    ClockBreached,
    ClockMet,
    ClockRebased,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    ClockWithdrawn,
)
from router.core.event_move import MessagesMoved, MessagesTaken
from router.core.event_people import ConfigChanged, DutyChanged, RotaSwapped
from router.core.term import FIRST_RESPONSE, NEXT_RESPONSE
from tests.simulation.desk.firm import WRAP_UP
from tests.simulation.desk.terms import Terms, by_people, due
from tests.simulation.desk.warned import BREACH, MILLISECOND, NONE, Due, Places, Warned


@dataclass
class _Story:
    """One contact's first response. `stood` is since when it stands still; `answers` are those that did not fail.
    `early` are our words from before anything was asked: none of them meets a clock, but a question that came in
    behind a younger one counts as answered by it once resolved or merged. `next` is when the next response that is
    open began, as on record (`targets` tells of those), and `late` are those that were breached.
    """

    terms: Terms
    lane: str = ""
    within: timedelta = timedelta(0)
    began: datetime | None = None
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)
    due: datetime | None = None
    stood: datetime | None = None
    waits: bool = False
    moved: bool = False
    merged: bool = False
    dropped: bool = False
    ours: bool = False
    breached: bool = False
    withdrawn: bool = False
    asked_since: bool = True
    warned: Warned = field(default_factory=Warned)
    answers: list[tuple[MessageId, datetime]] = field(default_factory=list)
    early: list[tuple[MessageId, datetime]] = field(default_factory=list)
    next: datetime | None = None
    next_dropped: bool = False
    """Merging ended it: what was asked is asked again once the contact is by itself, for the first time if no answer stands."""
    late: set[datetime] = field(default_factory=set)

    def look(self, now: datetime) -> None:
        if self.due is None or self.breached or self.withdrawn or self.stood is not None:
            return
        until = self.answers[0][1] if self.answers else now
        self.warned.look(until, self.due, self.within)
        if self.due < until:
            self._breach(self.due)

    def _breach(self, at: datetime) -> None:
        self.breached = True
        self.warned.breach(at)

    def ask(self, at: datetime) -> None:
        if self.answers or not (self.due is None or self.withdrawn or (self.breached and self.asked_since)):
            return
        if self.next is not None and not (self.next in self.late and self.asked_since):
            return  # the answer before it failed since, and up to the next answer everything is one clock
        self.within = self.terms.within(FIRST_RESPONSE, self.lane)
        self.due, self.stood, self.breached, self.withdrawn = at + self.within, None, False, False
        self.began, self.pauses = at, []
        self.warned.begin(self.terms.fractions(FIRST_RESPONSE))

    def resolve(self, at: datetime) -> None:
        self.look(at)
        self.waits = False
        if self.due is not None and not (self.withdrawn or self.answers):
            self.withdrawn = not self.breached
            self.count_younger()

    def count_younger(self) -> None:
        self.answers = [each for each in self.early if self.began is not None and each[1] >= self.began]

    def change_lane(self, event: LaneChanged) -> None:
        """A clock that runs is as if it had always run by what the policy says today of the other lane."""
        self.look(event.at)
        self.lane = event.lane
        if self.due is None or self.breached or self.withdrawn or self.answers or not by_people(event):
            return
        self.within = self.terms.within(FIRST_RESPONSE, event.lane)
        assert self.began is not None
        self.due = due(self.began, self.within, self.pauses)
        until = self.stood or event.at
        self.warned.rebase(self.terms.fractions(FIRST_RESPONSE), self.began, self.within, self.pauses, until)
        if self.stood is not None and self.due < self.stood:
            self._breach(self.due)

    def stand(self, at: datetime) -> None:
        self.look(at)
        if self.due is not None and self.stood is None and not (self.breached or self.withdrawn or self.answers):
            self.stood = at

    def run_on(self, at: datetime) -> None:
        """What had ended runs on: had it stood still then, it stood still up to now."""
        if self.stood is not None and self.due is not None and not self.waits:
            self.pauses.append((self.stood, max(at, self.stood)))
            self.due += max(at - self.stood, timedelta(0))  # a message of the past ends it when it began
            self.stood = None

    def go_on(self, at: datetime) -> None:
        if self.stood is not None and self.due is not None and not (self.withdrawn or self.answers):
            self.pauses.append((self.stood, max(at, self.stood)))
            self.due += max(at - self.stood, timedelta(0))  # a message of the past ends it when it began
            self.stood = None


def come_due(log: list[Commit], full: Places = NONE) -> dict[ContactId, list[Due]]:
    """Every warning and breach of a first response that should be on record, from messages, replies, waits and ends
    alone. `full` are commits that left what was due to the next one.
    """
    stories: dict[ContactId, _Story] = {}
    terms = Terms()
    for commit in log:
        reopening = {event.contact for event in commit.events if isinstance(event, ContactReopened)}
        for event in commit.events:
            terms.take(event)
            if (contact := getattr(event, "contact", None)) is not None:
                _tell(stories.setdefault(contact, _Story(terms)), event, reopening)
        if (commit.epoch, commit.index, commit.now) in full:
            for told in told_in(commit):
                if told.target == FIRST_RESPONSE:
                    stories[told.contact].look(told.at + MILLISECOND)
            continue
        for story in stories.values():
            story.look(commit.now)
    return {contact: story.warned.told for contact, story in stories.items() if story.warned.told and not story.moved}


def _tell(story: _Story, event: DeskDecision, reopening: set[ContactId]) -> None:
    match event:
        case MessageReceived() if event.automation is not Automation.AUTO_REPLIED and (
            event.presence is not Presence.LEFT
        ):
            story.asked_since = event.contact in reopening
            story.ask(event.at)
        case ContactOpened():
            story.ours, story.lane = event.ours, event.lane
        case LaneChanged():
            story.change_lane(event)
        case MessagesMoved() | MessagesTaken():
            story.moved = True
        case ReplyQueued() if story.due is not None or not story.ours:  # before the customer has asked, it is no answer
            story.look(event.at)
            story.answers.append((event.reply, event.at))
        case ReplyQueued():
            story.early.append((event.reply, event.at))
        case DeliveryRecorded() if event.state is DeliveryState.FAILED and not story.merged:
            story.early = [each for each in story.early if each[0] != event.reply]
            before, story.answers = story.answers, [each for each in story.answers if each[0] != event.reply]
            if before and not (story.answers or story.withdrawn):
                story.run_on(event.at)
        case WaitStarted():
            story.stand(event.at)
            story.waits = True
        case WaitEnded():
            story.waits = False
            story.go_on(event.at)
        case ContactResolved():
            story.resolve(event.at)
        case ContactMerged():
            story.look(event.at)
            story.merged, story.waits = True, False
            runs = story.due is not None and not (story.withdrawn or story.breached or story.answers)
            story.withdrawn |= runs
            story.dropped = runs or story.next_dropped
            if runs:
                story.count_younger()
        case ContactUnmerged():
            story.merged = False
            if story.dropped:
                story.asked_since, story.dropped, story.next_dropped = False, False, False
                story.ask(event.at)
        case ContactReopened() if event.rule not in ("message", "merged") and not story.answers:
            story.withdrawn = False
            story.run_on(event.at)
        case ClockStarted() if event.target == NEXT_RESPONSE:
            story.next = event.at
        case ClockBreached() if event.target == NEXT_RESPONSE and story.next is not None:
            story.late.add(story.next)
        case ClockMet() | ClockWithdrawn() if event.target == NEXT_RESPONSE:
            story.next = None
            story.next_dropped = isinstance(event, ClockWithdrawn) and event.reason == MERGED


def recorded(log: list[Commit]) -> dict[ContactId, list[Due]]:
    found: dict[ContactId, list[Due]] = {}
    moved = moved_between(log)
    for event in _events(log):
        if not isinstance(event, ClockWarned | ClockBreached):
            continue
        if event.target == FIRST_RESPONSE and event.contact not in moved:
            found.setdefault(event.contact, []).append(as_due(event))
    return found


def told_in(commit: Commit) -> list[ClockWarned | ClockBreached]:
    return [event for event in commit.events if isinstance(event, ClockWarned | ClockBreached)]


def as_due(event: ClockWarned | ClockBreached) -> Due:
    return (event.fraction if isinstance(event, ClockWarned) else BREACH), event.at


def moved_between(log: list[Commit]) -> set[ContactId]:
    """Contacts that a message was moved out of, or into: their clocks are told of by `tests/unit/router_core`."""
    return {event.contact for event in _events(log) if isinstance(event, MessagesMoved | MessagesTaken)}


@dataclass
class _Run:
    started: datetime
    due_at: datetime
    warned: list[float] = field(default_factory=list)
    breached: bool = False
    ended: bool = False
    dropped: bool = False
    """Withdrawn for good: by anything but resolving."""

    @property
    def running(self) -> bool:
        return not (self.ended or self.breached)


def clocks_end_once(log: list[Commit]) -> None:
    """A clock starts, warns in order, and ends in time, late after its breach, or not at all; the one that runs on
    after its end is one that had ended, as it was, or changes places with one that is looked at again meanwhile. Two may
    have begun in one millisecond.
    """
    runs: dict[tuple[ContactId, str], _Run] = {}
    former: dict[tuple[ContactId, str], list[_Run]] = {}
    for event in _events(log):
        match event:
            case ClockStarted() if not event.resumes:
                runs[event.contact, event.target] = _Run(event.at, event.due_at)
                former.setdefault((event.contact, event.target), []).append(runs[event.contact, event.target])
            case ClockStarted():  # maybe an earlier one: what a reply that failed had met
                which = f"{event.target} of {event.contact}"
                beside = runs[event.contact, event.target]
                assert event.former or not beside.running, f"{which} goes on beside another that runs"
                known = [run for run in former[event.contact, event.target] if run.started == event.at]
                known = [run for run in known if not event.former or run is not beside] or known
                run = next(
                    (run for run in reversed(known) if not run.dropped and (run.ended or event.former)), known[-1]
                )
                assert run.ended or event.former, f"{which} goes on, and had not ended"
                assert not run.dropped, f"{which} goes on, and was withdrawn for good"
                assert run.due_at == event.due_at, f"{which} goes on with another deadline"
                runs[event.contact, event.target], run.ended = run, False
            case ClockResumed():
                run = runs[event.contact, event.target]
                run.due_at, run.ended = event.due_at, False
            case ClockRebased():
                run = runs[event.contact, event.target]
                assert not run.ended, f"{event.target} of {event.contact} is reckoned anew after its end"
                run.due_at = event.due_at
                run.started = event.started_at or run.started
            case ClockWarned():
                run = runs[event.contact, event.target]
                assert not run.ended, f"{event.target} of {event.contact} warns after its end"
                assert event.fraction not in run.warned, f"{event.target} of {event.contact} warns twice"
                run.warned.append(event.fraction)
            case ClockBreached():
                run = runs[event.contact, event.target]
                assert not run.breached, f"{event.target} of {event.contact} is breached twice"
                assert not run.ended, f"{event.target} of {event.contact} is breached after its end"
                assert event.at == run.due_at, f"{event.target} of {event.contact} is breached at another instant"
                run.breached = True
            case ClockMet() | ClockWithdrawn():
                run = runs[event.contact, event.target]
                assert not run.ended, f"{event.target} of {event.contact} ends twice"
                assert event.late == run.breached, f"{event.target} of {event.contact} ends late, or in time, wrongly"
                run.ended = True
                run.dropped = isinstance(event, ClockWithdrawn) and event.reason != RESOLVED


def offers_end_once(log: list[Commit]) -> dict[ContactId, ContactOffered]:
    """A contact has one offer at a time, which ends in one way and at the right time; those still open are given."""
    open_: dict[ContactId, ContactOffered] = {}
    until: dict[ContactId, datetime] = {}
    for event in _events(log):
        match event:
            case ContactOffered():
                assert event.contact not in open_, f"{event.contact} is offered twice at once"
                open_[event.contact], until[event.contact] = event, event.expires_at
            case OfferRenewed():
                until[event.contact] = event.expires_at
            case OfferAccepted() | OfferRejected() | OfferTimedOut() | OfferWithdrawn():
                was = open_.pop(event.contact, None)
                assert was is not None, f"offer {event.offer} ends, and is not open"
                assert (was.offer, was.agent) == (event.offer, event.agent), f"another offer ends: {event.offer}"
                if isinstance(event, OfferTimedOut):
                    assert event.at == until[event.contact], f"{event.offer} times out at another instant"
                elif not isinstance(event, OfferWithdrawn):
                    assert event.at <= until[event.contact], f"{event.offer} is answered after its time"
    return open_


def shifts_change_on_time(log: list[Commit]) -> None:
    """At noon one shift ends and another begins, whatever the desk was doing then."""
    noon = next((commit.now.replace(hour=12, minute=0, second=0, microsecond=0) for commit in log), None)
    changes = [event for event in _events(log) if isinstance(event, DutyChanged)]
    named = [event.at for event in _events(log) if isinstance(event, ConfigChanged | RotaSwapped)]
    as_it_was = [at for at in named if noon is None or at < noon] == named[:1]
    if noon is not None and as_it_was and log[0].now < noon < log[-1].now:
        assert any(change.at == noon for change in changes), "nobody went or came at noon"
    for change in changes:
        on_time = change.at.second == 0 == change.at.microsecond
        assert on_time or change.at in named, f"a shift changes at {change.at}"


def wrap_ups_last(log: list[Commit]) -> None:
    """Whoever spoke with a customer who has left keeps the room for as long as the inbox says."""
    holder: dict[ContactId, str] = {}
    wrapping: dict[ContactId, datetime] = {}
    for commit in log:
        for event in commit.events:
            match event:
                case ContactAssigned():
                    holder[event.contact] = event.agent
                case CustomerLeft() if event.contact in holder:
                    assert event.wrap_up_until == event.at + WRAP_UP, f"no time to wrap up {event.contact}"
                    wrapping[event.contact] = event.at + WRAP_UP
                case WrapUpEnded():
                    assert event.at == wrapping.pop(event.contact, None), f"{event.contact} is wrapped up wrongly"
                case ContactUnassigned() | ContactResolved() | WaitStarted() | ContactClosed():
                    holder.pop(event.contact, None)
                    wrapping.pop(event.contact, None)
                case CustomerReturned():
                    wrapping.pop(event.contact, None)
    late = [contact for contact, at in wrapping.items() if log and at + timedelta(seconds=1) < log[-1].now]
    assert not late, f"{late} are wrapped up for ever"


def _events(log: list[Commit]) -> Iterator[DeskDecision]:
    return (event for commit in log for event in commit.events)
