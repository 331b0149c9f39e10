"""The bare loop that figures of the desk are held against: the very same commits, encoded and appended to a real log,
and nothing decided.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from frontline.contract.ids import DeskId
from frontline.runtime.topology import MIB, provision, topology
from frontline.testing.nats_server import CHANNELS, SMALL, connected, nats_server
from router.core.commit import Commit, EpochRecord, encode_commit
from router.desk.fence import Fence
from router.desk.log import Deposed, LogWriter, announce
from router.desk.log_store import StreamLogStore

DESK = DeskId("bare")
ROOM = replace(SMALL, log_bytes=1024 * MIB)


class Appending:
    """Appends as the desk's loop does, through `LogWriter`."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    async def append(self, commits: Sequence[Commit]) -> float:
        """Seconds of this process' CPU until all of them count; what the server takes is its own."""
        writer = self._writer
        began = time.process_time()
        for commit in commits:
            await writer.append(writer.next_index, encode_commit(commit))
        await writer.settle()
        return time.process_time() - began


@asynccontextmanager
async def appending() -> AsyncIterator[Appending]:
    """With a server and a log of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with nats_server(Path(folder)) as server, connected(server) as bus:
            await provision(bus.nc.jetstream(), topology(CHANNELS, [DESK], ROOM))
            store, fence = StreamLogStore(bus, DESK), Fence()
            await announce(store, EpochRecord(leader="bench", at=datetime.now(UTC)))
            async for stored in store.read(0):
                fence.admit(stored)
            writer = LogWriter(store, fence)
            mending = asyncio.create_task(writer.run())
            try:
                yield Appending(writer)
            finally:
                mending.cancel()
                with suppress(asyncio.CancelledError, Deposed):
                    await mending
            assert writer.recoveries == 0
