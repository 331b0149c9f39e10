"""Who is on duty when: rotation, swaps, overrides, zones, and what a change of the clocks does to it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from frontline.contract.ids import AgentId
from router.core.rota import Rota, duty, next_change, next_on_duty, parse_turn_id, turn_id, turns
from router.core.rota_settings import OverrideSettings, ShiftSettings
from router.core.rota_wall import instant

MINUTE = timedelta(minutes=1)
MONDAY = date(2026, 3, 2)
WORKDAYS = (0, 1, 2, 3, 4)
A, B, C = AgentId("a"), AgentId("b"), AgentId("c")


def shift(
    name: str = "early",
    *weeks: tuple[AgentId, ...],
    zone: str = "UTC",
    days: tuple[int, ...] = WORKDAYS,
    begins: time = time(9),
    ends: time = time(17),
    since: date = MONDAY,
    until: date | None = None,
    overrides: tuple[OverrideSettings, ...] = (),
    available: bool = False,
) -> ShiftSettings:
    return ShiftSettings(
        id=name, zone=zone, days=days, begins=begins, ends=ends, weeks=weeks or ((A,),), since=since, until=until,
        overrides=overrides, available=available,
    )  # fmt: skip


def of(
    *shifts: ShiftSettings, swaps: dict[tuple[str, date], tuple[tuple[AgentId, AgentId], ...]] | None = None
) -> Rota:
    return Rota(shifts, swaps or {}, frozenset((A, B, C)))


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def on_duty(rota: Rota, now: datetime) -> frozenset[AgentId]:
    return duty(rota, now).agents


def test_a_turn_begins_in_its_first_instant_and_is_over_in_the_one_it_ends() -> None:
    rota = of(shift())
    assert on_duty(rota, at(2, 9)) == {A}
    assert on_duty(rota, at(2, 17) - timedelta(milliseconds=1)) == {A}
    assert on_duty(rota, at(2, 17)) == on_duty(rota, at(2, 9) - timedelta(milliseconds=1)) == frozenset()


def test_rule_2_12_weeks_rotate_from_the_week_that_the_shift_began_in() -> None:
    rota = of(shift("early", (A,), (B,), (C,), since=date(2026, 3, 4)))
    fridays = [at(6, 12), at(13, 12), at(20, 12), at(27, 12)]
    assert [on_duty(rota, friday) for friday in fridays] == [{A}, {B}, {C}, {A}]


def test_a_shift_has_no_turns_before_its_first_day_and_none_after_its_last() -> None:
    rota = of(shift(since=date(2026, 3, 4), until=date(2026, 3, 6)))
    days = [day for day in range(1, 12) if on_duty(rota, at(day, 12))]
    assert days == [4, 5, 6]


def test_a_turn_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    rota = of(shift("night", (A,), (B,), days=(6,), begins=time(21), ends=time(5)))
    assert on_duty(rota, at(9, 4)) == {A}, "Monday morning still is the Sunday of week A"
    assert [turn.day for turn in turns(rota, at(9, 4), at(9, 5))] == [date(2026, 3, 8)]


def test_a_shift_that_ends_when_it_begins_lasts_a_day() -> None:
    rota = of(shift("on-call", (A,), (B,), days=tuple(range(7)), begins=time(9), ends=time(9)))
    assert on_duty(rota, at(9, 8, 59)) == {A}
    assert on_duty(rota, at(9, 9)) == {B}
    assert next_change(rota, at(2, 9)) == at(9, 9), "the same person goes on, so nothing changes day by day"


def test_rule_2_12_a_swap_is_for_one_turn_only_and_swaps_follow_each_other() -> None:
    rota = of(shift(), swaps={("early", date(2026, 3, 3)): ((A, B), (B, C))})
    assert [on_duty(rota, at(day, 12)) for day in (2, 3, 4)] == [{A}, {C}, {A}]


def test_a_swap_that_the_rules_have_overtaken_is_passed_over() -> None:
    rota = of(shift("early", (C,)), swaps={("early", date(2026, 3, 3)): ((A, B),)})
    assert on_duty(rota, at(3, 12)) == {C}


def test_nobody_takes_a_turn_twice() -> None:
    rota = of(shift("early", (A, B)), swaps={("early", date(2026, 3, 3)): ((A, B),)})
    assert [turn.agents for turn in turns(rota, at(3, 12), at(3, 13))] == [(A, B)]


def test_an_override_sends_others_cancels_a_day_moves_it_or_adds_one() -> None:
    overrides = (
        OverrideSettings(day=date(2026, 3, 3), agents=(C,)),
        OverrideSettings(day=date(2026, 3, 4), agents=()),
        OverrideSettings(day=date(2026, 3, 5), begins=time(12), ends=time(13)),
        OverrideSettings(day=date(2026, 3, 7), agents=(B,)),
    )
    rota = of(shift(overrides=overrides))
    assert [on_duty(rota, at(day, 10)) for day in (2, 3, 4, 5, 7)] == [{A}, {C}, set(), set(), {B}]
    assert on_duty(rota, at(5, 12, 30)) == {A}


def test_whoever_left_the_desk_has_no_turns() -> None:
    assert on_duty(Rota((shift("early", (A, B)),), {}, frozenset((B,))), at(2, 12)) == {B}


def test_a_shift_says_whether_it_makes_available() -> None:
    rota = of(shift(), shift("late", (B,), available=True))
    assert duty(rota, at(2, 12)).available == {B}


def test_rule_2_12_a_shift_keeps_to_the_clocks_of_its_zone() -> None:
    """Nine in the morning in New York, before and after its clocks go forward on 8 March."""
    rota = of(shift(zone="America/New_York", days=tuple(range(7))))
    assert [turn.start for turn in turns(rota, at(7, 12), at(9, 12))] == [at(7, 14), at(8, 13)]


@pytest.mark.parametrize(
    "night,hours,hand_over",
    [
        (date(2026, 3, 28), 4, datetime(2026, 3, 29, 1, tzinfo=UTC)),  # 02:30 does not come: clocks jump at 02:00
        (date(2026, 10, 24), 4.5, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # 02:30 comes twice: the first one
        (date(2026, 6, 6), 4.5, datetime(2026, 6, 7, 0, 30, tzinfo=UTC)),
    ],
)
def test_case_64_a_hand_over_at_a_change_of_the_clocks_leaves_no_gap_and_no_overlap(
    night: date, hours: float, hand_over: datetime
) -> None:
    all_days = tuple(range(7))
    evening = shift("evening", (A,), zone="Europe/Berlin", days=all_days, begins=time(22), ends=time(2, 30))
    morning = shift("morning", (B,), zone="Europe/Berlin", days=all_days, begins=time(2, 30), ends=time(10))
    rota = of(evening, morning)
    first = next(turn for turn in turns(rota, hand_over - MINUTE, hand_over) if turn.shift == "evening")
    second = next(turn for turn in turns(rota, hand_over, hand_over + MINUTE) if turn.shift == "morning")
    assert first.day == night
    assert first.end == second.start == hand_over == next_change(rota, hand_over - MINUTE)
    assert first.end - first.start == timedelta(hours=hours)
    assert on_duty(rota, hand_over - timedelta(milliseconds=1)) == {A}
    assert on_duty(rota, hand_over) == {B}


def test_a_shift_that_lies_within_the_hour_that_does_not_come_is_not_held() -> None:
    rota = of(shift(zone="Europe/Berlin", days=tuple(range(7)), begins=time(2, 10), ends=time(2, 50)))
    held = [turn.day.day for turn in turns(rota, at(27, 0), at(31, 0))]
    assert held == [27, 28, 30]


def test_a_rota_in_which_nobody_comes_or_goes_is_looked_at_again_all_the_same() -> None:
    rota = of(shift("always", (A,), days=tuple(range(7)), begins=time(0), ends=time(0)))
    assert next_change(rota, at(2, 12)) == at(2, 12) + timedelta(days=400)
    assert next_change(of(), at(2, 12)) is None


def test_somebody_is_on_duty_again_on_monday_morning() -> None:
    rota = of(shift())
    assert next_on_duty(rota, at(6, 17)) == at(9, 9)
    assert next_on_duty(rota, at(9, 10)) == at(9, 10)
    assert next_on_duty(of(), at(9, 10)) is None


def test_the_id_of_a_turn_says_which_it_is() -> None:
    assert parse_turn_id(turn_id("late-shift", MONDAY)) == ("late-shift", MONDAY)
    assert [parse_turn_id(text) for text in ("late-shift", "late.tomorrow", "")] == [None, None, None]


# What follows holds for any rota. The oracle looks at clocks on the wall, minute by minute.

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu")
AROUND = {  # a few days with a change of the clocks in each zone, and some without
    "UTC": (date(2026, 6, 10),),
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/St_Johns": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Pacific/Apia": (date(2011, 12, 30), date(2011, 9, 24)),  # a whole day was left out; clocks forward
    "Asia/Kathmandu": (date(2026, 6, 10),),
}
times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 1, 15, 30, 59)))
crews = st.lists(st.sampled_from((A, B, C)), max_size=2, unique=True).map(tuple)


@st.composite
def rotas(draw: st.DrawFn) -> tuple[Rota, date]:
    """Some shifts in any zones, and a day around which it is worth to look."""
    day = draw(st.sampled_from(sorted({day for days in AROUND.values() for day in days})))
    near = st.integers(-4, 4).map(lambda days: day + timedelta(days=days))
    overrides = st.builds(
        OverrideSettings, day=near, agents=st.none() | crews, begins=st.none() | times, ends=st.none() | times
    )
    shifts = [
        ShiftSettings(
            id=name,
            zone=draw(st.sampled_from([zone for zone in ZONES if day in AROUND[zone]] + ["Asia/Kathmandu"])),
            days=tuple(draw(st.sets(st.integers(0, 6), min_size=3))),
            begins=draw(times),
            ends=draw(times),
            weeks=tuple(draw(st.lists(crews, min_size=1, max_size=3))),
            since=day - timedelta(days=draw(st.integers(-1, 40))),
            until=draw(st.none() | near),
            overrides=tuple(draw(st.lists(overrides, max_size=2, unique_by=lambda override: override.day))),
        )
        for name in ("one", "two")[: draw(st.integers(1, 2))]
    ]
    swaps = draw(st.dictionaries(st.tuples(st.just("one"), near), st.just(((A, B),)), max_size=2))
    return Rota(tuple(shifts), swaps, frozenset((A, B, C))), day


def reached(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first minute at which clocks show `wall` or more, found by looking at every clock before."""
    at = wall.replace(tzinfo=UTC) - timedelta(hours=40)
    while at.astimezone(zone).replace(tzinfo=None) < wall:
        at += MINUTE
    return at


