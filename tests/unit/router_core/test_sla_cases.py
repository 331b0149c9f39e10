"""Cases of clocks that other systems get wrong, by their numbers in the list of hard cases (70 to 81); what calendars
get wrong is in `test_sla_calendar_cases`.
"""

from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import AgentId
from frontline.contract.message import Automation, DeliveryState, MessageKind, Presence, ThreadEvidence
from router.core import sla
from router.core.command import EraseContact, Tick
from router.core.event import ContactClosed
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
from router.core.evolve import begin_commit, evolve
from tests.unit.router_core.sla_desk import (
    BOTH,
    CUSTOMER,
    FIRST,
    HOUR,
    NEXT,
    OFFICE,
    RESOLUTION,
    THIRD_PARTY,
    PromisingDesk,
    at,
    closed,
    promising,
    target,
)

MINUTE = timedelta(minutes=1)


def test_case_70_paused_and_resumed_several_times_over_a_weekend_and_for_less_than_a_minute() -> None:
    desk = PromisingDesk(promising(RESOLUTION, calendar=OFFICE), "2026-03-05 08:00")
    contact = desk.asks()
    desk.since("2026-03-05 10:00:00").waits(contact)
    desk.since("2026-03-05 10:00:20").asks_again()
    assert desk.due(contact, "resolution") == at("2026-03-09 08:00:20")  # two days, and twenty seconds of the third
    assert desk.told(ClockResumed)[-1].intervals[-1][1] == desk.due(contact, "resolution")


def test_case_70_the_pauses_are_subtracted_to_the_second() -> None:
    desk = PromisingDesk(promising(target("resolution", 10 * HOUR, pause_in=BOTH), calendar=OFFICE), "2026-03-05 08:00")
    contact = desk.asks()
    desk.since("2026-03-05 10:00:00").waits(contact)
    desk.since("2026-03-05 10:00:20").asks_again()
    assert desk.due(contact, "resolution") == at("2026-03-06 10:00:20")
    desk.since("2026-03-06 09:00").waits(contact, THIRD_PARTY)
    desk.since("2026-03-08 11:00").asks_again()  # on a Sunday: it goes on on Monday
    assert desk.due(contact, "resolution") == at("2026-03-09 09:00:20")
    assert [paused.used for paused in desk.told(ClockPaused)] == [2 * HOUR, 9 * HOUR - timedelta(seconds=20)]
    assert desk.agrees_with_its_log()


def _two_lanes(version: int = 1) -> PromisingDesk:
    slow = target("resolution", 16 * HOUR, pause_in=BOTH)
    quick = target("resolution", 3 * HOUR, pause_in=BOTH, lanes=("vip",))
    others = ("security", "improvement", "normal", "low")
    return PromisingDesk(promising(msgspec.structs.replace(slow, lanes=others), quick, policy_version=version))


def test_case_71_the_lane_changes_after_a_pause_and_the_paused_time_is_kept() -> None:
    desk = _two_lanes()
    contact = desk.asks()
    desk.since("2026-03-02 09:00").waits(contact)
    desk.since("2026-03-02 19:00").asks_again()
    desk.since("2026-03-02 20:00").lane(contact, "vip")
    assert desk.due(contact, "resolution") == at("2026-03-02 21:00")


def test_case_71_the_lane_changes_during_a_pause() -> None:
    desk = _two_lanes()
    contact = desk.asks()
    desk.since("2026-03-02 09:00").waits(contact)
    desk.since("2026-03-02 12:00").lane(contact, "vip")
    assert desk.running(contact, "resolution").paused
    desk.since("2026-03-02 20:00").asks_again()
    assert desk.due(contact, "resolution") == at("2026-03-02 22:00")


def test_case_71_a_stricter_lane_whose_time_was_over_before_the_pause_is_a_breach_with_its_own_deadline() -> None:
    desk = _two_lanes()
    contact = desk.asks()
    desk.since("2026-03-02 12:00").waits(contact)
    desk.since("2026-03-02 15:00").lane(contact, "vip")
    assert [breach.at for breach in desk.told(ClockBreached)] == [at("2026-03-02 11:00")]
    assert desk.agrees_with_its_log()


def test_case_71_a_stricter_lane_whose_time_was_over_is_a_breach_also_without_a_pause() -> None:
    desk = _two_lanes()
    contact = desk.asks()
    desk.since("2026-03-02 15:00").lane(contact, "vip")
    assert [(told.fraction, told.at) for told in desk.told(ClockWarned)] == [
        (0.5, at("2026-03-02 09:30")),
        (0.8, at("2026-03-02 10:24")),
    ]
    assert [breach.at for breach in desk.told(ClockBreached)] == [at("2026-03-02 11:00")]


