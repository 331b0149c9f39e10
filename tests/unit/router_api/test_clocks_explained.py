"""Every clock explains itself (`behaviour.md`, section 1, rule 8), also after pauses, bounces and moves."""

from datetime import datetime, timedelta
from random import Random

import msgspec
import pytest

from frontline.contract.ids import ContactId
from frontline.contract.message import DeliveryState
from router.core.desk_settings import CalendarSettings, HoursSettings
from router.index.row import Clock, stamp
from tests.unit.router_api.test_projection import row_of
from tests.unit.router_core.sla_desk import (
    BOTH,
    CUSTOMER,
    HOUR,
    OFFICE,
    THIRD_PARTY,
    PromisingDesk,
    at,
    promising,
    target,
)

SLOW = target("resolution", 16 * HOUR, pause_in=BOTH, lanes=("security", "improvement", "normal", "low"))
QUICK = target("resolution", 12 * HOUR, pause_in=BOTH, lanes=("vip",))


def shown(desk: PromisingDesk, contact: ContactId, name: str = "resolution") -> Clock:
    """The latest of that target."""
    return [clock for clock in row_of(desk, contact).clocks if clock.target == name][-1]


def length(clock: Clock) -> timedelta:
    """What its intervals come to, and those that are not listed."""
    spans = [datetime.fromisoformat(end) - datetime.fromisoformat(start) for start, end in clock.intervals]
    return sum(spans, msgspec.convert(clock.rest, timedelta))


def test_rule_1_8_a_clock_shows_its_start_version_intervals_pauses_warnings_deadline_and_outcome() -> None:
    desk = PromisingDesk(promising(target("resolution", 10 * HOUR, pause_in=BOTH), calendar=OFFICE, policy_version=7))
    contact = desk.asks()
    desk.since("2026-03-02 10:00").waits(contact)
    still = shown(desk, contact)
    assert (still.paused, still.used, length(still)) == (True, "PT7200S", 2 * HOUR)
    desk.since("2026-03-03 12:00").asks_again()
    clock = shown(desk, contact)
    assert (clock.policy, clock.version, clock.calendar, clock.within) == ("standard", 7, "office", "PT36000S")
    assert clock.started_at == stamp(at("2026-03-02 08:00"))
    assert (clock.due_at, clock.paused) == (stamp(at("2026-03-04 12:00")), False)
    assert clock.intervals == tuple(
        (stamp(at(start)), stamp(at(end)))
        for start, end in (
            ("2026-03-02 08:00", "2026-03-02 10:00"),
            ("2026-03-03 12:00", "2026-03-03 16:00"),
            ("2026-03-04 08:00", "2026-03-04 12:00"),
        )
    )
    [pause] = clock.pauses
    assert (pause.begin, pause.end, pause.reason) == (
        stamp(at("2026-03-02 10:00")),
        stamp(at("2026-03-03 12:00")),
        CUSTOMER,
    )
    assert [(due.fraction, due.at) for due in clock.warnings] == [
        (0.5, stamp(at("2026-03-03 15:00"))),
        (0.8, stamp(at("2026-03-04 10:00"))),
    ]
    desk.lives_on("2026-03-04 11:00")
    assert (shown(desk, contact).warned, shown(desk, contact).warnings) == ((0.5, 0.8), ())
    desk.resolve(contact)
    met = shown(desk, contact)
    assert (met.outcome, met.outcome_at, length(met)) == ("met", stamp(at("2026-03-04 11:00")), 9 * HOUR)


def test_a_resolution_that_was_met_too_early_shows_the_time_for_which_it_was() -> None:
    desk = PromisingDesk(promising(target("resolution", 10 * HOUR, pause_in=BOTH)))
    contact = desk.asks()
    desk.since("2026-03-02 10:00").resolve(contact)
    desk.since("2026-03-05 10:00").reopen(contact)
    clock = shown(desk, contact)
    assert (clock.outcome, clock.met_at, clock.reason, length(clock)) == (None, None, "reopened", 10 * HOUR)
    assert [(pause.begin, pause.end, pause.reason) for pause in clock.pauses] == [
        (stamp(at("2026-03-02 10:00")), stamp(at("2026-03-05 10:00")), "resolved")
    ]


