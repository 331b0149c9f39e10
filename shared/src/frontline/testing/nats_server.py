"""A real nats-server for tests: `nats_server(folder)`, and the pytest fixtures around it.

    pytest_plugins = ["frontline.testing.nats_server"]

    async def test_that_a_message_is_stored(provisioned: Bus) -> None: ...

A start takes about 15 ms, so that each test has a server, a store and a port of its own.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest_asyncio

from frontline.contract.ids import ChannelName, DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer, ServerConfig
from frontline.runtime.topology import MIB, Limits, provision, topology

CHANNELS: Sequence[ChannelName] = (ChannelName("email"), ChannelName("pigeon"))
DESKS: Sequence[DeskId] = (DeskId("support"),)
SMALL = Limits(inbox_bytes=64 * MIB, log_bytes=64 * MIB, outbox_bytes=64 * MIB, object_bytes=256 * MIB)
"""Limits that fit on any machine many times over."""


@asynccontextmanager
async def nats_server(store: Path, *, token: str = "") -> AsyncIterator[EmbeddedServer]:
    """A running server with its store in `store`. It may be killed, paused and started again
    inside (`kill`, `pause`, `resume`, `start`); it is gone afterwards.
    """
    server = EmbeddedServer(ServerConfig(store=store, token=token))
    await server.start()
    try:
        yield server
    finally:
        await server.kill()  # an orderly end takes 0.1 s more, and nobody needs the store


@asynccontextmanager
async def connected(server: EmbeddedServer, name: str = "test", *, ack_deadline: float = 5.0) -> AsyncIterator[Bus]:
    """A bus to `server`, closed afterwards."""
    bus = Bus(name=name, ack_deadline=ack_deadline)
    await bus.connect(server.url, token=server.token)
    try:
        yield bus
    finally:
        await bus.close()


@pytest_asyncio.fixture
async def nats(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A server of the test's own, with nothing in it."""
    async with nats_server(tmp_path / "nats") as server:
        yield server


@pytest_asyncio.fixture
async def bus(nats: EmbeddedServer) -> AsyncIterator[Bus]:
    """A connection to `nats`."""
    async with connected(nats) as bus:
        yield bus


@pytest_asyncio.fixture
async def provisioned(bus: Bus) -> Bus:
    """The same connection, with the streams and buckets of desk `support` and the channels `email` and `pigeon`."""
    await provision(bus.nc.jetstream(), topology(CHANNELS, DESKS, SMALL))
    return bus
