"""An event loop without real time: when nothing is ready, the clock jumps to the next timer.

No socket, no thread, no clock: the same calls run in the same order every time, so that a seed
is all that a failing run needs to be run again. Tasks are numbered and hash by their number, since
those that asyncio keeps in sets are cancelled in the order of the set.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_MOST_TURNS = 100_000


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


class _Jump(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.advance: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.advance(timeout)
        return []


class _Task(asyncio.Task[Any]):
    number = 0

    def __hash__(self) -> int:
        return self.number


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time` starts at 0. Errors that no task and no future carries are collected in `loose`."""

    def __init__(self) -> None:
        jump = _Jump()
        super().__init__(jump)
        self._instant = 0.0
        self._tasks = 0
        self._turns = 0
        self.loose: list[str] = []
        jump.advance = self._advance
        self.set_exception_handler(self._note)
        self.set_task_factory(self._numbered)

    def time(self) -> float:
        return self._instant

    def _run_once(self) -> None:
        self._turns += 1
        if self._turns == _MOST_TURNS:
            raise Endless
        super()._run_once()  # type: ignore[misc]

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        context = copy_context() if context is None else context
        process = context.get(PROCESS)
        if process is not None and process.stopped:
            handle = asyncio.Handle(callback, args, self, context)
            process.held.append(lambda: None if handle.cancelled() else self._ready.append(handle))  # type: ignore[attr-defined]
            return handle
        return super().call_soon(callback, *args, context=context)

    def _numbered(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        self._tasks += 1
        task = _Task.__new__(_Task)
        task.number = self._tasks  # before asyncio puts the task into sets of its own
        _Task.__init__(task, coro, loop=loop, **options)
        return task

    def _advance(self, seconds: float) -> None:
        self._instant += seconds

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # "Never retrieved" depends on when garbage is collected; what a callback raised does not.
        if "handle" in context:
            self.loose.append(repr(context.get("exception")))


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """The result of `main`, which sees virtual time only."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(main)
    if loop.loose:
        raise AssertionError(f"raised in a callback: {loop.loose}")
    return result
