"""The read index of one router process: followers bring it forward, the API asks it.

Writes run in a thread of their own, and so do searches; single rows and pages by index are read on
the event loop, where they cost less than the way to a thread and back.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.ids import ContactId, DeskId
from frontline.runtime.metrics import Metrics
from frontline.runtime.reader import Stored
from router.core.event_erased import ContactErased
from router.desk.fence import Counted
from router.index.announced import Announced
from router.index.file import IndexFile
from router.index.live import Live
from router.index.reading import Page, Reader
from router.index.search import ContactQuery
from router.index.waiting import Waiting
from router.index.writing import PEOPLE, TRANSCRIPT, Position, Taken, Writer, log_of

T = TypeVar("T")

_AGAIN_SECONDS = 0.2


class ReadIndex:
    """Open it once, inside the event loop; `close` it there.

    `directory` belongs to this process alone. `origin` names the streams that are followed, see
    `origin.py`: a file built from others is thrown away. Raises `SettingsError`.
    """

    def __init__(self, directory: Path, origin: str, *, clock: Clock, metrics: Metrics, log: Log) -> None:
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._file = IndexFile(directory, origin)
        self._announced = Announced()
        self._waiting = Waiting()
        self._live: dict[DeskId, Live] = {}
        self._order = asyncio.Lock()
        self._writing = ThreadPoolExecutor(1, "index-writer")
        self._searching = ThreadPoolExecutor(1, "index-search")
        self._connections: list[sqlite3.Connection] = []
        self._writer = Writer(self._connect(write=True))
        self._searcher = Reader(self._connect())
        self.read = Reader(self._connect())
        self._positions = {PEOPLE: self._writer.position(PEOPLE), TRANSCRIPT: self._writer.position(TRANSCRIPT)}

    def close(self) -> None:
        for threads in (self._writing, self._searching):
            threads.shutdown()
        for connection in self._connections:
            connection.close()
        self._file.release()

    def throw_away(self) -> None:
        """Close it for good: it has read what is there no more. The next one begins with nothing."""
        self.close()
        self._file.path.unlink(missing_ok=True)

    def position(self, stream: str) -> Position:
        """How far `TRANSCRIPT` or `PEOPLE` is read."""
        return self._positions[stream]

    def log_position(self, desk: DeskId) -> Position:
        """Where to follow the desk's log from."""
        stream = log_of(desk)
        if stream not in self._positions:
            self._positions[stream] = self._writer.position(stream)
        return self._positions[stream]

    def live(self, desk: DeskId) -> Live:
        """What the desk decides from where the index stands at the first call, or was opened."""
        if desk not in self._live:
            self._live[desk] = Live(self.log_position(desk).seq)
        return self._live[desk]

    async def take_log(self, desk: DeskId, batch: Sequence[Counted], reached: Position) -> None:
        """Take in what counts of the desk's log up to `reached`."""
        live, known = self.live(desk), self.log_position(desk).seq
        await self._take(log_of(desk), lambda: self._writer.take_log(desk, batch, reached))
        live.tell(counted for counted in batch if counted.seq > known)
        if any(isinstance(event, ContactErased) for counted in batch for event in counted.commit.events):
            await self.scrub()

    async def take_items(self, batch: Sequence[Stored]) -> None:
        """Take in messages of `TRANSCRIPT`."""
        await self._take(TRANSCRIPT, lambda: self._writer.take_items(batch))

    async def take_people(self, batch: Sequence[Stored]) -> None:
        """Take in entries of the bucket `CUSTOMERS` under `person.`."""
        await self._take(PEOPLE, lambda: self._writer.take_people(batch))
        if any(not stored.data for stored in batch):
            await self.scrub()

    async def wait_for(self, desk: DeskId, seq: int, within: float) -> None:
        """Return once the desk's log is taken in up to `seq`. `Unavailable` after `within` seconds."""
        await self._waiting.until(lambda: self.log_position(desk).seq >= seq, within)

    async def wait_for_words(self, contact: ContactId, seq: int, within: float) -> None:
        """Return once all words of `contact` that the log announces up to `seq` are here as well."""
        await self._waiting.until(lambda: self._announced.complete(contact, seq), within)

    async def contacts(self, query: ContactQuery) -> Page:
        if query.direct:
            return self.read.contacts(query)
        return await asyncio.get_running_loop().run_in_executor(self._searching, self._searcher.contacts, query)

    async def scrub(self) -> None:
        """Leave no byte in the file of what has been erased; others read and write in between."""
        if not await self._write(self._writer.scrub_wanted):
            return
        more = await self._write(partial(self._writer.merge_some, begin=True))
        while more:
            more = await self._write(partial(self._writer.merge_some, begin=False))
        while True:
            if await self._write(self._writer.cut_off):
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _write(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work)

    async def _take(self, stream: str, work: Callable[[], Taken]) -> None:
        async with self._order:
            taken = await self._write(work)
            now = self._clock()
            for word in taken.announced:
                self._announced.add(word.contact, word.words, word.seq, word.stored, now)
            for id_ in taken.arrived:
                self._announced.arrived(id_)
            self._positions[stream] = taken.position
        for seq in taken.unreadable:
            self._metrics.failed("read_index")
            self._log.error("index.unreadable", stream=stream, seq=seq)
        self._waiting.moved()

    def _connect(self, *, write: bool = False) -> sqlite3.Connection:
        connection = self._file.connect(write=write)
        self._connections.append(connection)
        return connection
