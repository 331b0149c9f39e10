"""The way that a contact has gone from desk to desk, and how far behind what is sent on would have to go."""

from frontline.contract.ids import DeskId
from router.core.parcel import Trail

HOP_LIMIT = 3
"""So often a message is sent on at most, and so far a contact may be from any desk that it has left."""


def gone_on(trail: Trail, left: DeskId, to: DeskId) -> Trail:
    """The trail once the contact has gone from `left` to `to`."""
    return (*((desk, next_) for desk, next_ in trail if desk not in (left, to)), (left, to))


def too_far(trail: Trail) -> bool:
    """Whether from some desk on the trail more than `HOP_LIMIT` steps lead to its end."""
    steps = dict(trail)
    return any(_length(steps, desk) > HOP_LIMIT for desk in steps)


def _length(steps: dict[DeskId, DeskId], desk: DeskId) -> int:
    length = 0
    while desk in steps and length <= len(steps):
        desk, length = steps[desk], length + 1
    return length