def test_case_72_a_holiday_added_for_today_moves_no_clock_that_runs_and_every_one_that_starts() -> None:
    desk = PromisingDesk(promising(FIRST, calendar=OFFICE))
    before = desk.asks()
    desk.must_apply(promising(FIRST, calendar=closed(OFFICE, "2026-03-02"), version=2, policy_version=2))
    after = desk.opens("bob")
    assert desk.due(before, "first_response") == at("2026-03-02 12:00")
    assert desk.due(after, "first_response") == at("2026-03-03 12:00")
    assert desk.agrees_with_its_log()


def test_rule_1_7_case_72_a_breach_on_record_stays_when_policy_and_lane_change() -> None:
    desk = _two_lanes()
    contact = desk.asks()
    desk.lives_on("2026-03-03 00:01")
    desk.must_apply(promising(target("resolution", 1000 * HOUR), version=2, policy_version=2))
    desk.lane(contact, "vip")
    desk.resolve(contact)
    assert [breach.at for breach in desk.told(ClockBreached)] == [at("2026-03-03 00:00")]
    assert desk.told(ClockRebased) == []
    assert [met.late for met in desk.told(ClockMet)] == [True]


def test_case_72_moving_to_another_lane_takes_the_version_in_force() -> None:
    desk = _two_lanes()
    contact = desk.asks()
    desk.must_apply(promising(target("resolution", 5 * HOUR), version=2, policy_version=2))
    assert desk.running(contact, "resolution").version == 1
    desk.lane(contact, "vip")
    assert (desk.running(contact, "resolution").version, desk.due(contact, "resolution")) == (2, at("2026-03-02 13:00"))


def test_case_73_resolved_after_the_deadline_and_before_the_timer_is_a_breach() -> None:
    desk = PromisingDesk(promising(RESOLUTION))
    contact = desk.asks()
    desk.since("2026-03-03 00:00:00.100").resolve(contact)
    assert [(breach.target, breach.at) for breach in desk.told(ClockBreached)] == [
        ("resolution", at("2026-03-03 00:00"))
    ]
    assert [met.late for met in desk.told(ClockMet)] == [True]


def test_case_73_resolved_in_the_very_millisecond_of_the_deadline_is_in_time() -> None:
    desk = PromisingDesk(promising(RESOLUTION))
    contact = desk.asks()
    desk.since("2026-03-03 00:00").resolve(contact)
    assert desk.told(ClockBreached) == []
    assert [met.late for met in desk.told(ClockMet)] == [False]


def test_case_73_a_pause_begun_after_the_deadline_comes_too_late() -> None:
    desk = PromisingDesk(promising(RESOLUTION))
    contact = desk.asks()
    desk.since("2026-03-03 00:00:00.001").waits(contact)
    assert [breach.at for breach in desk.told(ClockBreached)] == [at("2026-03-03 00:00")]
    assert desk.told(ClockPaused) == []


def test_rule_1_2_case_74_five_messages_in_a_row_are_one_clock_from_the_first_and_one_breach() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    contact = desk.asks()
    desk.reply(contact)
    for _ in range(5):
        desk.wait(hours=1)
        desk.asks_again()
        desk.tick()
    assert [breach.at for breach in desk.told(ClockBreached)] == [at("2026-03-02 11:00")]
    assert [started.at for started in desk.told(ClockStarted) if started.target == "next_response"] == [
        at("2026-03-02 09:00")
    ]


@pytest.mark.parametrize(
    "targets, told",
    [
        ((FIRST,), [("first_response", "2026-03-02 08:00")]),
        ((NEXT,), [("next_response", "2026-03-02 10:00")]),
        (
            (FIRST, target("next_response", MINUTE)),
            [("first_response", "2026-03-02 08:00"), ("next_response", "2026-03-02 10:00")],
        ),
    ],
)
def test_case_75_a_policy_may_promise_one_target_only_and_the_next_sooner_than_the_first(
    targets: tuple[object, ...], told: list[tuple[str, str]]
) -> None:
    desk = PromisingDesk(promising(*targets))  # type: ignore[arg-type]
    contact = desk.asks()
    desk.since("2026-03-02 09:00").reply(contact)
    desk.since("2026-03-02 10:00").asks_again()
    assert [(clock.target, clock.at) for clock in desk.told(ClockStarted)] == [(name, at(when)) for name, when in told]


