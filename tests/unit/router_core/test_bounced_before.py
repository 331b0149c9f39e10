"""A reply that turns out not to have arrived when more was asked and answered behind it: as if it had never been sent."""

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryState
from router.core.event_clock import ClockBreached, ClockMet, ClockStarted, ClockWarned
from tests.unit.router_core.sla_desk import BOTH, FIRST, HOUR, NEXT, PromisingDesk, at, promising, target

FAILED = DeliveryState.FAILED


def breaches(it: PromisingDesk) -> list[tuple[str, str]]:
    return [(told.target, told.at.strftime("%H:%M")) for told in it.told(ClockBreached)]


def open_clocks(it: PromisingDesk, contact: ContactId) -> list[str]:
    return [clock.target for clock in it.contact(contact).clocks if clock.running]


def asked_twice() -> tuple[PromisingDesk, ContactId, MessageId]:
    """Asked at nine and answered within the hour; asked again behind that."""
    it = PromisingDesk(promising(FIRST, NEXT))
    contact = it.asks()
    it.reply(contact)
    it.since("2026-03-02 09:00").asks_again()
    reply = it.since("2026-03-02 10:00").reply(contact)
    it.since("2026-03-02 10:30").asks_again()
    return it, contact, reply


def test_rule_1_5_what_a_later_reply_has_answered_as_well_is_breached_when_its_own_reply_failed() -> None:
    it, contact, reply = asked_twice()
    both = it.since("2026-03-02 11:30").reply(contact)
    assert breaches(it) == []
    it.since("2026-03-02 14:00").delivery(contact, reply, FAILED)
    assert breaches(it) == [("next_response", "11:00")]
    met = it.told(ClockMet)[-1]
    assert (met.by, met.at, met.late) == (both, at("2026-03-02 11:30"), True)
    assert it.agrees_with_its_log()


def test_rule_1_6_and_has_warned_before_that_at_its_own_times() -> None:
    it, contact, reply = asked_twice()
    it.since("2026-03-02 11:30").reply(contact)
    before = len(it.told(ClockWarned))
    it.delivery(contact, reply, FAILED)
    assert [(told.fraction, told.at) for told in it.told(ClockWarned)[before:]] == [(0.8, at("2026-03-02 10:36"))]


def test_rule_1_5_and_is_met_by_the_later_one_if_that_was_in_time() -> None:
    it, contact, reply = asked_twice()
    both = it.since("2026-03-02 10:50").reply(contact)
    it.since("2026-03-02 14:00").delivery(contact, reply, FAILED)
    assert breaches(it) == []
    assert it.told(ClockMet)[-1].by == both


def test_rule_1_5_all_of_it_is_one_row_when_the_later_reply_fails_as_well() -> None:
    it, contact, reply = asked_twice()
    both = it.since("2026-03-02 10:50").reply(contact)
    it.delivery(contact, reply, FAILED)
    it.delivery(contact, both, FAILED)
    assert it.due(contact, "next_response") == at("2026-03-02 11:00")
    it.lives_on("2026-03-02 15:00")
    assert breaches(it) == [("next_response", "11:00")]
    assert it.agrees_with_its_log()


def behind_a_younger_reply(*, pauses: bool = False) -> tuple[PromisingDesk, ContactId, MessageId, MessageId]:
    """The answered question of nine o'clock has had a second reply at half past eleven; what was asked at eleven is decided
    behind that, so who wrote it may not have seen it.
    """
    it = PromisingDesk(promising(FIRST, target("next_response", 2 * HOUR, pause_in=tuple(BOTH) if pauses else ())))
    contact = it.asks()
    it.reply(contact)
    it.since("2026-03-02 09:00").asks_again()
    reply = it.since("2026-03-02 10:00").reply(contact)
    younger = it.since("2026-03-02 11:30").reply(contact)
    it.since("2026-03-02 11:40").asks_again(since=at("2026-03-02 11:00"))
    return it, contact, reply, younger


def test_rule_1_5_a_question_from_behind_the_later_reply_keeps_its_own_clock_when_the_earlier_reply_failed() -> None:
    it, contact, reply, younger = behind_a_younger_reply()
    it.delivery(contact, reply, FAILED)
    assert breaches(it) == [("next_response", "11:00")]
    assert it.told(ClockMet)[-1].by == younger
    assert it.due(contact, "next_response") == at("2026-03-02 13:00")
    assert it.running(contact, "next_response").running
    own = it.since("2026-03-02 12:30").reply(contact)
    assert (it.told(ClockMet)[-1].by, it.told(ClockMet)[-1].late) == (own, False)
    it.lives_on("2026-03-02 15:00")
    assert breaches(it) == [("next_response", "11:00")]
    assert it.agrees_with_its_log()


