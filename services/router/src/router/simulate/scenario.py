"""What a simulated day is like, as an operator writes it down: who comes when, what they want, who is away."""

import csv
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from frontline.configuration.shift import time_of_day
from frontline.contract.error import Mistake, SettingsError
from frontline.contract.ids import AgentId, ChannelName, InboxId
from router.core.rota_wall import instant


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Coming(_Table, frozen=True, kw_only=True):
    """Customers of one inbox. `per_hour` has how many come on average in each hour of the day, by the clocks
    there; or `csv` names a file with a column `at` of when they came. `backlog` wait when the day begins.

    `takes` is how long one keeps an agent busy on average, and `varies` how much that differs, as
    a part of it. `patience` is how long one waits on average before they leave; left out for those who
    write and go on.
    """

    channel: ChannelName
    inbox: InboxId
    per_hour: tuple[float, ...] = ()
    csv: str = ""
    backlog: int = 0
    takes: timedelta
    varies: float = 0.8
    patience: timedelta | None = None


class Away(_Table, frozen=True, kw_only=True):
    """An agent who is not there from `begins` to `ends` (times of day), on `day` or on every day. An end that is
    not after the beginning is on the next day.
    """

    agent: AgentId
    begins: str
    ends: str
    day: date | None = None


class Scenario(_Table, frozen=True, kw_only=True):
    """`level` is how long a live customer may wait to count as served in time."""

    desk: str = ""
    day: date
    days: int = 1
    zone: str = "UTC"
    level: timedelta = timedelta(seconds=60)
    reaction: timedelta = timedelta(seconds=4)
    call_back: timedelta = timedelta(minutes=3)
    arrivals: tuple[Coming, ...]
    absences: tuple[Away, ...] = msgspec.field(default=(), name="absence")

    @property
    def place(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def at(self, day: date, text: str) -> datetime:
        """The instant of a time of day; 24:00 is the end of it."""
        after = timedelta(days=1) if text == "24:00" else timedelta(0)
        return instant(datetime.combine(day + after, time_of_day(text)), self.place)

    @property
    def start(self) -> datetime:
        return self.at(self.day, "00:00")

    @property
    def end(self) -> datetime:
        return self.at(self.day + timedelta(days=self.days - 1), "24:00")


def read_scenario(path: Path) -> Scenario:
    """Raises `SettingsError` with everything that is wrong."""
    try:
        return scenario_of(str(path), path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError([Mistake(str(path), f"can't be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([Mistake(str(path), "can't be read as text")]) from error


def scenario_of(name: str, text: str) -> Scenario:
    try:
        found = msgspec.convert(tomllib.loads(text), Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SettingsError([Mistake(name, str(error))]) from error
    mistakes = [Mistake(name, what) for what in _mistakes(found)]
    if mistakes:
        raise SettingsError(mistakes)
    return found


def measured(path: Path, channel: str, inbox: str) -> list[datetime]:
    """When customers of an inbox came, from a CSV file: a column `at` (RFC 3339), and if it has columns
    `channel` and `inbox`, the lines of these only. Raises `SettingsError`.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file))
        wanted = [
            line for line in lines if line.get("channel", channel) == channel and line.get("inbox", inbox) == inbox
        ]
        return sorted(_aware(line["at"]) for line in wanted)
    except OSError as error:
        raise SettingsError([Mistake(str(path), f"can't be read: {error.strerror}")]) from error
    except (UnicodeDecodeError, KeyError, ValueError, TypeError) as error:
        raise SettingsError([Mistake(str(path), "is no CSV file with instants in a column at")]) from error


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.astimezone(UTC)


def _mistakes(found: Scenario) -> Iterator[str]:
    if found.zone not in available_timezones():
        yield f"zone: {found.zone!r} is not a time zone that this machine knows"
    if not 1 <= found.days <= 31:
        yield "days: from 1 to 31"
    for coming in found.arrivals:
        where = f"arrivals of {coming.channel} {coming.inbox}"
        if bool(coming.per_hour) == bool(coming.csv):
            yield f"{where}: either per_hour or csv"
        if coming.per_hour and len(coming.per_hour) != 24:
            yield f"{where}: per_hour has one number for each hour of the day, 24 of them"
        if any(not 0 <= number <= 100_000 for number in coming.per_hour) or coming.backlog < 0:
            yield f"{where}: nobody comes less often than never"
        if coming.takes <= timedelta(0) or not 0 <= coming.varies <= 5:
            yield f"{where}: takes has to be longer than nothing, varies from 0 to 5"
        if coming.patience is not None and coming.patience <= timedelta(0):
            yield f"{where}: patience has to be longer than nothing"
    for away in found.absences:
        if not _is_time(away.begins) or not _is_time(away.ends):
            yield f"absence of {away.agent}: begins and ends are times of day such as 09:00"
        elif away.begins == away.ends:
            yield f"absence of {away.agent}: it ends when it begins"
        if away.day is not None and not 0 <= (away.day - found.day).days < found.days:
            yield f"absence of {away.agent}: {away.day} is none of the days that are played"


def _is_time(text: str) -> bool:
    hours, colon, minutes = text.partition(":")
    return bool(colon) and len(text) == 5 and hours.isdigit() and minutes.isdigit() and (
        (int(hours) < 24 and int(minutes) < 60) or text == "24:00"
    )  # fmt: skip
