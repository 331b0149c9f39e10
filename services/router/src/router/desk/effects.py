"""What follows from a counted commit, in order, behind the log: events for everybody else, the
words of replies and notes to where they are read and delivered, and the key indexes.

Everything is idempotent at its far end, and the place reached is kept in `PROGRESS` only after all
of it is stored. So a crash repeats some of it and loses none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import msgspec

from frontline.contract import cloudevent, subject
from frontline.contract.channel import Log
from frontline.contract.codec import encode
from frontline.contract.draft import Draft, decode_draft
from frontline.contract.erasure import ERASED, Name
from frontline.contract.error import Unavailable
from frontline.contract.event import DeskEvent
from frontline.contract.ids import ContactId, DeskId, KeyHash, MessageId
from frontline.runtime.bus import Bus, PubAck
from frontline.runtime.journal import Journal
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.parked import park
from frontline.runtime.reader import stored_at
from frontline.runtime.topology import CUSTOMERS, DRAFTS, PROGRESS
from router.core.event import (
    ContactAssigned,
    ContactOpened,
    DeliveryRecorded,
    DeskDecision,
    MessageReceived,
    NoteAdded,
    ReplyQueued,
)
from router.core.event_check_in import CheckInDue
from router.core.event_erased import ContactErased, CustomerErased
from router.core.event_move import MessagesTaken
from router.core.overlay import Position
from router.core.state import DeskState
from router.desk.between_words import PRIVATE, word_of
from router.desk.bindings import Bindings
from router.desk.checking_in import CheckInWriter
from router.desk.deposed import check_leads
from router.desk.fence import Counted, Fence
from router.desk.log import Deposed
from router.desk.log_store import LogStore
from router.desk.moving import Moves
from router.desk.notice import notices
from router.desk.outgoing import outgoing
from router.desk.reaching import Reaching
from router.desk.resolve import KnownKey, agent_key
from router.desk.ringing import Ringing
from router.desk.words import Words

_NOWHERE = KnownKey(contact=ERASED, message="")
_RETRY_SECONDS = 0.5
T = TypeVar("T")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """How far effects have come in a desk's log."""

    seq: int = 0
    epoch: int = 0
    index: int = 0
    mark: str = ""
    """Of the record at `seq`."""


@dataclass(frozen=True, slots=True)
class Done:
    """Effects are through up to `place`. `keys` says whether the indexes have gained any on the way,
    `contacts` what the decisions were about, and `events` are these.
    """

    place: Place
    keys: bool
    contacts: frozenset[ContactId]
    events: Sequence[DeskDecision]

    @property
    def drafts(self) -> list[int]:
        """Those whose words stand where they belong."""
        return [event.draft for event in self.events if isinstance(event, ReplyQueued | NoteAdded)]


