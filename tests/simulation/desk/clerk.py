"""Somebody who puts contacts in order, where `acts.py` has it: what agents do seldom, and to any contact."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random

from frontline.configuration.model import Desk
from frontline.contract.erasure import Name
from frontline.contract.error import Unavailable
from frontline.contract.ids import AgentId, ContactId, DeskId
from frontline.runtime.journal import Journal
from router.api.parted import to_move, to_split
from router.api.problem import Declined, Invalid
from router.core.command import ChangeLane, DeskCommand, EraseContact, EraseCustomer
from router.core.refusal import Refused
from router.desk.erasing_customers import successor_of
from router.desk.opt_out import OptOuts
from tests.simulation.desk.acts import Acts
from tests.simulation.desk.firm import DESK, SIGNER
from tests.simulation.desk.people import Colleague, World
from tests.simulation.desk.process import Gone
from tests.simulation.desk.shown import Shown

_AGAIN_SECONDS = 0.3
_PAUSES = (0.3, 0.8, 1.5)
_LOOKS = 4
"""At so many contacts, until one has something to be put in order."""


class Clerk(Colleague):
    """Signs as any of the agents. `shown` gives what they see."""

    desks: tuple[DeskId, ...] = ()
    """Those that are asked to erase as well, where there is more than one."""

    def __init__(self, world: World, acts: Acts, shown: Shown | None, random: Random, desk: Desk = DESK) -> None:
        super().__init__(world, AgentId("clerk"), random, desk)
        self._does: list[Callable[[], DeskCommand | None]] = []
        if acts.moving and shown is not None:
            self._shown = shown
            self._does += [self._split, self._move, self._move]
        if acts.erasing:
            self._does += [self._erase_contact, self._erase_customer]
        if acts.repricing:
            self._does.append(self._change_lane)

        self._opts_out = acts.checking_in

    async def work(self) -> None:
        while not self._world.over.is_set():
            await asyncio.sleep(self._random.choice(_PAUSES))
            await self._world.up.wait()
            if self._opts_out and self._random.random() < 0.1:
                await self._opt_out()
            command = self._random.choice(self._does)() if self._does else None
            if isinstance(command, EraseContact | EraseCustomer):
                await self._ask_all(command)
            if command is not None:
                await self._have_done(command)

    async def _ask_all(self, command: EraseContact | EraseCustomer) -> None:
        """In the journal, before the own desk is asked: nothing of it is lost then, or half done, whoever ends."""
        for desk in self.desks:
            if isinstance(command, EraseContact):
                name = Name(desk, "contact", command.contact)
            else:
                name = Name(desk, "customer", command.customer)
            while not await self._noted(name):
                await asyncio.sleep(_AGAIN_SECONDS)
                await self._world.up.wait()

    async def _noted(self, name: Name) -> bool:
        process = self._world.process()
        if process is None:
            return False
        try:
            await process.ask(Journal(process.bus).ask_for(name, self._world.now()))
        except (Unavailable, Gone):
            return False
        return True

    async def _opt_out(self) -> None:
        """Somebody has told us on some other way that they want no check-ins."""
        contacts, process = list(self._world.truth.state.contacts.values()), self._world.process()
        if contacts and process is not None:
            wish = OptOuts(process.bus).put(self._random.choice(contacts).customer, wants_none=True)
            with suppress(Unavailable, Gone):
                await process.ask(wish)

    def _split(self) -> DeskCommand | None:
        def split(contact: ContactId) -> DeskCommand | None:
            row, lines = self._shown.open(contact, self._desk.id), self._shown.read.standing(contact)
            if row is None or len(lines) < 2:
                return None
            new = ContactId(f"s-{self._desk.id}-{self._count}")
            return to_split(self._shown.read, row, random.choice(lines).seq, new, self._who(), seen)

        random, seen = self._random, self._look()
        return self._about_some(split)

    def _move(self) -> DeskCommand | None:
        def move(contact: ContactId) -> DeskCommand | None:
            row, to = self._shown.open(contact, self._desk.id), self._shown.open(random.choice(known), self._desk.id)
            lines = self._shown.read.standing(contact)
            if row is None or to is None or row.id == to.id or len(lines) < 2:
                return None
            return to_move(self._shown.read, row, to, random.choice(lines).item.id, self._who(), seen)

        random, seen, known = self._random, self._look(), list(self._world.truth.state.contacts)
        return self._about_some(move)

    def _change_lane(self) -> DeskCommand | None:
        contacts = list(self._world.truth.state.contacts)
        if not contacts:
            return None
        lane = self._random.choice(("vip", "vip", "normal"))
        return ChangeLane(contact=self._random.choice(contacts), agent=self._who(), lane=lane)

    def _erase_contact(self) -> DeskCommand | None:
        contacts = list(self._world.truth.state.contacts)
        if not contacts or self._random.random() < 0.5:
            return None
        return EraseContact(contact=self._random.choice(contacts))

    def _erase_customer(self) -> DeskCommand | None:
        contacts = list(self._world.truth.state.contacts.values())
        if not contacts or self._random.random() < 0.5:
            return None
        customer = self._random.choice(contacts).customer
        return EraseCustomer(customer=customer, successor=successor_of(SIGNER, customer))

    def _about_some(self, what: Callable[[ContactId], DeskCommand | None]) -> DeskCommand | None:
        contacts = list(self._world.truth.state.contacts)
        for contact in self._random.sample(contacts, min(len(contacts), _LOOKS)):
            try:
                command = what(contact)
            except (Refused, Invalid, Declined):
                continue
            if command is not None:
                return command
        return None

    def _look(self) -> tuple[int, int]:
        return self._shown.catch_up(self._random.choice((0, 0, 0, 2)), self._desk.id)

    def _who(self) -> AgentId:
        return self._random.choice(self._desk.agents).id
