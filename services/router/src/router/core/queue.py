"""Who waits, in which order: one line for each distinct need, so that a decision looks at heads only."""

from collections.abc import Mapping
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from frontline.contract.ids import ContactId
from router.core.contact import Contact

if TYPE_CHECKING:
    from router.core.assignment import Pool

LANES = {"security": 0, "improvement": 1, "vip": 2, "normal": 3, "low": 4}

Place = tuple[int, int, datetime, int, ContactId]
"""Lane, front of it or not, earliest due clock, arrival: the smallest comes first. No two are equal."""

_NEVER = datetime.max.replace(tzinfo=UTC)


def place_of(contact: Contact) -> Place:
    due = min((clock.due_at for clock in contact.clocks if not clock.end), default=_NEVER)
    return (LANES[contact.lane], 0 if contact.front else 1, due, contact.arrival, contact.id)


class Line:
    """Those who wait for the same skills at the same cost. A heap from which nobody is taken out in
    the middle: a place that is no longer its contact's own is stale, and dropped when it comes up.
    """

    __slots__ = ("_heap", "cost", "pools", "skills", "waiting")

    def __init__(self, skills: frozenset[str], cost: int) -> None:
        self.skills = skills
        self.cost = cost
        self.waiting = 0
        self.pools: list[Pool] = []
        self._heap: list[Place] = []

    def add(self, contact: Contact, contacts: Mapping[ContactId, Contact]) -> None:
        """Put a contact where it belongs now; its former place, if any, is stale from here on."""
        contact.place = place = place_of(contact)
        self.waiting += 1
        heappush(self._heap, place)
        if len(self._heap) > 2 * self.waiting + 64:
            self._heap = [place for place in self._heap if _stands(place, contacts)]
            heapify(self._heap)

    def remove(self, contact: Contact) -> None:
        contact.place = None
        self.waiting -= 1

    def head(self, contacts: Mapping[ContactId, Contact]) -> Place | None:
        heap = self._heap
        while heap:
            if _stands(heap[0], contacts):
                return heap[0]
            heappop(heap)
        return None


def _stands(place: Place, contacts: Mapping[ContactId, Contact]) -> bool:
    contact = contacts.get(place[4])
    return contact is not None and contact.place is place
