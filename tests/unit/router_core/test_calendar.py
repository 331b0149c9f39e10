"""Business time, against a walk from minute to minute."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from router.core.calendar import Always
from router.core.calendar_hours import LISTED, Counted, OpeningHours
from router.core.desk_settings import CalendarSettings, HoursSettings, SpecialDaySettings
from tests.unit.router_core import minutes
from tests.unit.router_core.driver import NOON

ALWAYS = Always()
NOTHING = timedelta(0)
MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
DAY = 1440

CHANGES = {
    "UTC": datetime(2026, 12, 31, 23, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 3, 29, 1, tzinfo=UTC),
    "America/New_York": datetime(2026, 11, 1, 6, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 15, tzinfo=UTC),
    "Asia/Kathmandu": datetime(2027, 1, 1, tzinfo=UTC),
    "America/Santiago": datetime(2026, 9, 6, 4, tzinfo=UTC),
    "Africa/Cairo": datetime(2026, 10, 29, 21, tzinfo=UTC),
    "Africa/Casablanca": datetime(2027, 2, 7, 2, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),
}
"""An instant at which each zone does something: a gap, an overlap, a new year, a day left out."""

minute_of_day = st.integers(0, DAY - 1)
lengths = st.integers(1, DAY) | st.just(DAY) | st.integers(1, 90)


@st.composite
def hours(draw: st.DrawFn) -> HoursSettings:
    opens = draw(minute_of_day | st.just(0) | st.just(120))
    return HoursSettings(weekday=draw(st.integers(0, 6)), opens=opens, closes=opens + draw(lengths))


@st.composite
def calendar_settings(draw: st.DrawFn, zone: str, near: date) -> CalendarSettings:
    days = st.integers(-4, 6).map(lambda after: near + timedelta(days=after))
    return CalendarSettings(
        id="office",
        zone=zone,
        week=tuple(draw(st.lists(hours(), min_size=1, max_size=12))),
        closed=tuple(draw(st.lists(days, max_size=3, unique=True))),
        special=tuple(
            SpecialDaySettings(day=day, hours=tuple(draw(st.lists(hours(), max_size=2))))
            for day in draw(st.lists(days, max_size=2, unique=True))
        ),
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[CalendarSettings, datetime, datetime]:
    """A calendar, and two instants around something that happens to the clocks of its zone."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = CHANGES[zone]
    calendar = draw(calendar_settings(zone, change.date()))
    start = change - draw(st.integers(0, 3 * DAY * 60_000)) * MILLISECOND
    return calendar, start, start + draw(st.integers(0, 4 * DAY * 60_000)) * MILLISECOND


@settings(max_examples=80, deadline=None)
@given(questions())
def test_rule_1_4_elapsed_is_what_a_walk_from_minute_to_minute_counts(
    question: tuple[CalendarSettings, datetime, datetime],
) -> None:
    calendar, start, end = question
    assert OpeningHours(calendar).elapsed(start, end) == minutes.elapsed(calendar, start, end)


@settings(max_examples=80, deadline=None)
@given(questions(), st.integers(1, 30 * 3_600_000))
def test_rule_1_4_due_is_where_a_walk_from_minute_to_minute_arrives(
    question: tuple[CalendarSettings, datetime, datetime], duration: int
) -> None:
    calendar, start, until = question
    walked = minutes.due(calendar, start, duration * MILLISECOND, until)
    due = OpeningHours(calendar).due(start, duration * MILLISECOND)
    assert due == walked if walked is not None else due > until


@settings(max_examples=150, deadline=None)
@given(questions(), st.integers(1, 300 * 3_600_000))
def test_due_and_elapsed_agree_and_the_listed_intervals_are_their_explanation(
    question: tuple[CalendarSettings, datetime, datetime], duration: int
) -> None:
    settings_, start, _ = question
    calendar = OpeningHours(settings_)
    due = calendar.due(start, duration * MILLISECOND)
    assert calendar.elapsed(start, due) == duration * MILLISECOND
    assert calendar.elapsed(start, due - MILLISECOND) == (duration - 1) * MILLISECOND
    counted = calendar.counted(start, due)
    assert _sum(counted) == duration * MILLISECOND
    assert all(opens < closes for opens, closes in counted.intervals)
    assert all(former[1] < later[0] for former, later in pairwise(counted.intervals))
    if not counted.rest:
        assert counted.intervals[-1][1] == due


