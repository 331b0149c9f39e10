"""The first response: from the first message to the first public reply by a person."""

from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import InboxId
from frontline.contract.message import Automation, ThreadEvidence
from router.core.advance import next_due
from router.core.desk_settings import InboxSettings, PolicySettings, TargetSettings
from router.core.event import NoteAdded
from router.core.event_clock import ClockBreached, ClockMet, ClockStarted, ClockWarned, ClockWithdrawn
from tests.unit.router_core.driver import EMAIL, NOON, Desk, settings

HOUR = timedelta(hours=1)


@pytest.fixture
def desk() -> Desk:
    return Desk(settings("a"))


def test_rule_1_1_a_first_mail_starts_the_clock_that_its_policy_says(desk: Desk) -> None:
    contact = desk.opens()
    (started,) = desk.told(ClockStarted)
    assert (started.contact, started.target, started.policy, started.version) == (
        contact,
        "first_response",
        "standard",
        1,
    )
    assert (started.at, started.due_at) == (NOON, NOON + HOUR)
    assert started.calendar == "always"
    assert started.intervals == ((NOON, NOON + HOUR),)
    assert started.warnings == ((0.5, NOON + HOUR / 2), (0.8, NOON + timedelta(minutes=48)))


def test_rule_1_5_a_clock_starts_when_the_mail_reached_us_and_not_when_it_is_decided(desk: Desk) -> None:
    contact = desk.opens(at=NOON - timedelta(minutes=10))
    assert desk.clock(contact).due_at == NOON + timedelta(minutes=50)


def test_clocks_have_milliseconds(desk: Desk) -> None:
    contact = desk.opens(at=NOON - timedelta(microseconds=1500))
    assert desk.clock(contact).started_at == NOON - timedelta(milliseconds=2)


