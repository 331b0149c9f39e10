"""Where a desk's log lies: the port that the writer and the readers need, and the stream behind it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Protocol

import msgspec

from frontline.contract import subject
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus, PubAck
from frontline.runtime.reader import Stored, follow, read, stored_at
from router.core.commit import decode_commit, decode_epoch
from router.core.event import DeliveryRecorded, MessageReceived
from router.desk.fence import mark_of


class LostEnd(Exception):
    """The log does not hold any more what was read last: it has lost its end (a power cut, an old copy
    restored), and whatever was made of that never was.
    """


async def stands(bus: Bus, desk: DeskId, seq: int, message: str) -> bool:
    """Whether the desk's log has at `seq` that this message was decided, or had it before it was purged; not so when it
    has lost its end there. Raises `Unavailable`.
    """
    if not await StreamLogStore(bus, desk).holds(seq, ""):
        return False
    data = await stored_at(bus, subject.desk_stream(desk), seq)
    if data is None:
        return True
    with suppress(msgspec.DecodeError):
        decode_epoch(data)
        return False
    try:
        events = decode_commit(data).events
    except msgspec.DecodeError:  # of a younger router: nothing says that it does not stand
        return True
    return any(
        (isinstance(event, MessageReceived) and event.message == message)
        or (isinstance(event, DeliveryRecorded) and event.receipt == message)
        for event in events
    )


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

    def follow(self, after: int, mark: str = "") -> AsyncGenerator[list[Stored], None]:
        """The same, and then what comes, for ever; an empty list when all has been seen. `mark` is that of the
        record at `after`, if it is known. Raises `LostEnd`.
        """
        ...

    async def holds(self, seq: int, mark: str) -> bool:
        """Whether that record still lies at `seq`, or was purged; not so when the log has lost it, and maybe
        another lies there. Without a mark, any record will do. Asks who can't be behind. Raises `Unavailable`.
        """
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

    def follow(self, after: int, mark: str = "") -> AsyncGenerator[list[Stored], None]:
        async def check(seq: int, last: bytes | None) -> None:
            known = mark if last is None else mark_of(last)
            if known and not await self.holds(seq, known):
                raise LostEnd(f"what lay at {seq} is there no more")

        return follow(self._bus, self._stream, self._all, self._tail, after, check=check)

    async def holds(self, seq: int, mark: str) -> bool:
        data = await stored_at(self._bus, self._stream, seq)
        if data is None:
            if not await self._goes_on(seq):
                return False
            # Nothing was there because it was purged, or because nobody had written there again yet.
            data = await stored_at(self._bus, self._stream, seq)
        return data is None or not mark or mark_of(data) == mark

    async def _goes_on(self, seq: int) -> bool:
        async with aclosing(self.read(seq)) as records:
            async for _ in records:
                return True
        return False

    async def reachable(self) -> None:
        await self._bus.wait_connected()
