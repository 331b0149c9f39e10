"""Where a bus may lead: to the simulated server and to a real one, for the suite that holds for both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.topology import provision, stream_configs, topology
from frontline.testing.nats_server import CHANNELS, SMALL, connected, nats_server
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.client import SimulatedClient, bus_to
from tests.simulation.faults import Faults

_TOPOLOGY = topology(CHANNELS, [DeskId("support")], SMALL)


@dataclass(frozen=True)
class Place:
    """Two connections to one server with nothing in it."""

    bus: Bus
    other: Bus


@asynccontextmanager
async def simulated(_: Path) -> AsyncIterator[Place]:
    broker = Broker(stream_configs(_TOPOLOGY), asyncio.get_running_loop().time)
    clients = [SimulatedClient(broker, Random(n), Faults(latency=0.0), n) for n in range(2)]
    yield Place(*[await bus_to(client, ack_deadline=60.0) for client in clients])


@asynccontextmanager
async def real(folder: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(nats_server(folder / "nats"))
        bus = await stack.enter_async_context(connected(server))
        other = await stack.enter_async_context(connected(server))
        await provision(bus.nc.jetstream(), _TOPOLOGY)
        yield Place(bus, other)


PLACES = {"simulated": simulated, "real": real}
