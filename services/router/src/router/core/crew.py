"""Agents who may be given the same things, longest idle first."""

from collections.abc import Collection
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from frontline.contract.ids import AgentId
from router.core.capacity import NO_ROOM, Agent, Room
from router.core.need import Need

if TYPE_CHECKING:
    from router.core.queue import Line


class Kind(NamedTuple):
    """What makes agents alike. Whoever is off duty and does not want work then is in no ring at all."""

    skills: frozenset[str]
    on_duty: bool
    off_duty_too: bool


def kind_of(agent: Agent) -> Kind:
    return Kind(agent.skills, agent.on_duty, agent.on_duty or agent.off_duty_too)


class Crew:
    """For each cost, live or written, a heap of those with room for it; an entry whose rank is not the
    agent's any more is stale. `present` counts those who are available.
    """

    __slots__ = ("_ready", "kind", "lines", "members", "present")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.members: dict[AgentId, Agent] = {}
        self.present = 0
        self.lines: dict[tuple[int, bool], list[Line]] = {}
        self._ready: dict[tuple[int, bool], list[tuple[tuple[int, int], AgentId]]] = {}

    def serves(self, need: Need, skills: frozenset[str]) -> bool:
        reaches = self.kind.on_duty or (need.off_duty and self.kind.off_duty_too)
        return reaches and need.only is None and skills <= self.kind.skills

    def ready(self, agent: Agent, before: Room = NO_ROOM) -> None:
        """The agent may take contacts that cost more than there was room for before, as far as there is now."""
        for (cost, live), heap in self._ready.items():
            if cost > (before.live if live else before.written) and agent.has_place(cost, live=live):
                heappush(heap, (agent.rank, agent.id))
                if len(heap) > 2 * len(self.members) + 16:
                    self._ready[cost, live] = self._heap(cost, live=live)

    def first(self, need: Need, but: Collection[AgentId] = ()) -> Agent | None:
        """Whoever of those with room comes first and is not among `but`. To be asked is to move behind the
        others, so that few of those who were stand in front.
        """
        cost, live = need.cost, need.live
        heap = self._ready.get((cost, live))
        if heap is None:
            heap = self._ready[cost, live] = self._heap(cost, live=live)
        passed, found = [], None
        while heap:
            rank, id_ = heap[0]
            agent = self.members.get(id_)
            if agent is None or agent.rank != rank or not agent.has_place(cost, live=live):
                heappop(heap)
            elif id_ in but:
                passed.append(heappop(heap))
            else:
                found = agent
                break
        for entry in passed:
            heappush(heap, entry)
        return found

    def _heap(self, cost: int, *, live: bool) -> list[tuple[tuple[int, int], AgentId]]:
        heap = [(agent.rank, agent.id) for agent in self.members.values() if agent.has_place(cost, live=live)]
        heapify(heap)
        return heap