def seen(rota: Rota, now: datetime) -> set[AgentId]:
    """Who is on at `now`, the long way round."""
    found: set[AgentId] = set()
    for shift in rota.shifts:
        zone = ZoneInfo(shift.zone)
        for back in (-2, -1, 0, 1, 2):
            day = now.astimezone(zone).date() + timedelta(days=back)
            begins, ends, crew = shift.begins, shift.ends, None
            if day >= shift.since and (shift.until is None or day <= shift.until) and day.weekday() in shift.days:
                crew = usual(shift, day)
            for override in shift.overrides:
                if override.day == day:
                    crew = usual(shift, day) if override.agents is None else override.agents
                    begins = begins if override.begins is None else override.begins
                    ends = ends if override.ends is None else override.ends
            length = timedelta(hours=ends.hour - begins.hour, minutes=ends.minute - begins.minute)
            length += timedelta(days=1) if length <= timedelta(0) else timedelta(0)
            start = datetime.combine(day, begins)
            if crew and reached(start, zone) <= now < reached(start + length, zone):
                for gave, took in rota.swaps.get((shift.id, day), ()):
                    crew = tuple(took if took not in crew and agent == gave else agent for agent in crew)
                found.update(crew)
    return found


def usual(shift: ShiftSettings, day: date) -> tuple[AgentId, ...]:
    """By counting Mondays from the first day on, or back from it."""
    step = 1 if day >= shift.since else -1
    cursor, week = shift.since, 0
    while cursor != day:
        following = cursor + timedelta(days=step)
        if (following if step > 0 else cursor).weekday() == 0:
            week += step
        cursor = following
    return shift.weeks[week % len(shift.weeks)]


