"""An iCalendar file as shifts of a configuration: events that recur by week or day become shifts, single
ones become shifts of days of their own. What can't be said as a shift is a mistake that names its event.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
from icalendar import Calendar

from frontline.configuration.shift import WEEKDAYS, Override, Shift, Weekday
from frontline.contract.error import Mistake
from frontline.contract.ids import AgentId
from router.rota.ics_out import AGENTS, SHIFT

_Event = Mapping[str, Any]
"""Properties by name; what the library makes of each is known by asking it."""

_DAY = timedelta(days=1)
_WEEKDAY = {"MO": "mon", "TU": "tue", "WE": "wed", "TH": "thu", "FR": "fri", "SA": "sat", "SU": "sun"}
_SLUG = re.compile(r"[^a-z0-9]+")
_RULE_KEYS = {"FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT", "WKST"}


class _Unfit(Exception):
    """Why an event can't become a shift."""


def shifts_of(
    data: bytes, *, people: Mapping[AgentId, str], zone: str
) -> tuple[tuple[Shift, ...], tuple[Mistake, ...]]:
    """The shifts, and every event that is none. `people` are the desk's agents with their names, by which
    an event says whose turn it is; times without a zone are of `zone`.
    """
    try:
        calendar = Calendar.from_ical(data)
    except (ValueError, IndexError, KeyError) as error:
        return (), (Mistake("the calendar", f"is no iCalendar file: {error}"),)
    shifts: list[Shift] = []
    mistakes: list[Mistake] = []
    for number, event in enumerate(cast("list[_Event]", calendar.walk("VEVENT")), start=1):
        try:
            _add(shifts, event, people, zone)
        except _Unfit as unfit:
            mistakes.append(Mistake(f"event {number} ({event.get('summary', 'without a summary')})", str(unfit)))
    return tuple(shifts), tuple(mistakes)


def _add(shifts: list[Shift], event: _Event, people: Mapping[AgentId, str], zone: str) -> None:
    agents = _agents(event, people)
    start, end = _times(event, zone)
    name = _slug(str(event.get(SHIFT) or event.get("summary") or "")) or "imported"
    where = start.tzinfo.key if isinstance(start.tzinfo, ZoneInfo) else "UTC"
    if "rrule" in event:
        shifts.append(_recurring(event, _free(name, shifts), where, agents, start, end))
        return
    override = Override(day=start.date(), agents=agents, begins=_clock(start), ends=_clock(end))
    for index, shift in enumerate(shifts):
        like = shift.id == name or re.fullmatch(rf"{re.escape(name)}-\d+", shift.id)
        if like and not shift.days and shift.zone == where and all(o.day != override.day for o in shift.overrides):
            shifts[index] = _with(shift, override)
            return
    shifts.append(
        Shift(
            id=_free(name, shifts), begins=_clock(start), ends=_clock(end), zone=where, days=(), overrides=(override,)
        )
    )


def _recurring(
    event: _Event, name: str, zone: str, agents: tuple[AgentId, ...], start: datetime, end: datetime
) -> Shift:
    rule = event["rrule"]
    if strange := sorted(set(rule) - _RULE_KEYS):
        raise _Unfit(f"a rule with {', '.join(strange)} is no shift of weekdays")
    every = int(rule.get("INTERVAL", [1])[0])
    frequency = rule["FREQ"][0]
    if frequency == "DAILY" and every == 1 and "BYDAY" not in rule:
        days: tuple[str, ...] = WEEKDAYS
    elif frequency == "WEEKLY":
        if str(rule.get("WKST", ["MO"])[0]) != "MO" and every > 1:
            raise _Unfit("weeks that take turns begin on Monday here")
        days = tuple(_weekday(str(day)) for day in rule.get("BYDAY", [])) or (WEEKDAYS[start.weekday()],)
    else:
        raise _Unfit("only what recurs every day, every week or every few weeks is a shift")
    shift = Shift(
        id=name,
        begins=_clock(start),
        ends=_clock(end),
        zone=zone,
        days=cast("tuple[Weekday, ...]", tuple(sorted(days, key=WEEKDAYS.index))),
        weeks=(agents, *[()] * (every - 1)),
        since=start.date(),
        until=_until(rule, days, every, start),
    )
    left_out = sorted(set(_excluded(event, start)))
    return _with(shift, *(Override(day=day, agents=()) for day in left_out))