def test_a_clock_that_was_moved_shows_the_policy_and_the_intervals_that_count_now() -> None:
    desk = PromisingDesk(promising(SLOW, QUICK))
    contact = desk.asks()
    desk.since("2026-03-02 10:00").waits(contact)
    desk.since("2026-03-02 12:00").asks_again()
    desk.lane(contact, "vip")
    clock = shown(desk, contact)
    assert (clock.due_at, clock.within, clock.reason) == (stamp(at("2026-03-02 22:00")), "PT43200S", "rebased")
    assert length(clock) == 12 * HOUR
    assert len(clock.pauses) == 1


def test_a_reply_that_bounced_gives_the_clock_back_all_that_it_counts() -> None:
    desk = PromisingDesk(promising(target("first_response", 4 * HOUR), target("next_response", 2 * HOUR)))
    contact = desk.asks()
    desk.reply(contact)
    desk.since("2026-03-02 09:00").asks_again()
    reply = desk.since("2026-03-02 09:30").reply(contact)
    desk.since("2026-03-02 10:00").asks_again()
    desk.delivery(contact, reply, DeliveryState.FAILED)
    clocks = {clock.started_at: clock for clock in row_of(desk, contact).clocks if clock.target == "next_response"}
    first, second = clocks[stamp(at("2026-03-02 09:00"))], clocks[stamp(at("2026-03-02 10:00"))]
    assert (first.outcome, first.met_at, first.reason, length(first)) == (None, None, "bounced", 2 * HOUR)
    assert (second.outcome, second.reason) == ("withdrawn", "bounced")
    desk.since("2026-03-02 10:30").reply(contact)
    assert shown(desk, contact, "next_response").outcome == "met"
    assert shown(desk, contact, "next_response").started_at == first.started_at


def test_a_clock_of_years_lists_what_fits_and_sums_up_the_rest() -> None:
    week = tuple(HoursSettings(weekday=day, opens=600, closes=610) for day in range(7))
    rare = CalendarSettings(id="rare", week=week)
    desk = PromisingDesk(promising(target("resolution", 100 * HOUR, pause_in=BOTH), calendar=rare))
    contact = desk.asks()
    clock = shown(desk, contact)
    assert (len(clock.intervals), length(clock)) == (100, 100 * HOUR)
    desk.since("2026-09-02 08:00").waits(contact)
    still = shown(desk, contact)
    assert msgspec.convert(still.used, timedelta) == length(still)


@pytest.mark.parametrize("seed", range(30))
def test_what_a_clock_shows_adds_up_whatever_happened(seed: int) -> None:
    dice = Random(seed)
    desk = PromisingDesk(promising(SLOW, QUICK, calendar=OFFICE))
    contact = desk.asks()
    for _ in range(20):
        desk.now += timedelta(minutes=dice.randint(1, 300))
        resolved = desk.contact(contact).phase == "resolved"
        match dice.choice(["message", "waits", "third", "lane", "resolve", "reopen", "tick"]):
            case "message":
                desk.asks_again()
            case "waits" if not resolved:
                desk.waits(contact, CUSTOMER)
            case "third" if not resolved:
                desk.waits(contact, THIRD_PARTY)
            case "lane":
                desk.lane(contact, dice.choice(["vip", "normal"]))
            case "resolve":
                desk.resolve(contact)
            case "reopen":
                desk.reopen(contact)
            case _:
                desk.tick()
        clock, core = shown(desk, contact), desk.running(contact, "resolution")
        assert (clock.due_at, clock.paused) == (stamp(core.due_at), core.paused and not core.end)
        assert (clock.outcome == "breached") == core.breached
        if clock.outcome is None and not clock.paused:
            assert length(clock) == core.term.within == msgspec.convert(clock.within, timedelta)
