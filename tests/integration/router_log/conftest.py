"""A connection whose network the test rules over."""

from collections.abc import AsyncIterator

import pytest_asyncio

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.router_log.proxy import Proxy, proxy_to

ACK_DEADLINE = 0.3


@pytest_asyncio.fixture
async def proxy(nats: EmbeddedServer, provisioned: Bus) -> AsyncIterator[Proxy]:
    async with proxy_to(nats.config.port) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def behind(proxy: Proxy) -> AsyncIterator[Bus]:
    """A connection through the proxy that gives up on an acknowledgement soon."""
    bus = Bus(name="behind the proxy", ack_deadline=ACK_DEADLINE)
    await bus.connect(proxy.url, reconnect_time_wait=0.01)
    yield bus
    proxy.release()
    await bus.close()
