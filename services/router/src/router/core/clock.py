"""A running promise: one target of a contact, as its desk holds it in memory."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from frontline.contract.ids import MessageId
from router.core.term import Term

MET = "met"
WITHDRAWN = "withdrawn"
"""Nobody waits for it any more, as the contact was resolved; it may run on when that was too early."""
DROPPED = "dropped"
"""Withdrawn for good."""

LAPSE = timedelta(milliseconds=1)
"""Instants have milliseconds, and a deadline may still be met in its own: it is over in the next."""

Pause = tuple[datetime, datetime | None]
"""From, to; `None` while it lasts."""


def pauses_since(pauses: tuple[Pause, ...], start: datetime) -> tuple[Pause, ...]:
    """What of them lies behind `start`."""
    return tuple((max(stopped, start), went_on) for stopped, went_on in pauses if went_on is None or went_on > start)


class Clock(msgspec.Struct, eq=False, gc=False):
    """`warnings` are those still to come, `end` is empty while it runs. `due_at` is the deadline, and for a
    clock that stands still the one that it would have had.

    A breach doesn't end it: it waits for its late end, but nothing more comes due. `former` is the clock
    of the same target before, as long as it may turn out not to have been met.
    `armed` is when it next comes due, the very object that stands in the heap. `warned` is the highest
    fraction that it has ever warned of, by whatever policy and lane.
    """

    target: str
    term: Term
    started_at: datetime
    due_at: datetime
    warnings: tuple[tuple[float, datetime], ...]
    pauses: tuple[Pause, ...] = ()
    breached: bool = False
    end: str = ""
    met_by: MessageId | None = None
    armed: datetime | None = None
    former: "Clock | None" = None
    warned: float = 0.0

    @property
    def running(self) -> bool:
        """Whether it may still warn and breach."""
        return not self.end and not self.breached

    @property
    def paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1][1] is None

    @property
    def policy(self) -> str:
        return self.term.policy

    @property
    def version(self) -> int:
        return self.term.version

    def next_due(self) -> datetime | None:
        pauses = self.pauses  # for each clock of a million: no property for it
        if self.end or self.breached or (pauses and pauses[-1][1] is None):
            return None
        return self.warnings[0][1] if self.warnings else self.due_at + LAPSE

    def missed(self, at: datetime) -> bool:
        """Whether `at` is too late."""
        return self.breached or (self.due_at < at and not self.paused)

    def runs(self, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """From when to when it did not stand still."""
        begin = self.started_at
        for stopped, went_on in self.pauses:
            if stopped > begin:
                yield begin, min(stopped, until)
            if went_on is None or went_on >= until:
                return
            begin = went_on
        if until > begin:
            yield begin, until
