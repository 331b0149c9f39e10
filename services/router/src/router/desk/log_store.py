"""Where a desk's log lies: the port that the writer and the readers need, and the stream behind it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Protocol

from frontline.contract import subject
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus, PubAck
from frontline.runtime.reader import Stored, follow, read


class LogStore(Protocol):
    """An append-only sequence of records with a fence on its last sequence.

    A refused append stores nothing; one that ends in `Unavailable` may have stored its record,
    or may still do so later.
    """

    async def append_epoch(self, data: bytes) -> PubAck:
        """Append without a fence. Raises `Unavailable`."""
        ...

    async def append(self, data: bytes, *, after: int) -> asyncio.Future[PubAck]:
        """Send a commit that is to stand right behind sequence `after`; gives the future of its
        acknowledgement, which ends with `PubAck`, `WrongSequence` or `Unavailable`.
        """
        ...

    def read(self, after: int) -> AsyncGenerator[Stored, None]:
        """What is stored above `after`, in order. May be behind; never wrong. Raises `Unavailable`."""
        ...

    def follow(self, after: int) -> AsyncGenerator[list[Stored], None]:
        """The same, and then what comes, for ever; an empty list when all has been seen."""
        ...

    async def reachable(self) -> None:
        """Wait until another try makes sense."""
        ...


class StreamLogStore:
    """The stream `DESK_<desk>`."""

    def __init__(self, bus: Bus, desk: DeskId) -> None:
        self._bus = bus
        self._stream = subject.desk_stream(desk)
        self._epoch = subject.desk_epoch(desk)
        self._log = subject.desk_log(desk)
        self._all = subject.desk_all(desk)
        self._tail = subject.desk_tail(desk)

    async def append_epoch(self, data: bytes) -> PubAck:
        return await self._bus.publish(self._epoch, data)

    async def append(self, data: bytes, *, after: int) -> asyncio.Future[PubAck]:
        return await self._bus.begin(self._log, data, {"Nats-Expected-Last-Sequence": str(after)})

    def read(self, after: int) -> AsyncGenerator[Stored, None]:
        return read(self._bus, self._stream, self._all, after)

    def follow(self, after: int) -> AsyncGenerator[list[Stored], None]:
        return follow(self._bus, self._stream, self._all, self._tail, after)

    async def reachable(self) -> None:
        await self._bus.wait_connected()
