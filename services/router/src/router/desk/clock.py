"""The leader's clock: wall time at the epoch, carried on by the monotonic clock, never back."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from frontline.contract.clock import Clock
from frontline.contract.codec import to_milliseconds

MAX_OFF = timedelta(milliseconds=250)


class WrongClock(Exception):
    """This machine's clock is too far from the server's; it must not lead."""


class DeskClock:
    """Anchored once; a step of the wall clock while we lead changes nothing."""

    def __init__(self, wall: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._anchor = wall()
        self._at_anchor = monotonic()
        self._last = to_milliseconds(self._anchor)

    def __call__(self) -> datetime:
        """The present instant, to the millisecond."""
        passed = timedelta(seconds=self._monotonic() - self._at_anchor)
        self._last = max(self._last, to_milliseconds(self._anchor + passed))
        return self._last


def check(sent: datetime, stored: datetime, acknowledged: datetime) -> None:
    """Hold our clock against the server's stamp on our epoch record, which lies between the two.

    Raises `WrongClock` if it is off by more than `MAX_OFF` either way.
    """
    if stored < sent - MAX_OFF or stored > acknowledged + MAX_OFF:
        off = max(sent - stored, stored - acknowledged)
        raise WrongClock(f"this clock is {off.total_seconds():.3f} s off the bus's")
