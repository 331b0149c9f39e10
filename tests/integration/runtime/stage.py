"""A host with a plug-in in it, on a real server, inside the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from frontline.contract.channel import Delivered, Host, Inbox, Receive
from frontline.contract.codec import encode
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import (
    DeliveryReceipt,
    DeliveryState,
    Identity,
    InboundMessage,
    OutboundMessage,
    Recipient,
    Times,
    idempotency_key,
    message_id,
)
from frontline.runtime.attempt import Record, Stage
from frontline.runtime.bus import Bus
from frontline.runtime.delivery import DeliverySettings
from frontline.runtime.directory import directory_key
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.health import Health
from frontline.runtime.host import ChannelHost, HostSettings, run_plugin
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.metrics import Metrics
from frontline.runtime.service import Service, utc_now, watch_bus
from frontline.runtime.settings import RuntimeSettings, Secret
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import DELIVERIES, DIRECTORY
from frontline.testing.nats_server import connected

PIGEON = ChannelName("pigeon")
LOFT = InboxId("loft")
SECRET = "a secret for tests only"
QUICK = DeliverySettings(delivery_pauses=(0.05,), delivery_workers=2)
PATIENCE = 100.0
"""Seconds after which a test gives up on what should come by itself: only ever spent when something is broken."""
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class PigeonSettings(msgspec.Struct, frozen=True, kw_only=True):
    pigeon_speed: int = 80


class Pigeon:
    """A channel that does what its test says."""

    name: ClassVar[ChannelName] = PIGEON
    Settings: ClassVar[type[msgspec.Struct]] = PigeonSettings

    def __init__(self, settings: PigeonSettings, host: Host) -> None:
        self.settings = settings
        self.host = host
        self.receive: Receive | None = None
        self.served = 0

    async def serve(self, receive: Receive) -> None:
        self.served += 1
        self.receive = receive
        self.host.listening("loft", "127.0.0.1:7")
        await asyncio.Event().wait()


Deliver = Callable[[OutboundMessage], Any]


class Homing(Pigeon):
    """Carries replies back too. `outcomes` are taken one an attempt; `Delivered` when they run out."""

    repeatable: ClassVar[bool] = True

    def __init__(self, settings: PigeonSettings, host: Host) -> None:
        super().__init__(settings, host)
        self.outcomes: list[Exception | Delivered | asyncio.Event] = []
        self.attempts: list[MessageId] = []
        self.began = asyncio.Queue[MessageId]()

    async def deliver(self, message: OutboundMessage) -> Delivered:
        self.attempts.append(message.id)
        self.began.put_nowait(message.id)
        outcome = self.outcomes.pop(0) if self.outcomes else Delivered(native_id=f"ring-{message.id}")
        if isinstance(outcome, asyncio.Event):
            await outcome.wait()
            return Delivered(native_id=f"ring-{message.id}")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Careful(Homing):
    """As `Homing`, but a second sending would be seen."""

    repeatable: ClassVar[bool] = False


@dataclass
class Hand:
    """A clock that is moved by hand."""

    now: datetime = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Running:
    service: Service
    channel: Any = None
    main: asyncio.Task[None] | None = None
    made: list[Any] = field(default_factory=list)

    @property
    def host(self) -> ChannelHost:
        host: ChannelHost = self.channel.host
        return host

    def figure(self, name: str, **labels: str) -> float:
        return self.service.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def hosting(
    server: EmbeddedServer,
    plugin: type[Pigeon] = Pigeon,
    *,
    delivery: DeliverySettings = QUICK,
    clock: Callable[[], datetime] = utc_now,
    ack_deadline: float = 5.0,
    wait: bool = True,
    drain: float = PATIENCE,
) -> AsyncIterator[Running]:
    """`plugin` run by the host as in production, without a process of its own; drained at the end."""
    made: list[Any] = []

    def build(settings: Any, host: Host) -> Pigeon:
        channel = plugin(settings, host)
        made.append(channel)
        return channel

    build.name, build.Settings = plugin.name, plugin.Settings  # type: ignore[attr-defined]
    bus = Bus(name="intake-pigeon", ack_deadline=ack_deadline)
    try:
        async with asyncio.TaskGroup() as tasks:
            service = Service(
                name="intake-pigeon",
                settings=RuntimeSettings(
                    nats_url=server.url,
                    nats_token=Secret(server.token) if server.token else None,
                    drain_seconds=drain,
                ),
                bus=bus,
                health=Health(),
                log=logger("intake-pigeon"),
                metrics=Metrics("intake-pigeon"),
                signer=Signer(SECRET.encode()),
                clock=clock,
                tasks=tasks,
                sections={HostSettings: HostSettings(), DeliverySettings: delivery, PigeonSettings: PigeonSettings()},
            )
            service.health.started = True
            watch_bus(service)
            connecting = tasks.create_task(bus.connect(server.url, token=server.token))
            main = tasks.create_task(run_plugin(build, service))
            stage = Running(service, main=main, made=made)
            try:
                if wait:
                    async with connected(server) as router:
                        await announce(router)
                    await until(lambda: made and not service.health.unready())
                stage.channel = made[0] if made else None
                yield stage
            finally:
                service.stopping.set()
                if not wait:
                    connecting.cancel()
                await asyncio.wait({main}, timeout=PATIENCE)
                main.cancel()
    finally:
        await bus.close()


async def until(holds: Callable[[], Any], *, patience: float = PATIENCE) -> None:
    """Wait until `holds()`; for what other processes do, where there is no event to wait for."""
    async with asyncio.timeout(patience):
        while not holds():
            await asyncio.sleep(0.01)


async def announce(bus: Bus, inbox: InboxId = LOFT, address: str = "loft@frontline.example") -> None:
    """What the router does: say that there is an inbox."""
    entry = Inbox(channel=PIGEON, inbox=inbox, desk="support", address=address)
    await KeyValue(bus, DIRECTORY).put(directory_key(PIGEON, inbox), msgspec.json.encode(entry))


def message(number: int = 1, **parts: Any) -> InboundMessage:
    key = idempotency_key(account="loft", native_id=f"n{number}", kind="message")
    given: dict[str, Any] = {
        "id": message_id(key),
        "key": key,
        "channel": PIGEON,
        "inbox": LOFT,
        "native_id": f"n{number}",
        "sender": Identity(channel=PIGEON, address="ada@customer.example"),
        "times": Times(received=datetime(2026, 5, 4, 12, tzinfo=UTC)),
        "text": f"coo {number}",
        **parts,
    }
    return InboundMessage(**given)


def reply(number: int = 1, **parts: Any) -> OutboundMessage:
    given: dict[str, Any] = {
        "id": MessageId(f"r{number}"),
        "channel": PIGEON,
        "inbox": LOFT,
        "desk": DeskId("support"),
        "contact": ContactId(f"c{number}"),
        "customer": CustomerId("u1"),
        "author": AgentId("agent-1"),
        "author_name": "Demo agent 1",
        "to": (Recipient(address="ada@customer.example"),),
        "written": datetime(2026, 5, 4, 12, tzinfo=UTC),
        "text": "coo back",
        **parts,
    }
    return OutboundMessage(**given)


async def post(bus: Bus, message: OutboundMessage | bytes, on: str = "outbound.pigeon.loft", **headers: str) -> None:
    """What the router's effect does: put a reply into the outbox."""
    data = message if isinstance(message, bytes) else encode(message)
    head = headers if isinstance(message, bytes) else {"Nats-Msg-Id": message.id, **headers}
    await bus.publish(on, data, head or None)


