"""An iCalendar file as shifts of a configuration: events that recur by week or day become shifts, single
ones become shifts of days of their own. What can't be said as a shift is a mistake that names its event.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo

import msgspec
from icalendar import Calendar

from frontline.configuration.shift import Override, Shift
from frontline.contract.error import Mistake
from frontline.contract.ids import AgentId
from router.rota.ics_event import Event, Unfit, times
from router.rota.ics_out import AGENTS, SHIFT
from router.rota.ics_rule import day_of, rule_of

_SLUG = re.compile(r"[^a-z0-9]+")


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
    reader = _Reader(people, zone)
    mistakes: list[tuple[int, Mistake]] = []
    events = list(enumerate(cast("list[Event]", calendar.walk("VEVENT")), start=1))
    # What is said of one day of a row comes in any order, and changes the row: that has to be there first.
    for number, event in sorted(events, key=lambda each: "recurrence-id" in each[1]):
        try:
            reader.add(event)
        except Unfit as unfit:
            where = f"event {number} ({event.get('summary', 'without a summary')})"
            mistakes.append((number, Mistake(where, str(unfit))))
    if not events:
        mistakes.append((0, Mistake("the calendar", "has no event in it")))
    return tuple(reader.shifts), tuple(mistake for _, mistake in sorted(mistakes, key=lambda each: each[0]))


@dataclass(slots=True)
class _Reader:
    people: Mapping[AgentId, str]
    zone: str
    shifts: list[Shift] = field(default_factory=list)
    rows: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    """By the `UID` of an event that recurs: which shift it is, and when it begins."""

    def add(self, event: Event) -> None:
        """Raises `Unfit`."""
        if broken := sorted({str(name) for name, _ in getattr(event, "errors", ())}):
            raise Unfit(f"its {', '.join(broken)} can't be read")
        if "recurrence-id" in event:
            self._leave_out(event)
        if str(event.get("status", "")).upper() == "CANCELLED":
            return
        agents = _agents(event, self.people)
        start, end = times(event, self.zone)
        name = _slug(str(event.get(SHIFT) or event.get("summary") or "")) or "imported"
        where = start.tzinfo.key if isinstance(start.tzinfo, ZoneInfo) else "UTC"
        if "rrule" in event:
            self.rows[str(event.get("uid", ""))] = (len(self.shifts), start)
            self.shifts.append(_recurring(event, _free(name, self.shifts), where, agents, start, end))
        elif "rdate" in event:
            raise Unfit("it takes place on several days (RDATE): make an event of each")
        else:
            self._single(name, where, Override(day=start.date(), agents=agents, begins=_clock(start), ends=_clock(end)))

    def _leave_out(self, event: Event) -> None:
        """One day of a row is not as the others are: what it is instead is an event of its own."""
        instead = event["recurrence-id"]
        if "RANGE" in instead.params:
            raise Unfit("it changes a row from a day on (RANGE): end the row there, and begin another")
        found = self.rows.get(str(event.get("uid", "")))
        if found is not None:
            place, start = found
            self.shifts[place] = _without(self.shifts[place], [day_of(instead.dt, start)])

    def _single(self, name: str, zone: str, override: Override) -> None:
        for index, shift in enumerate(self.shifts):
            like = shift.id == name or re.fullmatch(rf"{re.escape(name)}-\d+", shift.id)
            if like and not shift.days and shift.zone == zone and all(o.day != override.day for o in shift.overrides):
                self.shifts[index] = _with(shift, override)
                return
        self.shifts.append(
            Shift(
                id=_free(name, self.shifts),
                begins=override.begins or "",
                ends=override.ends or "",
                zone=zone,
                days=(),
                overrides=(override,),
            )
        )


def _recurring(
    event: Event, name: str, zone: str, agents: tuple[AgentId, ...], start: datetime, end: datetime
) -> Shift:
    rule = rule_of(event, start)
    shift = Shift(
        id=name,
        begins=_clock(start),
        ends=_clock(end),
        zone=zone,
        days=rule.days,
        weeks=(agents, *[()] * (rule.every - 1)),
        since=start.date(),
        until=rule.until,
    )
    return _without(shift, rule.left_out)


def _without(shift: Shift, days: Iterable[date]) -> Shift:
    known = {override.day for override in shift.overrides}
    return _with(shift, *(Override(day=day, agents=()) for day in days if day not in known))


def _agents(event: Event, people: Mapping[AgentId, str]) -> tuple[AgentId, ...]:
    if AGENTS in event:
        named = str(event[AGENTS]).split()
        if strangers := [name for name in named if name not in people]:
            raise Unfit(f"there is no agent {', '.join(strangers)}")
        return tuple(AgentId(name) for name in named)
    said = [str(event.get("summary", ""))]
    attendees = event.get("attendee", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        said += [str(attendee.params.get("CN", "")), str(attendee).removeprefix("mailto:").partition("@")[0]]
    found = tuple(
        agent for agent, name in people.items() if any(_says(text, agent) or _says(text, name) for text in said)
    )
    if not found:
        raise Unfit("neither its summary nor its attendees name an agent of this desk")
    return found


def _says(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None


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
