"""The desk's single writer: takes commands one at a time, decides, commits, and tells whoever
asked once the commit counts. Nobody ever sees a decision that is not in the log.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from frontline.contract.clock import Clock
from router.core.advance import Step, Torn, advance, next_due
from router.core.command import DeskCommand, Tick
from router.core.commit import Outcome, decode_commit, encode_commit
from router.core.event import DeskDecision
from router.core.state import DeskState
from router.desk.log import Deposed, LogWriter


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a command: its events, and the log sequence from which they can be seen.
    `body` is what the API answers, from this time or from the first time it was asked.
    """

    seq: int
    events: tuple[DeskDecision, ...]
    body: dict[str, Any]


class Stale(Exception):
    """The indexes were read before the state forgot keys on their strength: they have to be read again."""


_MOST_WAITING = 1024
"""Commands; whoever brings another one waits."""


@dataclass(slots=True)
class Work:
    """A command on its way. `body` is remembered with `request`, so that a repeat gets the same answer.
    `floor` is the index floor at which the command's keys were looked up, if any were.
    """

    command: DeskCommand
    cause: str
    floor: tuple[int, int] | None = None
    request: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    done: asyncio.Future[Decided] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class DeskLoop:
    """Owns the state from the moment that its epoch has been read up to."""

    def __init__(
        self,
        state: DeskState,
        writer: LogWriter,
        clock: Clock,
        *,
        decided: Callable[[str, float], None] | None = None,
    ) -> None:
        """`decided` is told the kind of each command and how long, in seconds, deciding it took."""
        self._state = state
        self._writer = writer
        self._clock = clock
        self._decided = decided
        self._queue: asyncio.Queue[Work | None] = asyncio.Queue(_MOST_WAITING)
        self._last: asyncio.Future[int] | None = None
        self._last_seq = writer.epoch
        self._final: Work | None = None

    @property
    def state(self) -> DeskState:
        """To look at, never to change. May hold what is not yet counted."""
        return self._state

    async def submit(self, work: Work) -> asyncio.Future[Decided]:
        """Hand a command over, in order; waits while too many wait. The future ends with `Decided`,
        `Refused` (once everything that the refusal is based on counts) or `Deposed`.
        """
        await self._queue.put(work)
        return work.done

    async def run(self) -> None:
        """Decide until cancelled, or until `finish`. Raises `Deposed`; `Torn` if the state can't be trusted any more."""
        work = None
        while work is None or work is not self._final:
            work = await self._next()
            if work is None:
                await self._tick()
            else:
                await self._work(work)

    async def counted(self) -> None:
        """Wait until everything decided so far counts. Raises `Deposed`."""
        await self._writer.settle()

    async def sure(self) -> None:
        """Wait while the log may have lost what has counted. Raises `Deposed`."""
        await self._writer.sure()

    async def finish(self) -> None:
        """Decide what was submitted so far, and nothing after it, not even what comes due. Return once all of it
        counts: the state is what the log says from then on. Raises `Deposed`.
        """
        self._final = Work(Tick(), "finish")
        await (await self.submit(self._final))

    async def _next(self) -> Work | None:
        """The next command, `None` when a clock comes due first."""
        if not self._queue.empty():
            return self._queue.get_nowait()
        due = next_due(self._state)
        if due is None:
            return await self._queue.get()
        wait = (due - self._clock()).total_seconds()
        if wait <= 0:
            return None
        timer = asyncio.get_running_loop().call_later(wait, self._wake)
        try:
            return await self._queue.get()
        finally:
            timer.cancel()

    def _wake(self) -> None:
        if self._queue.empty():
            self._queue.put_nowait(None)

    async def _tick(self) -> None:
        await self._commit(self._advance(Tick(), "clock", None))

    async def _work(self, work: Work) -> None:
        if work.floor is not None and work.floor != self._state.overlay.floor:
            work.done.set_exception(Stale())
            return
        outcome = Outcome(request=work.request, body=work.body) if work.request else None
        try:
            step = self._advance(work.command, work.cause, outcome)
        except Torn as torn:
            work.done.set_exception(torn)
            work.done.exception()
            raise
        await self._commit(step)
        if step.repeated is not None:
            self._answer(work, Decided(0, (), step.repeated.body))
        elif (error := step.refused or step.failed) is not None:
            self._answer(work, error)
        else:
            self._answer(work, Decided(0, step.events, work.body))

    def _advance(self, command: DeskCommand, cause: str, outcome: Outcome | None) -> Step:
        writer = self._writer
        began = time.perf_counter()
        step = advance(
            self._state,
            command,
            self._clock(),
            epoch=writer.epoch,
            index=writer.next_index,
            cause=cause,
            outcome=outcome,
        )
        if self._decided is not None:
            self._decided(type(command).__name__, time.perf_counter() - began)
        return step

    async def _commit(self, step: Step) -> None:
        if step.commit is None:
            return
        data = encode_commit(step.commit)
        if decode_commit(data) != step.commit:
            raise Torn("a commit does not survive its own encoding")
        self._last = await self._writer.append(step.commit.index, data)
        self._last.add_done_callback(self._counted)

    def _counted(self, seq: asyncio.Future[int]) -> None:
        if not seq.cancelled() and seq.exception() is None:
            self._last_seq = seq.result()

    def _answer(self, work: Work, what: Decided | Exception) -> None:
        """Once everything decided so far counts: an answer may rest on any of it."""
        if self._last is None or self._last.done():
            self._settle(work, what, self._last)
        else:
            self._last.add_done_callback(partial(self._settle, work, what))

    def _settle(self, work: Work, what: Decided | Exception, last: asyncio.Future[int] | None) -> None:
        if work.done.done():
            return
        if last is not None and (last.cancelled() or last.exception() is not None):
            work.done.set_exception(Deposed())
        elif isinstance(what, Exception):
            work.done.set_exception(what)
        else:
            work.done.set_result(Decided(last.result() if last else self._last_seq, what.events, what.body))
