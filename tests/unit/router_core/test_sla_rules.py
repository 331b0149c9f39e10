"""The rules of `behaviour.md`, section 1, each by its number; those of the first response are in `test_clocks`, of
waiting for others in `test_sla_waits`.
"""

import pytest

from frontline.contract.message import Automation, DeliveryState, ThreadEvidence
from router.core.event import LaneChanged, PromiseMade, WaitEnded
from router.core.event_clock import (
    ClockBreached,
    ClockMet,
    ClockPaused,
    ClockRebased,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    ClockWithdrawn,
)
from tests.unit.router_core.sla_desk import (
    CUSTOMER,
    HOUR,
    NEXT,
    OFFICE,
    THIRD_PARTY,
    PromisingDesk,
    at,
    promising,
    target,
)


@pytest.fixture
def desk() -> PromisingDesk:
    return PromisingDesk(promising())


@pytest.fixture
def office() -> PromisingDesk:
    return PromisingDesk(promising(calendar=OFFICE))


def test_rule_1_1_the_first_public_reply_meets_the_first_response_and_nothing_automatic_does(
    desk: PromisingDesk,
) -> None:
    contact = desk.asks()
    desk.note(contact)
    desk.must(desk.mail(automation=Automation.AUTO_REPLIED, finds=[("thread", ThreadEvidence.REFERENCE)]))
    assert desk.running(contact, "first_response").running
    desk.reply(contact)
    assert [met.target for met in desk.told(ClockMet)] == ["first_response"]


