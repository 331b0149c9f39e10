"""What is promised to customers, as an operator writes it; what each table must keep to by itself. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Literal, get_args

import msgspec

from frontline.configuration.calendar import ALWAYS
from frontline.configuration.escalation import Escalation
from frontline.configuration.locate import Path
from frontline.contract.subject import is_token

Lane = Literal["security", "improvement", "vip", "normal", "low"]
"""What comes first, most urgent first."""

LANES: tuple[Lane, ...] = get_args(Lane)

Waiting = Literal["waiting_customer", "waiting_third_party"]
"""What a contact may wait for that is not ours to do."""

Target = Literal["first_response", "next_response", "resolution"]
TARGETS: tuple[Target, ...] = get_args(Target)

_MILLISECOND = timedelta(milliseconds=1)


class LaneTimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other times for contacts of these lanes; a target left out is as in the policy."""

    lanes: tuple[Lane, ...]
    first_response: timedelta | None = None
    next_response: timedelta | None = None
    resolution: timedelta | None = None


class Raise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At a warning of `target` (`at` is one of `warn_at`), or at its breach (1), the contact goes to `lane` if
    it is in a less urgent one.
    """

    target: Literal["first_response", "next_response", "resolution", "follow_up"]
    at: float
    lane: Lane


class Pauses(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which states of a contact stop which clock. A promise of an agent's never stops."""

    first_response: tuple[Waiting, ...] = ()
    next_response: tuple[Waiting, ...] = ()
    resolution: tuple[Waiting, ...] = ("waiting_customer", "waiting_third_party")


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How soon customers hear from us, in time of `calendar`; a target left out is not promised.

    `warn_at` are fractions of each target. A running clock keeps the `version` it started with.
    """

    id: str
    version: int = 1
    calendar: str = ALWAYS
    first_response: timedelta | None = None
    next_response: timedelta | None = None
    resolution: timedelta | None = None
    warn_at: tuple[float, ...] = (0.5, 0.8)
    pauses: Pauses = Pauses()
    lanes: tuple[LaneTimes, ...] = msgspec.field(default=(), name="lane")
    raises: tuple[Raise, ...] = msgspec.field(default=(), name="raise")
    escalations: tuple[Escalation, ...] = msgspec.field(default=(), name="escalate")

    def within(self, target: Target, lane: Lane) -> timedelta | None:
        """How long a contact of this lane may take; `None` for a target that is not promised."""
        for other in self.lanes:
            if lane in other.lanes and (time := _time(other, target)) is not None:
                return time
        return _time(self, target)

    def promises(self, target: str) -> bool:
        """Whether a clock of this target can run. What an agent promises is theirs to say."""
        if target not in TARGETS:
            return True
        return _time(self, target) is not None or any(_time(lane, target) is not None for lane in self.lanes)


def policy_breaches(policy: Policy) -> Iterator[tuple[Path, str]]:
    if not is_token(policy.id):
        yield ("id",), f"id {policy.id!r} must be of lower-case letters, digits and hyphens"
    if not 1 <= policy.version <= 2**53:
        yield ("version",), f"version must be 1 or more, and {2**53} at most, not {policy.version}"
    yield from _times(policy)
    for index, fraction in enumerate(policy.warn_at):
        if not 0 < fraction < 1:
            yield ("warn_at", index), f"warn_at must lie between 0 and 1, not be {fraction:g}"
        elif index and fraction <= policy.warn_at[index - 1]:
            yield ("warn_at", index), "warn_at must rise from one fraction to the next"
    yield from _consequences(policy, "raise", policy.raises)
    yield from _consequences(policy, "escalate", policy.escalations)
    said: dict[str, int] = {}
    for number, times in enumerate(policy.lanes):
        for index, lane in enumerate(times.lanes):
            if said.setdefault(lane, number) != number or lane in times.lanes[:index]:
                yield ("lane", number, "lanes", index), f"the times of lane {lane!r} overlap: it is named twice"


def _consequences(policy: Policy, key: str, consequences: Sequence[Raise | Escalation]) -> Iterator[tuple[Path, str]]:
    seen: set[tuple[str, float]] = set()
    for index, each in enumerate(consequences):
        said = str(each.at).removesuffix(".0")  # empty text where it is missing: see `Shape`
        if not policy.promises(each.target):
            yield (key, index, "target"), f"policy {policy.id!r} promises no {each.target}: nothing comes of this"
        if each.at != 1 and each.at not in policy.warn_at:
            yield (key, index, "at"), f"at must be one of warn_at, or 1 for the breach, not {said}"
        if (each.target, each.at) in seen:
            yield (key, index, "at"), f"{each.target} at {said} is there twice"
        seen.add((each.target, each.at))


def lane_breaches(times: LaneTimes) -> Iterator[tuple[Path, str]]:
    if not times.lanes:
        yield ("lanes",), "lanes must name a lane at least"
    yield from _times(times)


def _time(table: Policy | LaneTimes, target: str) -> timedelta | None:
    within: timedelta | None = getattr(table, target)
    return within


def _times(table: Policy | LaneTimes) -> Iterator[tuple[Path, str]]:
    for target in TARGETS:
        within = _time(table, target)
        if within is not None and (within <= timedelta(0) or within % _MILLISECOND):
            yield (target,), f"{target} must be longer than nothing, in whole milliseconds"
