"""A reply that did not arrive was no answer."""

from datetime import timedelta

import pytest

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryState
from router.core.event import ContactReopened, DeliveryRecorded
from router.core.event_clock import ClockBreached, ClockMet, ClockStarted
from tests.unit.router_core.driver import NOON, Desk, settings
from tests.unit.router_core.parting import move
from tests.unit.router_core.sla_desk import FIRST, HOUR, NEXT, PromisingDesk, promising

FAILED = DeliveryState.FAILED


@pytest.fixture
def desk() -> Desk:
    return Desk(settings("a"))


def test_a_delivery_is_recorded_and_changes_no_clock(desk: Desk) -> None:
    contact = desk.opens()
    reply = desk.reply(contact)
    for state in (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.UNKNOWN):
        assert [type(event) for event in desk.delivery(contact, reply, state).events] == [DeliveryRecorded]


def test_the_same_receipt_again_decides_nothing(desk: Desk) -> None:
    contact = desk.opens()
    reply = desk.reply(contact)
    desk.delivery(contact, reply, FAILED, key="d")
    assert desk.delivery(contact, reply, FAILED, key="d").commit is None


def test_a_receipt_for_a_contact_that_is_closed_decides_nothing_and_is_no_trouble(desk: Desk) -> None:
    step = desk.delivery(ContactId("nowhere"), MessageId("r"), FAILED)
    assert (step.refused, step.events) == (None, ())


