"""How long an event loop was held up: gaps between beats of a task that does nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_BEAT = 0.005


class Heartbeat:
    """`longest` is the longest gap so far, in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.perf_counter()

    def beat(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    async def run(self) -> None:
        while True:
            self.beat()
            await asyncio.sleep(_BEAT)


@asynccontextmanager
async def heartbeat() -> AsyncIterator[Heartbeat]:
    """Measures what happens inside the block."""
    heart = Heartbeat()
    async with asyncio.TaskGroup() as tasks:
        beating = tasks.create_task(heart.run(), name="heartbeat")
        try:
            yield heart
        finally:
            heart.beat()
            beating.cancel()
