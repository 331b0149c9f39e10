"""A clock that ended while it stood still, and turns out not to have ended: it never stands still for ever."""

from datetime import timedelta

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryState
from router.core.event_clock import ClockBreached, ClockMet, ClockWithdrawn
from tests.unit.router_core.sla_desk import BOTH, FIRST, HOUR, NEXT, PromisingDesk, at, promising, target


def desk() -> PromisingDesk:
    return PromisingDesk(promising(target("first_response", 4 * HOUR, pause_in=tuple(BOTH))))


def test_a_reply_to_a_waiting_contact_that_bounces_lets_the_clock_run_on() -> None:
    it = desk()
    contact = it.asks()
    it.wait(hours=1)
    it.waits(contact)
    it.wait(hours=1)
    reply = it.reply(contact)
    it.asks_again()
    it.wait(hours=1)
    it.delivery(contact, reply, DeliveryState.FAILED)
    clock = it.running(contact, "first_response")
    assert (clock.paused, clock.due_at - it.now) == (False, timedelta(hours=3))
    it.wait(hours=3, milliseconds=1)
    it.tick()
    (breach,) = it.told(ClockBreached)
    assert breach.at == clock.due_at


def test_resolved_while_it_waited_and_opened_again_the_clock_runs_on_with_what_was_left() -> None:
    it = desk()
    contact = it.asks()
    it.wait(hours=1)
    it.waits(contact)
    it.resolve(contact)
    it.wait(hours=5)
    it.reopen(contact)
    clock = it.running(contact, "first_response")
    assert (clock.paused, clock.due_at - it.now) == (False, timedelta(hours=3))


def test_a_promise_that_a_later_reply_has_kept_does_not_come_back_when_an_agent_opens_its_contact_again() -> None:
    it = PromisingDesk(promising())
    contact = it.asks()
    it.promises(contact, at("2026-03-02 12:00"))
    it.resolve(contact)
    it.since("2026-03-02 09:00").asks_again()
    it.since("2026-03-02 10:00").reply(contact)
    it.resolve(contact)
    it.since("2026-03-02 13:00").reopen(contact)
    assert not it.running(contact, "follow_up").running
    assert it.told(ClockBreached) == []


def test_a_promise_that_nobody_has_kept_comes_back_when_an_agent_opens_its_contact_again() -> None:
    it = PromisingDesk(promising())
    contact = it.asks()
    it.reply(contact)
    it.since("2026-03-02 08:30").promises(contact, at("2026-03-02 12:00"))
    it.resolve(contact)
    it.since("2026-03-02 13:00").reopen(contact)
    assert [(told.target, told.at) for told in it.told(ClockBreached)] == [("follow_up", at("2026-03-02 12:00"))]


def test_rule_1_2_a_contact_that_we_began_is_answered_also_by_a_reply_that_came_after_it_was_resolved() -> None:
    it = PromisingDesk(promising(FIRST, NEXT))
    contact = it.write_first("ann", "a", keys=["thread"])
    it.since("2026-03-02 09:00").asks_again()
    it.resolve(contact)
    it.since("2026-03-02 10:00").reply(contact)
    it.since("2026-03-02 11:00").asks_again()
    assert [clock.target for clock in it.contact(contact).clocks if clock.running] == ["next_response"]
    assert it.due(contact, "next_response") == at("2026-03-02 13:00")
    assert it.agrees_with_its_log()


def test_rule_1_5_all_that_was_asked_around_a_reply_that_failed_is_one_clock_when_the_contact_is_opened_again() -> None:
    it = PromisingDesk(promising(FIRST, NEXT))
    contact = it.asks()
    it.resolve(contact)
    it.since("2026-03-02 09:00")
    farewell = it.reply(contact)
    it.since("2026-03-02 10:00").asks_again()
    it.resolve(contact)
    it.since("2026-03-02 11:00").delivery(contact, farewell, DeliveryState.FAILED)
    assert [clock.target for clock in it.contact(contact).clocks if clock.running] == ["first_response"]
    assert it.due(contact, "first_response") == at("2026-03-02 12:00")
    assert it.agrees_with_its_log()


def two_questions_of_one_instant(waits: bool) -> tuple[PromisingDesk, ContactId, MessageId]:
    """The first of them had its reply, an hour later, before the other one was decided."""
    it = PromisingDesk(promising(FIRST, target("next_response", 2 * HOUR, pause_in=tuple(BOTH))))
    contact = it.asks()
    it.reply(contact)
    it.since("2026-03-02 09:00").asks_again()
    if waits:
        it.wait(minutes=30)
        it.waits(contact)
    reply = it.since("2026-03-02 10:00").reply(contact)
    it.asks_again(since=at("2026-03-02 09:00"))
    return it, contact, reply


def test_rule_1_5_of_two_questions_of_one_instant_the_one_that_was_answered_runs_on_when_its_reply_failed() -> None:
    it, contact, reply = two_questions_of_one_instant(waits=True)
    it.since("2026-03-02 10:40").delivery(contact, reply, DeliveryState.FAILED)
    assert [(told.reason, told.at) for told in it.told(ClockWithdrawn)] == [("bounced", it.now)]
    clock = it.running(contact, "next_response")
    assert (clock.running, clock.paused, clock.former) == (True, False, None)
    assert clock.due_at == at("2026-03-02 12:10")
    assert it.agrees_with_its_log()


def test_rule_1_5_of_two_questions_of_one_instant_both_are_breached_if_the_reply_to_the_one_has_failed() -> None:
    it, contact, reply = two_questions_of_one_instant(waits=False)
    it.lives_on("2026-03-02 11:01")
    assert [breach.at for breach in it.told(ClockBreached)] == [at("2026-03-02 11:00")]
    it.delivery(contact, reply, DeliveryState.FAILED)
    assert [breach.at for breach in it.told(ClockBreached)] == [at("2026-03-02 11:00")] * 2
    answer = it.since("2026-03-02 12:00").reply(contact)
    met = it.told(ClockMet)[-1]
    assert (met.by, met.late) == (answer, True)
    assert it.agrees_with_its_log()


def test_rule_1_2_a_first_response_that_was_breached_stays_the_one_clock_of_a_contact_that_an_agent_opened_again() -> (
    None
):
    it = PromisingDesk(promising(FIRST, NEXT))
    contact = it.write_first("ann", "a", keys=["thread"])
    it.since("2026-03-02 09:00").reply(contact)
    it.asks_again(since=at("2026-03-02 08:30"))
    it.lives_on("2026-03-02 13:00")
    it.resolve(contact)
    it.reopen(contact)
    it.asks_again()
    assert [(clock.target, clock.breached) for clock in it.contact(contact).clocks if not clock.end] == [
        ("first_response", True)
    ]
    answer = it.reply(contact)
    assert [(met.by, met.late) for met in it.told(ClockMet)] == [(answer, True)]
    assert it.agrees_with_its_log()
