"""Who gets which contact: the first that waits and may be taken, to the one who comes first.

Kept so that a decision costs O(s log n): s distinct needs, n who wait. What is here can be worked
out again from contacts and agents; it is no part of what the desk has decided.
"""

from collections.abc import Collection, Iterable, Mapping

from frontline.contract.ids import AgentId, ContactId
from router.core.capacity import NO_ROOM, Agent, Room
from router.core.contact import WAITING, Contact
from router.core.crew import Crew, Kind, kind_of
from router.core.need import Need
from router.core.queue import Line


class Matching:
    """Lines of contacts, crews of agents, and what has changed since nothing more could be given."""

    __slots__ = (
        "_agents", "_contacts", "_crew_of", "_crews", "_deserted", "_freed", "_lines", "_own", "_unplaced", "_unsettled", "waiting",
    )  # fmt: skip

    def __init__(self, contacts: Mapping[ContactId, Contact], agents: Mapping[AgentId, Agent]) -> None:
        self._contacts = contacts
        self._agents = agents
        self._lines: dict[Need, Line] = {}
        self._own: dict[AgentId, dict[Line, None]] = {}
        self._crews: dict[Kind, Crew] = {}
        self._crew_of: dict[AgentId, Crew] = {}
        self._unplaced: dict[ContactId, Contact] = {}
        self._unsettled: dict[Line, None] = {}
        self._freed: dict[Crew, None] = {}
        self._deserted: dict[Line, None] = {}
        self.waiting = 0

    def staff(self, agents: Iterable[Agent]) -> None:
        """Take these agents, as they are now, for all there are."""
        self._crews = {}
        self._crew_of = {}
        for line in self._lines.values():
            line.crews = []
        for agent in agents:
            crew = self._crew_of[agent.id] = self._crew(kind_of(agent))
            crew.members[agent.id] = agent
            crew.present += agent.present
        self._freed.clear()
        self._look_at_all()

    def line(self, need: Need) -> Line:
        """The line of everybody with this need."""
        line = self._lines.get(need)
        if line is None:
            line = self._lines[need] = Line(need)
            if need.only is not None:
                self._own.setdefault(need.only, {})[line] = None
            for crew in self._crews.values():
                _connect(line, crew)
        return line

    def join(self, contact: Contact) -> None:
        self.waiting += 1
        self._unplaced[contact.id] = contact

    def leave(self, contact: Contact) -> None:
        self.waiting -= 1
        if contact.place is None:
            del self._unplaced[contact.id]
        else:
            contact.line.remove(contact, self._contacts)

    def moved(self, contact: Contact) -> None:
        """What orders a waiting contact has changed."""
        if contact.phase == WAITING and contact.place is not None:
            contact.line.remove(contact, self._contacts)
            self._unplaced[contact.id] = contact

    def place(self) -> None:
        """Put those who have joined since into their lines, as every decision does first."""
        for contact in self._unplaced.values():
            line = contact.line
            if line.first is None:  # else it is known already whether somebody may take who is in this line
                self._unsettled[line] = None
            line.add(contact, self._contacts)
            self._deserted[line] = None
        self._unplaced.clear()

    def took(self, agent: Agent) -> None:
        """The agent was given a contact, and moves behind the others."""
        self._crew_of[agent.id].ready(agent)

    def gained(self, agent: Agent, before: Room) -> None:
        """The agent may take more than before: `before` was what they could use."""
        crew = self._crew_of[agent.id]
        crew.ready(agent, NO_ROOM if agent.by_load else before)
        if self.waiting:
            self._freed[crew] = None
            for line in self._own.get(agent.id, ()):
                if line.waiting:
                    self._unsettled[line] = None

    def came(self, agent: Agent) -> None:
        """The agent is there from now on. They may take more, too: see `gained`."""
        crew = self._crew_of[agent.id]
        crew.present += 1
        if crew.present == 1:  # somebody may be in a later ring now
            self._deserted.update((line, None) for line in self._lines.values() if line.waiting)

    def went(self, agent: Agent) -> None:
        """The agent is not there any more."""
        crew = self._crew_of[agent.id]
        crew.present -= 1
        lines = [] if crew.present else [line for lines in crew.lines.values() for line in lines]
        self._deserted.update((line, None) for line in (*lines, *self._own.get(agent.id, ())) if line.waiting)

    def changed(self, agent: Agent, before: Kind) -> None:
        """The agent is of another kind than `before`: their duty has changed."""
        del self._crews[before].members[agent.id]
        crew = self._crew_of[agent.id] = self._crew(kind_of(agent))
        crew.members[agent.id] = agent
        self._crews[before].present -= agent.present
        crew.present += agent.present
        crew.ready(agent)
        self._freed[crew] = None
        self._look_at_all()

    @property
    def settled(self) -> bool:
        """Whether it is known that nobody with room may take anybody who waits, in the rings that are open."""
        return not (self.waiting and (self._unplaced or self._unsettled or self._freed or self._deserted))

    def deserted(self) -> Line | None:
        """A line with somebody in it and nobody there to take them: a later ring may be better. It is
        named again until it is empty, or until `hopeless` says that there is none.
        """
        if self._unplaced:
            self.place()
        for line in tuple(self._deserted):
            if line.first is not None and not self._served(line):
                return line
            del self._deserted[line]
        return None

    def hopeless(self, line: Line) -> None:
        """There is no better ring for those in this line, until somebody comes or goes."""
        self._deserted.pop(line, None)

    def somebody(self, need: Need) -> bool:
        """Whether somebody is there who might take a contact of this need, with room or without."""
        if need.only is not None:
            agent = self._agents.get(need.only)
            return agent is not None and agent.present
        skills = frozenset(need.skills)
        return any(crew.present and crew.serves(need, skills) for crew in self._crews.values())

    def _served(self, line: Line) -> bool:
        if line.need.only is not None:
            return self.somebody(line.need)
        for crew in line.crews:  # noqa: SIM110 - for each message that waits: no generator for it
            if crew.present:
                return True
        return False

    def anybody(self, need: Need, but: Collection[AgentId]) -> bool:
        """Whether somebody who is not among `but` could take a contact of this need now."""
        skills = frozenset(need.skills)
        return any(crew.serves(need, skills) and crew.first(need, but) for crew in self._crews.values())

    def next(self) -> tuple[Contact, Agent] | None:
        """The first who waits and may be taken, and by whom; `None` when there is no such pair.

        Those who were asked already come after all who were not.
        """
        if self._unplaced:
            self.place()
        best: Line | None = None
        for line in tuple(self._unsettled):
            if line.first is None or self._taker(line) is None:
                # Giving contacts away only takes room: it stays hopeless until something else changes.
                del self._unsettled[line]
            elif best is None or best.first is None or line.first < best.first:
                best = line
        for crew in tuple(self._freed):
            hopeless = True
            for lines in crew.lines.values():
                if crew.first(lines[0].need) is not None:
                    for line in lines:
                        if line.first is not None:
                            hopeless = False
                            if best is None or best.first is None or line.first < best.first:
                                best = line
            if hopeless:
                del self._freed[crew]
        if best is None or best.first is None:
            return None
        contact = self._contacts[best.first[4]]
        taker = self._taker(best, contact.asked) or self._taker(best)
        assert taker is not None, "a line is best only if somebody may take its first"
        return contact, taker

    def _taker(self, line: Line, but: Collection[AgentId] = ()) -> Agent | None:
        if line.need.only is not None:
            agent = self._agents.get(line.need.only)
            return agent if agent is not None and agent.id not in but and may_take(agent, line) else None
        first = None
        for crew in line.crews:
            agent = crew.first(line.need, but)
            if agent is not None and (first is None or agent.rank < first.rank):
                first = agent
        return first

    def _look_at_all(self) -> None:
        for line in self._lines.values():
            if line.waiting:
                self._unsettled[line] = None
                self._deserted[line] = None

    def _crew(self, kind: Kind) -> Crew:
        crew = self._crews.get(kind)
        if crew is None:
            crew = self._crews[kind] = Crew(kind)
            for line in self._lines.values():
                _connect(line, crew)
        return crew


def may_take(agent: Agent, line: Line) -> bool:
    """Whether the agent is in the ring of this line and has room, as things stand."""
    need = line.need
    if agent.gone or agent.absent or not agent.fits(need):
        return False
    if need.only is not None:
        return agent.id == need.only
    reaches = agent.on_duty or (need.off_duty and agent.off_duty_too)
    return reaches and line.skills <= agent.skills


def _connect(line: Line, crew: Crew) -> None:
    if crew.serves(line.need, line.skills):
        line.crews.append(crew)
        crew.lines.setdefault((line.need.cost, line.need.live), []).append(line)