class Effects:
    """One desk's effects; the leader runs them. `state` is its own, to look at."""

    def __init__(
        self,
        bus: Bus,
        desk: DeskId,
        store: LogStore,
        words: Words,
        ringing: Ringing,
        reaching: Reaching,
        check_ins: CheckInWriter,
        bindings: Bindings,
        log: Log,
        state: DeskState,
        done: Callable[[Done], None],
    ) -> None:
        self._log = log
        self._state = state
        self._customers = KeyValue(bus, CUSTOMERS)
        self._bus = bus
        self._desk = desk
        self._store = store
        self._words = words
        self._moves = Moves(bus, words, log)
        self._ringing = ringing
        self._reaching = reaching
        self._check_ins = check_ins
        self._done = done
        self._bindings = bindings
        self._journal = Journal(bus)
        self._progress = KeyValue(bus, PROGRESS)
        self._key = f"effects.{desk}"
        self._epoch = 0
        self._reached = (0, 0)
        self._moved = asyncio.Event()

    async def run(self, epoch: int) -> None:
        """Follow the log until cancelled. What lies before `epoch` may have been done by a former
        leader already, so there the transcript is looked at before it is written to.
        """
        self._epoch = epoch
        place = await self._patiently(self._where)
        await self._patiently(partial(self._reaching.open, epoch))
        if place.seq and not await self._patiently(partial(self._store.holds, place.seq, place.mark)):
            place = Place()  # the log has lost its end since, and our place in it with it
        fence = Fence(place.seq, place.epoch, place.index, place.mark)
        self._move((place.epoch, place.index))
        async with aclosing(self._store.follow(place.seq, place.mark)) as batches:
            async for batch in batches:
                counted = [record for found in batch if isinstance(record := fence.admit(found), Counted)]
                if fence.epoch > epoch:
                    raise Deposed
                if counted:
                    reached = Place(seq=fence.seq, epoch=fence.epoch, index=fence.index, mark=fence.mark)
                    await self._patiently(partial(self._apply, counted, reached))
                    self._move((reached.epoch, reached.index))
                    events = [event for each in counted for event in each.commit.events]
                    keys = any(isinstance(event, _KEYED) for event in events)
                    contacts = frozenset(event.contact for event in events if hasattr(event, "contact"))
                    self._done(Done(reached, keys, contacts, events))

    async def reach(self, position: Position) -> None:
        """Wait until all that follows from the commit at `position`, and from those before it, is stored."""
        while self._reached < position:
            self._moved.clear()
            await self._moved.wait()

    def _move(self, position: Position) -> None:
        self._reached = position
        self._moved.set()

    async def _where(self) -> Place:
        entry = await self._progress.get(self._key)
        return msgspec.json.decode(entry.value, type=Place) if entry else Place()

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await attempt()
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
                await self._bus.wait_connected()

    async def _apply(self, batch: Sequence[Counted], reached: Place) -> None:
        acks: list[asyncio.Future[PubAck]] = []
        self._bindings.begin_anew()
        for counted in batch:
            commit = counted.commit
            for n, event in enumerate(commit.events):
                if isinstance(event, CheckInDue):
                    await stored(acks)  # it goes by what was said up to here
                    acks = []
                if (word := word_of(self._desk, f"{commit.epoch}.{commit.index}.{n}", event)) is not None:
                    await stored(acks)  # where a contact goes, all is known that was decided of it here
                    await self._bindings.settle()
                    acks = [await self._bus.begin(*word)]
                acks.append(await self._tell(f"{commit.epoch}.{commit.index}.{n}", event))
                acks.extend(await self._carry_out(event, counted.seq))
                await self._ringing.tell(event)
            self._reaching.hear(counted)
        await stored(acks)
        await self._bindings.settle()
        await self._reaching.keep()
        await self._progress.put(self._key, msgspec.json.encode(reached))

    async def _tell(self, id_: str, event: DeskDecision) -> asyncio.Future[PubAck]:
        told = as_told(self._desk, id_, event)
        head = cloudevent.headers(id=f"{self._desk}.{id_}", kind=told.kind, source=f"/desks/{self._desk}", at=event.at)
        return await self._bus.begin(subject.event(self._desk, told.kind), encode(told), head)

    async def _carry_out(self, event: DeskDecision, seq: int) -> list[asyncio.Future[PubAck]]:
        again = seq < self._epoch
        if getattr(event, "contact", None) in self._state.erased:
            return await self._carry_out_erased(event)
        match event:
            case CustomerErased():
                name = Name(self._desk, "customer", event.customer)
                await self._journal.ask_for(name, event.at, successor=event.successor)
                return []
            case MessageReceived():
                await self._place(event.key, event.contact, event.message, seq)
                await self._lead(event.keys, event.contact)
                return []
            case DeliveryRecorded():
                await self._place(event.key, event.contact, event.receipt, seq)
                return []
            case ReplyQueued():
                await self._lead(event.keys, event.contact)
                draft = await self._draft(event.draft)
                if draft is None:
                    await self._miss(event)
                    return []
                acks = await self._words.heard(draft.item, again=again)
                if (out := draft.outbound) is not None:
                    acks.append(await self._bus.begin(*outgoing(self._desk, out)))
                return acks
            case CheckInDue():
                return await self._check_ins.write(event, again=again)
            case MessagesTaken():
                for item in event.items:
                    if item.key is not None:
                        await self._bindings.place(item.key, KnownKey(contact=event.contact, message=item.id))
                    await self._lead(item.binds, event.contact)
                return await self._moves.carry_out(event, again=again)
            case ContactOpened():
                lines = [line for line in notices(event) if line.contact not in self._state.erased]
                return [ack for line in lines for ack in await self._words.heard(line, again=again)]
            case ContactAssigned() if (contact := self._state.contacts.get(event.contact)) is not None:
                return [await self._customers.begin_put(agent_key(contact.customer), event.agent.encode())]
            case NoteAdded():
                note = await self._draft(event.draft)
                if note is not None:
                    return await self._words.heard(note.item, again=again)
                await self._miss(event)
                return []
            case _:
                return []

    async def _carry_out_erased(self, event: DeskDecision) -> list[asyncio.Future[PubAck]]:
        """The contact is erased, now or later in the log: no word of it is written or sent any more."""
        if isinstance(event, ContactErased):
            await self._journal.ask_for(Name(self._desk, "contact", event.contact), event.at)
        elif isinstance(event, MessageReceived | DeliveryRecorded):
            await self._bindings.place(event.key, _NOWHERE)
        elif isinstance(event, MessagesTaken):  # or what was moved in would be answered where it was before
            for item in event.items:
                if item.key is not None:
                    await self._bindings.place(item.key, _NOWHERE)
                await self._lead(item.binds, ERASED)
        return []

    async def _place(self, key: KeyHash, contact: ContactId, message: MessageId, seq: int) -> None:
        await self._bindings.place(key, KnownKey(contact=contact, message=message, desk=self._desk, seq=seq))

    async def _lead(self, keys: Sequence[KeyHash], contact: ContactId) -> None:
        for key in keys:
            await self._bindings.lead(key, contact)

    async def _draft(self, seq: int) -> Draft | None:
        """Nobody but the stream's leader can say that the words are gone: a replica may be behind."""
        found = await stored_at(self._bus, DRAFTS, seq)
        return decode_draft(found) if found is not None else None

    async def _miss(self, event: ReplyQueued | NoteAdded) -> None:
        """The words are gone (aged out, erased): a person has to know, and the desk goes on. Nothing can be released."""
        said = event.reply if isinstance(event, ReplyQueued) else event.note
        if await self._words.stands(event.contact, said):
            return  # carried out by a former leader, up to the end
        if await self._journal.has(Name(self._desk, "contact", event.contact)):
            return  # erased: the log has lost that, and the eraser has it decided again
        await check_leads(self._bus, self._desk, self._epoch)  # or a later one has, and may have erased it since
        self._log.error("effects.draft_missing", contact=event.contact, draft=event.draft)
        await park(
            self._bus,
            service="router",
            reason="draft-missing",
            origin="",
            payload=msgspec.json.encode(event),
            error="what was to be said is not stored any more",
            at=event.at,
            ids={"desk": self._desk, "contact": event.contact, "message": said},
            once=f"draft-missing.{said}",
        )


def as_told(desk: DeskId, id_: str, event: DeskDecision) -> DeskEvent:
    """A decision as everybody else is told of it."""
    data = msgspec.to_builtins(event)
    return DeskEvent(
        id=id_,
        desk=desk,
        kind=data.pop("type"),
        at=event.at,
        contact=data.pop("contact", None),
        agent=data.pop("agent", None),
        data={name: value for name, value in data.items() if name != "at" and name not in PRIVATE},
    )


async def stored(acks: Sequence[asyncio.Future[PubAck]]) -> None:
    """Wait for all of them; the first failure is raised once every one is settled."""
    for result in await asyncio.gather(*acks, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


_KEYED = (MessageReceived, ReplyQueued, DeliveryRecorded, MessagesTaken)
