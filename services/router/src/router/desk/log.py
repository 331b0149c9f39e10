"""The one writer's end of a desk's log: pipelined, fenced, and never deciding again (ADR 7).

A commit counts when it was acknowledged at the sequence it was meant for and all before it count.
On any refusal, time-out or lost connection the writer stops sending, waits until everything under
way is settled, and reads the log from the last counted sequence. What stands there counts after
all. The rest is sent again, the same bytes in the same order: within an epoch nothing is decided
twice. A late copy then has an index that was counted, and every reader drops it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from frontline.contract.error import Rejected, Unavailable
from frontline.runtime.bus import PubAck, WrongSequence
from router.core.commit import EpochRecord, encode_epoch
from router.desk.fence import Counted, EpochBegan, Fence
from router.desk.log_store import LogStore

MAX_COMMIT_BYTES = 256 * 1024
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0

Pause = Callable[[float], Awaitable[None]]


class Deposed(Exception):
    """This writer must not decide, answer or do anything any more: a newer epoch has begun, or the
    log has lost its end.
    """


@dataclass(slots=True, eq=False)
class _Pending:
    index: int
    data: bytes
    counted: asyncio.Future[int]
    after: int = -1
    sent: asyncio.Future[PubAck] | None = field(default=None, repr=False)
    acknowledged: bool = False
    settled: asyncio.Future[None] | None = field(default=None, repr=False)


class LogWriter:
    """Appends the commits of one epoch. `append` keeps order; `run` has to be running beside it."""

    def __init__(self, store: LogStore, fence: Fence, *, window: int = 1024, pause: Pause = asyncio.sleep) -> None:
        """`fence` stands at the writer's own epoch record, all before it read."""
        self.epoch = fence.epoch
        self._store = store
        self._fence = fence
        self._window = window
        self._pause = pause
        self._pending: deque[_Pending] = deque()
        self._index = fence.index
        self._tip = fence.seq
        self._unsent: deque[_Pending] = deque()
        self._pumping = False
        self._trouble = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._mended = asyncio.Event()
        self._deposed = False
        self._shortened = False
        self._doubts = 0
        self._recoveries = 0

    @property
    def next_index(self) -> int:
        """The index that the next commit has to carry."""
        return self._index + 1

    @property
    def waiting(self) -> int:
        """Commits that are not counted yet."""
        return len(self._pending)

    @property
    def recoveries(self) -> int:
        """How often the pipeline broke; a metric."""
        return self._recoveries

    async def append(self, index: int, data: bytes) -> asyncio.Future[int]:
        """Send the commit with `index` (it must be `next_index`); gives the future of its stream
        sequence, done once it counts. Waits while the window is full. Raises `Deposed`.
        """
        if len(data) > MAX_COMMIT_BYTES:
            raise ValueError(f"a commit of {len(data)} bytes is more than {MAX_COMMIT_BYTES}")
        await self._room.wait()
        if self._deposed:
            raise Deposed
        if index != self._index + 1:
            raise ValueError(f"commit {index} does not follow {self._index}")
        self._index = index
        pending = _Pending(index, data, asyncio.get_running_loop().create_future())
        self._pending.append(pending)
        self._unsent.append(pending)
        if len(self._pending) >= self._window:
            self._room.clear()
        await self._pump()
        return pending.counted

    def doubt(self) -> None:
        """The connection was lost, and the log may have lost its end behind it: read it before going on."""
        self._doubts += 1
        self._trouble.set()

    async def settle(self) -> None:
        """Wait until every commit so far counts. Raises `Deposed`."""
        if self._deposed:
            raise Deposed
        if self._pending:
            last = self._pending[-1]
            # Not `counted`: that one is the caller's, who may have given up and cancelled it.
            last.settled = last.settled or asyncio.get_running_loop().create_future()
            await asyncio.shield(last.settled)

    async def sure(self) -> None:
        """Wait while the log may have lost what has counted: nobody may forget, on the strength of it, what came in.
        Raises `Deposed`.
        """
        while self._trouble.is_set() and not self._deposed:
            self._mended.clear()
            await self._mended.wait()
        if self._deposed:
            raise Deposed

    async def run(self) -> None:
        """Mend the pipeline whenever it breaks: at once, but ever more slowly while nothing gets to
        count (a full stream refuses what is sent again only after it was sent). Raises `Deposed`,
        and `msgspec.DecodeError` for a log that this code can't read.
        """
        pause = _FIRST_PAUSE
        tried_at = -1
        while True:
            await self._trouble.wait()
            if self._shortened:
                self._depose()
            if self._fence.index == tried_at:
                await self._pause(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE
            tried_at = self._fence.index
            self._recoveries += 1
            try:
                await self._recover()
            except Unavailable:
                await self._store.reachable()

    async def _pump(self) -> None:
        """Send what is unsent, in order; one at a time does so, however many have something to send."""
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._unsent and not self._trouble.is_set():
                await self._send(self._unsent.popleft())
        finally:
            self._pumping = False

    async def _send(self, pending: _Pending) -> None:
        pending.after = self._tip
        pending.acknowledged = False
        pending.sent = None
        self._tip += 1
        try:
            pending.sent = await self._store.append(pending.data, after=pending.after)
        except (Unavailable, Rejected):  # too large for the bus: until the operator lets it through
            self._trouble.set()
            return
        except BaseException:  # whoever appended was cancelled; what they handed over has its index and must count
            self._trouble.set()
            raise
        pending.sent.add_done_callback(lambda sent: self._on_settled(pending, sent))

    def _on_settled(self, pending: _Pending, sent: asyncio.Future[PubAck]) -> None:
        if sent is not pending.sent:
            return
        error = None if sent.cancelled() else sent.exception()
        if isinstance(error, WrongSequence) and error.last is not None and error.last < self._fence.seq:
            # The server lost the end of the log (a power cut, an old copy restored): what was counted
            # there is gone, and our state with it. Only a new epoch, read from the log, is true to it.
            self._shortened = True
        if sent.cancelled() or error is not None or sent.result().seq != pending.after + 1:
            self._trouble.set()
            return
        pending.acknowledged = True
        if self._trouble.is_set():
            return  # the log itself will say what counts
        while self._pending and self._pending[0].acknowledged:
            head = self._pending[0]
            self._count(head, head.after + 1)

    def _count(self, pending: _Pending, seq: int) -> None:
        self._pending.popleft()
        self._fence.counted(seq, pending.index, pending.data)
        if not pending.counted.done():
            pending.counted.set_result(seq)
        if pending.settled is not None:
            pending.settled.set_result(None)
        if len(self._pending) < self._window:
            self._room.set()

    async def _recover(self) -> None:
        under_way = [pending.sent for pending in self._pending if pending.sent is not None]
        if under_way:
            await asyncio.wait(under_way)
        doubts = self._doubts
        await self._read_on()
        if doubts != self._doubts:
            return
        self._unsent = deque(self._pending)
        self._trouble.clear()
        self._mended.set()
        await self._pump()

    async def _read_on(self) -> None:
        """Count what stands in the log after all, and learn where the log ends."""
        doubts = self._doubts
        async with aclosing(self._store.read(self._fence.seq)) as records:
            found = [stored async for stored in records]
        if not await self._store.holds(self._fence.seq, self._fence.mark):
            self._depose()  # it has lost its end, and what was read is of another log than ours
        if doubts != self._doubts:
            raise Unavailable("the connection was lost while the log was read")
        self._tip = self._fence.seq
        for stored in found:
            if stored.seq != self._tip + 1:
                self._depose()  # what lay in between was purged by a leader of a later epoch
            self._tip = stored.seq
            record = self._fence.admit(stored)
            if isinstance(record, EpochBegan):
                self._depose()
            if isinstance(record, Counted):
                if not self._pending or self._pending[0].data != stored.data:
                    self._depose()  # somebody writes in our epoch's name: never go on beside them
                self._count(self._pending[0], stored.seq)

    def _depose(self) -> None:
        self._deposed = True
        self._room.set()
        self._mended.set()
        while self._pending:
            pending = self._pending.popleft()
            for future in (pending.counted, pending.settled):
                if future is not None and not future.done():
                    future.set_exception(Deposed())
                    future.exception()  # nobody may wait for it any more
        raise Deposed


async def announce(store: LogStore, record: EpochRecord) -> int:
    """Begin an epoch; gives its number. The log must then be read up to it before anything is written."""
    return (await store.append_epoch(encode_epoch(record))).seq
