"""A leader as far as the log sees it, and a reader that comes new."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from frontline.contract import subject
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.core.commit import Commit, EpochRecord, encode_commit
from router.desk.fence import Counted, Fence
from router.desk.log import Deposed, LogWriter, announce
from router.desk.log_store import StreamLogStore

DESK = DeskId("support")
LOG = subject.desk_log(DESK)


def commit(epoch: int, index: int, cause: str = "") -> bytes:
    return encode_commit(Commit(epoch=epoch, index=index, now=datetime.now(UTC), cause=cause))


async def counted(bus: Bus) -> list[Counted]:
    """What a reader that begins at the beginning counts."""
    fence = Fence()
    return [
        record
        async for stored in StreamLogStore(bus, DESK).read(0)
        if isinstance(record := fence.admit(stored), Counted)
    ]


async def records(bus: Bus) -> int:
    """How many records lie there, counted or not."""
    return len([stored async for stored in StreamLogStore(bus, DESK).read(0)])


@dataclass(slots=True)
class Leader:
    name: str
    writer: LogWriter
    running: asyncio.Task[None]
    written: list[tuple[int, asyncio.Future[int]]] = field(default_factory=list)

    async def write(self, count: int, *, size: int = 0) -> None:
        """Append `count` commits of `size` bytes or more, without waiting for any."""
        for _ in range(count):
            index = self.writer.next_index
            data = commit(self.writer.epoch, index, f"{self.name}.{index}" + size * "-")
            self.written.append((index, await self.writer.append(index, data)))

    async def told(self) -> dict[int, int]:
        """The sequence of each index that was told as counted; waits for all. Raises `Deposed` for the first that is."""
        return {index: await future for index, future in self.written}

    def told_so_far(self) -> dict[int, int]:
        return {
            index: future.result() for index, future in self.written if future.done() and future.exception() is None
        }


@asynccontextmanager
async def leading(bus: Bus, name: str = "first") -> AsyncIterator[Leader]:
    """A leader with an epoch of its own, until the end of the block."""
    store = StreamLogStore(bus, DESK)
    epoch = await announced(store, name)
    fence = Fence()
    async for stored in store.read(0):
        fence.admit(stored)
    assert fence.epoch == epoch
    writer = LogWriter(store, fence)
    running = asyncio.create_task(writer.run())
    try:
        yield Leader(name, writer, running)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, Deposed):
            await running


async def announced(store: StreamLogStore, name: str) -> int:
    while True:
        with suppress(Unavailable):
            return await announce(store, EpochRecord(leader=name, at=datetime.now(UTC)))
        await store.reachable()


async def all_counts(bus: Bus, leader: Leader, count: int) -> None:
    """Each of `count` commits was told as counted, in order, and a new reader counts just them, just there."""
    told = await leader.told()
    assert list(told) == list(range(1, count + 1))
    assert {record.commit.index: record.seq for record in await counted(bus)} == told
    assert sorted(told.values()) == list(told.values())
