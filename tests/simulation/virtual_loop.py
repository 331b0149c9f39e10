"""An event loop without real time: when nothing is ready, the clock jumps to the next timer.

No socket, no thread, no clock: the same calls run in the same order every time, so that a seed
is all that a failing run needs to be run again.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(Exception):
    """Nothing is ready and no timer is set: whoever waits now would wait for ever."""


class _Jump(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.advance: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time` starts at 0. Errors that no task and no future carries are collected in `loose`."""

    def __init__(self) -> None:
        jump = _Jump()
        super().__init__(jump)
        self._instant = 0.0
        self.loose: list[str] = []
        jump.advance = self._advance
        self.set_exception_handler(self._note)

    def time(self) -> float:
        return self._instant

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
