"""What agents are shown of the desk: our own read index in memory, brought forward when somebody looks."""

import sqlite3
from collections.abc import Iterable

from frontline.contract.ids import ContactId
from frontline.runtime.reader import Stored
from router.core.overlay import Position
from router.desk.fence import Counted, Fence
from router.index import writing
from router.index.announced import Announced
from router.index.file import _TABLES
from router.index.reading import Reader
from router.index.row import ContactRow
from router.index.writing import Writer
from tests.simulation.desk.firm import SUPPORT

_LOG = "DESK_support"


class Shown:
    """`read` answers. What the streams have stored is noted as it comes, and taken in by `catch_up`."""

    def __init__(self) -> None:
        self.begin_again((), ())

    def begin_again(self, log: Iterable[Stored], items: Iterable[Stored]) -> None:
        """Thrown away, as when the log has lost its end: it is made of what is there."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.executescript(_TABLES)
        self.read = Reader(connection)
        self._writer = Writer(connection)
        self._announced = Announced()
        self._fence = Fence()
        self._log = list(log)
        self._items = list(items)

    def note(self, stream: str, record: Stored) -> None:
        if stream == _LOG:
            self._log.append(record)
        elif stream == "TRANSCRIPT":
            self._items.append(record)

    def catch_up(self, behind: int = 0) -> Position:
        """Take in all but the last `behind` of the log; gives the commit that was taken in last."""
        until = max(0, len(self._log) - behind)
        fresh, self._log = self._log[:until], self._log[until:]
        counted = [record for stored in fresh if isinstance(record := self._fence.admit(stored), Counted)]
        place = writing.Position(self._fence.seq, self._fence.epoch, self._fence.index, self._fence.mark)
        for taken in (self._writer.take_log(SUPPORT, counted, place), self._writer.take_items(self._items)):
            for word in taken.announced:
                self._announced.add(word.contact, word.words, word.seq, word.stored, word.stored)
            for id_ in taken.arrived:
                self._announced.arrived(id_)
        self._items = []
        return self._fence.epoch, self._fence.index

    def open(self, contact: ContactId) -> ContactRow | None:
        """The contact, if people may do something about it and all that was said in it is here."""
        row = self.read.here(SUPPORT, contact)
        if row is None or row.merged_into is not None or row.state in ("closed", "erased"):
            return None
        return row if self._announced.complete(contact, self._fence.seq) else None
