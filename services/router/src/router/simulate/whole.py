"""A desk's figures over all its live inboxes and all its agents. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from router.simulate.figures import Figures

_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Whole:
    """Parts are of all who came live; `wait` is what nine of ten in the worst inbox did not exceed."""

    level: float
    left: float
    wait: timedelta
    busy: float


def whole(desk: Figures) -> Whole:
    live = [inbox for inbox in desk.inboxes if inbox.live] or list(desk.inboxes)
    came = sum(inbox.came for inbox in live) or 1
    present = sum((agent.present for agent in desk.agents), _ZERO)
    busy = sum((agent.present * agent.busy for agent in desk.agents), _ZERO)
    return Whole(
        level=sum(inbox.level * inbox.came for inbox in live) / came,
        left=sum(inbox.left for inbox in live) / came,
        wait=max((inbox.waits[1] for inbox in live), default=_ZERO),
        busy=busy / present if present else 0.0,
    )
