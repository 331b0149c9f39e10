"""What comes due when: a heap of instants, from which nothing is taken out in the middle."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Any

from frontline.contract.ids import AgentId, ContactId
from router.core.capacity import Agent
from router.core.check_in import CheckIn, CheckIns
from router.core.clock import LAPSE, Clock
from router.core.contact import Contact, Offer

CLOCK = 0
OFFER = 1
AVAILABILITY = 2
DUTY = 3
MOMENT = 4
GRACE = 5
CHECK_IN = 6

Entry = tuple[datetime, int, Any, str]
"""When, what kind of thing, whose, and for a clock which target, for a check-in by which rule. Things fire in this
order. Whose is an `AgentId` or a `ContactId`, as the kind says, and the desk's own `""`: types can tell that by places
of a tuple only, and names read better.
"""


class Dues:
    """An entry is stale unless its owner holds the very same instant; it is dropped when it comes up."""

    __slots__ = ("_agents", "_check_ins", "_contacts", "_heap", "_live", "duty")

    def __init__(
        self, contacts: Mapping[ContactId, Contact], agents: Mapping[AgentId, Agent], check_ins: CheckIns
    ) -> None:
        self._check_ins = check_ins
        self._contacts = contacts
        self._agents = agents
        self._heap: list[Entry] = []
        self._live = 0
        self.duty: datetime | None = None
        """When who is on duty is looked at again."""

    def arm_clock(self, contact: Contact, clock: Clock) -> None:
        """Have `clock` come due at its next instant, if it has one, and no longer at its last."""
        if clock.armed is not None:
            self._live -= 1
        clock.armed = clock.next_due()
        if clock.armed is not None:
            self._push((clock.armed, CLOCK, contact.id, clock.target))

    def arm_clocks(self, contacts: Iterable[Contact]) -> None:
        """All that may come due, of contacts that have had none armed; a takeover does so for everybody at once."""
        heap, before = self._heap, len(self._heap)
        for contact in contacts:
            for clock in contact.clocks:
                clock.armed = armed = clock.next_due()
                if armed is not None:
                    heappush(heap, (armed, CLOCK, contact.id, clock.target))
        self._live += len(heap) - before

    def arm_offer(self, contact: Contact, offer: Offer) -> None:
        if offer.armed is not None:
            self._live -= 1
        offer.armed = offer.expires_at + LAPSE
        self._push((offer.armed, OFFER, contact.id, ""))

    def disarm_offer(self, offer: Offer) -> None:
        if offer.armed is not None:
            self._live -= 1
            offer.armed = None

    def arm_availability(self, agent: Agent, until: datetime | None) -> None:
        if agent.until is not None:
            self._live -= 1
        agent.until = until
        if until is not None:
            self._push((until, AVAILABILITY, agent.id, ""))

    def arm_duty(self, until: datetime | None) -> None:
        """Who is on duty is looked at again at `until`, and no longer at what was said before."""
        if self.duty is not None:
            self._live -= 1
        self.duty = until
        if until is not None:
            self._push((until, DUTY, "", ""))

    def arm_moment(self, contact: Contact, moment: datetime | None) -> None:
        """Have something come of the contact's phase then, and no longer when it was said before."""
        if contact.moment is not None:
            self._live -= 1
        contact.moment = moment
        if moment is not None:
            self._push((moment, MOMENT, contact.id, ""))

    def arm_grace(self, agent: Agent, until: datetime | None) -> None:
        if agent.back_by is not None:
            self._live -= 1
        agent.back_by = until
        if until is not None:
            self._push((until, GRACE, agent.id, ""))

    def arm_check_in(self, check_in: CheckIn) -> None:
        self._push((check_in.due_at, CHECK_IN, check_in.contact, check_in.rule))

    def disarm_check_in(self) -> None:
        """One that was armed is armed no more; its entry is stale from here on."""
        self._live -= 1

    def disarm_clock(self, clock: Clock) -> None:
        if clock.armed is not None:
            self._live -= 1
            clock.armed = None

    def first(self) -> Entry | None:
        """What comes due first, or came due and has not been fired."""
        heap = self._heap
        while heap:
            if self._lives(heap[0]):
                return heap[0]
            heappop(heap)
        return None

    def first_by(self, until: datetime) -> Entry | None:
        """The same if it is due by `until`; looks at nothing later."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            if self._lives(heap[0]):
                return heap[0]
            heappop(heap)
        return None

    def _push(self, entry: Entry) -> None:
        self._live += 1
        heappush(self._heap, entry)
        if len(self._heap) > 2 * self._live + 64:
            self._heap = [entry for entry in self._heap if self._lives(entry)]
            heapify(self._heap)

    def _lives(self, entry: Entry) -> bool:
        """Clocks come first: there are as many of them as of all the others together, and more."""
        instant, kind, owner, target = entry
        if kind == CLOCK:
            contact = self._contacts.get(owner)
            clock = None if contact is None else contact.clock(target)
            return clock is not None and clock.armed is instant
        if kind == MOMENT:
            contact = self._contacts.get(owner)
            return contact is not None and contact.moment is instant
        if kind == OFFER:
            contact = self._contacts.get(owner)
            return contact is not None and contact.offer is not None and contact.offer.armed is instant
        if kind == AVAILABILITY:
            agent = self._agents.get(owner)
            return agent is not None and agent.until is instant
        if kind == GRACE:
            agent = self._agents.get(owner)
            return agent is not None and agent.back_by is instant
        if kind == CHECK_IN:
            check_in = self._check_ins.get(owner, target)
            return check_in is not None and check_in.due_at is instant
        return self.duty is instant