def test_rule_1_5_after_a_hard_bounce_the_clock_runs_on_as_if_never_met_and_says_so(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(minutes=10)
    reply = desk.reply(contact)
    desk.wait(minutes=1)
    desk.delivery(contact, reply, FAILED)
    again = desk.told(ClockStarted)[-1]
    assert (again.resumes, again.at, again.due_at) == ("bounced", NOON, NOON + HOUR)
    desk.wait(hours=2)
    desk.tick()
    assert [breach.at for breach in desk.told(ClockBreached)] == [NOON + HOUR]


def test_a_bounce_after_the_deadline_is_a_breach_with_the_true_deadline(desk: Desk) -> None:
    contact = desk.opens()
    reply = desk.reply(contact)
    desk.wait(hours=5)
    desk.delivery(contact, reply, FAILED)
    assert [breach.at for breach in desk.told(ClockBreached)] == [NOON + HOUR]


def test_a_bounce_of_a_late_reply_breaches_nothing_twice(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(hours=2)
    late = desk.reply(contact)
    desk.delivery(contact, late, FAILED)
    desk.wait(hours=2)
    desk.reply(contact)
    assert len(desk.told(ClockBreached)) == 1
    assert [met.late for met in desk.told(ClockMet)] == [True, True]


def test_the_next_reply_that_arrived_is_the_answer_at_its_own_time(desk: Desk) -> None:
    contact = desk.opens()
    desk.wait(minutes=5)
    first = desk.reply(contact)
    desk.wait(minutes=5)
    second = desk.reply(contact)
    desk.wait(hours=4)
    desk.delivery(contact, first, FAILED)
    met = desk.told(ClockMet)[-1]
    assert (met.at, met.late, met.by) == (NOON + timedelta(minutes=10), False, second)
    assert desk.told(ClockBreached) == []


def test_if_the_next_reply_was_late_the_bounce_uncovers_a_breach(desk: Desk) -> None:
    contact = desk.opens()
    first = desk.reply(contact)
    desk.wait(hours=3)
    second = desk.reply(contact)
    desk.delivery(contact, first, FAILED)
    met = desk.told(ClockMet)[-1]
    assert [breach.at for breach in desk.told(ClockBreached)] == [NOON + HOUR]
    assert (met.at, met.late, met.by) == (NOON + timedelta(hours=3), True, second)


def test_a_bounce_of_a_later_reply_leaves_the_clock_met(desk: Desk) -> None:
    contact = desk.opens()
    desk.reply(contact)
    second = desk.reply(contact)
    assert [type(event) for event in desk.delivery(contact, second, FAILED).events] == [DeliveryRecorded]


def test_two_reports_of_one_failure_count_once(desk: Desk) -> None:
    contact = desk.opens()
    reply = desk.reply(contact)
    desk.delivery(contact, reply, FAILED, key="one")
    assert [type(event) for event in desk.delivery(contact, reply, FAILED, key="two").events] == [DeliveryRecorded]


def test_a_failed_reply_reopens_a_resolved_contact_and_gives_it_back(desk: Desk) -> None:
    contact = desk.opens()
    reply = desk.reply(contact)
    desk.resolve(contact)
    desk.delivery(contact, reply, FAILED)
    assert [event.rule for event in desk.told(ContactReopened)] == ["delivery_failed"]
    assert desk.holder(contact) == "a"
    assert desk.clock(contact).running


def test_a_bounced_farewell_to_a_contact_resolved_without_an_answer_lets_its_clock_run_on(desk: Desk) -> None:
    contact = desk.opens()
    desk.resolve(contact)
    reply = desk.reply(contact)
    desk.delivery(contact, reply, FAILED)
    assert [event.resumes for event in desk.told(ClockStarted)] == ["", "reopened"]
    assert desk.agrees_with_its_log()


def test_a_failure_is_final_whatever_is_reported_after_it(desk: Desk) -> None:
    contact = desk.opens()
    reply = desk.reply(contact)
    desk.delivery(contact, reply, FAILED)
    desk.delivery(contact, reply, DeliveryState.SENT)
    assert desk.clock(contact).running


def test_rule_1_5_a_reply_that_was_there_before_the_question_is_not_its_answer_once_the_one_to_it_failed() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    contact = desk.write_first("ann", "a", keys=["thread"])
    desk.wait(minutes=5)
    desk.asks_again(since=desk.now - HOUR)
    answer = desk.reply(contact)
    desk.delivery(contact, answer, FAILED)
    assert desk.running(contact, "first_response").running
    late = desk.reply(contact)
    assert desk.told(ClockMet)[-1].by == late
    assert desk.agrees_with_its_log()


def test_rule_1_5_nor_is_one_that_a_question_of_before_it_came_in_behind() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    contact = desk.asks()
    desk.reply(contact)
    asked = desk.now + timedelta(minutes=1)
    desk.wait(minutes=10)
    desk.reply(contact)
    desk.asks_again(since=asked)
    answer = desk.reply(contact)
    desk.delivery(contact, answer, FAILED)
    assert desk.running(contact, "next_response").running
    assert desk.due(contact, "next_response") == asked + 2 * HOUR


def test_rule_1_5_of_two_replies_in_the_question_s_own_millisecond_the_other_one_is_the_answer() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    contact = desk.asks()
    desk.reply(contact)
    desk.wait(minutes=10)
    desk.asks_again()
    failed, other = desk.reply(contact), desk.reply(contact)
    asked = desk.now
    desk.wait(minutes=10)
    desk.delivery(contact, failed, FAILED)
    met = desk.told(ClockMet)[-1]
    assert (met.target, met.by, met.at, met.late) == ("next_response", other, asked, False)


def test_a_promise_is_kept_by_the_next_reply_of_the_same_millisecond_if_the_first_one_failed() -> None:
    desk = PromisingDesk(promising())
    contact = desk.asks()
    desk.promises(contact, desk.now + HOUR)
    failed, other = desk.reply(contact), desk.reply(contact)
    desk.wait(hours=2)
    desk.delivery(contact, failed, FAILED)
    assert [met.by for met in desk.told(ClockMet) if met.target == "follow_up"] == [failed, other]


def test_a_reply_that_was_moved_in_answers_what_was_asked_before_it_once_the_later_one_failed() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    elsewhere = desk.opens("bob")
    contact = desk.asks()
    desk.wait(minutes=10)
    other = desk.reply(elsewhere)
    said = desk.now
    desk.wait(minutes=10)
    failed = desk.reply(contact)
    assert move(desk, elsewhere, other, contact).refused is None
    desk.delivery(contact, failed, FAILED)
    met = desk.told(ClockMet)[-1]
    assert (met.contact, met.by, met.at) == (contact, other, said)
