"""A replica's own copy of a desk, kept warm by following the log."""

import asyncio
from contextlib import aclosing

from frontline.contract.ids import DeskId
from router.core.advance import replay
from router.core.state import DeskState
from router.desk.fence import Counted, EpochBegan, Fence
from router.desk.log_store import LogStore


class Follower:
    """State and place move together; nobody else touches either while `run` runs."""

    def __init__(self, desk: DeskId, store: LogStore) -> None:
        self.state = DeskState(desk)
        self.fence = Fence()
        self.epoch_began: EpochBegan | None = None
        self._store = store
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled. Raises for a record that this code can't read or replay."""
        async with aclosing(self._store.follow(self.fence.seq)) as batches:
            async for batch in batches:
                for stored in batch:
                    record = self.fence.admit(stored)
                    if isinstance(record, Counted):
                        replay(self.state, record.commit)
                    elif isinstance(record, EpochBegan):
                        self.epoch_began = record
                self._moved.set()

    async def reach(self, seq: int) -> None:
        """Wait until everything up to `seq` has been replayed."""
        while self.fence.seq < seq:
            self._moved.clear()
            await self._moved.wait()
