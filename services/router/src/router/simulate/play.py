"""Plays a day: the core that runs desks, driven by a virtual clock. The same day gives the same result,
always. Pure.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from typing import Any

from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, KeyHash, MessageId
from frontline.contract.message import MessageKind, Presence, ThreadEvidence
from router.core.advance import advance, next_due
from router.core.capacity import AWAY, OFFLINE
from router.core.command import (
    AcceptOffer,
    ApplySettings,
    DeskCommand,
    FoundKey,
    RaiseIndexFloor,
    ReceiveMessage,
    ResolveContact,
    SendReply,
    SetAvailability,
    Tick,
)
from router.core.contact import ASSIGNED
from router.core.event import ContactAssigned, ContactOffered, ContactUnassigned, DeskDecision, WrapUpEnded
from router.core.event_clock import ClockBreached
from router.core.rota import duty, rota
from router.core.state import DeskState
from router.core.wait import waits
from router.core.wait_plan import comings
from router.core.wait_room import Coming
from router.simulate.day import Absence, Arrival, Day
from router.simulate.hands import Hands
from router.simulate.visit import Effort, Played, Visit

_FLOOR_EVERY = 500
_PLAN_HOLDS = timedelta(minutes=10)
_MOMENT = timedelta(milliseconds=1)


def play(day: Day) -> Played:
    return _Player(day).play()


class _Player:
    def __init__(self, day: Day) -> None:
        self._day = day
        self._state = DeskState(DeskId("simulated"))
        self._now = day.start
        self._index = 0
        self._played = Played()
        self._visits: dict[ContactId, Visit] = {}
        self._live: dict[ContactId, None] = {}
        self._hands: dict[AgentId, Hands] = {}
        self._coming: list[tuple[datetime, int, Callable[[], None]]] = []
        self._number = 0
        self._plan: tuple[datetime, list[Coming]] | None = None

    def play(self) -> Played:
        day = self._day
        self._ask(ApplySettings(settings=day.settings))
        for absence in day.absences:
            self._at(max(absence.start, day.start), partial(self._away, absence))
        for number, arrival in enumerate(day.arrivals):
            self._at(arrival.at, partial(self._arrive, number, arrival))
        self._at(day.end, self._look)
        while self._step():
            pass
        for agent in self._hands:
            self._count(agent)
        return self._played

    def _step(self) -> bool:
        due = next_due(self._state)
        first = self._coming[0][0] if self._coming else None
        if due is not None and (first is None or due <= first):
            if not self._coming and not self._open():
                return False
            self._now = max(self._now, due)
            if self._now <= self._day.give_up:
                self._ask(Tick())
        elif first is not None:
            at, _, act = heappop(self._coming)
            self._now = max(self._now, at)
            if self._now <= self._day.give_up:
                act()
        else:
            return False
        return self._now <= self._day.give_up

    def _open(self) -> bool:
        return any(visit.done is None for visit in self._visits.values())

    def _at(self, at: datetime, act: Callable[[], None]) -> None:
        self._number += 1
        heappush(self._coming, (at, self._number, act))

    def _ask(self, command: DeskCommand) -> None:
        step = advance(self._state, command, self._now, epoch=1, index=self._index + 1)
        if step.failed is not None:
            raise step.failed
        if step.commit is None:
            return
        self._index += 1
        for event in step.commit.events:
            act = _REACTIONS.get(type(event))
            if act is not None:
                act(self, event)
        self._look()
        if self._index % _FLOOR_EVERY == 0:
            self._ask(RaiseIndexFloor(epoch=1, index=self._index))

    def _look(self) -> None:
        """What the desk's people do now, and how many wait."""
        there = 0
        for id_, agent in self._state.agents.items():
            hands = self._hands.setdefault(id_, Hands())
            there += agent.present
            if hands.there is not agent.present:
                self._count(id_)
                hands.there = agent.present
                self._write(id_)
        waiting = sum(1 for id_ in self._live if self._state.contacts[id_].phase != ASSIGNED)
        line = self._played.line
        if self._now <= self._day.end and (not line or line[-1][1:] != (waiting, there) or self._now == self._day.end):
            line.append((self._now, waiting, there))

    def _count(self, agent: AgentId) -> None:
        hands = self._hands[agent]
        effort = self._played.efforts.setdefault(agent, Effort())
        now = min(self._now, self._day.end)
        passed = now - (hands.since or now)
        if hands.there or hands.busy:
            effort.present += passed
        if hands.busy:
            effort.busy += passed
        hands.since = now

    def _away(self, absence: Absence) -> None:
        """Their shift does not call them in before the end; and if that has no use for them, nothing does."""
        if absence.end <= self._now:
            return
        wanted = self._wanted(absence)
        self._ask(SetAvailability(agent=absence.agent, state=AWAY, until=absence.end))
        if not wanted:
            self._at(absence.end - _MOMENT, partial(self._stays_away, absence))

    def _wanted(self, absence: Absence) -> bool:
        """Whether they are there again at its end."""
        settings = self._day.settings
        if any(absence.agent in crew for shift in settings.shifts if shift.available for crew in shift.weeks):
            return absence.agent in duty(rota(settings, self._state.swaps), absence.end).available
        return any(agent.id == absence.agent and agent.available for agent in settings.agents)

    def _stays_away(self, absence: Absence) -> None:
        if self._state.agents[absence.agent].until == absence.end:  # else they are away for longer
            self._ask(SetAvailability(agent=absence.agent, state=OFFLINE))

    def _arrive(self, number: int, arrival: Arrival) -> None:
        inbox = self._state.inbox(arrival.channel, arrival.inbox)
        live = inbox is not None and inbox.live and arrival.patience is not None
        contact = ContactId(f"c{number}")
        visit = self._visits[contact] = Visit(arrival, live)
        self._played.visits.append(visit)
        if live:
            assert arrival.patience is not None
            if self._day.estimates:
                key = (arrival.channel, arrival.inbox)
                visit.expected = waits(self._state, self._live, (key,), self._now, self._known()).inboxes[key]
            self._live[contact] = None
            self._at(self._now + arrival.patience, partial(self._give_up, contact))
        self._ask(self._message(contact, arrival, "", Presence.LIVE if live else Presence.AWAY))

    def _message(self, contact: ContactId, arrival: Arrival, what: str, presence: Presence) -> ReceiveMessage:
        key = KeyHash(f"{contact}{what}")
        thread = KeyHash(f"t{contact}")
        return ReceiveMessage(
            message=MessageId(key),
            key=key,
            channel=arrival.channel,
            inbox=arrival.inbox,
            customer=CustomerId(contact),
            at=self._now,
            new_contact=contact,
            kind=MessageKind.SYSTEM if what else MessageKind.MESSAGE,
            presence=presence,
            finds=(FoundKey(key=thread, evidence=ThreadEvidence.TOKEN, contact=contact),) if what else (),
        )

    def _known(self) -> list[Coming]:
        if self._plan is None or self._plan[0] <= self._now:
            self._plan = (self._now + _PLAN_HOLDS, comings(self._state, self._now))
        return self._plan[1]

    def _give_up(self, contact: ContactId) -> None:
        """Patience is at its end: nobody is at the other end any more, and somebody has to call back."""
        visit = self._visits[contact]
        if visit.answered is None:
            visit.left = self._now
            del self._live[contact]
            self._ask(self._message(contact, visit.arrival, ".left", Presence.LEFT))

    def _offered(self, event: ContactOffered) -> None:
        self._at(event.at + self._day.reaction, partial(self._accept, event))

    def _accept(self, event: ContactOffered) -> None:
        if event.offer in self._state.offers:
            self._ask(AcceptOffer(offer=event.offer, agent=event.agent))

    def _assigned(self, event: ContactAssigned) -> None:
        """They begin at once, in the order in which things come."""
        self._at(event.at, partial(self._begin, event))

    def _begin(self, event: ContactAssigned) -> None:
        contact = self._state.contacts.get(event.contact)
        if contact is None or contact.agent != event.agent:
            return
        visit, hands = self._visits[event.contact], self._hands[event.agent]
        takes = visit.arrival.takes if visit.left is None else self._day.call_back
        self._count(event.agent)
        hands.take(event.contact, takes, live=contact.live)
        if visit.answered is None:
            visit.answered = event.at
            self._played.efforts[event.agent].answered += 1
        if contact.live:
            hands.rest(self._now)
            self._reply(event.contact, event.agent)
            self._at(event.at + hands.left[event.contact], partial(self._hang_up, event.contact, event.agent, event.at))
        else:
            self._write(event.agent)

    def _hang_up(self, id_: ContactId, agent: AgentId, since: datetime) -> None:
        hands = self._hands[agent]
        if id_ not in hands.live or since + hands.left[id_] > self._now:
            return
        self._count(agent)
        self._live.pop(id_, None)
        inbox = self._state.inbox(self._visits[id_].arrival.channel, self._visits[id_].arrival.inbox)
        if inbox is None or inbox.wrap_up is None:
            self._finish(id_, agent)
        else:
            self._ask(self._message(id_, self._visits[id_].arrival, ".left", Presence.LEFT))

    def _wrapped_up(self, event: WrapUpEnded) -> None:
        self._at(event.at, partial(self._finish, event.contact, event.agent))

    def _finish(self, id_: ContactId, agent: AgentId) -> None:
        self._count(agent)
        self._hands[agent].drop(id_, self._now)
        self._visits[id_].done = self._now
        self._ask(ResolveContact(contact=id_, agent=agent))
        self._write(agent)

    def _taken_away(self, event: ContactUnassigned) -> None:
        if event.agent in self._hands:
            self._count(event.agent)
            self._hands[event.agent].drop(event.contact, self._now)
            self._write(event.agent)

    def _write(self, agent: AgentId) -> None:
        hands = self._hands[agent]
        self._count(agent)
        done = hands.write(self._now)
        if done is not None:
            self._at(done, partial(self._written, agent, hands.turn))

    def _written(self, agent: AgentId, turn: int) -> None:
        hands = self._hands[agent]
        if hands.turn == turn:
            self._count(agent)
            contact = hands.letters[0]
            hands.begun = None
            self._reply(contact, agent)
            self._finish(contact, agent)

    def _reply(self, id_: ContactId, agent: AgentId) -> None:
        contact = self._state.contacts[id_]
        if contact.clocks and not contact.replies:
            reply = MessageId(f"r{id_}")
            self._ask(
                SendReply(contact=id_, reply=reply, agent=agent, channel=contact.channel, inbox=contact.inbox, draft=1)
            )

    def _breached(self, event: ClockBreached) -> None:
        self._visits[event.contact].breached = True


_REACTIONS: dict[type[DeskDecision], Callable[[_Player, Any], None]] = {
    ContactOffered: _Player._offered,  # noqa: SLF001 - the player's own
    ContactAssigned: _Player._assigned,  # noqa: SLF001
    ContactUnassigned: _Player._taken_away,  # noqa: SLF001
    WrapUpEnded: _Player._wrapped_up,  # noqa: SLF001
    ClockBreached: _Player._breached,  # noqa: SLF001
}