def test_rule_1_5_a_reply_in_time_meets_the_clock_at_its_commit(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(minutes=20)
    reply = desk.reply(contact)
    (met,) = desk.told(ClockMet)
    assert (met.at, met.late, met.by) == (desk.now, False, reply)
    desk.wait(hours=10)
    assert desk.tick() == ()


def test_rule_1_5_a_reply_in_the_very_millisecond_of_the_deadline_is_in_time(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(hours=1)
    desk.reply(contact)
    assert [met.late for met in desk.told(ClockMet)] == [False]
    assert desk.told(ClockBreached) == []


def test_a_tick_in_the_very_millisecond_of_the_deadline_does_not_take_it_away(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(hours=1)
    desk.tick()
    desk.reply(contact)
    assert desk.told(ClockBreached) == []


def test_rule_1_5_a_reply_a_tenth_of_a_second_late_is_a_breach_also_when_the_timer_has_not_fired(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(hours=1, milliseconds=100)
    desk.reply(contact)
    (breached,) = desk.told(ClockBreached)
    (met,) = desk.told(ClockMet)
    assert breached.at == NOON + HOUR
    assert (met.at, met.late) == (NOON + HOUR + timedelta(milliseconds=100), True)


def test_rule_1_5_a_breach_is_recorded_once_with_the_true_deadline_after_we_were_down(desk: Desk) -> None:
    desk.opens()
    desk.wait(days=3)
    assert [type(event) for event in desk.tick()] == [ClockWarned, ClockWarned, ClockBreached]
    desk.wait(days=3)
    assert desk.tick() == ()
    assert [breach.at for breach in desk.told(ClockBreached)] == [NOON + HOUR]
    assert [warned.at for warned in desk.told(ClockWarned)] == [NOON + HOUR / 2, NOON + timedelta(minutes=48)]


def test_next_due_is_the_next_warning_and_then_the_moment_after_the_deadline(desk: Desk) -> None:
    assert next_due(desk.state) is None
    desk.opens()
    assert next_due(desk.state) == NOON + HOUR / 2
    desk.wait(minutes=30)
    desk.tick()
    assert next_due(desk.state) == NOON + timedelta(minutes=48)
    desk.wait(minutes=18)
    desk.tick()
    assert next_due(desk.state) == NOON + HOUR + timedelta(milliseconds=1)


def test_what_came_due_fires_in_the_order_of_time_over_all_contacts(desk: Desk) -> None:
    first = desk.opens()
    desk.wait(minutes=20)
    second = desk.opens()
    desk.wait(hours=2)
    fired = [(event.at, event.contact) for event in desk.tick() if isinstance(event, ClockWarned | ClockBreached)]
    assert fired == sorted(fired)
    assert {contact for _, contact in fired} == {first, second}


def test_rule_1_1_a_note_meets_nothing(desk: Desk) -> None:
    contact = desk.opens()
    assert [type(event) for event in desk.note(contact)] == [NoteAdded]
    assert desk.clock(contact).running


def test_rule_1_1_an_out_of_office_answer_meets_nothing_starts_nothing_and_is_kept(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    desk.wait(minutes=5)
    events = desk.must(desk.mail(automation=Automation.AUTO_REPLIED, finds=[("id-1", ThreadEvidence.REFERENCE)]))
    assert [(type(event).__name__, event.contact) for event in events] == [("MessageReceived", contact)]  # type: ignore[union-attr]
    assert desk.clock(contact).started_at == NOON


def test_rule_1_1_five_mails_in_a_row_are_one_clock_from_the_first(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    for _ in range(4):
        desk.wait(minutes=1)
        desk.must(desk.mail(finds=[("id-1", ThreadEvidence.REFERENCE)]))
    assert len(desk.told(ClockStarted)) == 1
    assert desk.clock(contact).started_at == NOON


def test_the_first_person_who_writes_into_a_contact_of_automatic_mail_starts_its_clock(desk: Desk) -> None:
    contact = desk.opens(automation=Automation.AUTO_REPLIED, binds=["id-1"])
    desk.wait(minutes=7)
    desk.must(desk.mail(finds=[("id-1", ThreadEvidence.REFERENCE)]))
    assert desk.clock(contact).started_at == NOON + timedelta(minutes=7)


def test_after_a_reply_the_first_response_never_starts_again(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    desk.reply(contact)
    desk.must(desk.mail(finds=[("id-1", ThreadEvidence.REFERENCE)]))
    desk.resolve(contact)
    desk.must(desk.mail(finds=[("id-1", ThreadEvidence.REFERENCE)]))
    assert len(desk.told(ClockStarted)) == 1


def test_resolving_without_a_reply_withdraws_the_clock_and_says_why(desk: Desk) -> None:
    contact = desk.opens()
    desk.resolve(contact)
    (withdrawn,) = desk.told(ClockWithdrawn)
    assert withdrawn.reason == "resolved"
    desk.wait(days=1)
    assert desk.tick() == ()


def test_resolving_after_the_deadline_and_before_the_timer_is_a_breach(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(minutes=61)
    desk.resolve(contact)
    assert [breach.at for breach in desk.told(ClockBreached)] == [NOON + HOUR]
    assert desk.told(ClockWithdrawn) == []


def test_a_customer_who_writes_again_after_resolving_without_a_reply_gets_a_new_clock(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    desk.resolve(contact)
    desk.wait(days=2)
    desk.must(desk.mail(finds=[("id-1", ThreadEvidence.REFERENCE)]))
    assert desk.clock(contact).started_at == NOON + timedelta(days=2)
    assert desk.clock(contact).running


def test_a_breached_and_resolved_contact_gets_a_new_clock_when_the_customer_writes_again(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    desk.wait(hours=2)
    desk.resolve(contact)
    desk.must(desk.mail(finds=[("id-1", ThreadEvidence.REFERENCE)]))
    assert desk.clock(contact).running
    assert len(desk.told(ClockBreached)) == 1


def test_a_mail_to_an_open_contact_whose_clock_is_breached_starts_no_second_one(desk: Desk) -> None:
    desk.opens(binds=["id-1"])
    desk.wait(hours=2)
    desk.must(desk.mail(finds=[("id-1", ThreadEvidence.REFERENCE)]))
    assert len(desk.told(ClockStarted)) == 1


def test_reopening_by_an_agent_lets_the_clock_run_on_as_if_never_withdrawn(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(minutes=40)
    desk.resolve(contact)
    desk.wait(minutes=5)
    desk.reopen(contact)
    again = desk.told(ClockStarted)[-1]
    assert (again.resumes, again.at, again.due_at) == ("reopened", NOON, NOON + HOUR)
    assert again.warnings == ((0.8, NOON + timedelta(minutes=48)),)
    desk.wait(hours=2)
    desk.tick()
    assert [warned.fraction for warned in desk.told(ClockWarned)] == [0.5, 0.8]
    assert [breach.at for breach in desk.told(ClockBreached)] == [NOON + HOUR]


def test_a_reply_to_a_resolved_and_breached_contact_is_recorded_as_late(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(hours=2)
    desk.resolve(contact)
    desk.reply(contact)
    assert [met.late for met in desk.told(ClockMet)] == [True]


def test_rule_1_7_a_running_clock_keeps_the_version_that_it_started_with(desk: Desk) -> None:
    before = desk.opens()
    desk.must_apply(settings("a", version=2, within=timedelta(minutes=5), policy_version=2))
    after = desk.opens()
    assert (desk.clock(before).version, desk.clock(before).due_at) == (1, NOON + HOUR)
    assert (desk.clock(after).version, desk.clock(after).due_at) == (2, NOON + timedelta(minutes=5))


def test_a_policy_that_promises_no_first_response_starts_none() -> None:
    desk = Desk(settings("a", within=None))
    assert desk.contact(desk.opens()).clocks == ()


def test_each_inbox_has_the_clocks_of_its_own_policy() -> None:
    urgent_inbox = InboxSettings(channel=EMAIL, id=InboxId("urgent"), policy="strict")
    target = TargetSettings(target="first_response", within=timedelta(minutes=1), warn_at=())
    strict = PolicySettings(id="strict", version=4, calendar="always", targets=(target,))
    base = settings("a")
    desk = Desk(msgspec.structs.replace(base, inboxes=(*base.inboxes, urgent_inbox), policies=(*base.policies, strict)))
    normal, urgent = desk.opens(), desk.opens(inbox=urgent_inbox.id)
    assert desk.clock(normal).policy == "standard"
    assert (desk.clock(urgent).policy, desk.clock(urgent).due_at) == ("strict", NOON + timedelta(minutes=1))


def test_a_mail_that_lay_in_the_stream_past_its_deadline_is_breached_at_once_with_the_true_times(desk: Desk) -> None:
    events = desk.must(desk.mail(at=NOON - timedelta(hours=2)))
    fired = [(type(event), event.at) for event in events if isinstance(event, ClockWarned | ClockBreached)]
    assert fired == [
        (ClockWarned, NOON - timedelta(minutes=90)),
        (ClockWarned, NOON - timedelta(minutes=72)),
        (ClockBreached, NOON - HOUR),
    ]


def test_reopening_what_was_answered_after_it_was_resolved_starts_no_clock(desk: Desk) -> None:
    contact = desk.opens()
    desk.resolve(contact)
    desk.reply(contact)
    desk.reopen(contact)
    assert [started.resumes for started in desk.told(ClockStarted)] == [""]


def test_a_reply_by_somebody_who_does_not_hold_the_contact_counts() -> None:
    desk = Desk(settings("a", "b"))
    contact = desk.opens()
    assert desk.holder(contact) == "a"
    desk.reply(contact, "b")
    assert [met.late for met in desk.told(ClockMet)] == [False]
