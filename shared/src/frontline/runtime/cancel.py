"""Cancelling what may not want to be cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def cancellable(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; a cancellation ends the wait for it in any case.

    Before Python 3.12 `asyncio.wait_for` may swallow a cancellation, and nats-py and FastStream wait
    with it: whoever awaits them directly may go on as if never cancelled, and its task group hangs.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        task.cancel()
        raise
    return task.result()
