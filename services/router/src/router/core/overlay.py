"""Keys younger than the index's floor: what the desk knows before the index does, or may."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from frontline.contract.ids import ContactId, KeyHash, MessageId

Position = tuple[int, int]
"""Epoch and index of a commit."""

Comings = tuple[tuple[ContactId, Position], ...]
"""Contacts that came from other desks, and the commits by which they did."""

_EVER: Position = (-1, 0)


class Placement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a message went, and how it was threaded there."""

    contact: ContactId
    message: MessageId
    threaded_by: str


class OverlayKept(NamedTuple):
    """All of an overlay, for a snapshot: oldest first."""

    floor: Position
    placements: tuple[tuple[KeyHash, Placement, Position], ...]
    threads: tuple[tuple[KeyHash, ContactId, Position], ...]


class Overlay:
    """Each key with the position of the commit that bound it. The youngest binding of a key wins,
    as in the index, so that it makes no difference when the floor passes. A contact that comes from another desk
    may bring younger bindings than those that are here then.
    """

    __slots__ = ("_came", "_order", "_placements", "_threads", "floor")

    def __init__(self) -> None:
        self.floor: Position = (0, 0)
        self._placements: dict[KeyHash, tuple[Placement, Position]] = {}
        self._threads: dict[KeyHash, tuple[ContactId, Position]] = {}
        self._came: dict[ContactId, Position] = {}
        self._order: deque[tuple[Position, KeyHash]] = deque()

    def placement(self, key: KeyHash) -> Placement | None:
        """What became of the message with this idempotency key."""
        found = self._placements.get(key)
        return None if found is None else found[0]

    def contact(self, key: KeyHash) -> ContactId | None:
        """The contact that carries this thread key."""
        found = self._threads.get(key)
        return None if found is None else found[0]

    def bound_since(self, key: KeyHash, contact: ContactId) -> bool:
        """Whether this thread key was bound after `contact` had come here, if that came from another desk: whatever
        led to the contact before is older then.
        """
        found = self._threads.get(key)
        return found is not None and found[1] > self._came.get(contact, _EVER)

    def came(self, contact: ContactId, position: Position) -> None:
        """From another desk, by the commit at this position. What is bound later needs no comparing."""
        if self._threads:
            self._came[contact] = position

    def place(self, key: KeyHash, placement: Placement, position: Position) -> None:
        self._placements[key] = (placement, position)
        self._order.append((position, key))

    def bind(self, keys: tuple[KeyHash, ...], contact: ContactId, position: Position) -> None:
        for key in keys:
            self._threads[key] = (contact, position)
            self._order.append((position, key))

    def reaches(self, floor: Position) -> bool:
        """Whether a floor there would let anything be forgotten."""
        return bool(self._order) and self._order[0][0] <= floor

    def since(self, position: Position) -> Iterator[Placement]:
        """What was placed by commits after that one, as far as the overlay goes back."""
        for bound, key in reversed(self._order):
            if bound <= position:
                return
            if key in self._placements:
                yield self._placements[key][0]

    def raise_floor(self, floor: Position) -> None:
        """Forget what the index holds."""
        self.floor = floor
        while self._order and self._order[0][0] <= floor:
            position, key = self._order.popleft()
            # A key may have been bound again since; then the younger binding stays.
            if key in self._threads and self._threads[key][1] == position:
                del self._threads[key]
            if key in self._placements and self._placements[key][1] == position:
                del self._placements[key]
        if self._came:
            kept = self._came.items() if self._threads else ()
            self._came = {contact: position for contact, position in kept if position > floor}

    def keep(self) -> OverlayKept:
        return OverlayKept(
            self.floor,
            tuple((key, placement, position) for key, (placement, position) in self._placements.items()),
            tuple((key, contact, position) for key, (contact, position) in self._threads.items()),
        )

    def comings(self) -> Comings:
        """As of `came`, for a snapshot: not in `keep`, so that former versions can read it."""
        return tuple(self._came.items())

    @classmethod
    def kept(cls, kept: OverlayKept, comings: Comings) -> "Overlay":
        overlay = cls()
        overlay.floor = kept.floor
        overlay._placements = {key: (placement, position) for key, placement, position in kept.placements}
        overlay._threads = {key: (contact, position) for key, contact, position in kept.threads}
        overlay._came = dict(comings)
        keys = [(position, key) for key, _, position in (*kept.placements, *kept.threads)]
        overlay._order = deque(sorted(keys, key=lambda entry: entry[0]))
        return overlay