@settings(max_examples=100, deadline=None)
@given(questions(), st.integers(0, 4 * DAY * 60_000))
def test_elapsed_adds_up(question: tuple[CalendarSettings, datetime, datetime], later: int) -> None:
    calendar, start, middle = OpeningHours(question[0]), question[1], question[2]
    end = middle + later * MILLISECOND
    assert calendar.elapsed(start, middle) + calendar.elapsed(middle, end) == calendar.elapsed(start, end)


@given(st.timedeltas(NOTHING, timedelta(days=4000)), st.timedeltas(NOTHING, timedelta(days=400)))
def test_rule_1_4_around_the_clock_counts_real_elapsed_time(later: timedelta, duration: timedelta) -> None:
    start = NOON + later
    end = ALWAYS.due(start, duration)
    assert ALWAYS.elapsed(start, end) == duration
    assert _sum(ALWAYS.counted(start, end)) == duration


@pytest.mark.parametrize("calendar", [ALWAYS, OpeningHours(CalendarSettings(id="c", week=(HoursSettings(),)))])
def test_nothing_elapses_backwards(calendar: Always | OpeningHours) -> None:
    assert calendar.elapsed(NOON, NOON - HOUR) == NOTHING
    assert calendar.counted(NOON, NOON - HOUR) == Counted(())
    assert calendar.due(NOON, NOTHING) == NOON


def test_a_change_of_the_clocks_somewhere_is_no_business_of_a_calendar_that_never_closes() -> None:
    before = NOON.replace(month=3, day=29, hour=0)
    end = ALWAYS.due(before, timedelta(hours=4))
    berlin = ZoneInfo("Europe/Berlin")
    assert end.astimezone(berlin).hour - before.astimezone(berlin).hour == 5


WHOLE_WEEK = tuple(HoursSettings(weekday=weekday) for weekday in range(7))


@given(st.sampled_from(sorted(CHANGES)), st.timedeltas(NOTHING, timedelta(days=900)), st.timedeltas(NOTHING))
@settings(deadline=None)
@example("Europe/Berlin", NOTHING, timedelta(days=365))
@example("Pacific/Apia", NOTHING, timedelta(days=365))
def test_rule_1_4_days_of_24_hours_lose_no_minute_whatever_the_clocks_do(
    zone: str, after: timedelta, duration: timedelta
) -> None:
    assume(duration < timedelta(days=1500))
    calendar = OpeningHours(CalendarSettings(id="open", zone=zone, week=WHOLE_WEEK))
    start = datetime(2011, 6, 1, tzinfo=UTC) + after
    start, duration = start.replace(microsecond=0), timedelta(seconds=int(duration.total_seconds()))
    assert calendar.due(start, duration) == start + duration
    assert calendar.counted(start, start + duration).intervals == (((start, start + duration),) if duration else ())


def test_what_is_too_long_to_list_is_summed_up() -> None:
    week = tuple(HoursSettings(weekday=weekday, opens=480, closes=490) for weekday in range(5))
    calendar = OpeningHours(CalendarSettings(id="ten minutes a day", week=week))
    due = calendar.due(NOON, timedelta(days=4))
    counted = calendar.counted(NOON, due)
    assert len(counted.intervals) == LISTED
    assert counted.rest == timedelta(days=4) - LISTED * timedelta(minutes=10)


def test_an_earlier_year_may_be_asked_for_after_a_later_one() -> None:
    week = (HoursSettings(weekday=0, opens=540, closes=600),)
    calendar = OpeningHours(CalendarSettings(id="mondays", week=week))
    later, earlier = datetime(2029, 6, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
    alone = OpeningHours(CalendarSettings(id="mondays", week=week)).due(earlier, timedelta(hours=3))
    calendar.due(later, timedelta(hours=3))
    assert calendar.due(earlier, timedelta(hours=3)) == alone == datetime(2024, 6, 17, 10, tzinfo=UTC)


def test_a_calendar_is_compiled_only_when_somebody_asks() -> None:
    OpeningHours(CalendarSettings(id="nowhere", zone="Nowhere/Atlantis", week=WHOLE_WEEK))


def _sum(counted: Counted) -> timedelta:
    return sum((stop - begin for begin, stop in counted.intervals), counted.rest)
