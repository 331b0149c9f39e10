"""A replica's own copy of a desk, kept warm by following the log."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.reader import Stored
from router.core.advance import replay
from router.core.snapshot import UnreadableSnapshot
from router.core.state import DeskState
from router.desk.fence import Counted, EpochBegan, Fence
from router.desk.log_store import LogStore
from router.desk.snapshots import Snapshots, Taken


class Follower:
    """State and place move together; nobody else touches either while `run` runs."""

    def __init__(self, desk: DeskId, store: LogStore, settings: Callable[[int], None] = lambda _version: None) -> None:
        """`settings` is told the version of those that the log has, first and whenever it has others."""
        self.state = DeskState(desk)
        self.fence = Fence()
        self.place = Fence()
        """Where the last record stands that counted or began an epoch; the fence may be beyond."""
        self.epoch_began: EpochBegan | None = None
        self.store = store
        self._moved = asyncio.Event()
        self._settings = settings

    def let_go(self) -> None:
        """Another follower has taken this one's place. The leader that it had goes round in circles with its parts, and
        what has been frozen since it began (see `Snapshots.load`) is never looked for as garbage: the leader may be
        kept for as long as the process lives, and a million contacts are not to be kept with it.
        """
        self.state.empty()

    async def begin(self, snapshots: Snapshots) -> Taken | None:
        """Start from the youngest snapshot that can be read, and give that; from the beginning of the log if none can.
        Raises `Unavailable`, and `UnreadableSnapshot` when neither is there.
        """
        for taken in await snapshots.taken():
            if not await self._holds(taken):
                continue  # the log has lost its end since, or was begun anew: that state never was
            try:
                self.state = await snapshots.load(taken)
            except (UnreadableSnapshot, Unavailable):
                continue
            self.fence = Fence(taken.seq, taken.epoch, taken.index, taken.mark)
            self.place = self.fence.copy()
            self._settings(self.state.settings.version)
            return taken
        async with aclosing(self.store.read(0)) as records:
            async for first in records:
                if first.seq > 1:
                    raise UnreadableSnapshot(f"the log begins at {first.seq}, and no snapshot leads up to there")
                break
        return None

    async def _holds(self, taken: Taken) -> bool:
        """Whether the very record lies there with which the snapshot ends, and not another that came after."""
        return await self.store.holds(taken.seq, taken.mark)

    async def run(self) -> None:
        """Follow until cancelled. Raises for a record that this code can't read or replay, and `LostEnd`."""
        async with aclosing(self.store.follow(self.fence.seq, self.fence.mark)) as batches:
            async for batch in batches:
                for stored in batch:
                    self.take(stored)
                self.state.matching.place()  # else whoever takes over would place all at once, at the first decision
                self._moved.set()

    def take(self, stored: Stored) -> None:
        """The next record of the log. Raises `UnreadableSnapshot` if it was purged up to beyond our place
        meanwhile: only a younger snapshot leads up to there.
        """
        if stored.seq != self.fence.seq + 1:
            raise UnreadableSnapshot(f"the log goes on at {stored.seq}, and we are at {self.fence.seq}")
        record = self.fence.admit(stored)
        if isinstance(record, Counted):
            before = self.state.settings.version
            replay(self.state, record.commit)
            if self.state.settings.version != before:
                self._settings(self.state.settings.version)
        elif isinstance(record, EpochBegan):
            self.epoch_began = record
        if record is not None:
            self.place = self.fence.copy()

    async def reach(self, seq: int) -> None:
        """Wait until everything up to `seq` has been replayed."""
        while self.fence.seq < seq:
            self._moved.clear()
            await self._moved.wait()
