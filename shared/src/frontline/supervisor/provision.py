"""Makes the server hold the streams and buckets that a configuration needs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from nats.errors import Error

from frontline.configuration.model import Configuration
from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus
from frontline.runtime.topology import Change, Limits, Topology, plan, provision, topology
from frontline.supervisor.home import Home
from frontline.supervisor.share import limits
from frontline.supervisor.storage import StorageSettings, bound

_PATIENCE_SECONDS = 3.0
_TRIES = 5


def wanted_topology(configuration: Configuration, storage: StorageSettings, home: Home | None) -> Topology:
    """For all channels that have an inbox, installed or not, and all desks. `home` is whose
    embedded server it is for, `None` when the server is somebody else's.
    """
    desks = [desk.id for desk in configuration.desks]

    def with_limits(chosen: Limits) -> Topology:
        return topology(configuration.channels, desks, chosen)

    return with_limits(limits(storage, with_limits, bound(home, storage) if home else None))


async def provision_on(bus: Bus, wanted: Topology) -> Sequence[Change]:
    """Create and update; gives what was done. Doing it again is harmless, so a server that is
    away for a moment is asked again.
    """
    for left in reversed(range(_TRIES)):
        try:
            return await provision(bus.nc.jetstream(), wanted)
        except (Error, TimeoutError) as error:
            if not left:
                raise Unavailable(f"NATS did not take its streams: {error}") from error
            await bus.wait_connected()
            await asyncio.sleep(0.2)
    raise AssertionError("unreachable")


async def changes_on(bus: Bus, wanted: Topology) -> Sequence[Change]:
    """What `provision_on` would do."""
    try:
        return (await plan(bus.nc.jetstream(), wanted)).changes
    except (Error, TimeoutError) as error:
        raise Unavailable(f"NATS did not answer: {error}") from error


@asynccontextmanager
async def connected(url: str, token: str | None, say: Callable[[str], None]) -> AsyncIterator[Bus]:
    """A connection for a command's while; waits for the server as long as it takes, and says so."""
    bus = Bus(name="frontline-command")
    waiting = asyncio.get_running_loop().call_later(
        _PATIENCE_SECONDS, say, f"Waiting for NATS at {url.rpartition('@')[2].removeprefix('nats://')}"
    )
    try:
        await bus.connect(url, token=token)
        waiting.cancel()
        yield bus
    finally:
        waiting.cancel()
        await bus.close()
