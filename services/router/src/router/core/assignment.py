"""Who gets which contact: the first that waits and may be taken, to the one who is idle for longest.

Kept so that a decision costs O(s log n): s distinct needs, n who wait. What is here can be worked
out again from contacts and agents; it is no part of what the desk has decided.
"""

from collections.abc import Collection, Iterable, Mapping
from heapq import heapify, heappop, heappush

from frontline.contract.ids import AgentId, ContactId
from router.core.capacity import Agent
from router.core.contact import WAITING, Contact
from router.core.queue import Line


class Pool:
    """Agents with the same skills. For each cost a heap of those with room for it, longest idle
    first; an entry whose turn is not the agent's any more is stale.
    """

    __slots__ = ("_ready", "lines", "members", "skills")

    def __init__(self, skills: frozenset[str]) -> None:
        self.skills = skills
        self.members: dict[AgentId, Agent] = {}
        self.lines: dict[int, list[Line]] = {}
        self._ready: dict[int, list[tuple[int, AgentId]]] = {}

    def ready(self, agent: Agent, above: int = 0) -> None:
        """The agent may take contacts that cost more than `above`, as far as there is room."""
        for cost, heap in self._ready.items():
            if cost > above and agent.fits(cost):
                heappush(heap, (agent.turn, agent.id))
                if len(heap) > 2 * len(self.members) + 16:
                    self._ready[cost] = self._heap(cost)

    def longest_idle(self, cost: int, but: Collection[AgentId] = ()) -> Agent | None:
        """Whoever of those with room is not among `but`. To be asked is to move behind the others, so
        that few of those who were stand in front.
        """
        heap = self._ready.get(cost)
        if heap is None:
            heap = self._ready[cost] = self._heap(cost)
        passed, found = [], None
        while heap and found is None:
            turn, id_ = heap[0]
            agent = self.members[id_]
            if agent.turn != turn or not agent.fits(cost):
                heappop(heap)
            elif id_ in but:
                passed.append(heappop(heap))
            else:
                found = agent
        for entry in passed:
            heappush(heap, entry)
        return found

    def _heap(self, cost: int) -> list[tuple[int, AgentId]]:
        heap = [(agent.turn, agent.id) for agent in self.members.values() if agent.fits(cost)]
        heapify(heap)
        return heap


class Matching:
    """Lines of contacts, pools of agents, and what has changed since nothing more could be given."""

    __slots__ = ("_contacts", "_freed", "_lines", "_pools", "_unplaced", "_unsettled", "waiting")

    def __init__(self, contacts: Mapping[ContactId, Contact]) -> None:
        self._contacts = contacts
        self._lines: dict[tuple[tuple[str, ...], int], Line] = {}
        self._pools: dict[frozenset[str], Pool] = {}
        self._unplaced: dict[ContactId, Contact] = {}
        self._unsettled: set[Line] = set()
        self._freed: set[Pool] = set()
        self.waiting = 0

    def staff(self, agents: Iterable[Agent]) -> None:
        """Take these agents, with the skills that they have now, for all there are."""
        self._pools = {}
        for agent in agents:
            pool = self._pools.get(agent.skills)
            if pool is None:
                pool = self._pools[agent.skills] = Pool(agent.skills)
            pool.members[agent.id] = agent
        self._freed.clear()
        for line in self._lines.values():
            self._connect(line)
            if line.waiting:
                self._unsettled.add(line)

    def line(self, skills: tuple[str, ...], cost: int) -> Line:
        """The line of everybody with this need. `skills` are sorted and distinct."""
        line = self._lines.get((skills, cost))
        if line is None:
            line = self._lines[skills, cost] = Line(frozenset(skills), cost, self._contacts)
            self._connect(line)
        return line

    def join(self, contact: Contact) -> None:
        self.waiting += 1
        self._unplaced[contact.id] = contact

    def leave(self, contact: Contact) -> None:
        self.waiting -= 1
        if contact.place is None:
            del self._unplaced[contact.id]
        else:
            contact.line.remove(contact)

    def moved(self, contact: Contact) -> None:
        """What orders a waiting contact has changed."""
        if contact.phase == WAITING and contact.place is not None:
            contact.line.remove(contact)
            self._unplaced[contact.id] = contact

    def took(self, agent: Agent) -> None:
        """The agent was given a contact, and moves behind the others."""
        self._pools[agent.skills].ready(agent)

    def gained(self, agent: Agent, room_before: int) -> None:
        """The agent may take more than before: `room_before` was what they could use."""
        pool = self._pools[agent.skills]
        pool.ready(agent, above=room_before)
        if self.waiting:
            self._freed.add(pool)

    @property
    def settled(self) -> bool:
        """Whether it is known that nobody with room may take anybody who waits."""
        return not (self.waiting and (self._unplaced or self._unsettled or self._freed))

    def next(self) -> tuple[Contact, Agent] | None:
        """The first who waits and may be taken, and by whom; `None` when there is no such pair.

        Those who were asked already come after all who were not.
        """
        for contact in self._unplaced.values():
            contact.line.add(contact)
            self._unsettled.add(contact.line)
        self._unplaced.clear()

        best: Line | None = None
        for line in tuple(self._unsettled):
            if line.first is None or _longest_idle(line) is None:
                # Giving contacts away only takes room: it stays hopeless until something else changes.
                self._unsettled.discard(line)
            else:
                best = _sooner(line, best)
        for pool in tuple(self._freed):
            hopeless = True
            for cost, lines in pool.lines.items():
                if pool.longest_idle(cost) is not None:
                    for line in lines:
                        if line.first is not None:
                            hopeless = False
                            best = _sooner(line, best)
            if hopeless:
                self._freed.discard(pool)
        if best is None or best.first is None:
            return None
        contact = self._contacts[best.first[4]]
        taker = _longest_idle(best, contact.asked) or _longest_idle(best)
        assert taker is not None, "a line is best only if somebody may take its first"
        return contact, taker

    def _connect(self, line: Line) -> None:
        line.pools = [pool for pool in self._pools.values() if line.skills <= pool.skills]
        for pool in line.pools:
            pool.lines.setdefault(line.cost, []).append(line)


def may_take(agent: Agent, line: Line) -> bool:
    return not agent.gone and not agent.absent and agent.fits(line.cost) and line.skills <= agent.skills


def _sooner(line: Line, best: Line | None) -> Line:
    assert line.first is not None
    return line if best is None or best.first is None or line.first < best.first else best


def _longest_idle(line: Line, but: Collection[AgentId] = ()) -> Agent | None:
    longest = None
    for pool in line.pools:
        agent = pool.longest_idle(line.cost, but)
        if agent is not None and (longest is None or agent.turn < longest.turn):
            longest = agent
    return longest
