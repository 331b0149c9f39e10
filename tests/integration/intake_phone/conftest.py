"""The topology with the channel `phone`."""

import pytest_asyncio

from frontline.runtime.bus import Bus
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import DESKS, SMALL
from intake_phone.normalize import CHANNEL


@pytest_asyncio.fixture
async def phone(bus: Bus) -> Bus:
    """A connection to a server that has the streams and buckets of the phone."""
    await provision(bus.nc.jetstream(), topology([CHANNEL], DESKS, SMALL))
    return bus
