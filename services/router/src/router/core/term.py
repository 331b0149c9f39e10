"""What a policy promises, ready for clocks to run by. A clock keeps the term that it started with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from router.core.calendar import ALWAYS, Calendar
from router.core.desk_settings import DeskSettings, EscalationSettings, PolicySettings, TargetSettings
from router.core.queue import LANES

FIRST_RESPONSE = "first_response"
NEXT_RESPONSE = "next_response"
RESOLUTION = "resolution"
FOLLOW_UP = "follow_up"
TARGETS = (FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION, FOLLOW_UP)

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One target of a policy in one lane. `within` is in the calendar's time, and nothing for a promise,
    which has an end of its own. `warnings` are those of a new clock: fraction, and after how much time.
    """

    target: str
    policy: str
    version: int
    calendar_name: str
    calendar: Calendar
    within: timedelta
    warn_at: tuple[float, ...]
    pause_in: tuple[str, ...] = ()
    raises: tuple[tuple[float, str], ...] = ()
    escalations: tuple[EscalationSettings, ...] = ()
    warnings: tuple[tuple[float, timedelta], ...] = field(init=False)

    def __post_init__(self) -> None:
        warnings = tuple((fraction, part(self.within, fraction)) for fraction in self.warn_at)
        object.__setattr__(self, "warnings", warnings)

    def dump(self) -> dict[str, Any]:
        """Everything about it, the calendar as its settings."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        return plain | {"calendar": self.calendar.settings}


Terms = Mapping[tuple[str, str, str], Term]
"""By policy, target and lane."""


def terms(settings: DeskSettings, calendars: Mapping[str, Calendar]) -> Terms:
    return {
        (policy.id, target.target, lane): term
        for policy in settings.policies
        for target in policy.targets
        for term in [_term(policy, target, calendars[policy.calendar])]
        for lane in target.lanes or LANES
    }


def no_promise(target: str, calendars: Mapping[str, Calendar]) -> Term:
    """By what a promise is measured that an agent makes where no policy says anything of promises."""
    return Term(target, "", 0, ALWAYS, calendars[ALWAYS], timedelta(0), TargetSettings(target=target).warn_at)


def part(whole: timedelta, fraction: float) -> timedelta:
    """In whole milliseconds, as every instant is."""
    exact = whole * fraction
    return exact - exact % _MILLISECOND


def _term(policy: PolicySettings, target: TargetSettings, calendar: Calendar) -> Term:
    return Term(
        target=target.target,
        policy=policy.id,
        version=policy.version,
        calendar_name=policy.calendar,
        calendar=calendar,
        within=target.within,
        warn_at=tuple(sorted(target.warn_at)),
        pause_in=target.pause_in,
        raises=target.raises,
        escalations=target.escalations,
    )
