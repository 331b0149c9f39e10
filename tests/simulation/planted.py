"""Bugs on purpose. Each is a mistake that somebody could make; each has to be found by a seed."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from frontline.contract.error import Unavailable
from frontline.runtime.bus import PubAck
from frontline.runtime.reader import Stored
from router.core.commit import decode_commit, encode_commit
from router.desk.fence import Counted, EpochBegan, Fence, Record
from router.desk.log import LogWriter
from router.desk.log_store import LogStore
from tests.simulation.replica import Parts
from tests.simulation.simulated_log import SimulatedLogStore


class CountsWithoutPredecessor(LogWriter):
    """A good acknowledgement is enough, whatever became of the commits before it."""

    def _on_settled(self, pending: Any, sent: asyncio.Future[PubAck]) -> None:
        good = not sent.cancelled() and sent.exception() is None and sent.result().seq == pending.after + 1
        if good and pending in self._pending:
            self._pending.remove(pending)
            self._pending.appendleft(pending)
            self._count(pending, pending.after + 1)
        elif not good:
            self._trouble.set()


class TrustsAnySequence(LogWriter):
    """Takes the acknowledgement's word for where the commit stands, expected or not: a bug only where
    nothing is fenced, just as a missing fence is one only where the sequence is not checked.
    """

    def _on_settled(self, pending: Any, sent: asyncio.Future[PubAck]) -> None:
        if sent.exception() is None:
            pending.after = sent.result().seq - 1
        super()._on_settled(pending, sent)


class CountsOnTimeOut(LogWriter):
    """No answer is a good answer."""

    def _on_settled(self, pending: Any, sent: asyncio.Future[PubAck]) -> None:
        if sent.exception() is not None and pending in self._pending:
            pending.acknowledged = True
            while self._pending and self._pending[0].acknowledged:
                self._count(self._pending[0], self._pending[0].after + 1)
        else:
            super()._on_settled(pending, sent)


class KeepsOldAcknowledgements(LogWriter):
    """What was well acknowledged behind a gap stays acknowledged when it is sent again."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._once: set[int] = set()

    def _on_settled(self, pending: Any, sent: asyncio.Future[PubAck]) -> None:
        super()._on_settled(pending, sent)
        if pending.acknowledged:
            self._once.add(pending.index)
        while not self._trouble.is_set() and self._pending and self._pending[0].index in self._once:
            self._count(self._pending[0], self._pending[0].after + 1)


class DecidesAgain(LogWriter):
    """Makes a new commit for the same index after a failure."""

    async def _recover(self) -> None:
        for pending in self._pending:
            again = msgspec.structs.replace(decode_commit(pending.data), cause="decided again")
            pending.data = encode_commit(again)
        await super()._recover()


class ResendsInAnotherOrder(LogWriter):
    """The newest first."""

    async def _recover(self) -> None:
        await _settled(self)
        await self._read_on()
        self._unsent = deque(reversed(self._pending))
        self._trouble.clear()
        await self._pump()


class ResendsWithoutReading(LogWriter):
    """Looks for the end of the log, and not at what stands there."""

    async def _read_on(self) -> None:
        async with aclosing(self._store.read(self._tip if self._tip < self._fence.seq else 0)) as records:
            async for stored in records:
                self._tip = stored.seq
                if isinstance(self._fence.admit(stored), EpochBegan) and stored.seq > self.epoch:
                    self._depose()


class NeverStepsDown(LogWriter):
    """Goes on when it reads of a newer epoch."""

    def _depose(self) -> None:
        self._fence.epoch, self._fence.index = self.epoch, self._pending[0].index - 1 if self._pending else self._index


class IgnoresRefusals(LogWriter):
    """Goes on sending behind a refused commit."""

    def _on_settled(self, pending: Any, sent: asyncio.Future[PubAck]) -> None:
        if sent.exception() is None:
            super()._on_settled(pending, sent)


