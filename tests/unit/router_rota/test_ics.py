"""The rota as iCalendar: what goes out comes in again, and what others wrote is understood or named."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from frontline.configuration.load import load_texts
from frontline.configuration.shift import Shift
from frontline.contract.ids import AgentId, DeskId
from router.core.rota import Rota, duty, rota, turns
from router.core.rota_settings import OverrideSettings, ShiftSettings
from router.desk.settings import desk_settings
from router.rota.ics_in import shifts_of
from router.rota.ics_out import calendar_of
from router.rota.toml import toml_of

ANN, BEN = AgentId("ann"), AgentId("ben")
NAMES = {ANN: "Ann", BEN: "Ben Odd"}
NOW = datetime(2026, 3, 2, tzinfo=UTC)
HEAD = '[[policy]]\nid = "standard"\n[[desk]]\nid = "support"\n'
PEOPLE = "".join(f'[[desk.agent]]\nid = "{id_}"\nname = "{name}"\n' for id_, name in NAMES.items())


def as_rota(shifts: tuple[Shift, ...]) -> Rota:
    """By way of the TOML that is written from them, as an operator would."""
    found = load_texts([("a.toml", (HEAD + PEOPLE + toml_of(shifts)).encode())])
    return rota(desk_settings(found, found.desks[0]), {})


def calendar(*lines: str) -> bytes:
    body = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//EN", "BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT"]
    return "\r\n".join([*body, "END:VCALENDAR", ""]).encode()


def read(*lines: str) -> Rota:
    shifts, mistakes = shifts_of(calendar(*lines), people=NAMES, zone="Europe/Berlin")
    assert mistakes == ()
    return as_rota(shifts)


def test_rule_2_12_a_rota_that_went_out_as_ics_and_came_in_again_has_the_same_people_on_duty() -> None:
    """Through two changes of the clocks, swaps and overrides; the file holds instants."""
    shifts = (
        ShiftSettings(
            id="early", zone="Europe/Berlin", days=(0, 1, 2, 3, 4, 5, 6), begins=time(6), ends=time(14, 30),
            weeks=((ANN,), (BEN,)), since=date(2026, 3, 2),
            overrides=(OverrideSettings(day=date(2026, 3, 10), agents=()),),
        ),
        ShiftSettings(
            id="night", zone="America/New_York", days=(4, 5), begins=time(22), ends=time(5), weeks=((BEN, ANN),),
            since=date(2026, 3, 2),
        ),
    )  # fmt: skip
    before = Rota(shifts, {("early", date(2026, 3, 12)): ((BEN, ANN),)}, frozenset(NAMES))
    end = NOW + timedelta(days=40)
    data = calendar_of(turns(before, NOW, end), desk=DeskId("support"), names=NAMES, now=NOW)
    found, mistakes = shifts_of(data, people=NAMES, zone="UTC")
    assert mistakes == ()
    after = as_rota(found)
    instants = [NOW + timedelta(minutes=15 * step) for step in range(40 * 96)]
    assert [duty(after, at).agents for at in instants] == [duty(before, at).agents for at in instants]


def test_a_turn_keeps_its_uid_when_somebody_else_takes_it() -> None:
    shift = ShiftSettings(
        id="early", zone="UTC", days=(0,), begins=time(6), ends=time(14), weeks=((ANN,),), since=date(2026, 3, 2)
    )

    def uids(swaps: dict[tuple[str, date], tuple[tuple[AgentId, AgentId], ...]]) -> list[bytes]:
        held = turns(Rota((shift,), swaps, frozenset(NAMES)), NOW, NOW + timedelta(days=8))
        data = calendar_of(held, desk=DeskId("support"), names=NAMES, now=NOW)
        return [line for line in data.splitlines() if line.startswith(b"UID:")]

    assert uids({}) == uids({("early", date(2026, 3, 2)): ((ANN, BEN),)}) == [
        b"UID:early.2026-03-02.support.rota",
        b"UID:early.2026-03-09.support.rota",
    ]  # fmt: skip


def test_an_event_of_every_second_week_becomes_a_shift_with_two_weeks() -> None:
    found = read(
        "SUMMARY:On call: Ben Odd",
        "DTSTART;TZID=Europe/Berlin:20260304T090000",
        "DTEND;TZID=Europe/Berlin:20260304T170000",
        "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=WE,FR;UNTIL=20260410T000000Z",
        "EXDATE;TZID=Europe/Berlin:20260320T090000",
    )
    held = turns(found, NOW, NOW + timedelta(days=90))
    assert [turn.day.isoformat()[5:] for turn in held] == ["03-04", "03-06", "03-18", "04-01", "04-03"]
    assert {turn.agents for turn in held} == {(BEN,)}
    assert [turn.start.hour for turn in held] == [8, 8, 8, 7, 7], "nine in Berlin, before and after 29 March"


def test_a_daily_event_with_a_count_ends_with_its_last_day() -> None:
    found = read("SUMMARY:ann", "DTSTART:20260304T220000Z", "DTEND:20260305T060000Z", "RRULE:FREQ=DAILY;COUNT=3")
    assert [turn.day.day for turn in turns(found, NOW, NOW + timedelta(days=90))] == [4, 5, 6]


def test_an_all_day_event_is_a_day_of_the_zone_that_was_asked_for() -> None:
    found = read("SUMMARY:Duty", "ATTENDEE;CN=Ben Odd:mailto:b@desk.example", "DTSTART;VALUE=DATE:20260304")
    (turn,) = turns(found, NOW, NOW + timedelta(days=9))
    assert (turn.start, turn.end - turn.start) == (datetime(2026, 3, 3, 23, tzinfo=UTC), timedelta(days=1))
    assert turn.agents == (BEN,)


@pytest.mark.parametrize(
    "lines,told",
    [
        (("SUMMARY:Somebody", "DTSTART:20260304T090000Z"), "name an agent of this desk"),
        (("SUMMARY:annalena", "DTSTART:20260304T090000Z"), "name an agent of this desk"),
        (("SUMMARY:ann",), "does not say when it begins"),
        (("SUMMARY:ann", "DTSTART:20260304T090000Z", "DTEND:20260306T090000Z"), "lasts a day at most"),
        (("SUMMARY:ann", "DTSTART:20260304T090000Z", "DTEND:20260304T080000Z"), "does not end after it has begun"),
        (("SUMMARY:ann", "DTSTART:20260304T090000Z", "DURATION:PT0S"), "does not end after it has begun"),
        (("SUMMARY:ann", "DTSTART:20260304T090000Z"), "does not say when it ends"),
        (("SUMMARY:ann", "DTSTART;TZID=Mars/Base:20260304T090000", "DURATION:PT8H"), "no time zone Mars/Base"),
        (
            ("SUMMARY:ann", "DTSTART:20260304T090000Z", "DURATION:PT8H", "RRULE:FREQ=WEEKLY;INTERVAL=99999999"),
            "every few",
        ),
        (("SUMMARY:ann", "DTSTART:20260304T090000Z", "DURATION:PT8H", "RRULE:FREQ=WEEKLY;INTERVAL=0"), "every few"),
        (
            ("SUMMARY:ann", "DTSTART:20260304T090000Z", "DURATION:PT8H", "RRULE:FREQ=WEEKLY;UNTIL=soon"),
            "its RRULE can't",
        ),
        (("SUMMARY:ann", "DTSTART:soon", "DURATION:PT8H"), "its DTSTART can't be read"),
        (
            ("SUMMARY:ann", "DTSTART:20260304T090000Z", "DURATION:PT8H", "RRULE:FREQ=DAILY", "EXDATE:soon"),
            "its EXDATE can't be read",
        ),
        (
            ("SUMMARY:ann", "DTSTART:20260304T090000Z", "DURATION:PT8H", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"),
            "several rules at once",
        ),
        (("SUMMARY:ann", "DTSTART:20260304T090000Z", "DURATION:PT8H", "RDATE:20260306T090000Z"), "(RDATE)"),
        (
            ("SUMMARY:ann", "DTSTART:20260304T090000Z", "DURATION:PT8H", "RRULE:FREQ=DAILY", "RDATE:20260306T090000Z"),
            "(RDATE)",
        ),
        (
            (
                "SUMMARY:ann",
                "DTSTART:20260304T090000Z",
                "DURATION:PT8H",
                "RECURRENCE-ID;RANGE=THISANDFUTURE:20260304T090000Z",
            ),
            "end the row there",
        ),
        (
            ("SUMMARY:ann", "DTSTART:20260304T090000Z", "DTEND:20260304T170000Z", "RRULE:FREQ=MONTHLY"),
            "every few weeks is a shift",
        ),
        (
            ("SUMMARY:ann", "DTSTART:20260304T090000Z", "DTEND:20260304T170000Z", "RRULE:FREQ=WEEKLY;BYHOUR=9"),
            "a rule with BYHOUR",
        ),
        (
            ("SUMMARY:ann", "DTSTART:20260304T090000Z", "DTEND:20260304T170000Z", "RRULE:FREQ=WEEKLY;BYDAY=1MO"),
            "1MO is no day of every week",
        ),
        (("SUMMARY:x", "X-FRONTLINE-AGENTS:ann zoe", "DTSTART:20260304T090000Z"), "there is no agent zoe"),
    ],
)
def test_an_event_that_is_no_shift_is_named_with_the_reason(lines: tuple[str, ...], told: str) -> None:
    shifts, (mistake,) = shifts_of(calendar(*lines), people=NAMES, zone="UTC")
    assert shifts == ()
    assert mistake.where.startswith("event 1 (")
    assert told in mistake.what


OUTLOOK = (
    "BEGIN:VTIMEZONE", "TZID:%s", "BEGIN:STANDARD", "DTSTART:16010101T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "END:STANDARD", "BEGIN:DAYLIGHT", "DTSTART:16010101T020000",
    "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT",
    "END:VTIMEZONE",
)  # fmt: skip


def file(*events: tuple[str, ...], clocks: str = "") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//EN"]
    lines += [line.replace("%s", clocks) for line in OUTLOOK if clocks]
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def on_at(found: Rota, *at: str) -> list[list[str]]:
    return [sorted(duty(found, datetime.fromisoformat(each)).agents) for each in at]


EVERY_MONDAY = (
    "UID:row", "SUMMARY:Early: ann", "DTSTART;TZID=Europe/Berlin:20260302T090000",
    "DTEND;TZID=Europe/Berlin:20260302T170000", "RRULE:FREQ=WEEKLY;BYDAY=MO",
)  # fmt: skip


@pytest.mark.parametrize(
    "clocks",
    ["W. Europe Standard Time", "Customized Time Zone", "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin"],
)
def test_rule_2_12_a_rota_of_another_program_keeps_to_the_clocks_on_the_wall_whatever_it_calls_its_zone(
    clocks: str,
) -> None:
    """Outlook names zones as Windows does, others invent a name; both describe its clocks in the file."""
    event = tuple(line.replace("Europe/Berlin", clocks) for line in EVERY_MONDAY)
    shifts, mistakes = shifts_of(file(event, clocks=clocks), people=NAMES, zone="Europe/Berlin")
    assert mistakes == ()
    found = as_rota(shifts)
    held = turns(found, NOW, NOW + timedelta(days=45))
    assert [turn.start.hour for turn in held] == [8, 8, 8, 8, 7, 7, 7], "nine in Berlin, before and after 29 March"


def test_rule_2_12_a_row_by_clocks_that_nobody_knows_by_name_is_a_mistake_and_a_single_event_is_an_instant() -> None:
    event = tuple(line.replace("Europe/Berlin", "Ours") for line in EVERY_MONDAY)
    shifts, (mistake,) = shifts_of(file(event, clocks="Ours"), people=NAMES, zone="America/New_York")
    assert shifts == ()
    assert "its time zone Ours has no name that is known here" in mistake.what
    shifts, mistakes = shifts_of(file(event[:-1], clocks="Ours"), people=NAMES, zone="America/New_York")
    assert mistakes == ()
    assert [turn.start.hour for turn in turns(as_rota(shifts), NOW, NOW + timedelta(days=9))] == [8]


def test_rule_2_12_a_day_of_a_row_that_was_changed_is_as_it_was_changed_and_nobody_is_on_twice() -> None:
    """The file of a calendar program has it as an event of its own (`RECURRENCE-ID`), before or behind the row."""
    moved = (
        "UID:row", "SUMMARY:Early: ben", "RECURRENCE-ID;TZID=Europe/Berlin:20260309T090000",
        "DTSTART;TZID=Europe/Berlin:20260309T120000", "DTEND;TZID=Europe/Berlin:20260309T170000",
    )  # fmt: skip
    for events in ((EVERY_MONDAY, moved), (moved, EVERY_MONDAY)):
        shifts, mistakes = shifts_of(file(*events), people=NAMES, zone="UTC")
        assert mistakes == ()
        at = ("2026-03-02T09:00Z", "2026-03-09T09:00Z", "2026-03-09T12:00Z", "2026-03-16T12:00Z")
        assert on_at(as_rota(shifts), *at) == [[ANN], [], [BEN], [ANN]]


def test_rule_2_12_what_was_called_off_is_no_shift() -> None:
    off = ("UID:row", "STATUS:CANCELLED", "RECURRENCE-ID;TZID=Europe/Berlin:20260309T090000", "SUMMARY:Early: ann")
    single = ("UID:2", "STATUS:CANCELLED", "SUMMARY:ben", "DTSTART:20260303T090000Z", "DURATION:PT8H")
    shifts, mistakes = shifts_of(file(EVERY_MONDAY, off, single), people=NAMES, zone="UTC")
    assert mistakes == ()
    held = turns(as_rota(shifts), NOW, NOW + timedelta(days=20))
    assert [(turn.day.day, turn.agents) for turn in held] == [(2, (ANN,)), (16, (ANN,))]


def test_rule_2_12_a_row_ends_with_the_last_that_begins_by_its_end() -> None:
    """`UNTIL` is an instant: what would begin after it on the same day is not held any more."""
    for until, last in (("20260304T000000Z", 3), ("20260304T080000Z", 4), ("20260304", 4), ("20260304T085959", 3)):
        found = read(*EVERY_MONDAY[1:4], f"RRULE:FREQ=DAILY;UNTIL={until}")
        assert turns(found, NOW, NOW + timedelta(days=30))[-1].day.day == last, until


def test_rule_2_12_every_working_day_may_be_said_as_a_daily_rule() -> None:
    found = read(*EVERY_MONDAY[1:4], "RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR")
    assert {turn.day.weekday() for turn in turns(found, NOW, NOW + timedelta(days=30))} == {0, 1, 2, 3, 4}


def test_rule_2_12_a_row_that_never_ends_by_its_count_just_goes_on() -> None:
    found = read(*EVERY_MONDAY[1:4], "RRULE:FREQ=WEEKLY;COUNT=99999999")
    assert len(turns(found, NOW, NOW + timedelta(days=69))) == 10


def test_a_file_without_an_event_is_told_so() -> None:
    shifts, (mistake,) = shifts_of(file(), people=NAMES, zone="UTC")
    assert shifts == ()
    assert "has no event" in mistake.what


def test_what_is_no_calendar_is_told_so() -> None:
    shifts, (mistake,) = shifts_of(b"<html>not found</html>", people=NAMES, zone="UTC")
    assert shifts == ()
    assert "no iCalendar file" in mistake.what
