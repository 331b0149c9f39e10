"""Calendars and policies as an operator writes them: read right, or refused with file and line."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from frontline.configuration.load import load, load_texts
from frontline.configuration.model import Configuration
from frontline.contract.error import SettingsError
from router.core.calendar import calendars
from router.core.desk_settings import DeskSettings
from router.core.settings import faults
from router.desk.settings import desk_settings

TODAY = date(2026, 3, 2)
DESK = """\
[[desk]]
id = "support"
[[desk.agent]]
id = "ada"
name = "A"
[[desk.inbox]]
channel = "email"
id = "support"
address = "support@desk.example"
"""
POLICY = '[[policy]]\nid = "standard"\nfirst_response = "PT4H"\n'
OFFICE = 'calendar = "office"\n[[calendar]]\nid = "office"\n'
HEAD = DESK + POLICY
LINES = HEAD.count("\n")
CALENDAR = OFFICE.count("\n") + LINES
"""The line before the first key of the calendar."""


def read(text: str) -> Configuration:
    return load_texts([("a.toml", (HEAD + text).encode())], TODAY)


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(text)
    return [str(mistake) for mistake in caught.value.mistakes]


def settings(text: str) -> DeskSettings:
    found = read(text)
    made = desk_settings(found, found.desks[0])
    assert faults(made) == ()
    return made


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_hours_as_written_are_the_hours_of_the_desk() -> None:
    office = 'zone = "Europe/Berlin"\nhours = ["mon-thu 09:00-12:30, 13:30-17:00", "fri 21:00-02:00", "sat,sun 10:00-12:00"]\n'
    calendar = calendars(settings(OFFICE + office))["office"]
    friday_evening, day = at("2026-03-06 19:59"), timedelta(days=1)
    assert calendar.elapsed(friday_evening, friday_evening + day) == timedelta(hours=7)
    assert calendar.due(friday_evening, timedelta(hours=5)) == at("2026-03-07 01:00")
    thursday = at("2026-03-05 00:00")
    assert calendar.counted(thursday, thursday + day).intervals == (
        (at("2026-03-05 08:00"), at("2026-03-05 11:30")),
        (at("2026-03-05 12:30"), at("2026-03-05 16:00")),
    )


def test_a_calendar_without_hours_is_open_around_the_clock() -> None:
    calendar = calendars(settings(OFFICE))["office"]
    assert calendar.due(at("2026-03-07 03:00"), timedelta(days=40)) == at("2026-03-07 03:00") + timedelta(days=40)


def test_holidays_own_dates_and_ics_files_close_and_a_special_day_opens_again(tmp_path: Path) -> None:
    (tmp_path / "company.ics").write_text(_ics("DTSTART;VALUE=DATE:20260810\nDTEND;VALUE=DATE:20260813"))
    (tmp_path / "desk.toml").write_text(
        HEAD
        + OFFICE
        + 'zone = "Europe/Berlin"\nhours = ["mon-fri 09:00-17:00"]\nclosed = [2026-07-01]\nholidays = ["DE-BY"]\n'
        + 'ics = ["company.ics"]\n'
        + '[[calendar.special]]\nday = 2026-12-25\nhours = ["10:00-11:00", "12:00-13:00"]\n'
        + "[[calendar.special]]\nday = 2026-07-02\n"
    )
    found = load(tmp_path / "desk.toml", TODAY)
    calendar = calendars(desk_settings(found, found.desks[0]))["office"]

    def open_on(day: str) -> timedelta:
        return calendar.elapsed(at(day), at(day) + timedelta(days=1))

    assert [open_on(day) for day in ("2026-07-01", "2026-07-02", "2026-07-03")] == [
        timedelta(0),
        timedelta(0),
        timedelta(hours=8),
    ]
    assert open_on("2026-01-06") == timedelta(0), "Epiphany is a holiday in Bavaria"
    assert [open_on(f"2026-08-{day}") for day in (10, 11, 12, 13)] == [timedelta(0)] * 3 + [timedelta(hours=8)]
    assert open_on("2026-12-25") == timedelta(hours=2)
    assert open_on("2035-12-25") == timedelta(0), "holidays are known for years ahead"


@pytest.mark.parametrize(
    "event, days",
    [
        ("DTSTART;VALUE=DATE:20260401", ["2026-04-01"]),
        ("DTSTART;VALUE=DATE:20260401\nDURATION:P2D", ["2026-04-01", "2026-04-02"]),
        ("DTSTART;VALUE=DATE:20270401\nRRULE:FREQ=YEARLY;COUNT=2", ["2027-04-01", "2028-04-01"]),
        (
            "DTSTART;VALUE=DATE:20270401\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20270402",
            ["2027-04-01", "2027-04-03"],
        ),
        ("DTSTART;VALUE=DATE:20270401\nRDATE;VALUE=DATE:20270410,20270412", ["2027-04-01", "2027-04-10", "2027-04-12"]),
        ("DTSTART;VALUE=DATE:20260401\nSTATUS:CANCELLED", []),
        ("DTSTART;VALUE=DATE:19990401", []),
    ],
)
def test_an_ics_file_closes_whole_days(tmp_path: Path, event: str, days: list[str]) -> None:
    (tmp_path / "a.ics").write_text(_ics(event))
    (tmp_path / "desk.toml").write_text(HEAD + OFFICE + 'ics = ["a.ics"]\n')
    assert [str(day) for day in load(tmp_path / "desk.toml", TODAY).calendars[0].closed] == days


def test_an_event_of_a_series_that_was_moved_closes_where_it_went(tmp_path: Path) -> None:
    series = "UID:s\nDTSTART;VALUE=DATE:20270401\nRRULE:FREQ=DAILY;COUNT=2"
    moved = "UID:s\nRECURRENCE-ID;VALUE=DATE:20270402\nDTSTART;VALUE=DATE:20270420"
    (tmp_path / "a.ics").write_text(_ics(series, moved))
    (tmp_path / "desk.toml").write_text(HEAD + OFFICE + 'ics = ["a.ics"]\n')
    assert load(tmp_path / "desk.toml", TODAY).calendars[0].closed == (date(2027, 4, 1), date(2027, 4, 20))


@pytest.mark.parametrize(
    "content, told",
    [
        (None, "can't be read: No such file or directory"),
        ("Monday", "is not an iCalendar file"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "has no events"),
        ("DTSTART:20260401T100000Z", "the event 'Closed' is not of whole days"),
        ("SUMMARY:x", "the event 'x' is not of whole days"),
        ("DTSTART;VALUE=DATE:20260401\nRRULE:FREQ=SECONDLY", "repeats in a way that days can't"),
        ("DTSTART;VALUE=DATE:20260401\nDTEND;VALUE=DATE:20290401", "takes more than a year"),
    ],
)
def test_an_ics_file_that_can_t_be_right_is_told_with_the_line_that_names_it(
    tmp_path: Path, content: str | None, told: str
) -> None:
    if content is not None:
        (tmp_path / "a.ics").write_text(_ics(content) if ":2" in content or "x" in content else content)
    (tmp_path / "desk.toml").write_text(HEAD + OFFICE + 'ics = ["a.ics"]\n')
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "desk.toml", TODAY)
    (mistake,) = caught.value.mistakes
    assert mistake.where == f"{tmp_path / 'desk.toml'}:{CALENDAR + 1}"
    assert told in mistake.what


@pytest.mark.parametrize(
    "rest, told",
    [
        ("hours = []", "this calendar is never open"),
        ('hours = ["mon-fri"]', "'mon-fri' must be days and times such as"),
        ('hours = ["mon-fri nine-five"]', "'nine-five' must be from when to when"),
        ('hours = ["mon-foo 09:00-17:00"]', "'foo' is not a day; there are mon, tue"),
        ('hours = ["mon 09:00-25:00"]', "'25:00' is not a time of day"),
        ('hours = ["mon 09:60-10:00"]', "'09:60' is not a time of day"),
        ('hours = ["mon 09:00-09:00"]', "'09:00-09:00' is no time at all; a whole day is 00:00-24:00"),
        ('hours = ["mon 24:00-02:00"]', "is no time at all"),
        ('hours = ["mon-fri 09:00-17:00, 16:00-20:00"]', "mon 09:00-17:00 and mon 16:00-20:00 overlap"),
        ('hours = ["sun 22:00-02:00, 03:00-04:00", "mon 01:00-09:00"]', "sun 22:00-02:00 and mon 01:00-09:00 overlap"),
        ('hours = ["fri 00:00-24:00", "thu 22:00-00:30"]', "fri 00:00-24:00 and thu 22:00-00:30 overlap"),
        ('hours = "mon-fri 09:00-17:00"', "hours must be a list, not text in quotes"),
        ('zone = "Mars/Base"', "'Mars/Base' is not a time zone"),
        ('closed = ["Easter"]', "closed must be a date such as 2026-12-24, not 'Easter'"),
        ('holidays = ["XX"]', "holidays are not known of 'XX'"),
        ('holidays = ["DE-ZZ"]', "holidays of DE are not known of a part 'ZZ'; known are "),
        ("[[calendar.special]]", "the key 'day' is missing here"),
        (
            "[[calendar.special]]\nday = 2026-12-24\n[[calendar.special]]\nday = 2026-12-24",
            "2026-12-24 is there twice",
        ),
        (
            '[[calendar.special]]\nday = 2026-12-24\nhours = ["09:00-12:00", "11:00-13:00"]',
            "09:00-12:00 and 11:00-13:00 overlap",
        ),
        ('[[calendar.special]]\nday = 2026-12-24\nhours = ["mon 09:00-12:00"]', "must be from when to when"),
    ],
)
def test_a_calendar_that_can_t_be_is_told_with_file_and_line(rest: str, told: str) -> None:
    (mistake,) = mistakes(OFFICE + rest + "\n")
    where, _, what = mistake.partition(": ")
    assert told in what
    assert where == f"a.toml:{CALENDAR + rest.count(chr(10)) + 1}"


@pytest.mark.parametrize(
    "rest, told",
    [
        (
            '[[policy.lane]]\nlanes = ["vip", "low"]\n[[policy.lane]]\nlanes = ["low"]',
            "the times of lane 'low' overlap: it is named twice",
        ),
        ('[[policy.lane]]\nlanes = ["vip", "vip"]', "the times of lane 'vip' overlap"),
        ("[[policy.lane]]\nlanes = []", "lanes must name a lane at least"),
        ('[[policy.lane]]\nlanes = ["gold"]', "lanes must be one of security, improvement"),
        ('[[policy.lane]]\nlanes = ["vip"]\nresolution = "PT0S"', "resolution must be longer than nothing"),
        ('pauses = { resolution = ["waiting"] }', "resolution must be one of waiting_customer, waiting_third_party"),
        ('pauses = { follow_up = ["waiting_customer"] }', "unknown key 'follow_up'"),
        (
            '[[policy.raise]]\ntarget = "first_response"\nlane = "vip"\nat = 0.7',
            "at must be one of warn_at, or 1 for the breach",
        ),
        ('[[policy.raise]]\ntarget = "first_response"\nat = 1\nlane = "gold"', "lane must be one of security"),
        ('[[policy.raise]]\nat = 1\nlane = "vip"\ntarget = "resolution"', "promises no resolution"),
        ('resolution = "P50000D"', "resolution would take more than a century to come due"),
    ],
)
def test_a_policy_that_can_t_be_kept_is_told_with_file_and_line(rest: str, told: str) -> None:
    (mistake,) = mistakes(rest + "\n")
    where, _, what = mistake.partition(": ")
    assert told in what
    assert where == f"a.toml:{LINES + rest.count(chr(10)) + 1}"


def test_all_mistakes_of_calendars_and_policies_are_told_at_once() -> None:
    wrong = 'zone = "Mars/Base"\nhours = ["mon 9-5", "tue 09:00-17:00, 10:00-11:00"]\nholidays = ["XX", "YY"]\n'
    assert len(mistakes("warn_at = [2.0]\n" + OFFICE + wrong)) == 6


def test_a_promise_in_a_calendar_that_is_hardly_ever_open_is_refused_when_it_lies_beyond_a_century() -> None:
    rare = OFFICE + 'hours = ["mon 09:00-09:01"]\n'
    assert read(rare).calendars[0].id == "office"
    (mistake,) = mistakes('resolution = "P4D"\n' + rare)
    assert mistake.endswith("resolution would take more than a century to come due")


def test_a_lane_may_have_times_of_its_own_and_the_rest_is_as_in_the_policy() -> None:
    lanes = '[[policy.lane]]\nlanes = ["vip", "security"]\nfirst_response = "PT30M"\nresolution = "P1D"\n'
    made = settings('next_response = "PT2H"\n' + lanes)
    found = {(target.target, target.lanes): target.within for target in made.policies[0].targets}
    assert found == {
        ("first_response", ("security", "vip")): timedelta(minutes=30),
        ("first_response", ("improvement", "normal", "low")): timedelta(hours=4),
        ("next_response", ()): timedelta(hours=2),
        ("resolution", ("security", "vip")): timedelta(days=1),
        ("follow_up", ()): timedelta(0),
    }


def test_the_policy_says_which_states_pause_which_targets() -> None:
    said = 'resolution = "P1D"\npauses = { first_response = ["waiting_third_party"], resolution = [] }\n'
    pauses = {target.target: target.pause_in for target in settings(said).policies[0].targets}
    assert pauses == {"first_response": ("waiting_third_party",), "resolution": (), "follow_up": ()}


def test_unless_the_policy_says_otherwise_only_the_resolution_pauses() -> None:
    pauses = {target.target: target.pause_in for target in settings('resolution = "P1D"\n').policies[0].targets}
    both = ("waiting_customer", "waiting_third_party")
    assert pauses == {"first_response": (), "resolution": both, "follow_up": ()}


def test_what_is_late_is_raised_as_the_policy_says() -> None:
    made = settings('[[policy.raise]]\ntarget = "first_response"\nat = 0.8\nlane = "vip"\n')
    assert {target.target: target.raises for target in made.policies[0].targets} == {
        "first_response": ((0.8, "vip"),),
        "follow_up": (),
    }


def test_a_desk_keeps_only_the_calendars_that_its_policies_name() -> None:
    assert [calendar.id for calendar in settings(OFFICE + '[[calendar]]\nid = "other"\n').calendars] == ["office"]


def _ics(*events: str) -> str:
    inside = "".join(f"BEGIN:VEVENT\nSUMMARY:Closed\n{event}\nEND:VEVENT\n" for event in events)
    if "SUMMARY:x" in events[0]:
        inside = inside.replace("SUMMARY:Closed\n", "")
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//\n{inside}END:VCALENDAR\n".replace("\n", "\r\n")
