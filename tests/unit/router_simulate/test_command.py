"""The command, as the how-to page has it: every block of the page is run, in order."""

import re
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from frontline.cli import main
from router.index.file import _TABLES
from router.simulate.example import DAY
from router.simulate.scenario import scenario_of

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "plan-the-people-you-need.md"
CALENDAR = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:Agent 2 is on call
DTSTART:20261128T090000
DTEND:20261128T130000
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""

DAY_PHONE = next(line for line in DAY.splitlines() if line.startswith("per_hour"))

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in an empty folder; gives its code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRONTLINE_CONFIG", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["desk", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def index(folder: Path) -> None:
    """A read index in which two contacts stand."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "read-index.sqlite3")) as connection:
        connection.executescript(_TABLES)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(contact)")]
        for number, at in enumerate(("2026-11-23T08:01:00.000Z", "2026-11-23T08:00:00.000Z")):
            known = {"desk": "support", "id": f"c{number}", "ordinal": number, "channel": "phone", "inbox": "support"}
            known["opened_at"] = at
            values = [known.get(column, "") for column in columns]
            connection.execute(f"INSERT INTO contact VALUES ({', '.join('?' * len(columns))})", values)
        connection.commit()


def test_every_command_of_the_page_works_in_its_order(run: Run, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines()]
    assert len(commands) == 7
    index(tmp_path / "index")
    said = ""
    for command in commands:
        text, _, output = command.replace("$FRONTLINE_INDEX_DIR", "index").partition(" > ")
        words = shlex.split(text)
        assert words[:2] == ["frontline", "desk"]
        if "--against" in words:
            desk = (tmp_path / "plan" / "desk.toml").read_text()
            (tmp_path / "plan" / "other.toml").write_text(desk.replace('ends = "15:30"', 'ends = "17:00"'))
        if "import-rota" in words:
            (tmp_path / "plan" / "rota.ics").write_text(CALENDAR.replace("\n", "\r\n"))
        code, said, told = run(*words[2:])
        assert (code, told) == (0, ""), command
        assert said
        if output:
            (tmp_path / output).write_text(said)
    assert (tmp_path / "one-more.svg").read_text().startswith("<svg ")
    assert (tmp_path / "plan" / "arrivals.csv").read_text().splitlines()[1:] == [
        "2026-11-23T08:00:00.000Z,support,phone,support",
        "2026-11-23T08:01:00.000Z,support,phone,support",
    ]
    assert 'days = ["sat"]' in said
    assert 'weeks = [["agent-2"]]' in said


def test_the_day_that_the_page_shows_is_one_that_can_be_played() -> None:
    (day,) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert scenario_of("page", day).arrivals[0].channel == "phone"


def test_the_same_seed_gives_the_same_and_another_one_does_not(run: Run) -> None:
    first, again, other = (run("simulate", "--runs", "1", "--seed", seed)[1] for seed in ("3", "3", "4"))
    assert first == again
    assert first != other


def test_one_more_is_an_agent_more_beside_the_others(run: Run) -> None:
    _, said, _ = run("simulate", "--runs", "1", "--more", "2@09:00-12:00")
    there = [line.split() for line in said.splitlines() if line.startswith("more-")]
    assert [(line[0], line[3]) for line in there] == [("more-1", "3h00m"), ("more-2", "3h00m")]


def test_arrivals_that_were_measured_come_at_their_instants(run: Run, tmp_path: Path) -> None:
    run("simulate", "--example", ".")
    (tmp_path / "came.csv").write_text("at\n2026-11-23T09:00:00+01:00\n2026-11-23T09:00:01Z\n2026-11-24T09:00:00Z\n")
    text = (tmp_path / "monday.toml").read_text()
    (tmp_path / "monday.toml").write_text(re.sub(r"per_hour = .*", 'csv = "came.csv"', text))
    code, said, _ = run("simulate", "monday.toml", "--config", "desk.toml", "--runs", "1")
    assert code == 0
    assert re.search(r"^phone support +2\.0 +2\.0 ", said, re.MULTILINE)


@pytest.mark.parametrize(
    "words,told",
    [
        (["simulate", "--more", "one"], "--more: must be how many from when to when"),
        (["simulate", "--runs", "0"], "--runs: must be 1 or more"),
        (["simulate", "nowhere.toml"], "nowhere.toml: can't be read: No such file or directory"),
        (["simulate", "--picture", "one.png"], "--picture: is drawn as SVG: name it one.svg"),
        (["simulate", "--config", "nowhere.toml"], "can't be read"),
        (["arrivals", "nowhere"], "is no read index"),
        (["import-rota", "nowhere.ics"], "FRONTLINE_CONFIG: is not set"),
        (["import-rota", "nowhere.ics", "--zone", "Mars"], "--zone: 'Mars' is not a time zone"),
    ],
)
def test_what_can_not_be_done_is_said(run: Run, words: list[str], told: str) -> None:
    code, _, said = run(*words)
    assert code == 2
    assert told in said


@pytest.mark.parametrize(
    "change,told",
    [
        (("per_hour = [1, ", "per_hour = ["), "24 of them"),
        (('takes = "PT6M"', 'takes = "PT0S"'), "longer than nothing"),
        (('zone = "Europe/Berlin"', 'zone = "Mars"'), "'Mars' is not a time zone"),
        (('agent = "agent-1"', 'agent = "agent-9"'), "no agent agent-9"),
        (('inbox = "support"\nper_hour = [1', 'inbox = "sales"\nper_hour = [1'), "no email inbox sales"),
        (('begins = "12:00"', 'begins = "noon"'), "times of day such as 09:00"),
        (("backlog = 12", "backlogs = 12"), "backlogs"),
        (('begins = "12:00"', 'begins = "12:45"'), "it ends when it begins"),
        (('begins = "12:00"', 'day = 2026-11-24\nbegins = "12:00"'), "2026-11-24 is none of the days that are played"),
        ((DAY_PHONE, 'csv = "nowhere.csv"'), "nowhere.csv: can't be read: No such file or directory"),
    ],
)
def test_a_day_that_makes_no_sense_is_not_played(run: Run, tmp_path: Path, change: tuple[str, str], told: str) -> None:
    run("simulate", "--example", ".")
    text = (tmp_path / "monday.toml").read_text()
    assert change[0] in text
    (tmp_path / "monday.toml").write_text(text.replace(*change))
    code, _, said = run("simulate", "monday.toml", "--config", "desk.toml", "--runs", "1")
    assert code == 2
    assert told in said


def test_a_day_on_which_nobody_comes_says_so_and_why(run: Run, tmp_path: Path) -> None:
    run("simulate", "--example", ".")
    (tmp_path / "came.csv").write_text("at\n2026-11-20T09:00:00Z\n")
    text = (tmp_path / "monday.toml").read_text()
    text = text.replace(DAY_PHONE, 'csv = "came.csv"')
    text = re.sub(r"per_hour = \[0, 0, 0, 0, 0, 0, 0, 4.*", f"per_hour = {[0] * 24}", text)
    (tmp_path / "monday.toml").write_text(text)
    code, said, _ = run("simulate", "monday.toml", "--config", "desk.toml", "--runs", "1")
    assert code == 0
    assert "Nobody comes by phone support: came.csv has nobody of these days." in said
    assert "Nobody comes by chat support: its per_hour is 0, or close to it." in said
    assert "Nobody comes by email" not in said
    (tmp_path / "empty.toml").write_text("day = 2026-11-23\narrivals = []\n")
    code, said, _ = run("simulate", "empty.toml", "--config", "desk.toml", "--runs", "1", "--picture", "empty.svg")
    assert (code, "Nobody comes: the day has no [[arrivals]]." in said) == (0, True)


def test_a_desk_where_nobody_ever_is_there_says_what_decides_it(run: Run, tmp_path: Path) -> None:
    run("simulate", "--example", ".")
    desk = (tmp_path / "desk.toml").read_text()
    (tmp_path / "desk.toml").write_text(desk.replace("available = true", ""))
    code, said, _ = run("simulate", "monday.toml", "--config", "desk.toml", "--runs", "1")
    assert code == 0
    assert "as it is: nobody is there at any time: shifts that say available = true decide who is" in said


def test_two_configurations_of_one_name_are_told_apart(run: Run, tmp_path: Path) -> None:
    run("simulate", "--example", ".")
    run("simulate", "--example", "other")
    words = ("simulate", "monday.toml", "--config", "desk.toml", "--against", "other/desk.toml", "--runs", "1")
    _, said, _ = run(*words)
    there = [line.split() for line in said.splitlines() if line.startswith("agent-1")]
    assert there[0][1] == "desk.toml"
    assert "other/desk.toml: work falls" in said
    desk = (tmp_path / "other" / "desk.toml").read_text()
    (tmp_path / "other" / "desk.toml").write_text(desk.replace('channel = "chat"', 'channel = "webhook"'))
    code, _, said = run(*words)
    assert (code, "the desk other/desk.toml has no chat inbox support" in said) == (2, True)


def test_an_absence_may_go_past_midnight(run: Run, tmp_path: Path) -> None:
    run("simulate", "--example", ".")
    text = (tmp_path / "monday.toml").read_text()
    (tmp_path / "monday.toml").write_text(text.replace('ends = "12:45"', 'ends = "06:00"'))
    _, said, _ = run("simulate", "monday.toml", "--config", "desk.toml", "--runs", "1")
    (there,) = [line.split() for line in said.splitlines() if line.startswith("agent-1")]
    assert there[1].startswith("5h0"), "from seven to twelve, and the last chat to its end"


def test_an_example_writes_over_nothing(run: Run) -> None:
    assert run("simulate", "--example", ".")[0] == 0
    code, _, said = run("simulate", "--example", ".")
    assert (code, "is there already" in said) == (2, True)