def test_rule_1_5_and_it_stays_answered_by_its_own_reply() -> None:
    it, contact, reply, younger = behind_a_younger_reply()
    own = it.since("2026-03-02 12:30").reply(contact)
    it.delivery(contact, reply, FAILED)
    assert breaches(it) == [("next_response", "11:00")]
    assert [told.by for told in it.told(ClockMet)][-2:] == [younger, own]
    it.delivery(contact, own, FAILED)
    assert it.due(contact, "next_response") == at("2026-03-02 13:00")
    assert it.running(contact, "next_response").running
    assert it.agrees_with_its_log()


def test_rule_1_3_and_it_has_stood_still_up_to_the_failure_if_its_contact_waited() -> None:
    it, contact, reply, _ = behind_a_younger_reply(pauses=True)
    it.waits(contact)
    it.since("2026-03-02 12:00").delivery(contact, reply, FAILED)
    clock = it.running(contact, "next_response")
    assert (clock.paused, clock.due_at) == (False, at("2026-03-02 13:20"))
    assert clock.warnings == ((0.5, at("2026-03-02 12:20")), (0.8, at("2026-03-02 12:56")))
    assert it.agrees_with_its_log()


def test_rule_1_5_of_a_resolved_contact_only_the_first_question_comes_back_with_the_reply_that_failed() -> None:
    it = PromisingDesk(promising(FIRST, NEXT))
    contact = it.asks()
    reply = it.since("2026-03-02 09:00").reply(contact)
    it.since("2026-03-02 10:00").asks_again()
    it.resolve(contact)
    it.since("2026-03-02 11:00").delivery(contact, reply, FAILED)
    assert open_clocks(it, contact) == ["first_response"]
    assert it.agrees_with_its_log()


def test_rule_1_5_and_of_two_later_ones_the_earlier() -> None:
    it, contact, reply = asked_twice()
    it.resolve(contact)
    it.since("2026-03-02 10:40").delivery(contact, reply, FAILED)
    assert open_clocks(it, contact) == ["next_response"]
    assert it.due(contact, "next_response") == at("2026-03-02 11:00")
    assert it.agrees_with_its_log()


def test_rule_1_5_a_question_that_resolving_withdrew_comes_back_beside_an_earlier_one_that_had_a_later_answer() -> None:
    it = PromisingDesk(promising(FIRST, NEXT))
    contact = it.asks()
    it.reply(contact)
    it.since("2026-03-02 09:00").asks_again()
    reply = it.since("2026-03-02 10:00").reply(contact)
    younger = it.since("2026-03-02 11:30").reply(contact)
    it.since("2026-03-02 11:40").asks_again()
    it.resolve(contact)
    it.since("2026-03-02 12:00").delivery(contact, reply, FAILED)
    assert breaches(it) == [("next_response", "11:00")]
    assert it.told(ClockMet)[-1].by == younger
    assert open_clocks(it, contact) == ["next_response"]
    assert it.due(contact, "next_response") == at("2026-03-02 13:40")
    assert it.agrees_with_its_log()
    it.delivery(contact, younger, FAILED)
    assert it.due(contact, "next_response") == at("2026-03-02 11:00")
    assert it.agrees_with_its_log()


def test_rule_1_5_the_first_response_that_a_farewell_had_answered_alone_comes_back_without_the_next() -> None:
    it = PromisingDesk(promising(FIRST, NEXT))
    contact = it.asks()
    it.resolve(contact)
    farewell = it.since("2026-03-02 08:30").reply(contact)
    it.since("2026-03-02 09:00").asks_again()
    answer = it.since("2026-03-02 09:30").reply(contact)
    it.delivery(contact, farewell, FAILED)
    it.resolve(contact)
    it.since("2026-03-02 10:00").delivery(contact, answer, FAILED)
    assert open_clocks(it, contact) == ["first_response"]
    assert [told.resumes for told in it.told(ClockStarted) if told.resumes] == ["reopened"]
    assert it.agrees_with_its_log()
