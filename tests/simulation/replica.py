"""A process that leads the simulated desk when it is told to, until it learns that it was deposed."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from random import Random

from frontline.contract.error import Unavailable
from router.core.commit import Commit, EpochRecord, encode_commit
from router.desk.fence import Fence
from router.desk.log import Deposed, LogWriter, announce
from router.desk.log_store import LogStore
from tests.simulation.ledger import Ledger, Written
from tests.simulation.simulated_log import START, SimulatedLogStore


def _as_it_is(store: SimulatedLogStore) -> LogStore:
    return store


@dataclass(frozen=True, slots=True)
class Parts:
    """What a replica is made of; a planted bug replaces one of them."""

    writer: type[LogWriter] = LogWriter
    fence: type[Fence] = Fence
    wrap: Callable[[SimulatedLogStore], LogStore] = _as_it_is


class Replica:
    """`number` is unique among all processes of a run; a restarted one has a new number."""

    def __init__(self, number: int, store: SimulatedLogStore, ledger: Ledger, random: Random, parts: Parts) -> None:
        self.number = number
        self.store = store
        self.writer: LogWriter | None = None
        self.writers: list[tuple[float, LogWriter]] = []
        """All that it ever wrote with, and since when."""
        self.quiet = asyncio.Event()
        self._log = parts.wrap(store)
        self._parts = parts
        self._ledger = ledger
        self._random = random
        self._decisions = 0
        self._beginning = False
        self._resting = asyncio.Event()
        self._wanted = asyncio.Event()
        self._living = asyncio.create_task(self._live())
        self._mending: asyncio.Task[None] | None = None
        self._appending: asyncio.Task[None] | None = None

    @property
    def wants_or_leads(self) -> bool:
        """As far as it knows itself."""
        return self._wanted.is_set() or self._beginning or self.writer is not None

    def lead(self) -> None:
        """Begin an epoch of its own, whoever else leads; one that believes it leads goes on."""
        if self.writer is None and not self._beginning:
            self._wanted.set()

    async def crash(self) -> None:
        """End, each task at whatever instruction it stands. What was sent goes its way."""
        self._ledger.crashed.add(self.number)
        self.store.cut()
        tasks = [task for task in (self._living, self._mending, self._appending) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def rest(self) -> None:
        """Wait until it does not begin to lead, does not write on, and nothing it wrote is unsettled;
        `quiet` has to be set.
        """
        while self._wanted.is_set() or self._beginning or self._busy:
            await asyncio.sleep(0.05)

    @property
    def _busy(self) -> bool:
        return self.writer is not None and (not self._resting.is_set() or self.writer.waiting > 0)

    def replace_appender(self) -> None:
        """Cancel whoever appends, in the middle of it; another goes on at `next_index`."""
        if self._appending is not None:
            self._appending.cancel()

    async def append_one(self, writer: LogWriter) -> Written:
        """Raises `Deposed`."""
        await self.store.pause(0)
        index = writer.next_index
        self._decisions += 1
        cause = f"{self.number}.{self._decisions}"
        data = encode_commit(Commit(epoch=writer.epoch, index=index, now=START, cause=cause))
        try:
            counted = await writer.append(index, data)
        except asyncio.CancelledError:
            if writer.next_index > index:
                self._ledger.enter(self.number, writer.epoch, index, data).abandoned = True
            raise
        entry = self._ledger.enter(self.number, writer.epoch, index, data)
        self._ledger.watch(entry, counted)
        return entry

    async def _live(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            with suppress(Deposed):
                await self._lead()
            self.writer = None

    async def _lead(self) -> None:
        self._beginning = True
        try:
            fence = await self._begin()
        finally:
            self._beginning = False
        window = self._random.choice((1, 3, 16, 1024))
        writer = self.writer = self._parts.writer(self._log, fence, window=window, pause=self.store.pause)
        self.writers.append((asyncio.get_running_loop().time(), writer))
        self._mending = asyncio.create_task(writer.run())
        pause = 0.0
        while not self._mending.done():
            self._appending = asyncio.create_task(self._append(writer, pause))
            pause = self._random.choice((0.0, 0.3, 5.0))
            await asyncio.wait((self._mending, self._appending), return_when=asyncio.FIRST_COMPLETED)
            if self._appending.done() and not self._appending.cancelled():
                self._appending.result()
        if self._appending is not None:
            self._appending.cancel()
        await self._mending

    async def _begin(self) -> Fence:
        """Announce, and read up to the announcement: what comes before leading."""
        record = EpochRecord(leader=f"replica-{self.number}", at=START)
        epoch = 0
        while not epoch:
            try:
                epoch = await announce(self._log, record)
            except Unavailable:
                await self.store.reachable()
                await self.store.pause(0.05)
        fence = self._parts.fence()
        while fence.seq < epoch:
            try:
                async with aclosing(self._log.read(fence.seq)) as records:
                    async for stored in records:
                        fence.admit(stored)
            except Unavailable:
                await self.store.reachable()
            await self.store.pause(0.01)
        if fence.epoch != epoch:
            raise Deposed
        return fence

    async def _append(self, writer: LogWriter, pause: float) -> None:
        """Bursts and lulls, now and then waiting until all counts, as a desk does."""
        self._resting.clear()
        await self.store.pause(pause)
        with suppress(Deposed):
            while not self.quiet.is_set():
                for _ in range(self._random.choice((1, 2, 10, 40))):
                    await self.append_one(writer)
                if self._random.random() < 0.3:
                    await writer.settle()
                await self.store.pause(self._random.choice((0.0, 0.01, 0.3)))
        self._resting.set()
        await asyncio.Event().wait()  # `run` ends with `Deposed` as well, and that ends all of it
