"""How right the estimated waits are: what people would have been told when they came, against what came. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from frontline.contract.deskview import Foretold
from frontline.contract.ids import ContactId
from router.core.event import ContactAssigned, ContactMerged, ContactOpened, ContactResolved, CustomerLeft, DeskDecision
from router.core.handling import Decayed, Key
from router.core.wait import Estimate

Waited = Callable[[float, bool], None]
"""Is told of everybody served: how many seconds longer than expected, and whether within the range."""


@dataclass(slots=True)
class _Told:
    at: datetime
    estimate: Estimate


class Foreteller:
    """`waited` is told of each wait that has ended. Who left before an agent had them says nothing: nobody
    knows how long it would have been. `watched` are inboxes in which everybody counts as live.
    """

    def __init__(self, waited: Waited, watched: Collection[Key] = ()) -> None:
        self._watched = frozenset(watched)
        self._waited = waited
        self._told: dict[ContactId, _Told] = {}
        self._longer = Decayed()
        self._off = Decayed()
        self._within = Decayed()
        self._waits = 0

    def heard(self, event: DeskDecision, estimates: Mapping[Key, Estimate | None]) -> None:
        """`estimates` are those that were shown before the event."""
        match event:
            case ContactOpened():
                key = (event.channel, event.inbox)
                estimate = estimates.get(key)
                if estimate is not None and (event.live or key in self._watched):
                    self._told[event.contact] = _Told(event.at, estimate)
            case ContactAssigned():
                told = self._told.pop(event.contact, None)
                if told is not None:
                    self._compare(event.at - told.at, told.estimate)
            case CustomerLeft() | ContactResolved() | ContactMerged():
                self._told.pop(event.contact, None)
            case _:
                pass

    def _compare(self, wait: timedelta, estimate: Estimate) -> None:
        longer = (wait - estimate.mean).total_seconds()
        within = estimate.low <= wait <= estimate.high
        self._waits += 1
        self._longer.add(longer)
        self._off.add(abs(longer))
        self._within.add(float(within))
        self._waited(longer, within)

    @property
    def foretold(self) -> Foretold | None:
        if not self._waits:
            return None
        return Foretold(
            waits=self._waits,
            longer=timedelta(seconds=round(self._longer.mean)),
            off=timedelta(seconds=round(self._off.mean)),
            within=round(self._within.mean, 3),
        )
