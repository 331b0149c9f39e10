"""The rota in TOML: what it comes to, and how its mistakes are told."""

from datetime import date, time

import pytest

from frontline.configuration.load import load_texts
from frontline.configuration.model import Configuration
from frontline.contract.error import SettingsError
from router.core.rota_settings import OverrideSettings, ShiftSettings
from router.core.settings import faults
from router.desk.settings import desk_settings

HEAD = '[[policy]]\nid = "standard"\n'
DESK = '[[desk]]\nid = "support"\n'
PEOPLE = '[[desk.agent]]\nid = "ann"\nname = "A"\n[[desk.agent]]\nid = "ben"\nname = "B"\n'
SHIFT = '[[desk.shift]]\nid = "early"\nbegins = "07:00"\nends = "15:00"\n'
LINES = (HEAD + DESK + PEOPLE + SHIFT).count("\n")
ANN = 'agents = ["ann"]\n'


def read(text: str) -> Configuration:
    return load_texts([("a.toml", text.encode())])


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(text)
    return [str(mistake) for mistake in caught.value.mistakes]


def settled(rest: str) -> ShiftSettings:
    """The one shift as the desk's log would hold it."""
    found = read(HEAD + DESK + PEOPLE + SHIFT + rest)
    settings = desk_settings(found, found.desks[0])
    assert faults(settings) == ()
    return settings.shifts[0]


def test_a_shift_is_of_monday_to_friday_unless_it_says_otherwise() -> None:
    shift = settled(ANN)
    assert (shift.zone, shift.days, shift.begins, shift.ends) == ("UTC", (0, 1, 2, 3, 4), time(7), time(15))
    assert (shift.weeks, shift.available) == ((("ann",),), False)


def test_weeks_overrides_and_the_rest_reach_the_desk() -> None:
    shift = settled(
        'zone = "Europe/Berlin"\ndays = ["sun"]\nweeks = [["ann"], ["ben", "ann"], []]\nsince = 2026-11-23\n'
        "until = 2027-01-31\navailable = true\n[[desk.shift.override]]\nday = 2026-12-24\nagents = []\n"
        '[[desk.shift.override]]\nday = 2026-12-31\nends = "24:00"\n'
    )
    assert shift == ShiftSettings(
        id="early",
        zone="Europe/Berlin",
        days=(6,),
        begins=time(7),
        ends=time(15),
        weeks=(("ann",), ("ben", "ann"), ()),  # type: ignore[arg-type]
        since=date(2026, 11, 23),
        until=date(2027, 1, 31),
        available=True,
        overrides=(
            OverrideSettings(day=date(2026, 12, 24), agents=()),
            OverrideSettings(day=date(2026, 12, 31), ends=time(0)),
        ),
    )


@pytest.mark.parametrize(
    "rest,line,told",
    [
        ('agents = ["ann", "cem"]\n', 1, "'cem' is no [[desk.agent]]"),
        ('weeks = [["ann"],\n ["cem"]]\nsince = 2026-01-05\n', 2, "'cem' is no [[desk.agent]]"),
        (ANN + '[[desk.shift.override]]\nday = 2026-12-24\nagents = ["cem"]\n', 4, "'cem' is no [[desk.agent]]"),
        ('agents = ["zoe"]\n[[desk]]\nid = "two"\n[[desk.agent]]\nid = "zoe"\nname = "Z"\n', 1, "another desk"),
        ('zone = "Mars/Olympus"\n' + ANN, 1, "'Mars/Olympus' is not a time zone"),
        ('days = ["monday"]\n' + ANN, 1, "days must be one of mon, tue"),
        ('days = ["mon", "tue", "mon"]\n' + ANN, 1, "days holds 'mon' twice"),
        ("days = []\n" + ANN, 1, "days must not be empty"),
        ("since = 2026-01-05\n", -3, "say who is on"),
        (ANN + 'weeks = [["ben"]]\n', 2, "either agents, the same every week, or weeks"),
        ('weeks = [["ann"], ["ben"]]\n', 1, "say with since which week is the first one"),
        (ANN + 'since = "soon"\n', 2, "since must be a date"),
        (ANN + "since = 2026-02-01\nuntil = 2026-01-01\n", 3, "lies before since"),
        ('agents = ["ann", "ann"]\n', 1, "agents holds 'ann' twice"),
        ('agents = ["ann"]\ncolour = "red"\n', 2, "unknown key 'colour'"),
        (ANN + '[[desk.shift.override]]\nday = 2026-12-24\nbegins = "24:00"\n', 4, "begins must be a time of day"),
        (ANN + "[[desk.shift.override]]\nday = 2026-12-24\n" * 2, 5, "2026-12-24 is there twice; first at a.toml:"),
        (ANN + SHIFT + ANN, 3, "shift 'early' is there twice; first at a.toml:"),
    ],
)
def test_a_mistake_in_the_rota_is_told_with_its_line(rest: str, line: int, told: str) -> None:
    (found,) = mistakes(HEAD + DESK + PEOPLE + SHIFT + rest)
    assert found.startswith(f"a.toml:{LINES + line}: ")
    assert told in found


@pytest.mark.parametrize("text", ["9:00", "09:60", "24:01", "noon", "24:00", ""])
def test_a_shift_begins_at_a_time_of_day(text: str) -> None:
    (found,) = mistakes(HEAD + DESK + PEOPLE + SHIFT.replace("07:00", text) + ANN)
    assert "begins must be a time of day such as 09:00" in found


def test_two_desks_may_call_their_shifts_alike() -> None:
    other = '[[desk]]\nid = "two"\n[[desk.agent]]\nid = "zoe"\nname = "Z"\n' + SHIFT + 'agents = ["zoe"]\n'
    found = read(HEAD + DESK + PEOPLE + SHIFT + ANN + other)
    assert [desk.shifts[0].crews for desk in found.desks] == [(("ann",),), (("zoe",),)]


def test_every_mistake_of_a_rota_is_told_at_once() -> None:
    text = SHIFT.replace("15:00", "3pm") + 'agents = ["cem", "dan"]\nzone = "Mars"\n'
    assert len(mistakes(HEAD + DESK + PEOPLE + text)) == 4
