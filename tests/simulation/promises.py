"""What the log promises, held against what lies in it and what the writers were told.

1. What was reported as counted is counted by every reader, at the reported sequence, with the same
   bytes; a writer's reports come in order and without a gap.
2. What counts carries the epoch in force and the next index: nothing counts behind a newer epoch's
   record that an older leader wrote.
3. Within an epoch an index has the same bytes wherever it lies, counted or dropped: nothing is
   decided twice, and no two writers decide for the same place.
4. What counts without having been reported was decided by a writer that died or was deposed
   before it could learn. (So `Deposed` means "not known", never "not in the log".)
5. Nothing is reported before it is stored, and nobody is deposed but by a newer epoch.
6. A reader that followed all along, with stale and broken reads, has seen the same as one that comes new.
7. Once nothing goes wrong any more, whatever was handed to a living writer is counted or `Deposed`.
8. A writer that gets nowhere tries ever more slowly: it doesn't hammer a full or broken stream.
"""

import asyncio
from bisect import bisect
from collections.abc import Iterable
from itertools import pairwise

from frontline.runtime.reader import Stored
from router.core.commit import decode_commit
from router.desk.fence import Counted, EpochBegan, Fence, Record
from tests.simulation.ledger import Ledger, Written
from tests.simulation.replica import Replica
from tests.simulation.simulated_log import EPOCH, SimulatedLog, SimulatedLogStore


class Witness:
    """A reader that was there from the beginning."""

    def __init__(self, store: SimulatedLogStore, fence: type[Fence]) -> None:
        self.seen: list[Record] = []
        self._store = store
        self._fence = fence()
        self._moved = asyncio.Event()

    async def run(self) -> None:
        async for batch in self._store.follow(0):
            self.seen += _records(self._fence, batch)
            self._moved.set()

    async def reach(self, seq: int) -> None:
        while self._fence.seq < seq:
            self._moved.clear()
            await self._moved.wait()


def check(log: SimulatedLog, ledger: Ledger, witness: Witness, fence: type[Fence]) -> None:
    """Raises `AssertionError` for the first promise that does not hold."""
    read = _records(fence(), log.records)
    _in_order(read)
    counted = {record.seq: record for record in read if isinstance(record, Counted)}
    _reports_hold(ledger, counted, log)
    _decided_once(log, ledger)
    _others_could_not_learn(ledger, counted.values())
    assert not ledger.early, f"reported before it was stored: {_places(ledger.early)}"
    newest = max((stored.seq for stored in log.records if stored.subject == EPOCH), default=0)
    wrongly = [entry for entry in ledger.written if entry.deposed and entry.epoch == newest]
    assert not wrongly, f"deposed by no newer epoch: {_places(wrongly)}"
    assert witness.seen == read, "a reader that followed has seen something else"
    assert not unsettled(ledger), f"neither counted nor deposed: {_places(unsettled(ledger))}"


def check_pace(ledger: Ledger, replicas: Iterable[Replica], now: float) -> None:
    """From one counted commit to the next: a few tries, and at most twenty a second more."""
    for replica in replicas:
        for started, writer in replica.writers:
            counted = [entry.told_at for entry in ledger.reports if entry.epoch == writer.epoch]
            few = 2 + sum(entry.epoch == writer.epoch and entry.abandoned for entry in ledger.written)
            for begin, end in pairwise((started, *counted, now)):
                tries = bisect(replica.store.reads, end) - bisect(replica.store.reads, begin)
                assert tries <= few + 20 * (end - begin), f"{tries} tries in {end - begin:.3f} s, and nothing counted"


def unsettled(ledger: Ledger) -> list[Written]:
    """What a living writer still owes an answer for."""
    return [
        entry
        for entry in ledger.written
        if not entry.told and not entry.abandoned and entry.writer not in ledger.crashed
    ]


def _records(fence: Fence, batch: Iterable[Stored]) -> list[Record]:
    return [record for stored in batch if (record := fence.admit(stored)) is not None]


def _in_order(read: list[Record]) -> None:
    epoch = index = 0
    for record in read:
        if isinstance(record, EpochBegan):
            epoch, index = record.seq, 0
            continue
        assert record.commit.epoch == epoch, f"{record.seq} counts, of epoch {record.commit.epoch}, in {epoch}"
        assert record.commit.index == index + 1, f"{record.seq} counts, index {record.commit.index} after {index}"
        index += 1


def _reports_hold(ledger: Ledger, counted: dict[int, Counted], log: SimulatedLog) -> None:
    next_index = dict.fromkeys((entry.epoch for entry in ledger.written), 1)
    unheard = {(entry.epoch, entry.index) for entry in ledger.written if entry.abandoned}
    for entry in ledger.reports:
        assert entry.seq is not None
        here = counted.get(entry.seq)
        assert here is not None, f"reported at {entry.seq}, where nothing counts: {_places([entry])}"
        assert log.records[entry.seq - 1].data == entry.data, f"other bytes at {entry.seq}"
        while (entry.epoch, next_index[entry.epoch]) in unheard:
            next_index[entry.epoch] += 1
        assert entry.index == next_index[entry.epoch], f"reported out of order: {_places([entry])}"
        next_index[entry.epoch] += 1


def _decided_once(log: SimulatedLog, ledger: Ledger) -> None:
    bytes_of = {(entry.epoch, entry.index): entry.data for entry in ledger.written}
    for stored in log.records:
        if stored.subject != EPOCH:
            commit = decode_commit(stored.data)
            place = (commit.epoch, commit.index)
            decided = bytes_of.get(place)
            assert decided == stored.data, f"{stored.seq} has other bytes for {place} than were decided"
    assert len(bytes_of) == len(ledger.written), "a place in the log was decided for twice"


def _others_could_not_learn(ledger: Ledger, counted: Iterable[Counted]) -> None:
    entries = {(entry.epoch, entry.index): entry for entry in ledger.written}
    for record in counted:
        entry = entries[record.commit.epoch, record.commit.index]
        learnt = entry.seq == record.seq
        could_not = entry.deposed or entry.abandoned or entry.writer in ledger.crashed
        assert learnt or could_not, f"counts at {record.seq}, and its writer lives: {_places([entry])}"


def _places(entries: list[Written]) -> list[tuple[int, int, int | None]]:
    return [(entry.epoch, entry.index, entry.seq) for entry in entries[:5]]
