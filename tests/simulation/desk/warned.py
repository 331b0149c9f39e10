"""Of which fractions of its time a clock should have warned, and when: told from the time that is promised alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from router.core.commit import Commit
from tests.simulation.desk import terms

BREACH = 1.0
Due = tuple[float, datetime]
"""What a clock has come to: the fraction that it warned of, or `BREACH`, and its true instant."""
MILLISECOND = timedelta(milliseconds=1)
Places = frozenset[tuple[int, int, datetime]]
"""Some commits of a log, by epoch, index and when."""
NONE: Places = frozenset()


def full(log: Iterable[Commit], limit: int) -> Places:
    """How far these came with what was due only they can tell: the rest comes behind what was decided meanwhile."""
    return frozenset((commit.epoch, commit.index, commit.now) for commit in log if len(commit.events) >= limit)


@dataclass
class Warned:
    """The warnings of one clock. `told` is shared by all clocks of a target in a contact."""

    told: list[Due] = field(default_factory=list)
    to_come: tuple[float, ...] = ()
    _latest: float = 0.0

    def begin(self, fractions: Sequence[float]) -> None:
        self.to_come, self._latest = tuple(fractions), 0.0

    def look(self, until: datetime, due: datetime, within: timedelta) -> None:
        """What has passed by then on a clock that runs: none of its pauses lies behind what is to come."""
        for fraction in self.to_come:
            at = due - within + part(within, fraction)
            if at > until:
                break
            self._tell(fraction, at)

    def rebase(
        self,
        fractions: Sequence[float],
        began: datetime,
        within: timedelta,
        pauses: Sequence[tuple[datetime, datetime]],
        until: datetime,
    ) -> None:
        """As if it had always run by that, but for what was told already. What has passed by `until` is told at once."""
        self.to_come = tuple(fraction for fraction in fractions if fraction > self._latest)
        for fraction in self.to_come:
            at = terms.due(began, part(within, fraction), pauses)
            if at > until:
                break
            self._tell(fraction, at)

    def breach(self, at: datetime) -> None:
        self.told.append((BREACH, at))
        self.to_come = ()

    def _tell(self, fraction: float, at: datetime) -> None:
        self.told.append((fraction, at))
        self.to_come = tuple(each for each in self.to_come if each > fraction)
        self._latest = fraction


def part(within: timedelta, fraction: float) -> timedelta:
    """In whole milliseconds, rounded down."""
    return int(within / MILLISECOND * Fraction(str(fraction))) * MILLISECOND
