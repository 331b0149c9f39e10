"""What the writers were asked to write and what they were told, kept outside of all of them."""

import asyncio
from dataclasses import dataclass, field

from router.desk.log import Deposed
from tests.simulation.simulated_log import SimulatedLog


@dataclass(slots=True, eq=False)
class Written:
    """One commit handed to a writer. `seq` is set when it was reported as counted."""

    writer: int
    epoch: int
    index: int
    data: bytes
    seq: int | None = None
    told_at: float = 0.0
    deposed: bool = False
    abandoned: bool = False
    """Whoever handed it over was cancelled before they got its future."""

    @property
    def told(self) -> bool:
        return self.seq is not None or self.deposed


@dataclass(slots=True)
class Ledger:
    """In the order in which commits were handed over and, in `reports`, reported."""

    log: SimulatedLog
    written: list[Written] = field(default_factory=list)
    reports: list[Written] = field(default_factory=list)
    crashed: set[int] = field(default_factory=set)
    early: list[Written] = field(default_factory=list)
    """Reported as counted before the log was that long."""

    def enter(self, writer: int, epoch: int, index: int, data: bytes) -> Written:
        entry = Written(writer, epoch, index, data)
        self.written.append(entry)
        return entry

    def watch(self, entry: Written, counted: asyncio.Future[int]) -> None:
        counted.add_done_callback(lambda future: self._told(entry, future))

    def _told(self, entry: Written, counted: asyncio.Future[int]) -> None:
        if counted.cancelled():
            return
        entry.told_at = asyncio.get_running_loop().time()
        error = counted.exception()
        if error is None:
            entry.seq = counted.result()
            self.reports.append(entry)
            if entry.seq > self.log.last:
                self.early.append(entry)
        elif isinstance(error, Deposed):
            entry.deposed = True
        else:
            raise error