class Desk:
    """Takes what arrives for the desk, as its consumer does."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._sub: Any = None

    async def take(self) -> Any:
        """The next raw message, acknowledged."""
        if self._sub is None:
            js = self._bus.nc.jetstream()
            self._sub = await js.pull_subscribe("inbound.pigeon.>", durable="desk-support", stream="INBOX_pigeon")
        (found,) = await self._sub.fetch(1, timeout=PATIENCE)
        await found.ack_sync()
        return found

    async def receipt(self) -> DeliveryReceipt:
        found = await self.take()
        return msgspec.json.decode(found.data, type=DeliveryReceipt)


async def left(bus: Bus, stream: str) -> int:
    """How many messages the stream holds."""
    info = await bus.nc.jetstream().stream_info(stream)
    return int(info.state.messages)


async def emptied(bus: Bus, stream: str = "OUTBOX") -> None:
    """Wait until everything in the stream has been acknowledged."""
    async with asyncio.timeout(PATIENCE):
        while await left(bus, stream):
            await asyncio.sleep(0.01)


def folder_of_plugin(folder: Path, name: str, target: str) -> Path:
    """A distribution that is installed by standing on the path: one entry point."""
    info = folder / f"{name}_plugin-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[frontline.channels]\n{name} = {target}\n")
    return folder


async def recorded(bus: Bus, number: int = 1) -> Record:
    entry = await KeyValue(bus, DELIVERIES).get(f"r{number}")
    assert entry is not None
    return msgspec.json.decode(entry.value, type=Record)


async def record(bus: Bus, stage: Stage, state: DeliveryState | None = None, **parts: str) -> None:
    """What an earlier life of the process left behind."""
    left_behind = Record(stage=stage, state=state, attempts=1, first=NOON, last=NOON, **parts)  # type: ignore[arg-type]
    await KeyValue(bus, DELIVERIES).put("r1", encode(left_behind))


def outcomes(stage: Running, outcome: str) -> float:
    return stage.figure("frontline_deliveries_total", channel="pigeon", outcome=outcome)
