"""One command, one commit: what it holds, when it is torn, and that a replay gives the same desk."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, InboxId, KeyHash, MessageId, OfferId
from frontline.contract.message import DeliveryState
from router.core import advance as advance_module
from router.core.advance import Torn, advance, next_due, replay
from router.core.command import ResolveContact, Tick
from router.core.commit import Commit, Outcome
from router.core.decide import decide
from router.core.desk_settings import InboxSettings
from router.core.event import (
    ContactAssigned,
    ContactOffered,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    ContactUnassigned,
    DeliveryRecorded,
    DeskDecision,
    IndexFloorRaised,
    MessageReceived,
    NoteAdded,
    OfferAccepted,
    OfferRejected,
    OfferTimedOut,
    OfferWithdrawn,
    ReplyQueued,
)
from router.core.event_clock import ClockBreached, ClockMet, ClockStarted, ClockWarned, ClockWithdrawn
from router.core.event_people import AvailabilityChanged, ConfigChanged
from router.core.evolve import evolve
from router.core.illegal import IllegalEvent
from router.core.state import DeskState
from tests.unit.router_core.driver import EMAIL, NOON, SUPPORT, Desk, settings
from tests.unit.router_core.fingerprint import fingerprint

HOUR = timedelta(hours=1)
A, B, GHOST = AgentId("a"), AgentId("b"), AgentId("ghost")
C, NOWHERE = ContactId("c-k"), ContactId("nowhere")


@pytest.fixture
def desk() -> Desk:
    return Desk(settings("a", "b"))


def test_a_commit_says_its_place_its_time_and_its_cause(desk: Desk) -> None:
    step = desk.ask(desk.mail())
    assert step.commit is not None
    assert (step.commit.epoch, step.commit.index, step.commit.now, step.commit.cause) == (1, 2, desk.now, "test")
    assert step.events == step.commit.events
    assert (desk.state.epoch, desk.state.index, desk.state.now) == (1, 2, desk.now)


def test_nothing_happened_is_no_commit_and_leaves_the_state_alone(desk: Desk) -> None:
    before = fingerprint(desk.state)
    desk.wait(hours=1)
    assert desk.ask(Tick()).commit is None
    assert fingerprint(desk.state) == before


def test_deciding_changes_nothing(desk: Desk) -> None:
    contact = desk.opens(key="k")
    before = fingerprint(desk.state)
    for command in (desk.mail("bob"), ResolveContact(contact=contact, agent=A)):
        assert decide(desk.state, command, desk.now)
        assert fingerprint(desk.state) == before


def test_now_never_goes_back(desk: Desk) -> None:
    desk.opens()
    desk.wait(hours=-2)
    step = desk.ask(desk.mail())
    assert step.commit is not None
    assert step.commit.now == NOON


def test_now_has_milliseconds(desk: Desk) -> None:
    desk.wait(microseconds=1999)
    step = desk.ask(desk.mail())
    assert step.commit is not None
    assert step.commit.now == NOON + timedelta(milliseconds=1)


def test_a_refused_command_still_tells_what_was_due(desk: Desk) -> None:
    contact = desk.opens()
    desk.resolve(contact)
    desk.opens()
    desk.wait(hours=2)
    step = desk.ask(ResolveContact(contact=contact, agent=A), Outcome(request="q", body={"a": 1}))
    assert step.refused is not None
    assert [type(event) for event in step.events] == [ClockWarned, ClockWarned, ClockBreached]
    assert step.commit is not None
    assert (step.commit.cause, step.commit.outcome) == ("", None)
    assert desk.state.outcome("q") is None
    assert desk.agrees_with_its_log()


def test_a_bug_in_a_decision_costs_only_that_command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = desk.opens()
    desk.wait(hours=2)

    def broken(*_: object) -> tuple[DeskDecision, ...]:
        raise ZeroDivisionError

    monkeypatch.setattr(advance_module, "decide", broken)
    step = advance(desk.state, ResolveContact(contact=contact, agent=A), desk.now, epoch=1, index=desk.index + 1)
    assert isinstance(step.failed, ZeroDivisionError)
    assert [type(event) for event in step.events] == [ClockWarned, ClockWarned, ClockBreached]
    assert step.commit is not None
    replayed = desk.replayed()
    replay(replayed, step.commit)
    assert fingerprint(replayed) == fingerprint(desk.state)


def test_an_event_that_cannot_be_carried_out_tears_the_state_and_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    illegal = (ContactResolved(at=desk.now, contact=NOWHERE),)
    monkeypatch.setattr(advance_module, "decide", lambda *_: illegal)
    with pytest.raises(Torn) as torn:
        advance(desk.state, Tick(), desk.now, epoch=1, index=desk.index + 1)
    assert isinstance(torn.value.__cause__, IllegalEvent)


def test_a_commit_that_does_not_follow_is_refused_before_anything_changes(desk: Desk) -> None:
    before = fingerprint(desk.state)
    for epoch, index in ((1, desk.index), (1, desk.index + 2), (0, 1), (2, 2)):
        with pytest.raises(IllegalEvent):
            replay(desk.state, Commit(epoch=epoch, index=index, now=desk.now))
        with pytest.raises(IllegalEvent):
            advance(desk.state, desk.mail(), desk.now, epoch=epoch, index=index)
    with pytest.raises(IllegalEvent):
        replay(desk.state, Commit(epoch=1, index=desk.index + 1, now=desk.now - HOUR))
    assert fingerprint(desk.state) == before


def test_a_new_epoch_counts_from_one(desk: Desk) -> None:
    desk.epoch, desk.index = 17, 0
    desk.opens()
    assert (desk.state.epoch, desk.state.index) == (17, 1)
    assert desk.agrees_with_its_log()


def test_a_request_is_answered_as_it_was_the_first_time(desk: Desk) -> None:
    contact = desk.opens()
    outcome = Outcome(request="q", body={"id": "r1"})
    assert desk.ask(ResolveContact(contact=contact, agent=A), outcome).commit is not None
    again = desk.ask(ResolveContact(contact=contact, agent=A), Outcome(request="q", body={"id": "other"}))
    assert again.commit is None
    assert again.repeated == outcome
    assert desk.agrees_with_its_log()


def test_an_answer_is_remembered_even_if_its_command_decided_nothing(desk: Desk) -> None:
    step = desk.ask(Tick(), Outcome(request="q", body={"fine": True}))
    assert step.commit is not None
    assert step.events == ()
    assert desk.state.outcome("q") == Outcome(request="q", body={"fine": True})
    assert desk.agrees_with_its_log()


def test_an_answer_is_forgotten_after_24_hours_of_the_desks_time(desk: Desk) -> None:
    desk.ask(Tick(), Outcome(request="q"))
    desk.wait(hours=24, milliseconds=-1)
    desk.opens()
    assert desk.state.outcome("q") is not None
    desk.wait(milliseconds=1)
    desk.opens()
    assert desk.state.outcome("q") is None
    assert desk.agrees_with_its_log()


def test_a_cascade_is_told_over_several_commits_and_the_rest_stays_due() -> None:
    desk = Desk(settings("a"), limit=10)
    contacts = [desk.opens() for _ in range(20)]
    desk.wait(hours=2)
    sizes = []
    while (due := next_due(desk.state)) is not None and due <= desk.now:
        sizes.append(len(desk.tick()))
    assert sizes == [10] * 6
    assert sorted(breach.contact for breach in desk.told(ClockBreached)) == sorted(contacts)
    assert desk.agrees_with_its_log()


def test_a_command_in_the_middle_of_a_cascade_is_decided_by_event_time_all_the_same() -> None:
    desk = Desk(settings("a"), limit=3)
    contacts = [desk.opens() for _ in range(10)]
    desk.wait(hours=2)
    desk.reply(contacts[-1])
    assert [(met.contact, met.late) for met in desk.told(ClockMet)] == [(contacts[-1], True)]
    desk.resolve(contacts[-2])
    assert desk.told(ClockWithdrawn) == []
    while desk.tick():
        pass
    assert sorted(breach.contact for breach in desk.told(ClockBreached)) == sorted(contacts)
    assert desk.agrees_with_its_log()


def test_next_due_is_at_once_while_somebody_waits_whom_somebody_may_take() -> None:
    desk = Desk(settings("a", within=None), limit=2)
    contact = desk.opens()
    due = next_due(desk.state)
    assert due is not None
    assert due <= desk.now
    desk.tick()
    assert desk.holder(contact) == "a"
    assert next_due(desk.state) is None


def test_what_came_due_before_a_late_message_arrived_fires_before_it_and_the_rest_after(desk: Desk) -> None:
    desk.opens()
    desk.wait(hours=3)
    events = desk.must(desk.mail("bob", at=NOON + timedelta(minutes=40)))
    kinds = [type(event) for event in events]
    assert kinds[0] is ClockWarned
    assert kinds.index(ContactOpened) == 1
    assert kinds[4:] == [ClockWarned, ClockBreached, ClockWarned, ClockWarned, ClockBreached, ContactAssigned]


def test_a_state_read_from_the_log_goes_on_as_the_live_one_would(desk: Desk) -> None:
    for minutes in (0, 10, 5):
        desk.wait(minutes=minutes)
        desk.opens(binds=[f"id-{minutes}"])
    replayed = desk.replayed()
    later = desk.now + timedelta(days=1)
    mine = advance(desk.state, Tick(), later, epoch=1, index=desk.index + 1)
    theirs = advance(replayed, Tick(), later, epoch=1, index=desk.index + 1)
    assert mine == theirs
    assert fingerprint(replayed) == fingerprint(desk.state)


def _received(contact: ContactId, key: str) -> MessageReceived:
    return MessageReceived(
        at=NOON,
        contact=contact,
        message=MessageId("m"),
        key=KeyHash(key),
        customer=CustomerId("ann"),
        channel=EMAIL,
        inbox=SUPPORT,
    )


def _opened(contact: str, inbox: str = "support", lane: str = "normal") -> ContactOpened:
    return ContactOpened(
        at=NOON,
        contact=ContactId(contact),
        channel=EMAIL,
        inbox=InboxId(inbox),
        customer=CustomerId("ann"),
        lane=lane,
    )


def _reply(contact: ContactId, reply: str) -> ReplyQueued:
    return ReplyQueued(at=NOON, contact=contact, reply=MessageId(reply), agent=A, channel=EMAIL, inbox=SUPPORT, draft=1)


def _delivery(contact: ContactId, key: str) -> DeliveryRecorded:
    return DeliveryRecorded(
        at=NOON,
        contact=contact,
        reply=MessageId("r"),
        receipt=MessageId("m"),
        key=KeyHash(key),
        state=DeliveryState.FAILED,
    )


def _clock(contact: ContactId, resumes: str = "") -> ClockStarted:
    return ClockStarted(
        at=NOON,
        contact=contact,
        target="first_response",
        policy="standard",
        version=1,
        calendar="always",
        due_at=NOON + HOUR,
        resumes=resumes,
    )


def _assigned(contact: ContactId, agent: AgentId) -> ContactAssigned:
    return ContactAssigned(at=NOON, contact=contact, agent=agent, via="auto", rule="longest_idle")


def _offered(contact: ContactId, agent: AgentId, round_: int) -> ContactOffered:
    expires_at = NOON + timedelta(seconds=20)
    return ContactOffered(
        at=NOON, contact=contact, agent=agent, offer=OfferId("o"), expires_at=expires_at, rule="r", round=round_
    )


LIVE = OfferId("c-live.1")
FIRST = "first_response"
ILLEGAL: dict[str, Callable[[], DeskDecision]] = {
    "settings that are not newer": lambda: ConfigChanged(at=NOON, settings=settings("z", version=1)),
    "settings with a fault": lambda: ConfigChanged(at=NOON, settings=settings("z", "z", version=9)),
    "an unknown agent's availability": lambda: AvailabilityChanged(at=NOON, agent=GHOST, state="away"),
    "an unknown availability": lambda: AvailabilityChanged(at=NOON, agent=A, state="asleep"),
    "a contact opened twice": lambda: _opened("c-k"),
    "a contact of an unknown inbox": lambda: _opened("new", inbox="sales"),
    "a contact in an unknown lane": lambda: _opened("new", lane="fast"),
    "a message of no contact": lambda: _received(NOWHERE, "other"),
    "a message received twice": lambda: _received(C, "k"),
    "a reply to no contact": lambda: _reply(NOWHERE, "r2"),
    "a reply sent twice": lambda: _reply(C, "r"),
    "a note to no contact": lambda: NoteAdded(at=NOON, contact=NOWHERE, note=MessageId("n"), agent=A, draft=1),
    "a receipt for no contact": lambda: _delivery(NOWHERE, "other"),
    "a receipt recorded twice": lambda: _delivery(C, "k"),
    "a contact given to two": lambda: _assigned(C, B),
    "a contact given to nobody": lambda: _assigned(C, GHOST),
    "a contact taken from the wrong one": lambda: ContactUnassigned(at=NOON, contact=C, agent=B, rule="r"),
    "a contact resolved while a clock runs": lambda: ContactResolved(at=NOON, contact=ContactId("c-runs")),
    "no contact resolved": lambda: ContactResolved(at=NOON, contact=NOWHERE),
    "a contact reopened that is open": lambda: ContactReopened(at=NOON, contact=C),
    "a clock that runs, started": lambda: _clock(ContactId("c-runs")),
    "a clock resumed that never was": lambda: _clock(ContactId("c-auto"), resumes="bounced"),
    "a clock of no contact": lambda: _clock(NOWHERE),
    "a warning that is not next": lambda: ClockWarned(at=NOON, contact=ContactId("c-runs"), target=FIRST, fraction=0.8),
    "a breach at the wrong time": lambda: ClockBreached(at=NOON, contact=ContactId("c-runs"), target=FIRST),
    "a clock met that has ended": lambda: ClockMet(at=NOON, contact=C, target=FIRST),
    "a clock met late without a breach": lambda: ClockMet(
        at=NOON + 2 * HOUR, contact=ContactId("c-runs"), target=FIRST
    ),
    "a clock withdrawn that has ended": lambda: ClockWithdrawn(at=NOON, contact=C, target=FIRST, reason="r"),
    "a clock of another target": lambda: ClockMet(at=NOON, contact=C, target="resolution"),
    "an offer of a contact that is held": lambda: _offered(C, B, 1),
    "an offer of a contact that is offered": lambda: _offered(ContactId("c-live"), B, 1),
    "an offer to nobody": lambda: _offered(ContactId("c-live"), GHOST, 1),
    "an offer accepted that is not open": lambda: OfferAccepted(at=NOON, contact=C, agent=A, offer=OfferId("o")),
    "an offer accepted by another": lambda: OfferAccepted(at=NOON, contact=ContactId("c-live"), agent=B, offer=LIVE),
    "another offer rejected": lambda: OfferRejected(at=NOON, contact=ContactId("c-live"), agent=A, offer=OfferId("o")),
    "an offer timed out too early": lambda: OfferTimedOut(at=NOON, contact=ContactId("c-live"), agent=A, offer=LIVE),
    "an offer withdrawn of no contact": lambda: OfferWithdrawn(
        at=NOON, contact=NOWHERE, agent=A, offer=LIVE, reason="r"
    ),
    "a contact resolved that is offered": lambda: ContactResolved(at=NOON, contact=ContactId("c-live")),
    "a floor above the log": lambda: IndexFloorRaised(at=NOON, epoch=1, index=999),
    "a floor that does not rise": lambda: IndexFloorRaised(at=NOON, epoch=0, index=0),
}


@pytest.mark.parametrize("what", ILLEGAL)
def test_an_event_that_can_not_have_happened_raises_and_changes_nothing(what: str) -> None:
    live = InboxSettings(channel=EMAIL, id=InboxId("live"), offer_for=timedelta(seconds=20))
    desk = Desk(settings("a", "b", inboxes=[InboxSettings(channel=EMAIL, id=SUPPORT), live]))
    desk.opens(key="k")
    desk.reply(C, name="r")
    desk.opens(key="runs")
    offered = desk.opens(key="live", inbox=live.id)
    desk.reply(offered, name="r-live")
    desk.opens(key="auto")
    before = fingerprint(desk.state)
    with pytest.raises(IllegalEvent):
        evolve(desk.state, (ILLEGAL[what](),))
    assert fingerprint(desk.state) == before
    assert desk.ask(desk.mail()).commit is not None


def test_a_contact_that_waits_is_not_given_to_an_agent_without_room() -> None:
    desk = Desk(settings("a"))
    last = [desk.opens() for _ in range(11)][-1]
    before = fingerprint(desk.state)
    with pytest.raises(IllegalEvent):
        evolve(desk.state, (_assigned(last, A),))
    assert fingerprint(desk.state) == before


def test_two_desks_that_did_the_same_have_the_same_fingerprint_and_others_have_not() -> None:
    one, two = Desk(settings("a")), Desk(settings("a"))
    assert fingerprint(one.state) == fingerprint(two.state) != fingerprint(DeskState(DeskId("support")))
    one.opens()
    assert fingerprint(one.state) != fingerprint(two.state)
