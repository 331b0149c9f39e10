"""Shifts as the log holds them: plain data, from which `rota.py` works out who is on duty when."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date, time

import msgspec

from frontline.contract.ids import AgentId


class OverrideSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One day on which a shift is not as usual, or which it does not have otherwise."""

    day: date
    agents: tuple[AgentId, ...] | None = None
    """Who is on that day; empty: the shift is not held; `None`: the same people as usual."""
    begins: time | None = None
    ends: time | None = None


class ShiftSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of certain days that people take turns in.

    `days` are 0 (Monday) to 6, and those on which it begins; `begins` and `ends` are times on the
    clocks of `zone` (an IANA name). An end that is not after the beginning is on the next day.
    """

    id: str
    zone: str
    days: tuple[int, ...]
    begins: time
    ends: time
    weeks: tuple[tuple[AgentId, ...], ...]
    """Who is on in week A, B, C and so on, over and over; weeks begin on Mondays."""
    since: date
    """The first day. The week that it lies in is week A."""
    until: date | None = None
    """The last day on which it begins."""
    available: bool = False
    """Whether the shift makes those who are on available, and lets them go at its end."""
    overrides: tuple[OverrideSettings, ...] = ()


def shift_faults(shifts: Sequence[ShiftSettings], agents: Collection[AgentId]) -> Iterator[str]:
    """Every mistake, each as a sentence; `agents` are those of the desk."""
    for twin in [id_ for id_, times in Counter(shift.id for shift in shifts).items() if times > 1]:
        yield f"shift {twin} is there twice"
    for shift in shifts:
        if not shift.weeks:
            yield f"shift {shift.id} has no week"
        if not all(0 <= day <= 6 for day in shift.days):
            yield f"shift {shift.id}: days are 0 (Monday) to 6"
        if shift.until is not None and shift.until < shift.since:
            yield f"shift {shift.id} ends before it begins"
        crews = [*shift.weeks, *(override.agents for override in shift.overrides if override.agents is not None)]
        for agent in sorted({agent for crew in crews for agent in crew if agent not in agents}):
            yield f"shift {shift.id}: there is no agent {agent}"
