"""Contacts that have gone astray since a log has lost its end: they are at two desks, or at none.

A desk that lost that it had given a contact away has it still; one that lost that it had taken a contact does not know
it, and the word by which it came was acknowledged long since. Either finds out by comparing with the logs of the others,
since `moves` says which of them came last: the one lets go of what is left over, the other takes the parcel from the log
of the desk that gave it. So each leader compares when it begins, behind each lost connection, and now and then. Nothing is
ever let go of by what may be lost itself: a neighbour's log has to have all that it is known by.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import aclosing, suppress

import msgspec

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId, DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import PROGRESS
from router.core.command import RecoverTransfer, TakeContact
from router.core.commit import decode_commit
from router.core.elsewhere import arrived
from router.core.event_transfer import TransferTaken
from router.core.parcel import Parcel
from router.core.refusal import Refused
from router.desk.copied import Copied, Neighbour
from router.desk.effects import Place
from router.desk.figures import RouterFigures
from router.desk.log_store import StreamLogStore
from router.desk.loop import DeskLoop, Work

_LOOK_SECONDS = 2.0
"""A parcel that is on its way gets there in less."""
_LONGEST_SECONDS = 60.0
"""A word of a decision that is lost may come later: whoever takes a contact by it leaves it over where it was."""
_AT_ONCE = 2_000
_CAUSE = "astray"


class Strays:
    """Of one desk; its leader runs it."""

    def __init__(
        self,
        bus: Bus,
        desk: DeskId,
        loop: DeskLoop,
        neighbours: Mapping[DeskId, Neighbour],
        figures: RouterFigures,
        log: Log,
    ) -> None:
        """`neighbours` are all desks that the process follows, this one included. They may come and go."""
        self._bus = bus
        self._desk = desk
        self._loop = loop
        self._neighbours = neighbours
        self._figures = figures
        self._log = log
        self._progress = KeyValue(bus, PROGRESS)
        self._lost: set[tuple[ContactId, int]] = set()
        self._again = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. Raises `Deposed`."""
        self._bus.on_change(self._changed)
        try:
            missing: Mapping[ContactId, int] = {}
            pause = _LOOK_SECONDS
            while True:
                self._again.clear()
                missing = await self._look(missing)
                pause = _LOOK_SECONDS if missing else min(2 * pause, _LONGEST_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._again.wait()
                        pause = _LOOK_SECONDS
                await self._bus.wait_connected()
        finally:
            self._bus.off_change(self._changed)

    async def is_lost(self, contact: ContactId, moves: int) -> bool:
        """Whether no other desk's log has it any more that this contact has changed desks so often, or the parcel was purged
        from it. Then it does not come here for that. False if a log can't be read.
        """
        if (contact, moves) in self._lost:
            return True
        try:
            for desk, neighbour in tuple(self._neighbours.items()):
                if desk != self._desk:
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await neighbour.read_up()
                    known = neighbour.copied()
                    last = known.last(contact)
                    if last is not None and last.moves >= moves:
                        return False
                    await known.check()
        except (Unavailable, TimeoutError):
            return False
        return True

    def _changed(self, connected: bool) -> None:  # noqa: FBT001 - the signature of a listener
        if connected:
            self._again.set()

    async def _look(self, before: Mapping[ContactId, int]) -> dict[ContactId, int]:
        """Gives what is missing, or on its way; what was so `before` as well is looked for."""
        missing: dict[ContactId, int] = {}
        for desk, neighbour in tuple(self._neighbours.items()):
            if desk != self._desk:
                with suppress(Unavailable):  # then it is looked at again
                    missing |= await self._compare(neighbour.copied(), before)
        return missing

    async def _compare(self, known: Copied, before: Mapping[ContactId, int]) -> dict[ContactId, int]:
        """Gives what that desk has given us and we do not have, with its moves. Raises `Unavailable`."""
        ours = self._loop.state.contacts
        left_over: list[RecoverTransfer] = []
        for n, contact in enumerate(tuple(ours.values())):
            if n % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            at = known.last(contact.id)
            if at is not None and at.moves > contact.moves and at.desk != self._desk:
                left_over.append(RecoverTransfer(contact=contact.id, desk=at.desk or known.desk, moves=at.moves))
        given = known.given_to(self._desk)
        missing = {contact: moves for contact, moves in given.items() if self._misses(contact, moves)}
        if not (left_over or missing):
            return {}
        await known.check()
        for command in left_over:
            await self._decide(command)
        sought = {contact: moves for contact, moves in missing.items() if before.get(contact) == moves}
        if sought:
            await self._take(known.desk, sought)
        return {contact: moves for contact, moves in missing.items() if self._misses(contact, moves)}

    def _misses(self, contact: ContactId, moves: int) -> bool:
        return not arrived(self._loop.state, contact, moves) and (contact, moves) not in self._lost

    async def _take(self, giver: DeskId, sought: Mapping[ContactId, int]) -> None:
        """From the log of the desk that has given them, once it has carried out what it had decided of them."""
        parcels = await self._read(giver, sought.items())
        entry = await self._progress.last(f"effects.{giver}")
        reached = msgspec.json.decode(entry.value, type=Place) if entry else Place()
        if not (reached.seq and await StreamLogStore(self._bus, giver).holds(reached.seq, reached.mark)):
            return
        for contact, moves in sought.items():
            parcel, seq = parcels.get((contact, moves), (None, 0))
            if parcel is None:
                self._lost.add((contact, moves))
                self._figures.astray(self._desk, "lost")
                self._log.error("desk.contact_lost", desk=self._desk, contact=contact, given_by=giver)
            elif seq <= reached.seq:
                with suppress(Refused):
                    await self._decide(TakeContact(parcel=parcel))

    async def _read(
        self, giver: DeskId, sought: Collection[tuple[ContactId, int]]
    ) -> Mapping[tuple[ContactId, int], tuple[Parcel, int]]:
        """By contact and moves what the log has of these, and where. Raises `Unavailable` for a record that this code can't
        read. The desk is known to have given each, so of several records that say so one counts: that of the latest
        epoch. There is no need to know where epochs began, which may be purged.
        """
        found: dict[tuple[ContactId, int], tuple[Parcel, int]] = {}
        epochs: dict[tuple[ContactId, int], int] = {}
        async with aclosing(StreamLogStore(self._bus, giver).read(0)) as records:
            async for stored in records:
                if stored.subject != subject.desk_log(giver):
                    continue
                try:
                    commit = decode_commit(stored.data)
                except msgspec.DecodeError:
                    raise Unavailable(f"the log of desk {giver} is of a younger router") from None
                for event in commit.events:
                    if not isinstance(event, TransferTaken):
                        continue
                    given = event.contact, event.parcel.moves
                    if given in sought and commit.epoch > epochs.get(given, 0):
                        epochs[given] = commit.epoch
                        found[given] = event.parcel, stored.seq
        return found

    async def _decide(self, command: RecoverTransfer | TakeContact) -> None:
        decided = await (await self._loop.submit(Work(command, cause=_CAUSE)))
        if decided.events:
            left = isinstance(command, RecoverTransfer)
            contact = command.contact if isinstance(command, RecoverTransfer) else command.parcel.contact
            self._figures.astray(self._desk, "left_over" if left else "missing")
            self._log.warning("desk.contact_astray", desk=self._desk, contact=contact, left_over=left)
