"""Who can serve whom, and how fast that goes: the part of the estimated wait that looks at people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from frontline.contract.ids import AgentId, ContactId
from router.core.capacity import Agent
from router.core.contact import Contact
from router.core.desk_settings import InboxSettings, RingSettings
from router.core.handling import Expected, Key
from router.core.state import DeskState

AHEAD = timedelta(hours=12)
"""What would take longer than this is not estimated."""

SUPPOSED = timedelta(minutes=6)
"""How long a contact takes, as long as nobody has said or seen anything else."""


_CLOSE = 20
"""Halvings: a millionth of the first guess."""


class Coming(NamedTuple):
    """From `at` on somebody is there who was not (`there`), or is not any more."""

    at: datetime
    agent: AgentId
    there: bool


@dataclass(slots=True, eq=False)
class Need:
    """A kind of contact, by what it asks for. `turns` says how many such contacts each of those who are
    there takes at once; `able` are all who could, there or not. `ahead` of this kind are in the queue so far.
    `endless`: it takes too long to be told already, and so it does for all who come behind.
    """

    skills: frozenset[str]
    cost: int
    live: bool
    turns: dict[AgentId, int]
    able: frozenset[AgentId]
    ahead: int = 0
    endless: bool = False


class Room:
    """The desk's people at one moment, with the live contacts that they have in hand."""

    def __init__(self, state: DeskState, live: Collection[ContactId], now: datetime, comings: Sequence[Coming]) -> None:
        self._state = state
        self._now = now
        self._comings = [coming for coming in comings if now < coming.at <= now + AHEAD]
        self._people = {agent.id: agent for agent in state.agents.values() if not agent.gone}
        self._needs: dict[tuple[frozenset[str], int, bool, bool], Need] = {}
        self._rings = state.settings.rings or (RingSettings(),)
        self._takes: dict[Key, Expected] = {}
        self._in_hand = {id_: self._mean_in_hand(agent, live) for id_, agent in self._people.items()}

    def need_of(self, contact: Contact) -> Need:
        """What a contact asks for in the ring that it is in. Waiting for one agent alone ends soon."""
        need = contact.line.need
        return self._need(frozenset(contact.skills), need.cost, max(contact.ring, 0), live=need.live)

    def need_at(self, inbox: InboxSettings) -> Need:
        """What a contact of an inbox would ask for."""
        return self._need(frozenset(inbox.skills), inbox.cost, 0, live=inbox.live)

    def _need(self, skills: frozenset[str], cost: int, ring: int, *, live: bool) -> Need:
        """In `ring`, or in the next one that somebody is in: others are skipped at once."""
        wanted = None
        for settings in self._rings[ring:]:
            asked = skills if settings.skills else frozenset()
            need = self._kind(asked, cost, live=live, off_duty=settings.off_duty)
            if need.turns:
                return need
            wanted = wanted or need
        assert wanted is not None
        return wanted

    def _kind(self, skills: frozenset[str], cost: int, *, live: bool, off_duty: bool) -> Need:
        known = self._needs.get((skills, cost, live, off_duty))
        if known is None:
            able = [agent for agent in self._people.values() if skills <= agent.skills and agent.capacity >= cost]
            turns = {agent.id: agent.capacity // cost for agent in able if _there(agent, off_duty=off_duty)}
            known = Need(skills, cost, live, turns, frozenset(agent.id for agent in able))
            self._needs[skills, cost, live, off_duty] = known
        return known

    def takes(self, key: Key) -> Expected:
        """What a contact of an inbox takes of an agent, in seconds."""
        known = self._takes.get(key)
        if known is None:
            inbox = self._state.inboxes.get(key)
            supposed = SUPPOSED if inbox is None or inbox.handling is None else inbox.handling
            known = self._takes[key] = self._state.handling.of(key, supposed)
        return known

    def before(self, need: Need) -> int:
        """How many in the queue so far want somebody whom this need wants, too."""
        return sum(
            other.ahead for other in self._needs.values() if other.ahead and not other.able.isdisjoint(need.able)
        )

    def work(self, need: Need) -> float:
        """How many turns of this need's people those in the queue so far will take, by what they cost.

        Of others, only what is left over by people whom this need can't have, and no more than those whom
        both want can do meanwhile. How long that is depends on the answer; so it is closed in on.
        """
        own, mine = float(need.ahead), self.servers(need)
        others = [_Other.of(other, need) for other in self._needs.values() if other.ahead and other is not need]
        others = [other for other in others if other.work]
        if not others or not mine:
            return own + sum(other.work for other in others)
        low, high = 0.0, (own + 1 + sum(other.work for other in others)) / mine
        for _ in range(_CLOSE):
            middle = (low + high) / 2
            if middle * mine < own + 1 + sum(other.left(middle) for other in others):
                low = middle
            else:
                high = middle
        return own + sum(other.left(high) for other in others)

    def free(self, need: Need) -> bool:
        return any(self._people[id_].has_place(need.cost, live=need.live) for id_ in need.turns)

    def rates(self, need: Need, expected: Expected) -> list[tuple[float, float]]:
        """Turns a second that come free for this need, from so many seconds from now on."""
        there = set(need.turns)
        rates = [(0.0, self._rate(need, there, expected))]
        for at, agent, comes in self._comings:
            if agent in need.able and (agent in there) is not comes:
                there ^= {agent}
                rates.append(((at - self._now).total_seconds(), self._rate(need, there, expected)))
        return rates

    def servers(self, need: Need) -> int:
        return sum(need.turns.values())

    def _rate(self, need: Need, there: set[AgentId], expected: Expected) -> float:
        return sum(
            (self._people[id_].capacity // need.cost) / (self._in_hand[id_] or expected.mean) for id_ in sorted(there)
        )

    def _mean_in_hand(self, agent: Agent, live: Collection[ContactId]) -> float:
        """Mean time of what the agent has in hand, each contact by the room that it takes; 0 for nothing."""
        units, weighed = 0.0, 0.0
        for id_ in (*agent.held, *agent.offered):
            if id_ in live:
                contact = self._state.contacts[id_]
                units += contact.line.need.cost
                weighed += contact.line.need.cost * self.takes((contact.channel, contact.inbox)).mean
        return weighed / units if units else 0.0


def _there(agent: Agent, *, off_duty: bool) -> bool:
    return agent.present and not agent.absent and (agent.on_duty or (off_duty and agent.off_duty_too))


class _Other(NamedTuple):
    """Another need seen from one, in turns of that: `work` is what waits of it, `apart` what people do whom the
    one can't have, and `both` what those do whom both want, each in the time that a contact takes.
    """

    work: float
    apart: float
    both: float

    @classmethod
    def of(cls, other: Need, need: Need) -> "_Other":
        size = other.cost / need.cost
        both = float(sum(turns for id_, turns in need.turns.items() if id_ in other.turns))
        apart = sum(turns for id_, turns in other.turns.items() if id_ not in need.turns) * size
        return cls(other.ahead * size if both else 0.0, apart, both)

    def left(self, times: float) -> float:
        """What is left to the people of the one, by when so many contacts could have been served in turn."""
        return min(max(self.work - self.apart * times, 0.0), self.both * times)
