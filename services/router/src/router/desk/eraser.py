"""Carries out what the journal of erasures asks for, until nothing of anybody in it is left anywhere.

The leader runs it. An entry comes from the desk's decision, or from elsewhere: an operator, another desk, a journal
that is applied to a restored backup; then the desk decides first. How far each has come is noted, and to do any of it
again changes nothing: a crash at any point costs time.

What was under way at the first pass (words on their way to the transcript, a reply at its channel) is found by a second
one, later than the broker remembers ids: until then a message may come again, be stored with its files, and be known.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Protocol

import msgspec

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.erasure import Erasure, Name
from frontline.contract.error import Unavailable
from frontline.contract.ids import ChannelName, ContactId, CustomerId, DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.erasing import Denied
from frontline.runtime.journal import Journal, Noted
from frontline.runtime.signing import Signer
from frontline.runtime.topology import OUTBOX, TRANSFERS
from router.core.command import EraseContact, EraseCustomer
from router.core.event_erased import ContactErased, CustomerErased
from router.core.overlay import Position
from router.desk.erasing_contacts import erase_contacts, is_there, objects_of
from router.desk.erasing_customers import erase_customer, is_known, successor_of
from router.desk.erasing_moved import NOTHING, Moved, merged
from router.desk.erasing_objects import erase_named
from router.desk.figures import RouterFigures
from router.desk.loop import DeskLoop, Work
from router.desk.remnants import places, still_waited_for

PASSES = 2
_LOOK_SECONDS = 1.0
_FAILED_SECONDS = 1.0


class Acquaintance(Protocol):
    """What is known of customers beyond what a desk holds in memory. Raises `Unavailable`."""

    async def contacts_of(self, desk: DeskId, customer: CustomerId, seq: int) -> Collection[ContactId]:
        """All contacts of theirs that the desk's log up to `seq` tells of and that are not erased, closed ones too."""
        ...

    async def same_person(self, customer: CustomerId) -> Collection[CustomerId]:
        """Who proved to have one of the same addresses, this one left out."""
        ...

    async def erased_of(self, desk: DeskId, customer: CustomerId, seq: int) -> Collection[ContactId]:
        """All contacts of theirs that are erased, as the desk's log up to `seq` tells."""
        ...

    async def moved_of(self, desk: DeskId, contacts: Collection[ContactId], seq: int) -> Moved:
        """Lines that were moved in or out of these contacts before they were erased, as the log up to `seq` tells."""
        ...


class NoAcquaintance:
    """For a desk without a read index: what it does not hold in memory, it does not know."""

    async def contacts_of(self, _desk: DeskId, _customer: CustomerId, _seq: int) -> Collection[ContactId]:
        return ()

    async def same_person(self, _customer: CustomerId) -> Collection[CustomerId]:
        return ()

    async def erased_of(self, _desk: DeskId, _customer: CustomerId, _seq: int) -> Collection[ContactId]:
        return ()

    async def moved_of(self, _desk: DeskId, _contacts: Collection[ContactId], _seq: int) -> Moved:
        return NOTHING