def test_rule_1_1_case_76_no_automatic_answer_note_survey_or_goodbye_meets_or_starts_a_clock() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    contact = desk.asks()
    named = [("thread", ThreadEvidence.REFERENCE)]
    for nothing in (
        desk.mail(automation=Automation.AUTO_REPLIED, finds=named),
        desk.mail(kind=MessageKind.SURVEY, finds=named),
        desk.mail(kind=MessageKind.SYSTEM, finds=named),
        desk.mail(presence=Presence.LEFT, finds=named),
    ):
        desk.must(nothing)
    desk.note(contact)
    assert desk.told(ClockMet) == []
    desk.reply(contact)
    desk.must(desk.mail(kind=MessageKind.SURVEY, finds=named))
    assert desk.contact(contact).clock("next_response") is None


def test_rule_1_1_case_76_an_answered_call_meets_the_first_response_and_what_is_asked_then_is_the_next() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    contact = desk.opens("ann", binds=["thread"], kind=MessageKind.CALL, presence=Presence.LIVE)
    desk.wait(seconds=30)
    answered = desk.mail(
        kind=MessageKind.CALL, presence=Presence.ANSWERED, finds=[("thread", ThreadEvidence.REFERENCE)]
    )
    desk.must(answered)
    assert [(met.target, met.by) for met in desk.told(ClockMet)] == [("first_response", answered.message)]
    desk.asks_again()
    assert desk.running(contact, "next_response").running


def test_rule_1_10_case_77_reopened_after_resolve_goes_on_and_a_merged_contact_s_clocks_are_withdrawn() -> None:
    desk = PromisingDesk(promising())
    contact = desk.asks()
    desk.promises(contact, at("2026-03-05 12:00"))
    desk.since("2026-03-02 09:00").resolve(contact)
    desk.since("2026-03-02 10:00").reopen(contact)
    assert {clock.target for clock in desk.contact(contact).clocks if clock.running} == {
        "first_response",
        "resolution",
        "follow_up",
    }
    begin_commit(desk.state, desk.epoch, desk.index + 1, desk.now)
    told = sla.stopped(desk.contact(contact), desk.now, "merged")
    evolve(desk.state, told)
    assert {(event.target, event.reason) for event in told if isinstance(event, ClockWithdrawn)} == {
        ("first_response", "merged"),
        ("resolution", "merged"),
        ("follow_up", "merged"),
    }
    assert desk.state.dues.first() is None or not any(clock.running for clock in desk.contact(contact).clocks)


def test_rule_1_10_case_77_a_merged_contact_s_clocks_do_not_come_back_when_it_is_opened_again() -> None:
    desk = PromisingDesk(promising())
    contact = desk.asks()
    begin_commit(desk.state, desk.epoch, desk.index + 1, desk.now)
    evolve(desk.state, sla.stopped(desk.contact(contact), desk.now, "merged"))
    desk.index += 1
    desk.resolve(contact)
    desk.reopen(contact)
    assert not any(clock.running for clock in desk.contact(contact).clocks)


def test_case_78_a_warning_that_falls_outside_hours_waits_for_the_opening_or_came_before_closing() -> None:
    desk = PromisingDesk(promising(FIRST, calendar=OFFICE), "2026-03-02 15:00")
    desk.asks()
    desk.lives_on("2026-03-02 23:59")
    assert desk.told(ClockWarned) == []
    desk.lives_on("2026-03-03 12:00")
    warned = [told.at for told in desk.told(ClockWarned)]
    assert warned == [at("2026-03-03 09:00"), at("2026-03-03 10:12")]


def test_case_78_asked_at_night_nothing_warns_before_the_opening() -> None:
    desk = PromisingDesk(promising(target("first_response", MINUTE), calendar=OFFICE), "2026-03-02 23:00")
    desk.asks()
    assert desk.state.dues.first() is not None
    desk.lives_on("2026-03-04 00:00")
    assert all(8 <= told.at.hour < 16 for told in desk.told(ClockWarned))


def test_case_78_a_promise_for_a_time_when_nobody_is_there_warns_of_nothing() -> None:
    desk = PromisingDesk(promising(calendar=OFFICE), "2026-03-06 17:00")
    contact = desk.asks()
    desk.promises(contact, at("2026-03-07 12:00"))
    assert desk.running(contact, "follow_up").warnings == ()


