"""What the desk shows to channels and customers, written to `DESKVIEW` when it changes, at most once
a second: who is there, and where each live contact stands.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from frontline.configuration.model import Desk
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.codec import encode
from frontline.contract.deskview import DeskView, Present, Standing
from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import DESKVIEW
from router.core.capacity import AVAILABLE
from router.core.contact import OFFERED, RESOLVED, WAITING, Contact
from router.core.queue import place_of
from router.core.state import DeskState
from router.desk.loop import DeskLoop

_AT_MOST_EVERY = 1.0
_SHOWN_AFTER_END = timedelta(hours=1)


class ShowsDesk:
    """The leader runs it. `touched` is told which contacts decisions were about."""

    def __init__(self, bus: Bus, desk: Desk, loop: DeskLoop, clock: Clock, log: Log) -> None:
        self._desk = desk
        self._loop = loop
        self._clock = clock
        self._log = log
        self._bucket = KeyValue(bus, DESKVIEW)
        self._changed = asyncio.Event()
        self._changed.set()
        self._watched = {(inbox.channel, inbox.id) for inbox in desk.inboxes if inbox.live}
        self._live: dict[ContactId, datetime] = {}
        self.touched(loop.state.contacts)

    def touched(self, contacts: Iterable[ContactId]) -> None:
        """These have changed, or may have; agents too."""
        now = self._clock()
        known = self._loop.state.contacts
        for id_ in contacts:
            if (contact := known.get(id_)) is not None and (contact.channel, contact.inbox) in self._watched:
                self._live[id_] = now
        self._changed.set()

    async def run(self) -> None:
        """Write until cancelled."""
        last = None
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._forget()
            now = self._clock()
            view = view_of(self._loop.state, self._desk, self._live, now)
            await self._loop.counted()  # nothing is shown that is not in the log
            if last is None or view.people != last.people or view.contacts != last.contacts:
                try:
                    await self._bucket.put(self._desk.id, encode(view))
                    last = view
                except Unavailable as error:
                    self._log.warning("deskview.not_written", desk=self._desk.id, error=error.detail)
                    self._changed.set()
            await asyncio.sleep(_AT_MOST_EVERY)

    def _forget(self) -> None:
        """Contacts that ended a while ago: whoever still has a page open was told long since."""
        contacts, now = self._loop.state.contacts, self._clock()
        for id_, touched in tuple(self._live.items()):
            contact = contacts.get(id_)
            if contact is None or (contact.phase == RESOLVED and now - touched > _SHOWN_AFTER_END):
                del self._live[id_]


def view_of(state: DeskState, desk: Desk, live: Iterable[ContactId], now: datetime) -> DeskView:
    """The desk as it may be shown. Positions count those who wait live, in the order in which they are served;
    to the customer, being offered is waiting, too.
    """
    people = {agent.id: agent for agent in desk.agents}
    there = [people[id_] for id_, agent in state.agents.items() if agent.state == AVAILABLE and id_ in people]
    shown = [contact for id_ in live if (contact := state.contacts.get(id_)) is not None]
    queue = sorted((contact for contact in shown if contact.phase in (WAITING, OFFERED)), key=place_of)
    position = {contact.id: number for number, contact in enumerate(queue, start=1)}

    def standing(contact: Contact) -> Standing:
        agent = people.get(contact.agent) if contact.agent is not None else None
        return Standing(
            state=contact.phase,
            position=position.get(contact.id, 0),
            agent=agent.id if agent else None,
            agent_name=agent.name if agent else "",
            agent_picture=agent.picture if agent else "",
        )

    return DeskView(
        desk=desk.id,
        at=now,
        online=bool(there),
        people=tuple(Present(name=agent.name, picture=agent.picture) for agent in there),
        contacts={contact.id: standing(contact) for contact in shown},
    )
