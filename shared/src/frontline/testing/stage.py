"""A channel plug-in run as the host runs it in production, inside the test's own event loop, on a real server."""

import asyncio
import io
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import structlog

from frontline.contract import subject
from frontline.contract.channel import Inbox, Log
from frontline.contract.codec import decode_inbound, encode
from frontline.contract.ids import ChannelName, DeskId, InboxId
from frontline.contract.message import DeliveryReceipt, InboundMessage, OutboundMessage
from frontline.contract.subject import is_token
from frontline.runtime.bus import Bus
from frontline.runtime.delivery import DeliverySettings
from frontline.runtime.directory import directory_key
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.health import Health
from frontline.runtime.host import HostSettings, run_plugin
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.metrics import Metrics
from frontline.runtime.reader import read
from frontline.runtime.service import Service, utc_now, watch_bus
from frontline.runtime.settings import RuntimeSettings, load_settings
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import redact
from frontline.runtime.topology import DIRECTORY, provision, topology
from frontline.testing.driver import Driver, Listeners
from frontline.testing.gate import Gate, watched
from frontline.testing.nats_server import SMALL, connected, nats_server

DESK = DeskId("support")
INBOX = InboxId("contract")
LOOK = 0.01
_OVERTIME = 2.0


class ProbedHost:
    """The host, with a look at each listener that is announced: `deaf` are those that did not take a connection."""

    def __init__(self, host: Any, deaf: list[str]) -> None:
        self._host = host
        self._deaf = deaf

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def listening(self, name: str, address: str) -> None:
        where = urlsplit(address if "://" in address else f"//{address}")
        try:
            socket.create_connection((where.hostname or "", where.port or 0), timeout=1).close()
        except OSError:
            self._deaf.append(f"{name} at {address}")
        self._host.listening(name, address)


@dataclass
class Stage:
    """A running channel. `bus` is the test's own connection."""

    name: ChannelName
    server: EmbeddedServer
    bus: Bus
    service: Service
    main: asyncio.Task[None]
    gate: Gate
    made: list[Any]
    patience: float
    settings: msgspec.Struct
    lines: io.StringIO
    deaf: list[str] = field(default_factory=list)

    @property
    def channel(self) -> Any:
        return self.made[0]

    @property
    def listeners(self) -> Listeners:
        return self.service.status.listeners

    async def stored(self) -> list[InboundMessage]:
        """What lies in the inbox stream, read back from its bytes."""
        found = [each for each in await self._inbound() if isinstance(each, InboundMessage)]
        return sorted(found, key=lambda each: each.times.received)

    async def raw(self) -> list[bytes]:
        on = subject.inbound_all(self.name)
        return [item.data async for item in read(self.bus, subject.inbox_stream(self.name), on)]

    async def receipt(self, reply: OutboundMessage) -> DeliveryReceipt:
        """What became of a reply, as the desk is told it."""
        async with asyncio.timeout(self.patience):
            while True:
                for each in await self._inbound():
                    if isinstance(each, DeliveryReceipt) and each.reply == reply.id:
                        return each
                await asyncio.sleep(LOOK)

    async def post(self, reply: OutboundMessage) -> None:
        """Put a reply into the outbox, as the desk does."""
        await self.bus.publish(subject.outbound(self.name, reply.inbox), encode(reply), {"Nats-Msg-Id": reply.id})

    async def ready(self) -> None:
        await self.until(lambda: not self.service.health.unready() or self.main.done())

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until `holds()`. `TimeoutError` when it never does."""
        async with asyncio.timeout(self.patience):
            while not holds():  # noqa: ASYNC110 - what other tasks and processes do has no event here
                await asyncio.sleep(LOOK)

    async def _inbound(self) -> list[InboundMessage | DeliveryReceipt]:
        return [decode_inbound(data) for data in await self.raw()]


@asynccontextmanager
async def staging(plugin: Any, driver: Driver, folder: Path, *, patience: float) -> AsyncIterator[Stage]:
    """`plugin` with one inbox at `driver.address`, drained at the end; it need not be ready inside."""
    name = ChannelName(plugin.name)
    assert is_token(name), f"the name {name!r} can't stand in a subject: [a-z0-9-], 63 at most"
    async with nats_server(folder / "nats") as server, connected(server) as bus:
        await provision(bus.nc.jetstream(), topology([name], [DESK], SMALL))
        inbox = Inbox(channel=name, inbox=INBOX, desk=DESK, address=driver.address)
        await KeyValue(bus, DIRECTORY).put(directory_key(name, INBOX), msgspec.json.encode(inbox))
        async with _running(plugin, driver, folder, server, bus, patience) as stage:
            yield stage


@asynccontextmanager
async def _running(
    plugin: Any, driver: Driver, folder: Path, server: EmbeddedServer, bus: Bus, patience: float
) -> AsyncIterator[Stage]:
    gate, made, deaf, lines = Gate(), list[Any](), list[str](), io.StringIO()
    service_name = f"intake-{plugin.name}"
    environ = {"FRONTLINE_DATA_DIR": str(folder / "data"), **driver.settings}
    settings: msgspec.Struct = load_settings(plugin.Settings, environ, section=f"channel.{plugin.name}")
    own = Bus(name=service_name, ack_deadline=2.0)
    handler = logging.StreamHandler(lines)
    logging.getLogger().addHandler(handler)
    try:
        async with asyncio.TaskGroup() as tasks:
            service = Service(
                name=service_name,
                settings=RuntimeSettings(nats_url=server.url, drain_seconds=driver.grace),
                bus=own,
                health=Health(),
                log=_log_into(lines, service_name),
                metrics=Metrics(service_name),
                signer=Signer(b"a secret for tests only"),
                clock=utc_now,
                tasks=tasks,
                sections={
                    HostSettings: HostSettings(),
                    DeliverySettings: DeliverySettings(delivery_pauses=(0.05,), delivery_workers=2),
                    plugin.Settings: settings,
                },
            )
            service.health.started = True
            watch_bus(service)
            connecting = tasks.create_task(own.connect(server.url))
            build = watched(plugin, gate, made, lambda host: ProbedHost(host, deaf))
            main = tasks.create_task(run_plugin(build, service))
            stage = Stage(plugin.name, server, bus, service, main, gate, made, patience, settings, lines, deaf)
            try:
                yield stage
            finally:
                gate.release()
                service.stopping.set()
                await asyncio.wait({main}, timeout=driver.grace + _OVERTIME)
                connecting.cancel()
                while not main.done():  # one that was deaf to the first cancellation may hear the next
                    main.cancel()
                    await asyncio.wait({main}, timeout=LOOK)
    finally:
        logging.getLogger().removeHandler(handler)
        await own.close()


def _log_into(lines: io.StringIO, service: str) -> Log:
    """A log as in production."""

    def write(_: Any, __: str, event: Any) -> str:
        error = event.pop("exc_info", None)
        return json.dumps({**event, "error": type(error).__name__} if error is not None else event, default=repr)

    log = structlog.wrap_logger(
        structlog.WriteLogger(file=lines),
        processors=[structlog.processors.add_log_level, redact, write],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return cast("Log", log.bind(service=service))