def test_case_79_a_router_that_was_down_across_a_pause_s_end_and_the_deadline_tells_the_true_times_once() -> None:
    desk = PromisingDesk(promising(RESOLUTION))
    contact = desk.asks()
    desk.since("2026-03-02 10:00").waits(contact, until=at("2026-03-02 12:00"))
    desk.now = at("2026-03-10 00:00")
    desk.another_leads()
    desk.tick()
    desk.another_leads()
    assert [resumed.at for resumed in desk.told(ClockResumed)] == [at("2026-03-02 12:00")]
    assert [warned.at for warned in desk.told(ClockWarned)] == [at("2026-03-02 18:00"), at("2026-03-02 22:48")]
    assert [breach.at for breach in desk.told(ClockBreached)] == [at("2026-03-03 02:00")]
    assert desk.ask(Tick()).commit is None


def test_case_80_a_message_of_the_past_ends_a_pause_when_it_began_and_one_of_the_future_now() -> None:
    desk = PromisingDesk(promising(RESOLUTION))
    contact = desk.asks()
    desk.since("2026-03-02 10:00").waits(contact)
    desk.since("2026-03-02 12:00").asks_again(since=at("2026-03-02 09:30"))
    assert desk.told(ClockResumed)[-1].at == at("2026-03-02 10:00")
    desk.since("2026-03-02 13:00").waits(contact)
    desk.since("2026-03-02 14:00").asks_again(since=at("2040-01-01 00:00"))
    assert desk.told(ClockResumed)[-1].at == at("2026-03-02 14:00")
    assert desk.due(contact, "resolution") == at("2026-03-03 01:00")


def test_rule_1_10_case_81_the_clocks_of_an_erased_customer_stop_and_what_is_on_record_stays() -> None:
    desk = PromisingDesk(promising())
    contact = desk.asks()
    desk.lives_on("2026-03-02 13:00")
    desk.must(EraseContact(contact=contact))
    assert [(told.target, told.reason) for told in desk.told(ClockWithdrawn)] == [("resolution", "erased")]
    assert [breach.target for breach in desk.told(ClockBreached)] == ["first_response"]
    assert contact not in desk.state.contacts
    assert desk.told(ContactClosed)[0].contact == contact
    assert desk.state.agents[AgentId("a")].load == 0
    desk.lives_on("2027-01-01 00:00")
    assert len(desk.told(ClockBreached)) == 1
    assert desk.must(EraseContact(contact=contact)) == ()
    assert desk.agrees_with_its_log()


@pytest.mark.parametrize("phase", ["waiting_customer", "resolved", "waiting"])
def test_case_81_a_contact_is_erased_whatever_becomes_of_it_just_then(phase: str) -> None:
    desk = PromisingDesk(promising(agents=("a",) if phase != "waiting" else ()))
    contact = desk.asks()
    if phase == CUSTOMER:
        desk.waits(contact, until=at("2026-03-05 00:00"))
    elif phase == "resolved":
        desk.resolve(contact)
    assert desk.contact(contact).phase == phase
    desk.must(EraseContact(contact=contact))
    assert not desk.state.contacts
    desk.lives_on("2026-03-06 00:00")
    assert desk.agrees_with_its_log()


def test_a_failed_reply_is_no_answer_when_a_contact_is_opened_again() -> None:
    desk = PromisingDesk(promising(FIRST))
    contact = desk.asks()
    reply = desk.reply(contact)
    desk.resolve(contact)
    desk.delivery(contact, reply, DeliveryState.FAILED)
    assert desk.running(contact, "first_response").running


def test_rule_1_2_a_reply_from_before_the_first_question_that_failed_lets_no_second_clock_begin() -> None:
    desk = PromisingDesk(promising())
    contact = desk.opens("ann", binds=["thread"], automation=Automation.AUTO_REPLIED)
    reply = desk.reply(contact)
    desk.since("2026-03-02 09:00").asks_again()
    desk.delivery(contact, reply, DeliveryState.FAILED)
    desk.since("2026-03-02 10:00").asks_again()
    assert desk.contact(contact).clock("first_response") is None
    assert desk.running(contact, "next_response").started_at == at("2026-03-02 09:00")
    desk.since("2026-03-02 10:30").reply(contact)
    assert [(met.target, met.late) for met in desk.told(ClockMet)] == [("next_response", False)]
    assert desk.agrees_with_its_log()
