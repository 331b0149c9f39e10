"""Which desk has a contact, or has decided a message, as far as a process knows that follows all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from typing import NamedTuple, Protocol

from frontline.contract.channel import Log
from frontline.contract.ids import ContactId, DeskId, KeyHash
from router.core.gone import Gone
from router.core.overlay import Position
from router.desk.figures import RouterFigures

READ_UP_WITHIN = timedelta(seconds=5)


class Whereabouts(NamedTuple):
    """The desk that has a contact. `moves` is how often that has changed desks when it is there, if it is on its way."""

    desk: DeskId
    moves: int = 0


class Copy(Protocol):
    """One desk, as this process knows it."""

    def holds(self, contact: ContactId) -> bool: ...

    def left(self, contact: ContactId) -> Gone | None:
        """Where the contact went from there."""
        ...

    def placed(self, key: KeyHash) -> ContactId | None:
        """As of `Decided`."""
        ...

    async def check(self) -> None:
        """Raises `Unavailable` unless all that is known counts, and is still in the desk's log."""
        ...

    @property
    def floor(self) -> Position: ...

    async def read_up(self) -> None:
        """Return once everything is known that the desk's log has had when it was asked. Raises `Unavailable`."""
        ...


class Decided(Protocol):
    """What desks have decided and may not have left to the index yet."""

    async def placed(self, key: KeyHash) -> ContactId | None:
        """Where the message with this idempotency key went, `ERASED` if that was erased. Raises `Unavailable`."""
        ...

    def floors(self) -> Mapping[DeskId, Position]:
        """Up to where each has left its keys to the index."""
        ...


class NothingDecided:
    """For a process that follows one desk only."""

    async def placed(self, _: KeyHash) -> None:
        return None

    def floors(self) -> Mapping[DeskId, Position]:
        return {}


HoldersOf = Callable[[DeskId, Collection[ContactId]], Awaitable[Mapping[ContactId, Whereabouts]]]
"""Asked by a desk for contacts that the indexes name. Raises `Unavailable`."""


async def nobody_known(_asking: DeskId, _contacts: Collection[ContactId]) -> Mapping[ContactId, Whereabouts]:
    """For a process that follows one desk only."""
    return {}


class Holders:
    """`copies` are read whenever somebody asks: they may come and go. For their logs it waits `within` at most."""

    def __init__(
        self, copies: Mapping[DeskId, Copy], figures: RouterFigures, log: Log, within: timedelta = READ_UP_WITHIN
    ) -> None:
        self._copies = copies
        self._figures = figures
        self._log = log
        self._within = within

    async def find(self, asking: DeskId, contacts: Collection[ContactId]) -> Mapping[ContactId, Whereabouts]:
        """Those that some desk has, or will have. What is missing is closed: an index may name a contact before this
        process has read of it, so the logs of the other desks are read up first.
        """
        if not all(self._at(contact) for contact in contacts):
            await self._read_up([copy for desk, copy in self._copies.items() if desk != asking], asking)
        return {contact: at for contact in contacts if (at := self._at(contact)) is not None}

    async def placed(self, key: KeyHash) -> ContactId | None:
        """As of `Decided`."""
        for copy in tuple(self._copies.values()):
            if copy.placed(key) is not None:
                await copy.check()  # its log may have lost that since, and nobody would ever decide it
                return copy.placed(key)
        return None

    def floors(self) -> Mapping[DeskId, Position]:
        """As of `Decided`."""
        return {desk: copy.floor for desk, copy in self._copies.items()}

    def _at(self, contact: ContactId) -> Whereabouts | None:
        for desk, copy in self._copies.items():
            if copy.holds(contact):
                return Whereabouts(desk)
        gone = [each for copy in self._copies.values() if (each := copy.left(contact)) is not None]
        last = max(gone, key=lambda each: (each.moves, each.desk is None), default=None)
        return None if last is None or last.desk is None else Whereabouts(last.desk, last.moves)

    async def _read_up(self, copies: Collection[Copy], asking: DeskId) -> None:
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                for copy in copies:
                    await copy.read_up()
        except TimeoutError:  # a desk whose log can't be read must not keep others from taking in mail
            self._figures.behind(asking)
            self._log.warning("desk.behind_the_others", desk=asking)
