"""What the desk shows to channels and customers, written to `DESKVIEW` when it changes, at most once
a second: who is there, how long it will take, and where each live contact stands.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from math import ceil, floor

import msgspec

from frontline.configuration.model import Desk
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.codec import encode
from frontline.contract.deskview import DeskView, Present, Range, Standing
from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import DESKVIEW
from router.core import waiting
from router.core.capacity import AVAILABLE
from router.core.contact import RESOLVED, TRANSFERRING, WAITING, Contact
from router.core.event import DeskDecision
from router.core.handling import Key
from router.core.state import DeskState
from router.core.wait import Estimate, Waits, waits
from router.core.wait_plan import comings, opens_at
from router.desk.figures import RouterFigures
from router.desk.foretold import Foreteller
from router.desk.loop import DeskLoop

_AT_MOST_EVERY = 1.0
_REST = 20
"""So many times as long as looking at everybody took, the desk is left alone: with ten thousand who wait
live that is a few seconds.
"""

_AT_LEAST_EVERY = 20.0
"""Waits change with time alone, as people come and go; shown once they have."""

_SHOWN_AFTER_END = timedelta(hours=1)
_SHOWN_AFTER_MOVE = timedelta(minutes=1)
"""By then the other desk shows it."""

_STEPS = ((timedelta(minutes=1), 5), (timedelta(minutes=10), 30), (timedelta.max, 60))


class ShowsDesk:
    """The leader runs it. `touched` is told which contacts decisions were about, `told` the decisions."""

    def __init__(self, bus: Bus, desk: Desk, loop: DeskLoop, clock: Clock, log: Log, figures: RouterFigures) -> None:
        self._desk = desk
        self._loop = loop
        self._clock = clock
        self._log = log
        self._figures = figures
        self._bucket = KeyValue(bus, DESKVIEW)
        self._changed = asyncio.Event()
        self._changed.set()
        self._watched = [(inbox.channel, inbox.id) for inbox in desk.inboxes if inbox.live]
        self._live: dict[ContactId, datetime] = {}
        self._began = clock()
        self._waits = Waits({}, {})
        silent = [(inbox.channel, inbox.id) for inbox in desk.inboxes if inbox.live and not inbox.carries_presence]
        self._foreteller = Foreteller(
            lambda longer, within: figures.waited(desk.id, longer, within=within), watched=silent
        )
        self.touched(loop.state.contacts)

    def touched(self, contacts: Iterable[ContactId]) -> None:
        """These have changed, or may have; agents too."""
        now = self._clock()
        known = self._loop.state.contacts
        for id_ in contacts:
            contact = known.get(id_)
            if contact is None:
                if id_ in self._live and _moved(self._loop.state, id_):
                    self._live[id_] = now
            elif (contact.channel, contact.inbox) in self._watched or waiting.inbox_of(self._loop.state, contact).live:
                self._live[id_] = now
        self._changed.set()

    def told(self, events: Sequence[DeskDecision]) -> None:
        """What has been decided, in order. What a former leader decided was foretold by nobody here."""
        for event in events:
            if event.at >= self._began:
                self._foreteller.heard(event, self._waits.inboxes)

    async def run(self) -> None:
        """Write until cancelled."""
        last = None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_AT_LEAST_EVERY):
                    await self._changed.wait()
            self._changed.clear()
            self._forget()
            now, state, began = self._clock(), self._loop.state, time.perf_counter()
            self._waits = self._estimated(now)
            view = view_of(state, self._desk, self._live, self._waits, now)
            view = msgspec.structs.replace(view, foretold=self._foreteller.foretold)
            spent = time.perf_counter() - began
            await self._loop.counted()  # nothing is shown that is not in the log
            if last is None or msgspec.structs.replace(view, at=last.at) != last:
                try:
                    await self._bucket.put(self._desk.id, encode(view))
                    last = view
                except Unavailable as error:
                    self._log.warning("deskview.not_written", desk=self._desk.id, error=error.detail)
                    self._changed.set()
            await asyncio.sleep(max(_AT_MOST_EVERY, _REST * spent))

    def _estimated(self, now: datetime) -> Waits:
        """Nothing is decided by it, so a bug in here must not stop a desk: then nobody can tell."""
        state = self._loop.state
        try:
            return waits(state, self._live, self._watched, now, comings(state, now))
        except Exception as error:  # noqa: BLE001 - see above
            self._figures.estimate_failed(self._desk.id)
            self._log.error("deskview.no_estimate", desk=self._desk.id, error=type(error).__name__)
            return Waits({}, {})

    def _forget(self) -> None:
        """Contacts that ended a while ago: whoever still has a page open was told long since."""
        contacts, now = self._loop.state.contacts, self._clock()
        for id_, touched in tuple(self._live.items()):
            contact = contacts.get(id_)
            if contact is None:
                kept = _moved(self._loop.state, id_) and now - touched <= _SHOWN_AFTER_MOVE
            else:
                kept = contact.phase != RESOLVED or now - touched <= _SHOWN_AFTER_END
            if not kept:
                del self._live[id_]


def view_of(state: DeskState, desk: Desk, live: Iterable[ContactId], found: Waits, now: datetime) -> DeskView:
    """The desk as it may be shown. To the customer, being offered is waiting, too."""
    people = {agent.id: agent for agent in desk.agents}
    there = [people[id_] for id_, agent in state.agents.items() if agent.state == AVAILABLE and id_ in people]
    seen = {id_: agent for id_, agent in people.items() if agent.shown}
    shown = [contact for id_ in live if (contact := state.contacts.get(id_)) is not None]
    moved = {id_: Standing(state=WAITING, moved=True) for id_ in live if _moved(state, id_)}

    def standing(contact: Contact) -> Standing:
        agent = seen.get(contact.agent) if contact.agent is not None else None
        position, estimate = found.contacts.get(contact.id, (0, None))
        return Standing(
            state=WAITING if contact.phase == TRANSFERRING else contact.phase,
            position=position,
            wait=_range(estimate),
            agent=agent.id if agent else None,
            agent_name=agent.name if agent else "",
            agent_picture=agent.picture if agent else "",
            here=contact.live and not contact.left,
        )

    return DeskView(
        desk=desk.id,
        at=now,
        online=bool(there),
        people=tuple(Present(name=agent.name, picture=agent.picture) for agent in there if agent.shown),
        wait=_by_channel(found.inboxes),
        opens_at=None if there else opens_at(state, now),
        contacts={contact.id: standing(contact) for contact in shown} | moved,
    )


def _moved(state: DeskState, contact: ContactId) -> bool:
    """Whether another desk has it now."""
    gone = state.elsewhere.get(contact)
    return gone is not None and gone.desk is not None


def _by_channel(inboxes: Mapping[Key, Estimate | None]) -> dict[str, Range]:
    found: dict[str, Range] = {}
    for (channel, inbox), estimate in sorted(inboxes.items(), key=lambda entry: entry[0]):
        told = _range(estimate)
        if told is not None:
            found[f"{channel}.{inbox}"] = told
            longest = found.get(channel, told)
            found[channel] = told if told.high >= longest.high else longest
    return found


def _range(estimate: Estimate | None) -> Range | None:
    """In steps that people speak in, so that it does not change with every second."""
    if estimate is None:
        return None
    step = next(seconds for below, seconds in _STEPS if estimate.high < below)
    low = floor(estimate.low.total_seconds() / step) * step
    high = ceil(estimate.high.total_seconds() / step) * step
    return Range(low=timedelta(seconds=low), high=timedelta(seconds=high))