def _until(rule: Any, days: tuple[str, ...], every: int, start: datetime) -> date | None:
    if "UNTIL" in rule:
        until = rule["UNTIL"][0]
        return until.astimezone(start.tzinfo).date() if isinstance(until, datetime) and until.tzinfo else _date(until)
    if "COUNT" not in rule:
        return None
    day, left = start.date(), int(rule["COUNT"][0])
    monday = day - day.weekday() * _DAY
    while True:
        if WEEKDAYS[day.weekday()] in days and (day - monday).days // 7 % every == 0:
            left -= 1
            if left <= 0:
                return day
        day += _DAY


def _excluded(event: _Event, start: datetime) -> Iterator[date]:
    given = event.get("exdate", [])
    for dates in given if isinstance(given, list) else [given]:
        for each in dates.dts:
            moment = each.dt
            yield (
                moment.astimezone(start.tzinfo).date()
                if isinstance(moment, datetime) and moment.tzinfo
                else _date(moment)
            )


def _times(event: _Event, zone: str) -> tuple[datetime, datetime]:
    if "dtstart" not in event:
        raise _Unfit("it does not say when it begins")
    start = _moment(event["dtstart"].dt, zone)
    if "dtend" in event:
        end = _moment(event["dtend"].dt, zone)
    elif "duration" in event:
        end = (start.astimezone(UTC) + event["duration"].dt).astimezone(start.tzinfo)
    else:
        end = start + _DAY
    end = end.astimezone(start.tzinfo)
    length = end.replace(tzinfo=None) - start.replace(tzinfo=None)
    if not timedelta(0) < length <= _DAY:
        raise _Unfit("a shift lasts a day at most; one that goes on is several, one a day")
    if start.second or end.second:
        raise _Unfit("a shift begins and ends with a minute")
    return start, end


def _moment(value: Any, zone: str) -> datetime:
    """Aware, in a zone with a name. An instant in UTC stays in UTC."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=ZoneInfo(zone))
    if value.tzinfo is None:
        return value.replace(tzinfo=ZoneInfo(zone))
    key = getattr(value.tzinfo, "key", None)
    return value.astimezone(UTC) if key in {None, "UTC"} else value.astimezone(ZoneInfo(str(key)))


def _agents(event: _Event, people: Mapping[AgentId, str]) -> tuple[AgentId, ...]:
    if AGENTS in event:
        named = str(event[AGENTS]).split()
        if strangers := [name for name in named if name not in people]:
            raise _Unfit(f"there is no agent {', '.join(strangers)}")
        return tuple(AgentId(name) for name in named)
    said = [str(event.get("summary", ""))]
    attendees = event.get("attendee", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        said += [str(attendee.params.get("CN", "")), str(attendee).removeprefix("mailto:").partition("@")[0]]
    found = tuple(
        agent for agent, name in people.items() if any(_says(text, agent) or _says(text, name) for text in said)
    )
    if not found:
        raise _Unfit("neither its summary nor its attendees name an agent of this desk")
    return found


def _says(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None


def _weekday(text: str) -> str:
    if text not in _WEEKDAY:
        raise _Unfit(f"{text} is no day of every week")
    return _WEEKDAY[text]


def _date(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _slug(text: str) -> str:
    return _SLUG.sub("-", text.lower()).strip("-")[:40].strip("-")


def _free(name: str, shifts: list[Shift]) -> str:
    taken = {shift.id for shift in shifts}
    number = 1
    while (found := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return found


def _with(shift: Shift, *overrides: Override) -> Shift:
    return msgspec.structs.replace(shift, overrides=(*shift.overrides, *overrides))
