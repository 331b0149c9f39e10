"""How a desk's contacts find their people: rings, strategy, patience. `[[desk.ring]]` and keys of `[[desk]]`.

Pure.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from frontline.configuration.locate import Path

Strategy = Literal["longest_idle", "least_loaded", "round_robin"]

_MILLISECOND = timedelta(milliseconds=1)
CENTURY = timedelta(weeks=5200)
"""What takes longer than about that can't be what anybody meant, and may lie behind the last instant that there is."""


class Ring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may take a contact, `after` it has begun to wait for so long. Each ring holds those before it.

    `skills` keeps it to those with all the skills asked for; `off_duty` opens it to those who are
    available and not on duty, if they allow it.
    """

    after: timedelta = timedelta(0)
    skills: bool = True
    off_duty: bool = False


OF_DUTY = (Ring(),)
WITH_A_ROTA = (Ring(), Ring(after=timedelta(minutes=10), off_duty=True))
"""Without rings of its own, a desk with shifts asks those on duty first, and after a while all."""


def ring_breaches(rings: Sequence[Ring]) -> Iterator[tuple[Path, str]]:
    """What is wrong with the rings of one desk; paths begin at the desk."""
    for index, ring in enumerate(rings):
        if index == 0 and ring.after:
            yield ("ring", 0, "after"), "the first ring is open at once: leave its after away"
        elif ring.after < timedelta(0) or ring.after % _MILLISECOND:
            yield ("ring", index, "after"), "after must be some time, in whole milliseconds"
        elif ring.after > CENTURY:
            yield ("ring", index, "after"), "after must not be more than a century"
        elif index and ring.after <= rings[index - 1].after:
            yield ("ring", index, "after"), "each ring must open later than the one before it"
        if index and rings[index - 1].off_duty and not ring.off_duty:
            yield ("ring", index), "a ring holds those before it: off_duty has to stay true"
        if index and not rings[index - 1].skills and ring.skills:
            yield ("ring", index), "a ring holds those before it: skills has to stay false"


def patience_breaches(times: dict[str, timedelta]) -> Iterator[tuple[Path, str]]:
    """Times that may be nothing, and never less."""
    for key, time in times.items():
        if time < timedelta(0) or time % _MILLISECOND:
            yield (key,), f"{key} must not be less than nothing, in whole milliseconds"
        elif time > CENTURY:
            yield (key,), f"{key} must not be more than a century"


def duration_breaches(key: str, time: timedelta) -> Iterator[tuple[Path, str]]:
    """A time that has to be some."""
    if time:
        yield from patience_breaches({key: time})
    else:
        yield (key,), f"{key} must be longer than nothing, in whole milliseconds"
