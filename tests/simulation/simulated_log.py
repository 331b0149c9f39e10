"""A desk's log in memory, behind a network that may do anything short of making records up.

`SimulatedLog` is the server: one stream with the server's fence on its last sequence.
`SimulatedLogStore` is one client's connection to it, and may be given to a `LogWriter`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from frontline.contract.error import Unavailable
from frontline.runtime.bus import PubAck, WrongSequence
from frontline.runtime.reader import Stored
from router.desk.fence import mark_of
from tests.simulation.faults import Faults

STREAM = "DESK_support"
EPOCH = "desk.support.epoch"
LOG = "desk.support.log"
START = datetime(2030, 1, 1, tzinfo=UTC)
_ORDERLY = 1e-6


class SimulatedLog:
    """The stream. What was stored is never changed, and its sequences have no holes."""

    def __init__(self) -> None:
        self.records: list[Stored] = []
        self.full = False
        self.seen: Counter[str] = Counter()
        self._grown = asyncio.Event()

    @property
    def last(self) -> int:
        return len(self.records)

    def store(self, subject: str, data: bytes, expected: int | None) -> PubAck:
        """Raises `WrongSequence`, or `Unavailable` when full; nothing is stored then."""
        if expected is not None and expected != self.last:
            self.seen["refused"] += 1
            raise WrongSequence(f"wrong last sequence: {self.last}")
        if self.full:
            self.seen["full"] += 1
            raise Unavailable("the stream is full", full=True)
        at = START + timedelta(seconds=asyncio.get_running_loop().time())
        self.records.append(Stored(self.last + 1, subject, data, {}, at))
        self._grown.set()
        return PubAck(STREAM, self.last, duplicate=False)

    async def longer_than(self, seq: int) -> None:
        while self.last <= seq:
            self._grown.clear()
            await self._grown.wait()


@dataclass(slots=True, eq=False)
class _Request:
    subject: str
    data: bytes
    expected: int | None
    answer: asyncio.Future[PubAck]
    arrival: asyncio.TimerHandle | None = None
    deadline: asyncio.TimerHandle | None = None


class SimulatedLogStore:
    """One process's way to the log. `cut`, `mend`, `freeze` and `thaw` are what happens to it."""

    def __init__(self, log: SimulatedLog, random: Random, faults: Faults | None = None, *, distance: float = 1) -> None:
        """`distance` stretches the latency of `faults`; without faults everything arrives at once."""
        self.log = log
        self.faults = faults if faults is not None else Faults(latency=0.0)
        self._random = random
        self.reads: list[float] = []
        """When it was read from."""
        self._distance = distance
        self._waiting: list[_Request] = []
        self._travelling: list[_Request] = []
        self._last_arrival = 0.0
        self._last_answer = 0.0
        self._up = asyncio.Event()
        self._up.set()
        self._awake = asyncio.Event()
        self._awake.set()
        self._held: list[Callable[[], None]] = []

    # What a LogStore can do.

    async def append_epoch(self, data: bytes) -> PubAck:
        return await (await self._send(EPOCH, data, None))

    async def append(self, data: bytes, *, after: int | None) -> asyncio.Future[PubAck]:
        return await self._send(LOG, data, after)

    async def read(self, after: int) -> AsyncGenerator[Stored, None]:
        self.reads.append(asyncio.get_running_loop().time())
        await self._travel()
        end = self.log.last
        if self._happens(self.faults.stale):
            end -= self._random.randint(1, 8)
            self._note("stale read")
        fails_at = after + self._random.randint(1, 10) if self._happens(self.faults.read_fails) else 0
        for stored in self.log.records[after : max(after, end)]:
            if stored.seq == fails_at:
                self._note("read failed")
                raise Unavailable("the stream does not answer")
            if self._happens(self.faults.suspends / 4):
                await self._travel()
            yield stored
        if fails_at:
            raise Unavailable("the stream does not answer")

    async def holds(self, seq: int, mark: str) -> bool:
        await self._travel()
        return self.log.last >= seq and (not mark or mark_of(self.log.records[seq - 1].data) == mark)

    async def follow(self, after: int, mark: str = "") -> AsyncGenerator[list[Stored], None]:
        while True:
            found: list[Stored] = []
            try:
                async for stored in self.read(after):
                    found.append(stored)
            except Unavailable:
                await self.reachable()
            if found:
                after = found[-1].seq
                yield found
            else:
                yield []
                await self.log.longer_than(after)
                await self._travel_or_wait()

    async def reachable(self) -> None:
        await self._up.wait()
        await self._awake.wait()

    # What happens to it.

    def cut(self) -> None:
        """Lose the connection. Of what travels, some is lost, some arrives, some arrives later."""
        self._up.clear()
        self._note("connection lost")
        for request in self._travelling[:]:
            fate = self._random.random()
            if fate < 0.4:
                self._travelling.remove(request)
                if request.arrival is not None:
                    request.arrival.cancel()
            elif fate < 0.7:
                self._arrive_in(request, self.faults.deadline * self._random.uniform(0.1, 4))
                self._note("late")
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            self._fail(request, "the connection was lost")

    def mend(self) -> None:
        self._up.set()

    def freeze(self) -> None:
        """Stop the process: nothing that it waits for comes back until `thaw`."""
        self._awake.clear()
        self._note("frozen")

    def thaw(self) -> None:
        self._awake.set()
        held, self._held = self._held, []
        if self._happens(0.5):  # deadlines that passed meanwhile may be seen before the answers, or behind
            held.reverse()
        for happened in held:
            happened()

    async def pause(self, seconds: float) -> None:
        """A process's own waiting, which it does not come out of while frozen."""
        await asyncio.sleep(seconds)
        await self._awake.wait()

    # The network.

    async def _send(self, subject: str, data: bytes, expected: int | None) -> asyncio.Future[PubAck]:
        if self._happens(self.faults.suspends):
            await asyncio.sleep(self._latency() * self._random.choice((1, 10)))
            await self._awake.wait()
        if not self._up.is_set():
            raise Unavailable("no connection")
        loop = asyncio.get_running_loop()
        request = _Request(subject, data, expected, loop.create_future())
        self._waiting.append(request)
        request.deadline = loop.call_later(self.faults.deadline, self._when_awake, lambda: self._expire(request))
        if self._happens(self.faults.request_lost):
            self._note("request lost")
        elif self._happens(self.faults.late):
            self._note("late")
            self._travelling.append(request)
            self._arrive_in(request, self.faults.deadline * self._random.uniform(0.2, 5))
        else:
            self._travelling.append(request)
            self._last_arrival = max(self._last_arrival + _ORDERLY, loop.time() + self._latency())
            self._arrive_in(request, self._last_arrival - loop.time())
        return request.answer

    def _arrive_in(self, request: _Request, seconds: float) -> None:
        if request.arrival is not None:
            request.arrival.cancel()
        request.arrival = asyncio.get_running_loop().call_later(seconds, self._arrive, request)

    def _arrive(self, request: _Request) -> None:
        self._travelling.remove(request)
        try:
            outcome: PubAck | Exception = self.log.store(request.subject, request.data, request.expected)
        except (WrongSequence, Unavailable) as error:
            outcome = error
        if request.answer.done():
            self._note("stored after all" if isinstance(outcome, PubAck) else "late copy refused")
        if self._happens(self.faults.ack_lost):
            self._note("acknowledgement lost")
            return
        loop = asyncio.get_running_loop()
        if self._happens(self.faults.ack_late):
            self._note("acknowledgement late")
            when = loop.time() + self.faults.deadline * self._random.uniform(0.05, 1.2)
        else:
            when = self._last_answer = max(self._last_answer + _ORDERLY, loop.time() + self._latency())
        loop.call_at(when, self._when_awake, lambda: self._answer(request, outcome))

    def _answer(self, request: _Request, outcome: PubAck | Exception) -> None:
        if request not in self._waiting:
            return
        self._waiting.remove(request)
        if request.deadline is not None:
            request.deadline.cancel()
        if request.answer.done():
            return
        if isinstance(outcome, Exception):
            request.answer.set_exception(outcome)
            request.answer.exception()
        else:
            request.answer.set_result(outcome)

    def _expire(self, request: _Request) -> None:
        if request in self._waiting:
            self._waiting.remove(request)
            self._note("deadline passed")
            self._fail(request, "not acknowledged in time")

    def _fail(self, request: _Request, why: str) -> None:
        if request.deadline is not None:
            request.deadline.cancel()

        def fail() -> None:
            if not request.answer.done():
                request.answer.set_exception(Unavailable(why))
                request.answer.exception()

        self._when_awake(fail)

    def _when_awake(self, happened: Callable[[], None]) -> None:
        if self._awake.is_set():
            happened()
        else:
            self._held.append(happened)

    async def _travel(self) -> None:
        await asyncio.sleep(self._latency())
        await self._awake.wait()
        if not self._up.is_set():
            raise Unavailable("no connection")

    async def _travel_or_wait(self) -> None:
        try:
            await self._travel()
        except Unavailable:
            await self.reachable()

    def _latency(self) -> float:
        return self.faults.latency * self._distance * self._random.uniform(0.2, 2)

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance

    def _note(self, what: str) -> None:
        self.log.seen[what] += 1
