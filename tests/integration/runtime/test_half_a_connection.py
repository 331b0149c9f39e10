"""A server that is cut off while somebody connects to it: no socket is left to the garbage collector."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer


async def test_attempts_to_reconnect_that_are_cut_leave_no_socket(nats: EmbeddedServer) -> None:
    with _leaves_nothing():
        bus = Bus(name="test")
        await bus.connect(nats.url)
        port = int(nats.url.rpartition(":")[2])
        await nats.kill()
        async with _cutting(port) as cutting:
            await cutting.met(3)
        await nats.start()
        async with asyncio.timeout(30):
            await bus.wait_connected()
        await bus.close()
        del bus


class _Cutting:
    """Takes connections, and ends each before it has said anything."""

    def __init__(self) -> None:
        self.port = 0
        self._times = 0
        self._again = asyncio.Condition()

    async def cut(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        async with self._again:
            self._times += 1
            self._again.notify_all()

    async def met(self, times: int) -> None:
        async with asyncio.timeout(30), self._again:
            await self._again.wait_for(lambda: self._times >= times)


@asynccontextmanager
async def _cutting(port: int = 0) -> AsyncIterator[_Cutting]:
    cutting = _Cutting()
    server = await asyncio.start_server(cutting.cut, "127.0.0.1", port)
    cutting.port = server.sockets[0].getsockname()[1]
    try:
        yield cutting
    finally:
        server.close()
        await server.wait_closed()


@contextmanager
def _leaves_nothing() -> Iterator[None]:
    gc.collect()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert [str(one.message) for one in warned if issubclass(one.category, ResourceWarning)] == []
