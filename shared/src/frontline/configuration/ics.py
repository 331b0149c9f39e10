"""Whole days from an iCalendar file (RFC 5545): when a calendar is closed."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

DAY = timedelta(days=1)
MOST_BYTES = 4 * 1024 * 1024
FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})


def closed_in(path: Path, years: Sequence[int]) -> set[date]:
    """All days that events of this file take up in these years. Raises `ValueError` that says what is
    wrong: also for an event with times, because a day on which one is closed for an hour is not closed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise ValueError(f"{path} has more than {MOST_BYTES >> 20} MiB")
    return days_of(data, str(path), years)


def days_of(data: bytes, name: str, years: Sequence[int]) -> set[date]:
    """The same from bytes; `name` is what messages call them."""
    import icalendar

    try:
        events: list[Any] = list(icalendar.Calendar.from_ical(data).walk("VEVENT"))
    except (ValueError, IndexError) as error:
        raise ValueError(f"{name} is not an iCalendar file: {error}") from error
    if not events:
        raise ValueError(f"{name} has no events")
    first, last = date(years[0], 1, 1), date(years[-1], 12, 31)
    moved: dict[str, set[date]] = {}
    for event in events:
        if "RECURRENCE-ID" in event:
            moved.setdefault(str(event.get("UID", "")), set()).add(_day(event["RECURRENCE-ID"].dt, event, name))
    days: set[date] = set()
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        start = _day(event["DTSTART"].dt if "DTSTART" in event else None, event, name)
        length = _length(event, start, name)
        but = _listed(event, "EXDATE") | (
            set() if "RECURRENCE-ID" in event else moved.get(str(event.get("UID")), set())
        )
        for begin in {start, *_repeats(event, start, first - length, last, name), *_listed(event, "RDATE")} - but:
            days |= {begin + n * DAY for n in range(max(length.days, 1))}
    return {day for day in days if first <= day <= last}


def _day(value: object, event: Any, name: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    title = str(event.get("SUMMARY", "")) or "without a title"
    raise ValueError(f"{name}: the event {title!r} is not of whole days")


def _length(event: Any, start: date, name: str) -> timedelta:
    if "DTEND" in event:
        length = _day(event["DTEND"].dt, event, name) - start
    else:
        length = event["DURATION"].dt if "DURATION" in event else DAY
    if length > 366 * DAY:
        raise ValueError(f"{name}: the event {str(event.get('SUMMARY', ''))!r} takes more than a year")
    return length


def _repeats(event: Any, start: date, first: date, last: date, name: str) -> Iterator[date]:
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    if "RRULE" not in event:
        return
    rule = event["RRULE"]
    if isinstance(rule, list) or str(rule.get("FREQ", [""])[0]).upper() not in FREQUENCIES:
        raise ValueError(f"{name}: the event {str(event.get('SUMMARY', ''))!r} repeats in a way that days can't")
    text = rule.to_ical().decode()
    found = rrulestr(text, dtstart=datetime.combine(start, time()), ignoretz=True)
    for at in found.between(datetime.combine(first, time()), datetime.combine(last, time()), inc=True):
        yield at.date()


def _listed(event: Any, key: str) -> set[date]:
    """RFC 5545 allows several of these properties, each with several dates."""
    values = event.get(key, [])
    found = set()
    for value in values if isinstance(values, list) else [values]:
        for each in value.dts:
            day = each.dt
            found.add(day.astimezone(UTC).date() if isinstance(day, datetime) and day.tzinfo else _plain(day))
    return found


def _plain(day: date) -> date:
    return day.date() if isinstance(day, datetime) else day