class TriesAtOnceForEver(LogWriter):
    """Without a pause."""

    async def run(self) -> None:
        self._pause = asyncio.sleep
        pause = self._pause

        async def none(_: float) -> None:
            await pause(0)

        self._pause = none
        await super().run()


class ForgetsCancelledAppends(LogWriter):
    """Does not notice that whoever appended was cancelled in the middle of sending."""

    async def _send(self, pending: Any) -> None:
        pending.after, pending.acknowledged, pending.sent = self._tip, False, None
        self._tip += 1
        try:
            sent = pending.sent = await self._store.append(pending.data, after=pending.after)
        except Unavailable:
            self._trouble.set()
            return
        sent.add_done_callback(lambda sent: self._on_settled(pending, sent))


class AcceptsOldEpochs(Fence):
    """Looks at the index only."""

    def admit(self, stored: Stored) -> Record | None:
        if stored.subject.endswith(".log"):
            commit = decode_commit(stored.data)
            if commit.epoch < self.epoch and commit.index == self.index + 1:
                self.seq, self.index = stored.seq, commit.index
                return Counted(stored.seq, commit, stored.at)
        return super().admit(stored)


class AcceptsGaps(Fence):
    """Any later index is the next one."""

    def admit(self, stored: Stored) -> Record | None:
        if stored.subject.endswith(".log"):
            commit = decode_commit(stored.data)
            if commit.epoch == self.epoch and commit.index > self.index:
                self.seq, self.index = stored.seq, commit.index
                return Counted(stored.seq, commit, stored.at)
        return super().admit(stored)


class CountsLateCopies(Fence):
    """Counts the same index again."""

    def admit(self, stored: Stored) -> Record | None:
        if stored.subject.endswith(".log"):
            commit = decode_commit(stored.data)
            if commit.epoch == self.epoch and 0 < commit.index <= self.index:
                self.seq, self.index = stored.seq, commit.index
                return Counted(stored.seq, commit, stored.at)
        return super().admit(stored)


class GoesOnCounting(Fence):
    """Does not begin at index 1 in a new epoch."""

    def admit(self, stored: Stored) -> Record | None:
        index = self.index
        record = super().admit(stored)
        if isinstance(record, EpochBegan):
            self.index = index
        return record


class Unfenced:
    """A store that leaves the expected sequence out."""

    def __init__(self, store: SimulatedLogStore) -> None:
        self._store = store

    async def append_epoch(self, data: bytes) -> PubAck:
        return await self._store.append_epoch(data)

    async def append(self, data: bytes, *, after: int) -> asyncio.Future[PubAck]:
        return await self._store.append(data, after=None)

    def read(self, after: int) -> AsyncGenerator[Stored, None]:
        return self._store.read(after)

    def follow(self, after: int, mark: str = "") -> AsyncGenerator[list[Stored], None]:
        return self._store.follow(after, mark)

    async def holds(self, seq: int, mark: str) -> bool:
        return await self._store.holds(seq, mark)

    async def reachable(self) -> None:
        await self._store.reachable()


def _unfenced(store: SimulatedLogStore) -> LogStore:
    return Unfenced(store)


async def _settled(writer: LogWriter) -> None:
    under_way = [pending.sent for pending in writer._pending if pending.sent is not None]
    if under_way:
        await asyncio.wait(under_way)


WRITERS = (
    CountsWithoutPredecessor,
    CountsOnTimeOut,
    KeepsOldAcknowledgements,
    DecidesAgain,
    ResendsInAnotherOrder,
    ResendsWithoutReading,
    NeverStepsDown,
    IgnoresRefusals,
    TriesAtOnceForEver,
    ForgetsCancelledAppends,
)
FENCES = (AcceptsOldEpochs, AcceptsGaps, CountsLateCopies, GoesOnCounting)

PLANTED: dict[str, Parts] = {
    **{writer.__name__: Parts(writer=writer) for writer in WRITERS},
    **{fence.__name__: Parts(fence=fence) for fence in FENCES},
    "Unfenced": Parts(writer=TrustsAnySequence, wrap=_unfenced),
}
