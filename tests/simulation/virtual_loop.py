"""An event loop without real time: when nothing is ready, the clock jumps to the next timer.

No socket, no thread, no clock: the same calls run in the same order every time, so that a seed
is all that a failing run needs to be run again. Tasks are numbered and hash by their number, since
those that asyncio keeps in sets are cancelled in the order of the set.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heapify, heappop, heappush
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_MOST_TURNS = 100_000
_AT_ONCE = 1e-9
_FURTHEST = 24 * 3600.0
_FEW, _DEAD = 100, 0.5
"""Of more timers than that, the dead are thrown out once they are that part."""


class Stuck(Exception):
    """Nothing is ready and no timer is set: whoever waits now would wait for ever."""


class Endless(Exception):
    """So many turns of the loop are no run but a circle."""


class Stopped:
    """A process that may be stopped in the middle of everything, and go on later. Its tasks have it in
    their context as `PROCESS`.
    """

    __slots__ = ("held", "stopped")

    def __init__(self) -> None:
        self.stopped = False
        self.held: list[Callable[[], None]] = []

    def stop(self) -> None:
        self.stopped = True

    def go_on(self) -> None:
        self.stopped = False
        held, self.held = self.held, []
        for run in held:
            run()


PROCESS: ContextVar[Stopped | None] = ContextVar("PROCESS", default=None)


class _Call:
    """What is to run: as much of a handle as anybody looks at."""

    __slots__ = ("args", "callback", "context")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = context

    def cancel(self) -> None:
        self.callback, self.args = None, ()

    def cancelled(self) -> bool:
        return self.callback is None


class _Timer(float):
    """The same, at an instant. It is that number, as a heap then compares without a line of Python."""

    __slots__ = ("args", "callback", "context", "waits_in")
    args: tuple[Any, ...]
    callback: Callable[..., object] | None
    context: Context
    waits_in: "VirtualLoop | None"

    def cancel(self) -> None:
        if self.callback is not None:
            self.callback, self.args = None, ()
            if self.waits_in is not None:
                self.waits_in.dead += 1

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return float(self)


class _Task(asyncio.Task[Any]):
    number = 0

    def __hash__(self) -> int:
        return self.number


class VirtualLoop(asyncio.BaseEventLoop):
    """`time` starts at 0. Errors that no task and no future carries are collected in `loose`.

    asyncio's own loop takes a third of a run: for its handles, its selector and its looks at the clock. Here is
    what it does without them, in the same order, down to that of timers of one instant.
    """

    def __init__(self) -> None:
        super().__init__()
        self._instant = 0.0
        self._tasks = 0
        self._turns = 0
        self._calls: deque[_Call | _Timer] = deque()
        self._timers: list[_Timer] = []
        self.dead = 0
        """How many of the timers that wait are cancelled."""
        self.loose: list[str] = []
        self.set_exception_handler(lambda _loop, _context: None)
        # "Never retrieved" depends on when garbage is collected.

    def close(self) -> None:
        super().close()
        self._calls.clear()
        self._timers.clear()

    def time(self) -> float:
        return self._instant

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if context is None:
            context = copy_context()
        call = _Call(callback, args, context)
        process = context.get(PROCESS)
        if process is not None and process.stopped:
            process.held.append(lambda: None if call.cancelled() else self._calls.append(call))
        else:
            self._calls.append(call)
        return call  # type: ignore[return-value]

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """There is one thread. This is what a forgotten generator is closed by, also a stopped process's."""
        call = _Call(callback, args, copy_context() if context is None else context)
        self._calls.append(call)
        return call  # type: ignore[return-value]

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._instant + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = _Timer(when)
        timer.callback = callback
        timer.args = args
        timer.context = copy_context() if context is None else context
        timer.waits_in = self
        heappush(self._timers, timer)
        return timer  # type: ignore[return-value]

    def run_as_task(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context) -> None:
        """Run what waits for nothing when a task made of it would, at a tenth of the cost. It has a task's number:
        what an old seed does is not to change.
        """
        self._tasks += 1
        self.call_soon(callback, *args, context=context)

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
        self._tasks += 1
        task = _Task.__new__(_Task)
        task.number = self._tasks  # before asyncio puts the task into sets of its own
        _Task.__init__(task, coro, loop=self, name=name, context=context)  # type: ignore[arg-type]
        return task

    def _run_once(self) -> None:
        """All turns until somebody says stop: to come back for each costs as much as some of them do."""
        calls = self._calls
        while True:
            self._turns += 1
            if self._turns == _MOST_TURNS:
                raise Endless
            timers = self._timers
            if self.dead > _FEW / 2 and len(timers) > _FEW and self.dead / len(timers) > _DEAD:
                timers = self._timers = [timer for timer in timers if timer.callback is not None]
                heapify(timers)
                self.dead = 0
            else:
                while timers and timers[0].callback is None:
                    heappop(timers)
                    self.dead -= 1
            if not calls and not self._stopping:  # type: ignore[attr-defined]
                if not timers:
                    raise Stuck
                self._instant += min(max(0.0, timers[0] - self._instant), _FURTHEST)
            if timers:
                end = self._instant + _AT_ONCE
                while timers and timers[0] < end:
                    timer = heappop(timers)
                    timer.waits_in = None
                    calls.append(timer)
            for _ in range(len(calls)):
                call = calls.popleft()
                if call.callback is not None:
                    try:
                        call.context.run(call.callback, *call.args)
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:  # whatever it is, the run is to tell of it
                        self.loose.append(repr(error))
            if self._stopping:  # type: ignore[attr-defined]
                return


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """The result of `main`, which sees virtual time only."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(main)
    if loop.loose:
        raise AssertionError(f"raised in a callback: {loop.loose}")
    return result
