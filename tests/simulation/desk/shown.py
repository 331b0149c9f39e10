"""What agents are shown of the desk: our own read index in memory, brought forward when somebody looks."""

import sqlite3
from collections.abc import Iterable

from frontline.contract import subject
from frontline.contract.ids import ContactId, DeskId
from frontline.runtime.reader import Stored
from router.core.overlay import Position
from router.desk.fence import Counted, Fence
from router.index import writing
from router.index.announced import Announced
from router.index.file import _TABLES
from router.index.reading import Reader
from router.index.row import ContactRow
from router.index.writing import Taken, Writer
from tests.simulation.desk.firm import SUPPORT


class Shown:
    """`read` answers. What the streams have stored is noted as it comes, and taken in by `catch_up`."""

    def __init__(self, *desks: DeskId) -> None:
        self._desks = desks or (SUPPORT,)
        self.begin_again((), ())

    def begin_again(self, log: Iterable[Stored], items: Iterable[Stored]) -> None:
        """Thrown away, as when the log has lost its end: it is made of what is there."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.executescript(_TABLES)
        self.read = Reader(connection)
        self._writer = Writer(connection)
        self._announced = Announced()
        self._fences = {desk: Fence() for desk in self._desks}
        self._logs: dict[DeskId, list[Stored]] = {desk: [] for desk in self._desks}
        self._logs[self._desks[0]] += log
        self._items = list(items)

    def note(self, stream: str, record: Stored) -> None:
        if stream == "TRANSCRIPT":
            self._items.append(record)
        for desk in self._desks:
            if stream == subject.desk_stream(desk):
                self._logs[desk].append(record)

    def catch_up(self, behind: int = 0, desk: DeskId = SUPPORT) -> Position:
        """Take in all but the last `behind` of each log; gives the commit of `desk` that was taken in last."""
        taken = [self._take_log(each, behind) for each in self._desks]
        for part in (*taken, self._writer.take_items(self._items)):
            for word in part.announced:
                self._announced.add(word.contact, word.words, word.seq, word.stored, word.stored)
            for id_ in part.arrived:
                self._announced.arrived(id_)
        self._items = []
        return self._fences[desk].epoch, self._fences[desk].index

    def _take_log(self, desk: DeskId, behind: int) -> Taken:
        log, fence = self._logs[desk], self._fences[desk]
        until = max(0, len(log) - behind)
        fresh, self._logs[desk] = log[:until], log[until:]
        counted = [record for stored in fresh if isinstance(record := fence.admit(stored), Counted)]
        return self._writer.take_log(desk, counted, writing.Position(fence.seq, fence.epoch, fence.index, fence.mark))

    def open(self, contact: ContactId, desk: DeskId = SUPPORT) -> ContactRow | None:
        """The contact, if people of the desk may do something about it and all that was said in it is here."""
        row = self.read.here(desk, contact)
        if row is None or row.merged_into is not None or row.state in ("closed", "erased"):
            return None
        latest = max(fence.seq for fence in self._fences.values())
        return row if self._announced.complete(contact, latest) else None
