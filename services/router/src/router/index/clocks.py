"""What an event about a clock makes of a contact's row, so that each clock explains itself. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from router.core.event_clock import (
    ClockBreached,
    ClockMet,
    ClockPaused,
    ClockRebased,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    ClockWithdrawn,
)
from router.index.row import Clock, ClockPause, ContactRow, Span, Stamp, WarningDue, duration, stamp

INTERVALS_KEPT = 200
"""A clock that stood still a hundred times keeps the first; what was counted later is summed up."""

_Planned = ClockStarted | ClockResumed | ClockRebased


def _started(row: ContactRow, event: ClockStarted) -> ContactRow:
    if event.resumes:
        return _as_if_never(row, event)
    clock = Clock(
        target=event.target,
        policy=event.policy,
        version=event.version,
        calendar=event.calendar,
        started_at=stamp(event.at),
        due_at=stamp(event.due_at),
        within=duration(event.within),
        warnings=_warnings(event),
        intervals=_spans(event),
        rest=duration(event.rest),
    )
    return msgspec.structs.replace(row, clocks=(*row.clocks, clock))


def _as_if_never(row: ContactRow, event: ClockStarted) -> ContactRow:
    """A clock that had ended runs on as if it never had; a breach on record stays there."""
    started = stamp(event.at)
    theirs = [place for place, clock in enumerate(row.clocks) if clock.target == event.target]
    if event.former:
        theirs = theirs[-2:-1]
    place = next((place for place in reversed(theirs) if row.clocks[place].started_at == started), None)
    if place is None:
        return row
    clock = row.clocks[place]
    breached = clock.outcome == "breached"
    after = msgspec.structs.replace(
        clock,
        outcome="breached" if breached else None,
        outcome_at=clock.outcome_at if breached else None,
        met_at=None,
        reason=event.resumes,
        warnings=_warnings(event),
        intervals=_spans(event),
        rest=duration(event.rest),
    )
    return msgspec.structs.replace(row, clocks=(*row.clocks[:place], *row.clocks[place + 1 :], after))


def _warned(row: ContactRow, event: ClockWarned) -> ContactRow:
    def warned(clock: Clock) -> dict[str, Any]:
        left = tuple(due for due in clock.warnings if due.fraction != event.fraction)
        return {"warned": (*clock.warned, event.fraction), "warnings": left}

    return _on_clock(row, event.target, warned)


def _paused(row: ContactRow, event: ClockPaused) -> ContactRow:
    def paused(clock: Clock) -> dict[str, Any]:
        spans = _until(clock.intervals, stamp(event.at))
        return {
            "paused": True,
            "pauses": (*clock.pauses, ClockPause(begin=stamp(event.at), reason=event.reason)),
            "used": duration(event.used),
            "intervals": spans,
            "rest": duration(max(event.used - _sum(spans), timedelta(0))),
        }

    return _on_clock(row, event.target, paused)


def _resumed(row: ContactRow, event: ClockResumed) -> ContactRow:
    """Goes on after a pause; a resolution that was met too early also after the time for which it was."""

    def resumed(clock: Clock) -> dict[str, Any]:
        still = bool(clock.pauses) and clock.pauses[-1].end is None
        begin = clock.pauses[-1] if still else ClockPause(begin=clock.met_at or "", reason="resolved")
        pause = msgspec.structs.replace(begin, end=stamp(event.at))
        kept = clock.intervals + _spans(event)
        over = _sum(kept[INTERVALS_KEPT:])
        breached = clock.outcome == "breached"
        return {
            "paused": False,
            "pauses": (*(clock.pauses[:-1] if still else clock.pauses), pause),
            "due_at": stamp(event.due_at),
            "warnings": _warnings(event),
            "intervals": kept[:INTERVALS_KEPT],
            "rest": duration(_length(clock.rest) + event.rest + over),
            "outcome": "breached" if breached else None,
            "outcome_at": clock.outcome_at if breached else None,
            "met_at": None,
            "reason": event.reason,
        }

    return _on_clock(row, event.target, resumed, ended=True)


def _rebased(row: ContactRow, event: ClockRebased) -> ContactRow:
    return _on_clock(
        row,
        event.target,
        lambda clock: {
            "policy": event.policy,
            "version": event.version,
            "calendar": event.calendar,
            "within": duration(event.within),
            "due_at": stamp(event.due_at),
            "warnings": _warnings(event),
            "intervals": _spans(event),
            "rest": duration(event.rest),
            "reason": "rebased" if event.started_at is None else "moved",
            "started_at": clock.started_at if event.started_at is None else stamp(event.started_at),
        },
    )


def _met(row: ContactRow, event: ClockMet) -> ContactRow:
    at = stamp(event.at)

    def met(clock: Clock) -> dict[str, Any]:
        if event.late or clock.outcome == "breached":
            ended: dict[str, Any] = {"outcome": "breached", "outcome_at": clock.outcome_at or clock.due_at}
        else:
            ended = {"outcome": "met", "outcome_at": at, "intervals": _until(clock.intervals, at)}
        return ended | {"met_at": at, "paused": False}

    return _on_clock(row, event.target, met)


def _breached(row: ContactRow, event: ClockBreached) -> ContactRow:
    return _on_clock(row, event.target, lambda _: {"outcome": "breached", "outcome_at": stamp(event.at)})


def _withdrawn(row: ContactRow, event: ClockWithdrawn) -> ContactRow:
    at = stamp(event.at)

    def withdrawn(clock: Clock) -> dict[str, Any]:
        if clock.outcome == "breached":  # a recorded breach stays
            return {"reason": event.reason}
        ended = {"outcome": "withdrawn", "outcome_at": at, "reason": event.reason, "paused": False}
        return ended | {"intervals": _until(clock.intervals, at)}

    return _on_clock(row, event.target, withdrawn)


def _on_clock(
    row: ContactRow, target: str, change: Callable[[Clock], dict[str, Any]], *, ended: bool = False
) -> ContactRow:
    """Change the latest clock of `target`, if it was neither met nor withdrawn, or `ended` does not matter."""
    for place in range(len(row.clocks) - 1, -1, -1):
        clock = row.clocks[place]
        if clock.target != target:
            continue
        if not ended and (clock.outcome in {"met", "withdrawn"} or clock.met_at is not None):
            return row
        after = msgspec.structs.replace(clock, **change(clock))
        return msgspec.structs.replace(row, clocks=(*row.clocks[:place], after, *row.clocks[place + 1 :]))
    return row


def _warnings(event: _Planned) -> tuple[WarningDue, ...]:
    return tuple(WarningDue(fraction=fraction, at=stamp(at)) for fraction, at in event.warnings)


def _spans(event: _Planned) -> tuple[Span, ...]:
    return tuple((stamp(start), stamp(end)) for start, end in event.intervals)


def _until(spans: tuple[Span, ...], at: Stamp) -> tuple[Span, ...]:
    """What of them had been counted by then. Stamps are in the order of their text."""
    return tuple((start, min(end, at)) for start, end in spans if start < at)


def _sum(spans: tuple[Span, ...]) -> timedelta:
    lengths = (datetime.fromisoformat(end) - datetime.fromisoformat(start) for start, end in spans)
    return sum(lengths, timedelta(0))


def _length(text: str) -> timedelta:
    return msgspec.convert(text, timedelta)


CLOCK_STEPS: dict[type, Callable[[ContactRow, Any], ContactRow]] = {
    ClockStarted: _started,
    ClockWarned: _warned,
    ClockPaused: _paused,
    ClockResumed: _resumed,
    ClockRebased: _rebased,
    ClockMet: _met,
    ClockBreached: _breached,
    ClockWithdrawn: _withdrawn,
}