def test_rule_1_2_the_next_response_runs_from_the_first_unanswered_message_after_a_reply(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.reply(contact)
    desk.wait(hours=1)
    for _ in range(5):
        desk.asks_again()
        desk.wait(minutes=10)
    assert desk.running(contact, "next_response").started_at == at("2026-03-02 09:00")
    assert sum(clock.target == "next_response" for clock in desk.told(ClockStarted)) == 1
    desk.reply(contact)
    desk.asks_again()
    assert desk.running(contact, "next_response").started_at == at("2026-03-02 09:50")


def test_rule_1_2_before_the_first_reply_there_is_no_next_response(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.asks_again()
    assert desk.contact(contact).clock("next_response") is None


def test_rule_1_3_the_resolution_runs_until_resolved_and_pauses_while_the_contact_waits(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.since("2026-03-02 10:00").waits(contact)
    desk.since("2026-03-04 10:00").asks_again()
    assert desk.due(contact, "resolution") == at("2026-03-05 00:00")
    desk.since("2026-03-04 12:00").waits(contact, THIRD_PARTY)
    desk.lives_on("2026-04-01 00:00")
    assert desk.running(contact, "resolution").paused
    desk.since("2026-04-01 00:00").resolve(contact)
    (met,) = [met for met in desk.told(ClockMet) if met.target == "resolution"]
    assert not met.late
    assert [paused.used for paused in desk.told(ClockPaused)] == [2 * HOUR, 4 * HOUR]


def test_rule_1_3_reopening_continues_the_resolution_with_the_time_used_so_far(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.since("2026-03-02 14:00").resolve(contact)
    desk.since("2026-03-09 08:00").asks_again()
    assert desk.due(contact, "resolution") == at("2026-03-09 18:00")
    desk.since("2026-03-09 10:00").resolve(contact)
    desk.since("2026-03-10 08:00").reopen(contact)
    assert desk.due(contact, "resolution") == at("2026-03-10 16:00")
    desk.lives_on("2026-03-11 00:00")
    assert [(told.target, told.at) for told in desk.told(ClockBreached)][-1] == ("resolution", at("2026-03-10 16:00"))


def test_rule_1_5_a_reply_has_failed_when_that_reached_us_and_not_when_the_desk_came_to_it(desk: PromisingDesk) -> None:
    """Seed 1203 of the desk's simulation: the clock gained what the receipt had lain in its inbox."""
    contact = desk.asks()
    reply = desk.reply(contact)
    desk.since("2026-03-02 09:00").waits(contact)
    desk.since("2026-03-02 10:05")
    desk.delivery(contact, reply, DeliveryState.FAILED, arrived=at("2026-03-02 10:00"))
    assert [ended.at for ended in desk.told(WaitEnded)] == [at("2026-03-02 10:00")]
    assert desk.running(contact, "resolution").pauses == ((at("2026-03-02 09:00"), at("2026-03-02 10:00")),)
    assert desk.agrees_with_its_log()


def test_rule_1_4_a_target_counts_time_of_its_policy_s_calendar(office: PromisingDesk) -> None:
    contact = office.since("2026-03-06 14:00").asks()
    assert office.due(contact, "first_response") == at("2026-03-09 10:00")
    (started,) = [clock for clock in office.told(ClockStarted) if clock.target == "first_response"]
    assert started.intervals == (
        (at("2026-03-06 14:00"), at("2026-03-06 16:00")),
        (at("2026-03-09 08:00"), at("2026-03-09 10:00")),
    )


def test_rule_1_5_a_clock_starts_when_the_message_reached_us_and_never_in_the_future(desk: PromisingDesk) -> None:
    early = desk.must(desk.mail("bob", at=at("2026-03-02 07:58")))
    late = desk.must(desk.mail("eve", at=at("2031-01-01 00:00")))
    assert [event.at for event in early if isinstance(event, ClockStarted)] == [at("2026-03-02 07:58")] * 2
    assert [event.at for event in late if isinstance(event, ClockStarted)] == [at("2026-03-02 08:00")] * 2


def test_rule_1_5_a_reply_that_bounced_counts_as_never_sent_for_the_next_response_too(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.reply(contact)
    desk.since("2026-03-02 09:00").asks_again()
    reply = desk.since("2026-03-02 09:30").reply(contact)
    desk.since("2026-03-02 10:00").asks_again()
    desk.delivery(contact, reply, DeliveryState.FAILED)
    clock = desk.running(contact, "next_response")
    assert (clock.started_at, clock.due_at) == (at("2026-03-02 09:00"), at("2026-03-02 11:00"))
    assert [(told.target, told.reason) for told in desk.told(ClockWithdrawn)] == [("next_response", "bounced")]
    assert desk.agrees_with_its_log()


def test_rule_1_5_when_the_first_reply_bounced_everything_since_waits_for_the_first_response(
    desk: PromisingDesk,
) -> None:
    contact = desk.asks()
    reply = desk.reply(contact)
    desk.since("2026-03-02 09:00").asks_again()
    desk.delivery(contact, reply, DeliveryState.FAILED)
    assert desk.running(contact, "first_response").running
    assert not desk.running(contact, "next_response").running
    assert desk.due(contact, "first_response") == at("2026-03-02 12:00")


def test_rule_1_5_a_reply_that_had_met_two_clocks_and_bounced_leaves_the_first_response_alone_to_wait(
    desk: PromisingDesk,
) -> None:
    contact = desk.asks()
    one = desk.reply(contact)
    desk.since("2026-03-02 09:00").asks_again()
    other = desk.since("2026-03-02 09:30").reply(contact)
    desk.delivery(contact, one, DeliveryState.FAILED)  # the first response is then met by the other, too
    desk.since("2026-03-02 10:00").asks_again()
    desk.delivery(contact, other, DeliveryState.FAILED)
    assert desk.running(contact, "first_response").running
    assert not desk.running(contact, "next_response").running
    assert desk.agrees_with_its_log()


def test_rule_1_6_warnings_come_at_fractions_of_business_time(office: PromisingDesk) -> None:
    contact = office.since("2026-03-06 14:00").asks()
    office.lives_on("2026-03-09 12:00")
    warned = [(told.fraction, told.at) for told in office.told(ClockWarned) if told.target == "first_response"]
    assert warned == [(0.5, at("2026-03-06 16:00")), (0.8, at("2026-03-09 09:12"))]
    assert [told.at for told in office.told(ClockBreached)] == [at("2026-03-09 10:00")]
    assert office.running(contact, "first_response").breached


def test_rule_1_6_after_a_pause_the_warnings_still_to_come_are_where_the_time_is(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.lives_on("2026-03-02 17:00")
    desk.waits(contact)
    desk.since("2026-03-03 00:00").asks_again()
    desk.lives_on("2026-03-04 00:00")
    warned = [(told.fraction, told.at) for told in desk.told(ClockWarned) if told.target == "resolution"]
    assert warned == [(0.5, at("2026-03-02 16:00")), (0.8, at("2026-03-03 03:48"))]
    assert desk.due(contact, "resolution") == at("2026-03-03 07:00")


def test_rule_1_7_a_running_clock_keeps_its_version_also_when_it_stands_still_and_goes_on() -> None:
    desk = PromisingDesk(promising(calendar=OFFICE))
    contact = desk.asks()
    desk.since("2026-03-02 10:00").waits(contact)
    around = promising(target("resolution", HOUR), version=2, policy_version=2)
    desk.must_apply(around)
    desk.since("2026-03-03 08:00").asks_again()
    clock = desk.running(contact, "resolution")
    assert (clock.version, clock.due_at) == (1, at("2026-03-04 14:00"))
    assert desk.agrees_with_its_log()


def test_rule_1_7_another_lane_is_reckoned_from_the_original_start_with_all_paused_time_kept() -> None:
    quick = target("resolution", 8 * HOUR, pause_in=(CUSTOMER,), lanes=("vip",))
    slow = target("resolution", 16 * HOUR, pause_in=(CUSTOMER,), lanes=("normal", "low", "security", "improvement"))
    desk = PromisingDesk(promising(slow, quick))
    contact = desk.asks()
    desk.since("2026-03-02 10:00").waits(contact)
    desk.since("2026-03-02 15:00").asks_again()
    assert desk.due(contact, "resolution") == at("2026-03-03 05:00")
    desk.since("2026-03-02 16:00").lane(contact, "vip")
    assert desk.due(contact, "resolution") == at("2026-03-02 21:00")
    (anew,) = desk.told(ClockRebased)
    assert anew.intervals == (
        (at("2026-03-02 08:00"), at("2026-03-02 10:00")),
        (at("2026-03-02 15:00"), at("2026-03-02 21:00")),
    )
    assert desk.agrees_with_its_log()


def test_rule_1_follow_up_a_promise_is_a_clock_that_the_next_reply_meets(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.reply(contact)
    desk.promises(contact, at("2026-03-06 12:00"))
    assert desk.due(contact, "follow_up") == at("2026-03-06 12:00")
    desk.since("2026-03-06 11:00").reply(contact)
    (met,) = [met for met in desk.told(ClockMet) if met.target == "follow_up"]
    assert (met.at, met.late) == (at("2026-03-06 11:00"), False)
    assert desk.told(PromiseMade)[0].due_at == at("2026-03-06 12:00")


def test_rule_1_follow_up_a_promise_that_was_not_kept_is_a_breach_and_does_not_pause(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.promises(contact, at("2026-03-06 12:00"))
    desk.waits(contact, THIRD_PARTY)
    desk.lives_on("2026-03-07 00:00")
    told = [breach.at for breach in desk.told(ClockBreached) if breach.target == "follow_up"]
    assert told == [at("2026-03-06 12:00")]


def test_rule_1_follow_up_a_new_promise_takes_the_place_of_the_open_one(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.promises(contact, at("2026-03-06 12:00"))
    desk.promises(contact, at("2026-03-09 12:00"))
    desk.lives_on("2026-03-07 00:00")
    assert [told.reason for told in desk.told(ClockWithdrawn)] == ["replaced"]
    assert not [told for told in desk.told(ClockBreached) if told.target == "follow_up"]


def test_rule_1_follow_up_a_desk_whose_policy_says_nothing_of_promises_keeps_them_around_the_clock() -> None:
    desk = PromisingDesk(promising(NEXT))
    contact = desk.asks()
    desk.promises(contact, at("2026-03-02 18:00"))
    assert [fraction for fraction, _ in desk.running(contact, "follow_up").warnings] == [0.5, 0.8]
    desk.since("2026-03-02 09:00").reply(contact)
    assert [met.target for met in desk.told(ClockMet)] == ["follow_up"]


def test_clocks_that_stand_still_agree_with_their_log_and_come_due_for_nobody(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.waits(contact)
    desk.lives_on("2027-01-01 00:00")
    assert [breach.target for breach in desk.told(ClockBreached)] == ["first_response"]
    assert desk.told(ClockResumed) == []
    assert desk.agrees_with_its_log()


def test_rule_1_9_a_warning_or_a_breach_raises_the_lane_as_the_policy_says_and_moves_no_deadline() -> None:
    first = target("first_response", 4 * HOUR, raises=((0.8, "vip"), (1.0, "security")))
    desk = PromisingDesk(promising(first, agents=()))
    contact = desk.asks()
    desk.lives_on("2026-03-02 10:30")
    assert desk.contact(contact).lane == "normal"
    desk.lives_on("2026-03-02 11:30")
    assert desk.contact(contact).lane == "vip"
    desk.lives_on("2026-03-02 13:00")
    told = [(raised.lane, raised.at, raised.agent, raised.reason) for raised in desk.told(LaneChanged)]
    assert told == [
        ("vip", at("2026-03-02 11:12"), None, "first_response at 0.8"),
        ("security", at("2026-03-02 12:00"), None, "first_response breached"),
    ]
    assert desk.told(ClockRebased) == []
    assert desk.agrees_with_its_log()


def test_rule_1_9_nothing_is_moved_to_a_less_urgent_lane() -> None:
    desk = PromisingDesk(promising(target("first_response", HOUR, raises=((1.0, "low"),))))
    contact = desk.asks()
    desk.lives_on("2026-03-02 10:00")
    assert desk.contact(contact).lane == "normal"


def test_rule_1_2_what_we_wrote_first_is_no_answer_to_what_is_asked_later(desk: PromisingDesk) -> None:
    """Seed 60000045 of the desk's simulation: the second question started a next response beside the first."""
    contact = desk.write_first("ann", "a", keys=["thread"])
    desk.since("2026-03-02 09:00").asks_again()
    desk.since("2026-03-02 09:30").asks_again()
    assert {clock.target for clock in desk.contact(contact).clocks} == {"first_response", "resolution"}
    desk.reply(contact)
    desk.since("2026-03-02 10:00").asks_again()
    assert desk.running(contact, "next_response").started_at == at("2026-03-02 10:00")
    assert desk.agrees_with_its_log()


def test_rule_1_2_a_question_that_came_in_behind_a_younger_reply_is_answered_by_it_once_resolved(
    desk: PromisingDesk,
) -> None:
    contact = desk.write_first("ann", "a", keys=["thread"])
    desk.since("2026-03-02 09:10").reply(contact)
    desk.since("2026-03-02 09:11").asks_again(since=at("2026-03-02 09:05"))
    desk.since("2026-03-02 09:30").resolve(contact)
    desk.reopen(contact)
    desk.since("2026-03-02 09:40").reply(contact)
    desk.since("2026-03-02 10:00").asks_again()
    assert desk.running(contact, "next_response").started_at == at("2026-03-02 10:00")
    desk.lives_on("2026-03-03 10:00")
    assert [breach.target for breach in desk.told(ClockBreached)] == ["next_response", "resolution"]


def test_rule_1_2_a_question_resolved_without_an_answer_is_followed_by_a_first_one_again_in_a_contact_of_ours(
    desk: PromisingDesk,
) -> None:
    contact = desk.write_first("ann", "a", keys=["thread"])
    desk.since("2026-03-02 09:00").asks_again()
    desk.since("2026-03-02 09:30").resolve(contact)
    desk.delivery(contact, desk.reply(contact), DeliveryState.FAILED)
    desk.since("2026-03-02 09:50").resolve(contact)
    desk.since("2026-03-02 11:00").asks_again()
    assert desk.running(contact, "first_response").started_at == at("2026-03-02 11:00")
    assert desk.contact(contact).clock("next_response") is None
