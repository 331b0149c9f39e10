"""Who waits, in which order: one line for each distinct need, so that a decision looks at heads only."""

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from frontline.contract.ids import ContactId
from router.core.contact import Contact
from router.core.need import Need

if TYPE_CHECKING:
    from router.core.crew import Crew

LANES = {"security": 0, "improvement": 1, "vip": 2, "normal": 3, "low": 4}
HIGHEST_BY_AGE = LANES["improvement"]

Place = tuple[int, int, datetime, int, ContactId]
"""Lane, front of it or not, earliest due clock, arrival: the smallest comes first. No two are equal."""

_NEVER = datetime.max.replace(tzinfo=UTC)
_BY_ARRIVAL = datetime.min.replace(tzinfo=UTC)


def place_of(contact: Contact) -> Place:
    """Aged contacts compete by arrival, before those whose lane they have come to; in the highest lane
    that they come to, all do.
    """
    lane = LANES[contact.lane] - contact.aged
    if contact.aged or lane == HIGHEST_BY_AGE:
        due = _BY_ARRIVAL
    else:
        due = _NEVER
        for clock in contact.clocks:  # for each message that waits: no generator for it
            if not clock.end and clock.due_at < due:
                due = clock.due_at
    return (lane, 0 if contact.front else 1, due, contact.arrival, contact.id)


class Line:
    """Those who wait with the same need. Most come after all who are there, and stand in a row, which is in order by
    itself; the others in a heap. Nobody is taken out in the middle of either: a place that is no longer its contact's
    own is stale, and dropped when it comes up. `first` is always the place of whoever comes first. `crews` are those
    who may take somebody from here. Contacts know their line, and it knows none of them but by what it is told: they
    are not the garbage collector's, and must be in no circle.
    """

    __slots__ = ("_heap", "_row", "crews", "first", "need", "skills", "waiting")

    def __init__(self, need: Need) -> None:
        self.need = need
        self.skills = frozenset(need.skills)
        self.waiting = 0
        self.first: Place | None = None
        self.crews: list[Crew] = []
        self._row: deque[Place] = deque()
        self._heap: list[Place] = []

    def add(self, contact: Contact, contacts: Mapping[ContactId, Contact]) -> None:
        """Put a contact where it belongs now; its former place, if any, is stale from here on. `contacts` are all."""
        contact.place = place = place_of(contact)
        self.waiting += 1
        if not self._row or self._row[-1] < place:
            self._row.append(place)
        else:
            heappush(self._heap, place)
        if self.first is None or place < self.first:
            self.first = place
        if len(self._row) + len(self._heap) > 2 * self.waiting + 64:
            self._row = deque([place for place in self._row if _stands(place, contacts)])
            self._heap = [place for place in self._heap if _stands(place, contacts)]
            heapify(self._heap)

    def remove(self, contact: Contact, contacts: Mapping[ContactId, Contact]) -> None:
        place, contact.place = contact.place, None
        self.waiting -= 1
        if place is self.first:
            row, heap = self._row, self._heap
            while row and not _stands(row[0], contacts):
                row.popleft()
            while heap and not _stands(heap[0], contacts):
                heappop(heap)
            if row and (not heap or row[0] < heap[0]):
                self.first = row[0]
            else:
                self.first = heap[0] if heap else None


def _stands(place: Place, contacts: Mapping[ContactId, Contact]) -> bool:
    contact = contacts.get(place[4])
    return contact is not None and contact.place is place


NOWHERE = Line(Need((), 0))
"""That of a contact that has not begun to wait."""
