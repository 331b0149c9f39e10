"""By which rule an event of an iCalendar file recurs: on which weekdays, how often, up to when. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from frontline.configuration.shift import WEEKDAYS, Weekday
from router.rota.ics_event import Event, Unfit

_DAY = timedelta(days=1)
_WEEKDAY = {"MO": "mon", "TU": "tue", "WE": "wed", "TH": "thu", "FR": "fri", "SA": "sat", "SU": "sun"}
_KEYS = {"FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT", "WKST"}
_MOST_WEEKS = 52


@dataclass(frozen=True, slots=True)
class Rule:
    """`until` is the last day; `left_out` are days on which it does not take place after all."""

    days: tuple[Weekday, ...]
    every: int
    """So many weeks."""
    until: date | None
    left_out: tuple[date, ...]


def rule_of(event: Event, start: datetime) -> Rule:
    """`start` is when it takes place first. Raises `Unfit`."""
    rule = event["rrule"]
    if isinstance(rule, list):
        raise Unfit("it recurs by several rules at once: make an event of each")
    if "rdate" in event:
        raise Unfit("it takes place on days of its own besides its rule (RDATE): make events of these")
    if strange := sorted(set(rule) - _KEYS):
        raise Unfit(f"a rule with {', '.join(strange)} is no shift of weekdays")
    every = int(rule.get("INTERVAL", [1])[0])
    frequency = rule["FREQ"][0]
    named = tuple(_weekday(str(day)) for day in rule.get("BYDAY", []))
    if frequency == "DAILY" and every == 1:
        days = named or WEEKDAYS
    elif frequency == "WEEKLY" and 1 <= every <= _MOST_WEEKS:
        if str(rule.get("WKST", ["MO"])[0]) != "MO" and every > 1:
            raise Unfit("weeks that take turns begin on Monday here")
        days = named or (WEEKDAYS[start.weekday()],)
    else:
        raise Unfit("only what recurs every day, every week or every few weeks is a shift")
    return Rule(
        days=cast("tuple[Weekday, ...]", tuple(sorted(set(days), key=WEEKDAYS.index))),
        every=every,
        until=_until(rule, days, every, start),
        left_out=tuple(sorted(set(_excluded(event, start)))),
    )


def _until(rule: Any, days: tuple[str, ...], every: int, start: datetime) -> date | None:
    if "UNTIL" in rule:
        return max(_last(rule["UNTIL"][0], start), start.date())
    if "COUNT" not in rule:
        return None
    day, left = start.date(), int(rule["COUNT"][0])
    monday = day - day.weekday() * _DAY
    while day < date.max:
        if WEEKDAYS[day.weekday()] in days and (day - monday).days // 7 % every == 0:
            left -= 1
            if left <= 0:
                return day
        day += _DAY
    return None


def _last(until: date, start: datetime) -> date:
    """The last day on which it begins by that instant, or up to that day."""
    if not isinstance(until, datetime):
        return until
    there = until.astimezone(start.tzinfo) if until.tzinfo else until
    return there.date() if there.time() >= start.time() else there.date() - _DAY


def _excluded(event: Event, start: datetime) -> Iterator[date]:
    given = event.get("exdate", [])
    for dates in given if isinstance(given, list) else [given]:
        for each in dates.dts:
            yield day_of(each.dt, start)


def day_of(moment: date, start: datetime) -> date:
    """The day of a moment, where the event begins."""
    if not isinstance(moment, datetime):
        return moment
    return moment.astimezone(start.tzinfo).date() if moment.tzinfo else moment.date()


def _weekday(text: str) -> str:
    if text not in _WEEKDAY:
        raise Unfit(f"{text} is no day of every week")
    return _WEEKDAY[text]