class Eraser:
    """Of one desk. `again_after` is when the second pass comes; `desks` are all there are; `carried_out` waits until
    all that follows from the commit at a position is stored.
    """

    def __init__(
        self,
        bus: Bus,
        desk: DeskId,
        loop: DeskLoop,
        carried_out: Callable[[Position], Awaitable[None]],
        *,
        channels: Collection[ChannelName],
        desks: Collection[DeskId],
        acquaintance: Acquaintance,
        signer: Signer,
        again_after: timedelta,
        clock: Clock,
        figures: RouterFigures,
        log: Log,
    ) -> None:
        self._bus = bus
        self._desk = desk
        self._loop = loop
        self._carried_out = carried_out
        self._queues = (OUTBOX, TRANSFERS, *map(subject.inbox_stream, channels))
        self._desks = desks
        self._acquaintance = acquaintance
        self._signer = signer
        self._again_after = again_after
        self._clock = clock
        self._figures = figures
        self._log = log
        self._journal = Journal(bus)
        self._open: dict[Name, Noted] = {}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._work())

    async def _watch(self) -> None:
        compared = False
        async with aclosing(self._journal.watch(self._desk)) as changes:
            async for noted in changes:
                for each in noted:
                    self._take(each)
                    if not compared and await self._is_back(each):
                        await self._journal.again(each)
                compared = compared or not noted
                self._figures.erasures(self._desk, len(self._open))
                self._changed.set()

    def _take(self, noted: Noted) -> None:
        held = self._open.get(noted.name)
        if held is not None and held.revision > noted.revision:
            return  # our own former word
        if noted.erasure.done is None:
            self._open[noted.name] = noted
        else:
            self._open.pop(noted.name, None)

    async def _is_back(self, noted: Noted) -> bool:
        """Whether something of theirs is there again, though it was erased: a store was restored, or the log, or that
        has lost its end.
        """
        state = self._loop.state
        if noted.erasure.done is None:
            if noted.erasure.looked is None:
                return False
            known = state.erased if noted.name.kind == "contact" else state.successors
            return noted.name.id not in known
        while True:
            try:
                if noted.name.kind == "contact":
                    contact = ContactId(noted.name.id)
                    return contact not in state.erased or await is_there(self._bus, contact)
                customer = CustomerId(noted.name.id)
                return customer not in state.successors or await is_known(self._bus, customer)
            except Unavailable:
                await asyncio.sleep(_FAILED_SECONDS)
                await self._bus.wait_connected()

    async def _work(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self._pass()
            except Unavailable as error:
                self._figures.erasing_failed(self._desk)
                self._log.warning("erasing.interrupted", desk=self._desk, error=error.detail)
                await asyncio.sleep(_FAILED_SECONDS)
                await self._bus.wait_connected()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS if self._open else None):
                    await self._changed.wait()

    async def _pass(self) -> None:
        """Everybody whose turn it is; contacts all at once, as some stores have to be read from end to end."""
        now = self._clock()
        due = [
            noted
            for noted in self._open.values()
            if noted.erasure.looked is None
            or (noted.erasure.passes < PASSES and noted.erasure.looked + self._again_after <= now)
        ]
        for noted in due:
            if noted.name.kind == "customer":
                await self._customer(CustomerId(noted.name.id), noted.erasure)
        contacts = dict.fromkeys(ContactId(noted.name.id) for noted in due if noted.name.kind == "contact")
        seq = 0
        for contact in contacts:
            seq = max(seq, await self._decide(EraseContact(contact=contact)))
        if due:  # what was moved before may be on its way: neither its source nor its copies are to be missed
            await self._carried_out((self._loop.state.epoch, self._loop.state.index))
        moved = [await self._moved(noted, seq) for noted in due]
        due = [await self._with_objects(noted, each) for noted, each in zip(due, moved, strict=True)]
        for noted in due:
            await erase_named(self._bus, noted.erasure.objects)
        everything = merged(moved)
        if contacts or everything.gone:
            await erase_contacts(self._bus, self._signer, self._desk, contacts, everything)
        waits = await places(self._bus, self._queues) if due else {}
        for noted in due:
            passes = noted.erasure.passes + 1
            await self._note(
                noted, msgspec.structs.replace(noted.erasure, passes=passes, looked=self._clock(), waits=waits)
            )
        await self._finish()

    async def _moved(self, noted: Noted, seq: int) -> Moved:
        """Of an erased customer also what was moved out of contacts that were erased long before."""
        if noted.name.kind == "contact":
            return await self._acquaintance.moved_of(self._desk, [ContactId(noted.name.id)], seq)
        seq = await self._decide(self._erase_customer(CustomerId(noted.name.id), noted.erasure))
        erased = await self._acquaintance.erased_of(self._desk, CustomerId(noted.name.id), seq)
        found = await self._acquaintance.moved_of(self._desk, erased, seq)
        return found._replace(stays=frozenset())

    def _erase_customer(self, customer: CustomerId, erasure: Erasure) -> EraseCustomer:
        return EraseCustomer(customer=customer, successor=erasure.successor or successor_of(self._signer, customer))

    async def _with_objects(self, noted: Noted, moved: Moved) -> Noted:
        """What its messages came with is noted before they go: nothing else could tell at the second pass."""
        contacts = [ContactId(noted.name.id)] if noted.name.kind == "contact" else []
        found = await objects_of(self._bus, contacts, moved)
        objects = tuple(sorted({*noted.erasure.objects, *found}))
        if objects == noted.erasure.objects:
            return noted
        await self._note(noted, msgspec.structs.replace(noted.erasure, objects=objects))
        return self._open[noted.name]

    async def _finish(self) -> None:
        for noted in [each for each in self._open.values() if each.erasure.passes >= PASSES]:
            left = await still_waited_for(self._bus, noted.erasure.waits)
            done = None if left else self._clock()
            if done is not None or left != noted.erasure.waits:
                noted_so = await self._note(noted, msgspec.structs.replace(noted.erasure, waits=left, done=done))
                if noted_so and done is not None:
                    self._log.info("erasing.done", desk=self._desk, what=noted.name.kind, id=noted.name.id)

    async def _customer(self, customer: CustomerId, erasure: Erasure) -> None:
        """Their contacts are entries of their own, by what the desk decides."""
        command = self._erase_customer(customer, erasure)
        for other in await self._acquaintance.same_person(customer):
            for desk in self._desks:
                await self._journal.ask_for(Name(desk, "customer", other), erasure.at)
        seq = await self._decide(command)
        for contact in await self._acquaintance.contacts_of(self._desk, customer, seq):
            await self._decide(EraseContact(contact=contact))
        try:
            await erase_customer(self._bus, self._signer, customer, command.successor)
        except Denied as error:
            self._figures.erasing_failed(self._desk)
            self._log.error("erasing.bytes_left", desk=self._desk, customer=customer, error=error.detail)

    async def _decide(self, command: EraseContact | EraseCustomer) -> int:
        """Until nothing comes of it; gives where in the log it can be seen."""
        while True:
            decided = await (await self._loop.submit(Work(command, cause="erasing")))
            if not any(isinstance(event, ContactErased | CustomerErased) for event in decided.events):
                return decided.seq

    async def _note(self, noted: Noted, erasure: Erasure) -> bool:
        """False if somebody has written meanwhile; the watch tells what."""
        after = await self._journal.note(noted, erasure)
        if after is not None:
            self._take(after)
        return after is not None
