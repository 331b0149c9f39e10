"""Cases of calendars that other systems get wrong, by their numbers in the list of hard cases (67 to 69)."""

from datetime import timedelta

import msgspec
import pytest

from router.core.desk_settings import CalendarSettings, HoursSettings, SpecialDaySettings
from tests.unit.router_core.sla_desk import HOUR, OFFICE, PromisingDesk, at, closed, promising, target


def due_of(calendar: CalendarSettings, asked: str, within: timedelta = 4 * HOUR) -> str:
    desk = PromisingDesk(promising(target("first_response", within), calendar=calendar), asked)
    return f"{desk.due(desk.asks(), 'first_response'):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    "asked, due",
    [
        ("2026-12-23 15:59:30", "2026-12-28 11:59:30"),  # half a minute before closing, then holidays, then a weekend
        ("2026-12-23 16:00:00", "2026-12-28 12:00:00"),  # on the closing second
        ("2026-12-23 15:59:59.999", "2026-12-28 11:59:59"),
        ("2026-12-23 21:13:00", "2026-12-28 12:00:00"),  # in the evening
        ("2026-12-26 10:00:00", "2026-12-28 12:00:00"),  # on a Saturday
        ("2026-12-28 08:00:00", "2026-12-28 12:00:00"),  # on the opening second
        ("2026-12-28 12:00:00", "2026-12-28 16:00:00"),  # due exactly when it closes
    ],
)
def test_case_67_asked_on_the_eve_of_a_holiday_or_outside_hours_or_on_the_closing_second(asked: str, due: str) -> None:
    assert due_of(closed(OFFICE, "2026-12-24", "2026-12-25"), asked) == due


def test_rule_1_4_case_68_a_gap_and_an_overlap_of_the_clocks_inside_working_hours_count_real_time() -> None:
    nights = CalendarSettings(
        id="nights",
        zone="Europe/Berlin",
        week=tuple(HoursSettings(weekday=day, opens=0, closes=360) for day in range(7)),
    )
    assert due_of(nights, "2026-03-28 23:30:00", 4 * HOUR) == "2026-03-29 03:30:00"
    assert due_of(nights, "2026-03-28 23:00:00", 6 * HOUR) == "2026-03-29 23:00:00"
    assert due_of(nights, "2026-10-24 22:00:00", 7 * HOUR) == "2026-10-25 05:00:00"


def test_case_68_a_calendar_is_of_the_team_s_zone_whatever_the_customer_s() -> None:
    tokyo = msgspec.structs.replace(OFFICE, zone="Asia/Tokyo")
    assert due_of(tokyo, "2026-03-02 08:00:00", HOUR) == "2026-03-03 01:00:00"
    assert due_of(OFFICE, "2026-03-02 08:00:00", HOUR) == "2026-03-02 09:00:00"


def test_rule_1_4_case_68_a_calendar_may_go_past_midnight() -> None:
    bar = CalendarSettings(id="bar", zone="UTC", week=(HoursSettings(weekday=4, opens=21 * 60, closes=26 * 60),))
    assert due_of(bar, "2026-03-06 20:00:00", 4 * HOUR) == "2026-03-07 01:00:00"
    assert due_of(bar, "2026-03-07 01:30:00", HOUR) == "2026-03-13 21:30:00"


def test_rule_1_4_case_69_a_lunch_break_whole_days_and_a_month_of_holidays() -> None:
    lunch = tuple(
        HoursSettings(weekday=day, opens=opens, closes=closes)
        for day in range(5)
        for opens, closes in ((540, 720), (780, 1020))
    )
    assert due_of(CalendarSettings(id="l", week=lunch), "2026-03-02 11:30:00", HOUR) == "2026-03-02 13:30:00"
    whole = tuple(HoursSettings(weekday=day) for day in range(7))
    assert due_of(CalendarSettings(id="w", week=whole), "2026-03-02 11:30:00", 240 * HOUR) == "2026-03-12 11:30:00"
    summer = [f"2026-08-{day:02}" for day in range(1, 32)] + [f"2026-07-{day:02}" for day in range(20, 32)]
    assert due_of(closed(OFFICE, *summer), "2026-07-17 14:00:00", 3 * HOUR) == "2026-09-01 09:00:00"


def test_a_special_day_is_stronger_than_a_closed_one() -> None:
    day = at("2026-03-02 00:00").date()
    hours = (HoursSettings(opens=600, closes=660),)
    both = msgspec.structs.replace(OFFICE, closed=(day,), special=(SpecialDaySettings(day=day, hours=hours),))
    assert due_of(both, "2026-03-02 00:00:00", HOUR) == "2026-03-02 10:00:00"
