"""What is promised at a moment of the log, by the settings that it holds and no code of the desk's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from router.core.desk_settings import DeskSettings
from router.core.event import DeskDecision, LaneChanged
from router.core.event_people import ConfigChanged
from router.core.term import FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION
from tests.simulation.desk.firm import NEXT_WITHIN, RESOLVED_WITHIN, WITHIN

_PROMISED = {FIRST_RESPONSE: WITHIN, NEXT_RESPONSE: NEXT_WITHIN, RESOLUTION: RESOLVED_WITHIN}
_WARNS_AT = (0.5, 0.8)


class Terms:
    """The desk has one policy. A clock keeps what held when it began, unless people put its contact in a lane."""

    def __init__(self) -> None:
        self._settings: DeskSettings | None = None

    def take(self, event: DeskDecision) -> None:
        if isinstance(event, ConfigChanged):
            self._settings = event.settings

    def within(self, target: str, lane: str) -> timedelta:
        if self._settings is None:  # only a part of the log is told, of a desk whose policy stays as it is
            return _PROMISED[target]
        (policy,) = self._settings.policies
        fitting = [each.within for each in policy.targets if each.target == target and lane in (each.lanes or (lane,))]
        return fitting[-1]

    def fractions(self, target: str) -> tuple[float, ...]:
        """Of which it warns, in every lane."""
        if self._settings is None:
            return _WARNS_AT
        (policy,) = self._settings.policies
        return next(each.warn_at for each in policy.targets if each.target == target)


def by_people(event: LaneChanged) -> bool:
    """Whether it has clocks begin anew: where the policy raises a contact they go on as they are."""
    return event.agent is not None


def due(began: datetime, within: timedelta, pauses: Sequence[tuple[datetime, datetime]]) -> datetime:
    """When so much time has passed on a clock that stood still from and to these instants."""
    at = began + within
    for stopped, went_on in pauses:
        if at <= stopped:
            break
        at += went_on - stopped
    return at
