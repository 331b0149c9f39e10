"""The phone channel run by the real host on a real server, with the simulator as Twilio on the other side."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from frontline.contract.channel import Inbox
from frontline.contract.codec import decode_inbound, encode
from frontline.contract.deskview import DeskView
from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import DeliveryReceipt, InboundMessage, OutboundMessage, Recipient
from frontline.contract.secret import Secret
from frontline.contract.signal import PickUp, Ring, Signal, decode_signal
from frontline.contract.subject import transcript_public
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from frontline.runtime.bus import Bus
from frontline.runtime.delivery import DeliverySettings
from frontline.runtime.directory import directory_key
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.health import Health
from frontline.runtime.host import HostSettings, run_plugin
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.metrics import Metrics
from frontline.runtime.objects import Objects
from frontline.runtime.reader import last_on, read
from frontline.runtime.service import Service, utc_now, watch_bus
from frontline.runtime.settings import RuntimeSettings
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import DESKVIEW, DIRECTORY, THREADS, TRANSCRIPT_PUBLIC
from intake_phone.channel import PhoneChannel
from intake_phone.normalize import CHANNEL, call_key
from intake_phone.settings import PhoneSettings
from intake_phone.simulator.account import SimulatedAccount, new_sid
from intake_phone.simulator.api import Api
from intake_phone.simulator.exchange import Exchange
from intake_phone.simulator.line import Line
from intake_phone.simulator.person import Person
from tests.chunks import whole

PATIENCE = 60.0
ANSWER = 12.0
"""Seconds, as settings of the channel: some of them pass where nothing comes."""
PACE = 0.01
SUPPORT = InboxId("support")
DESK = DeskId("support")
OURS = "+12025550123"
THEIRS = "+12025550199"
AGENT = "+12025550111"
ACCOUNT = SimulatedAccount(sid="AC" + "1" * 32, token="the new token")
WRITTEN = datetime(2026, 5, 4, 12, tzinfo=UTC)
SIGNER = Signer(b"a secret for tests only")


@dataclass
class Stage:
    """A running channel and the simulated Twilio. `bus` is the test's own connection."""

    bus: Bus
    service: Service
    exchange: Exchange
    api: Api
    main: asyncio.Task[None]
    made: list[PhoneChannel] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    signals: asyncio.Queue[Signal] = field(default_factory=asyncio.Queue)
    written: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://{self.service.status.listeners['http']}"

    def call(self, *, sender: str = THEIRS, to: str = OURS, call: str = "", **person: Any) -> Line:
        """A customer calls; the line is followed in the background."""
        about = {"CallSid": call or new_sid("CA"), "From": sender, "To": to, "Direction": "inbound"}
        line = Line(self.exchange, about, Person(**person), "caller")
        line.start(self.exchange.page("voice"), self.exchange.page("voice/status"))
        return line

    async def hook(self, path: str, params: Mapping[str, str], **headers: str) -> tuple[int, str]:
        """A signed webhook; status and answer."""
        url = self.exchange.page(path)
        full = {"AccountSid": ACCOUNT.sid, **params}
        signed = {"X-Twilio-Signature": ACCOUNT.sign(url, full), **headers}
        async with self.exchange.session.post(url, data=full, headers=signed) as response:
            return response.status, await response.text()

    async def inbound(self) -> list[InboundMessage | DeliveryReceipt]:
        """What lies in the inbox stream, oldest first."""
        return [decode_inbound(item.data) async for item in read(self.bus, "INBOX_phone", "inbound.phone.>")]

    async def stored(self) -> list[InboundMessage]:
        return [each for each in await self.inbound() if isinstance(each, InboundMessage)]

    async def receipts(self) -> list[DeliveryReceipt]:
        return [each for each in await self.inbound() if isinstance(each, DeliveryReceipt)]

    async def have(self, count: int) -> list[InboundMessage]:
        """The stored messages, once there are `count` at least."""
        async with asyncio.timeout(PATIENCE):
            while len(found := await self.stored()) < count:
                await asyncio.sleep(0.01)
        return found

    async def octets(self, message: InboundMessage, number: int = 1) -> bytes:
        """File `number` of the message, its original for 0."""
        ref = message.attachments[number - 1].content if number else message.original
        assert ref is not None
        return await whole(Objects(self.bus).get(ref))

    async def show(self, **parts: Any) -> None:
        """What the desk's leader does: show itself. Returns once the channel has seen it."""
        view = DeskView(**{"desk": DESK, "at": utc_now(), "online": True, **parts})
        await KeyValue(self.bus, DESKVIEW).put(DESK, encode(view))
        host = self.made[0]._host
        await until(lambda: host.desks.view(DESK) == view)

    async def place(self, call: str, contact: str = "c1") -> ContactId:
        """What the desk does with a call: bind its key to a contact, and write its line down."""
        key = call_key(call)
        await KeyValue(self.bus, THREADS).put(SIGNER.key_hash(key.kind, key.value), contact.encode())
        item = TranscriptItem(
            id=MessageId(f"m{call}"),
            contact=ContactId(contact),
            at=WRITTEN,
            kind=ItemKind.CALL,
            direction=Direction.IN,
            author=Author(role="customer"),
            channel=CHANNEL,
            inbox=SUPPORT,
            native_id=call,
            native={"call": "began"},
        )
        await self._write(item)
        return ContactId(contact)

    async def write_down(self, contact: ContactId) -> None:
        """What the desk does with all that has come in: bind its keys, and write its lines down."""
        for message in await self.stored():
            for key in message.thread:
                if key.binds:
                    await KeyValue(self.bus, THREADS).put(SIGNER.key_hash(key.kind, key.value), contact.encode())
            if message.id in self.written:
                continue
            self.written.add(message.id)
            await self.keep(message, contact, WRITTEN)

    async def keep(self, message: InboundMessage, contact: ContactId, at: datetime) -> None:
        """Its line, as the desk writes it."""
        item = TranscriptItem(
            id=message.id,
            contact=contact,
            at=at,
            kind=ItemKind(message.kind.value),
            direction=Direction.IN,
            author=Author(role="customer", identity=message.sender),
            channel=CHANNEL,
            inbox=SUPPORT,
            native_id=message.native_id,
            text=message.text,
            native=message.native,
        )
        await self._write(item)

    async def _write(self, item: TranscriptItem) -> None:
        """Returns once the copy that channels read has it."""
        where, data = transcript_public(item.contact), encode(item)
        await self.bus.publish(where, data)
        async with asyncio.timeout(PATIENCE):
            while (last := await last_on(self.bus, TRANSCRIPT_PUBLIC, where)) is None or last.data != data:
                await asyncio.sleep(0.01)

    async def happened(self, what: str, count: int = 1) -> list[InboundMessage]:
        """The messages about a call that say `what`, once there are `count`."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [each for each in await self.stored() if each.native.get("call") == what]) < count:
                await asyncio.sleep(0.01)
        return found

    async def signal(self, signal: Signal) -> None:
        await self.bus.nc.publish(f"signal.phone.{SUPPORT}", encode(signal))
        await self.bus.nc.flush()

    async def picked_up(self) -> PickUp:
        async with asyncio.timeout(PATIENCE):
            while not isinstance(signal := await self.signals.get(), PickUp):
                pass
        return signal

    def figure(self, name: str, **labels: str) -> float:
        return self.service.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def twilio(tasks: asyncio.TaskGroup) -> AsyncIterator[tuple[Exchange, Api]]:
    """The simulator on an address of its own."""
    async with aiohttp.ClientSession() as session:
        exchange = Exchange(ACCOUNT, session, tasks, pace=PACE)
        api = Api(exchange)
        app = web.Application()
        api.mount(app)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        exchange.api = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield exchange, api
        finally:
            await runner.cleanup()


@asynccontextmanager
async def answering(
    server: EmbeddedServer,
    bus: Bus,
    *,
    clock: Callable[[], datetime] = utc_now,
    online: bool | None = True,
    ack_deadline: float = 5.0,
    addresses: Mapping[InboxId, str] | None = None,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """The channel, ready; drained at the end. `online` is what the desk shows, `None` shows nothing."""
    made: list[PhoneChannel] = []

    def build(given: PhoneSettings, host: Any) -> PhoneChannel:
        made.append(PhoneChannel(given, host, clock))
        return made[-1]

    build.name, build.Settings = PhoneChannel.name, PhoneChannel.Settings  # type: ignore[attr-defined]
    for inbox, address in (addresses or {SUPPORT: OURS}).items():
        entry = Inbox(channel=CHANNEL, inbox=inbox, desk=DESK, address=address, name="Support")
        await KeyValue(bus, DIRECTORY).put(directory_key(CHANNEL, inbox), msgspec.json.encode(entry))
    own = Bus(name="intake-phone", ack_deadline=ack_deadline)
    try:
        async with asyncio.TaskGroup() as tasks, asyncio.TaskGroup() as lines, twilio(lines) as (exchange, api):
            given = {
                "phone_port": 0,
                "twilio_account_sid": ACCOUNT.sid,
                "twilio_auth_tokens": (Secret(ACCOUNT.token), Secret("the old token")),
                "twilio_api": exchange.api,
                "phone_media_pauses": (0.01, 0.01),
                "phone_answer_seconds": ANSWER,
                **settings,
            }
            service = Service(
                name="intake-phone",
                settings=RuntimeSettings(nats_url=server.url, drain_seconds=ANSWER),
                bus=own,
                health=Health(),
                log=logger("intake-phone"),
                metrics=Metrics("intake-phone"),
                signer=SIGNER,
                clock=clock,
                tasks=tasks,
                sections={
                    HostSettings: HostSettings(),
                    DeliverySettings: DeliverySettings(delivery_pauses=(0.05,)),
                    PhoneSettings: PhoneSettings(**given),
                },
            )
            service.health.started = True
            watch_bus(service)
            connecting = tasks.create_task(own.connect(server.url))
            main = tasks.create_task(run_plugin(build, service))
            stage = Stage(bus, service, exchange, api, main, made)
            exchange.telling.append(stage.heard.append)
            try:
                await until(lambda: (made and not service.health.unready()) or main.done())
                exchange.channel = stage.url
                if online is not None:
                    await stage.show(online=online)
                subscription = await bus.nc.subscribe("signal.phone.*", cb=_into(stage.signals))
                yield stage
                await subscription.unsubscribe()
            finally:
                # Callbacks that are on their way when a test ends would meet a server that is closing.
                with suppress(TimeoutError):
                    await until(lambda: not lines._tasks, patience=3)
                service.stopping.set()
                await asyncio.wait({main}, timeout=ANSWER)
                connecting.cancel()
                main.cancel()
                for line in tuple(lines._tasks):
                    line.cancel()
    finally:
        await own.close()
        for _ in range(3):
            await asyncio.sleep(0)  # closed connections let go of their sockets in the loop's next turns


def _into(queue: asyncio.Queue[Signal]) -> Any:
    async def take(msg: Any) -> None:
        queue.put_nowait(decode_signal(msg.data))

    return take


async def until(holds: Callable[[], Any], *, patience: float = PATIENCE) -> None:
    """Wait until `holds()`: for what other tasks and processes do, where there is no event to wait for."""
    async with asyncio.timeout(patience):
        while not holds():
            await asyncio.sleep(0.01)


def reply(**parts: Any) -> OutboundMessage:
    given: dict[str, Any] = {
        "id": MessageId("r1"),
        "channel": CHANNEL,
        "inbox": SUPPORT,
        "desk": DESK,
        "contact": ContactId("c1"),
        "customer": CustomerId("u1"),
        "author": AgentId("agent-1"),
        "author_name": "Demo agent 1",
        "to": (Recipient(address=THEIRS),),
        "written": WRITTEN,
        "text": "We are on our way.",
        **parts,
    }
    return OutboundMessage(**given)


async def wait(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE):
        await event.wait()


async def ring(stage: Stage, line_sid: str) -> ContactId:
    contact = await stage.place(line_sid)
    await stage.signal(Ring(contact=contact, offer="o1", agent=AgentId("agent-1"), number=AGENT))
    return contact
