"""Where a log may lie, for the suite that holds for all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Protocol

from frontline.contract import subject
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import CHANNELS, SMALL, connected, nats_server
from router.desk.log_store import LogStore, StreamLogStore
from tests.simulation.faults import Faults
from tests.simulation.simulated_log import SimulatedLog, SimulatedLogStore

DESK = DeskId("support")


class Place(Protocol):
    """A log with nothing in it, and what may happen to it."""

    store: LogStore
    other: LogStore
    """Another process's way to the same log."""

    async def fill(self) -> None:
        """Let nothing more fit in."""
        ...

    async def make_room(self) -> None: ...

    async def away(self) -> None:
        """Take the log away, and return once both stores have noticed."""
        ...

    async def back(self) -> None: ...


class SimulatedPlace:
    def __init__(self) -> None:
        self._log = SimulatedLog()
        # On the real loop, whose speed is the machine's: no answer is late here.
        patient = Faults(latency=0.0, deadline=60.0)
        self._mine = SimulatedLogStore(self._log, Random(1), patient)
        self.store: LogStore = self._mine
        self._others = SimulatedLogStore(self._log, Random(2), patient)
        self.other: LogStore = self._others

    async def fill(self) -> None:
        self._log.full = True

    async def make_room(self) -> None:
        self._log.full = False

    async def away(self) -> None:
        self._mine.cut()
        self._others.cut()

    async def back(self) -> None:
        self._mine.mend()
        self._others.mend()


class StreamPlace:
    def __init__(self, server: EmbeddedServer, bus: Bus, other: Bus) -> None:
        self._server = server
        self._bus = bus
        self._other = other
        self.store: LogStore = StreamLogStore(bus, DESK)
        self.other: LogStore = StreamLogStore(other, DESK)

    async def fill(self) -> None:
        js = self._other.nc.jetstream()
        info = await js.stream_info(subject.desk_stream(DESK))
        await js.update_stream(info.config, max_bytes=max(info.state.bytes, 1))

    async def make_room(self) -> None:
        await provision(self._other.nc.jetstream(), topology(CHANNELS, [DESK], SMALL))

    async def away(self) -> None:
        await self._server.kill()
        for bus in (self._bus, self._other):
            await changed(bus, connected=False)

    async def back(self) -> None:
        await self._server.start()


async def changed(bus: Bus, *, connected: bool) -> None:
    """Wait until `bus` says so."""
    there = asyncio.Event()

    def look(now: bool) -> None:
        if now is connected:
            there.set()

    bus.on_change(look)
    if bus.connected is not connected:
        await there.wait()
    bus.off_change(look)


@asynccontextmanager
async def simulated(_: Path) -> AsyncIterator[Place]:
    yield SimulatedPlace()


@asynccontextmanager
async def stream(folder: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(nats_server(folder / "nats"))
        bus = await stack.enter_async_context(connected(server))
        other = await stack.enter_async_context(connected(server))
        await provision(bus.nc.jetstream(), topology(CHANNELS, [DESK], SMALL))
        yield StreamPlace(server, bus, other)


PLACES = {"simulated": simulated, "stream": stream}