@given(rotas(), st.integers(-3 * 1440, 3 * 1440))
@example_settings(max_examples=40, deadline=None)
def test_who_is_on_duty_agrees_with_a_look_at_every_clock(case: tuple[Rota, date], minutes: int) -> None:
    rota, day = case
    now = datetime.combine(day, time(0), tzinfo=UTC) + minutes * MINUTE
    assert on_duty(rota, now) == seen(rota, now)


@given(rotas(), st.integers(-3 * 1440, 3 * 1440))
@example_settings(max_examples=60, deadline=None)
def test_nobody_comes_or_goes_before_the_next_change_and_somebody_does_then(
    case: tuple[Rota, date], minutes: int
) -> None:
    rota, day = case
    now = datetime.combine(day, time(0), tzinfo=UTC) + minutes * MINUTE
    then = next_change(rota, now)
    assert then is not None
    assert then > now
    if then - now < timedelta(days=400):
        assert duty(rota, then) != duty(rota, now)
    looked = min(then, now + timedelta(days=9))
    for turn in turns(rota, now, looked):
        for edge in (turn.start, turn.end):
            if now < edge < looked:
                assert duty(rota, edge) == duty(rota, now)


@given(st.sampled_from(ZONES), st.integers(0, 3 * 1440 - 1), st.integers(0, 90))
@example_settings(max_examples=60, deadline=None)
def test_a_later_time_on_the_wall_is_never_an_earlier_instant(zone: str, minutes: int, later: int) -> None:
    for day in AROUND[zone]:
        wall = datetime.combine(day, time(0)) + (minutes - 1440) * MINUTE
        assert instant(wall, ZoneInfo(zone)) <= instant(wall + later * MINUTE, ZoneInfo(zone))
        assert instant(wall, ZoneInfo(zone)) == reached(wall, ZoneInfo(zone))
