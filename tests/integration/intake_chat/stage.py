"""The chat channel run by the real host on a real server, real WebSocket clients before it, and behind
it a desk that does with messages what the router does, as far as a visitor sees it.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import msgspec

from frontline.contract import subject
from frontline.contract.channel import Inbox
from frontline.contract.codec import decode_inbound, encode
from frontline.contract.deskview import DeskView
from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import DeliveryReceipt, InboundMessage, OutboundMessage, Recipient
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
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
from frontline.runtime.settings import RuntimeSettings, Secret
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import DESKVIEW, DIRECTORY, THREADS, provision, topology
from frontline.testing.nats_server import SMALL
from intake_chat.channel import ChatChannel
from intake_chat.normalize import CHANNEL
from intake_chat.settings import ChatSettings

PATIENCE = 30.0
DESK = DeskId("support")
SUPPORT = InboxId("support")
SALES = InboxId("sales")
SIGNER = Signer(b"a secret for tests only")
IDENTITY_SECRET = "what the shop signs its customers with, in tests"
SALES_SECRET = "what the sales page signs its customers with, in tests"
SECRETS = (f"support={IDENTITY_SECRET}", f"sales={SALES_SECRET}")


@dataclass
class Window:
    """One window of a visitor: a socket, and what came over it."""

    socket: aiohttp.ClientWebSocketResponse
    came: list[dict[str, Any]] = field(default_factory=list)
    welcome: dict[str, Any] = field(default_factory=dict)

    async def send(self, **frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def next(self, kind: str | None = None) -> dict[str, Any]:
        """The next frame, of that kind; others on the way are kept in `came`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                msg = await self.socket.receive()
                assert msg.type is aiohttp.WSMsgType.TEXT, (msg, self.socket.close_code)
                frame: dict[str, Any] = json.loads(msg.data)
                self.came.append(frame)
                if kind is None or frame["type"] == kind:
                    return frame

    async def say(self, text: str, id_: str = "", **more: Any) -> dict[str, Any]:
        """Send a message; gives the answer to it."""
        id_ = id_ or str(uuid.uuid4())
        await self.send(type="message", id=id_, text=text, **more)
        while True:
            frame = await self.next()
            if frame["type"] in {"ack", "error"} and frame.get("id") == id_:
                return frame

    async def lines(self, count: int) -> list[str]:
        """The texts of the next `count` messages."""
        return [(await self.next("message"))["text"] for _ in range(count)]

    async def closed(self) -> int | None:
        """The code that the other side closes with; what comes before is kept in `came`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                msg = await self.socket.receive()
                if msg.type is aiohttp.WSMsgType.CLOSE:
                    return int(msg.data)  # the other side need not wait for our answer to it
                if msg.type is not aiohttp.WSMsgType.TEXT:
                    return self.socket.close_code
                self.came.append(json.loads(msg.data))

    @property
    def token(self) -> str:
        return str(self.welcome["token"])

    @property
    def cursor(self) -> int:
        """What a client holds: the last line that it has seen."""
        return max((frame["seq"] for frame in self.came if frame["type"] == "message"), default=0)


@dataclass
class Desk:
    """Behind the channel; `decide` is called by the test, so that it says when."""

    bus: Bus
    contacts: dict[str, ContactId] = field(default_factory=dict)
    seen: int = 0

    async def inbound(self) -> list[InboundMessage]:
        """Every message stored so far, each once."""
        every = [decode_inbound(item.data) async for item in read(self.bus, "INBOX_chat", "inbound.chat.>")]
        return [each for each in every if isinstance(each, InboundMessage)]

    async def marks(self) -> list[DeliveryReceipt]:
        every = [decode_inbound(item.data) async for item in read(self.bus, "INBOX_chat", "inbound.chat.>")]
        return [each for each in every if isinstance(each, DeliveryReceipt)]

    async def decide(self) -> list[ContactId]:
        """Do with every new message what the router does: bind its visitor to a contact, write the transcript."""
        decided = []
        for message in (await self.inbound())[self.seen :]:
            self.seen += 1
            (key,) = message.thread
            contact = self.contacts.setdefault(key.value, ContactId("c" + message.id[1:]))
            await self.bind(key.value, contact)
            await self.write(
                line(
                    message.id,
                    contact,
                    message.text,
                    direction=Direction.IN,
                    author=Author(
                        role="customer", id=CustomerId("u1"), name=message.sender.name, identity=message.sender
                    ),
                    native_id=message.native_id,
                    kind=ItemKind(message.kind.value),
                    native=message.native,
                    attachments=message.attachments,
                )
            )
            decided.append(contact)
        return decided

    async def bind(self, visitor: str, contact: ContactId) -> None:
        self.contacts[visitor] = contact
        await KeyValue(self.bus, THREADS).put(SIGNER.key_hash("visitor", visitor), contact.encode())

    async def answer(self, contact: ContactId, text: str, **more: Any) -> MessageId:
        reply = MessageId(f"r{uuid.uuid4().hex}")
        author = Author(role="agent", id="agent-1", name="Demo agent 1")
        await self.write(line(reply, contact, text, direction=Direction.OUT, author=author, **more))
        return reply

    async def write(self, item: TranscriptItem, *, internal: bool = False) -> int:
        on = subject.transcript_internal(item.contact) if internal else subject.transcript_public(item.contact)
        return (await self.bus.publish(on, encode(item))).seq

    async def show(self, **view: Any) -> None:
        """What the desk's leader does at most once a second."""
        shown = DeskView(desk=DESK, **{"at": datetime.now(UTC), "online": True, **view})
        await KeyValue(self.bus, DESKVIEW).put(DESK, encode(shown))


def line(id_: MessageId, contact: ContactId, text: str, **more: Any) -> TranscriptItem:
    given: dict[str, Any] = {"kind": ItemKind.MESSAGE, "at": datetime.now(UTC), "channel": CHANNEL, "inbox": SUPPORT}
    return TranscriptItem(id=id_, contact=contact, text=text, **{**given, **more})


@dataclass
class Stage:
    """A running channel. `bus` is the test's own connection."""

    bus: Bus
    service: Service
    main: asyncio.Task[None]
    client: aiohttp.ClientSession
    desk: Desk
    made: list[ChatChannel] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.service.status.listeners["http"]

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def connect(self, **options: Any) -> Window:
        window = Window(await self.client.ws_connect(f"{self.url}/chat/ws", **options))
        self.windows.append(window)  # one that nobody holds would be closed at some time, with a warning
        return window

    async def open(self, token: str | None = None, *, headers: Mapping[str, str] | None = None, **hello: Any) -> Window:
        """A window that has been welcomed."""
        window = await self.connect(headers=headers or {})
        frame = {"type": "hello", "v": 1, "inbox": SUPPORT, **({"token": token} if token else {}), **hello}
        await window.send(**frame)
        window.welcome = await window.next()
        assert window.welcome["type"] == "welcome", window.welcome
        return window

    async def refused(self, **hello: Any) -> tuple[str, int | None]:
        """The error and the close code that a hello is answered with."""
        window = await self.connect()
        await window.send(**{"type": "hello", "v": 1, "inbox": SUPPORT, **hello})
        error = await window.next()
        assert error["type"] == "error", error
        return error["code"], await window.closed()

    async def talking(self, text: str = "It does not work.", **hello: Any) -> tuple[Window, ContactId]:
        """A window whose first message has been decided upon and shown."""
        window = await self.open(**hello)
        await window.say(text)
        (contact,) = await self.desk.decide()
        assert await window.lines(1) == [text]
        return window, contact

    async def send_file(self, token: str, message: str, data: Any, **query: str) -> aiohttp.ClientResponse:
        response = await self.client.post(
            f"{self.url}/chat/files",
            params={"message": message, **query},
            data=data,
            headers={"Authorization": f"Bearer {token}", "Content-Type": query.pop("type", "image/png")},
        )
        await response.read()  # until then it has the connection, and tells if it is dropped with it
        return response

    def figure(self, name: str, **labels: str) -> float:
        return self.service.metrics.registry.get_sample_value(name, labels) or 0.0

    async def stop(self) -> None:
        """What SIGTERM does; returns when the channel has drained."""
        self.service.stopping.set()
        await asyncio.wait({self.main}, timeout=PATIENCE)


@asynccontextmanager
async def chatting(
    server: EmbeddedServer,
    bus: Bus,
    *,
    clock: Callable[[], datetime] = utc_now,
    announced: bool = True,
    ack_deadline: float = 5.0,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """The channel with both inboxes in the directory; drained at the end."""
    made: list[ChatChannel] = []

    def build(given: ChatSettings, host: Any) -> ChatChannel:
        made.append(ChatChannel(given, host, clock))
        return made[-1]

    build.name, build.Settings = ChatChannel.name, ChatChannel.Settings  # type: ignore[attr-defined]
    await provision(bus.nc.jetstream(), topology([CHANNEL], [DESK], SMALL))
    if announced:
        await announce(bus)
    own = Bus(name="intake-chat", ack_deadline=ack_deadline)
    try:
        async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as client:
            service = Service(
                name="intake-chat",
                settings=RuntimeSettings(
                    nats_url=server.url,
                    nats_token=Secret(server.token) if server.token else None,
                    drain_seconds=PATIENCE,
                ),
                bus=own,
                health=Health(),
                log=logger("intake-chat"),
                metrics=Metrics("intake-chat"),
                signer=SIGNER,
                clock=clock,
                tasks=tasks,
                sections={
                    HostSettings: HostSettings(),
                    DeliverySettings: DeliverySettings(delivery_pauses=(0.05,)),
                    ChatSettings: ChatSettings(**{"chat_port": 0, **settings}),
                },
            )
            service.health.started = True
            watch_bus(service)
            connecting = tasks.create_task(own.connect(server.url, token=server.token))
            main = tasks.create_task(run_plugin(build, service))
            stage = Stage(bus, service, main, client, Desk(bus), made)
            try:
                await until(lambda: "http" in service.status.listeners or main.done())
                if announced:
                    await until(lambda: not service.health.unready())
                yield stage
            finally:
                await stage.stop()
                for window in stage.windows:
                    await window.socket.close()
                connecting.cancel()
                main.cancel()
    finally:
        await own.close()


async def announce(bus: Bus) -> None:
    """What the router does: say which inboxes there are."""
    for inbox in (SUPPORT, SALES):
        entry = Inbox(channel=CHANNEL, inbox=inbox, desk=DESK, address=inbox, name=inbox.capitalize())
        await KeyValue(bus, DIRECTORY).put(directory_key(CHANNEL, inbox), msgspec.json.encode(entry))


async def until(holds: Callable[[], Any], *, patience: float = PATIENCE) -> None:
    """Wait until `holds()`: for what other tasks do, where there is no event to wait for."""
    async with asyncio.timeout(patience):
        while not holds():
            await asyncio.sleep(0.01)


def identity(subject_: str, *, secret: str = IDENTITY_SECRET, life: float = 600, **claims: Any) -> str:
    """A JWT as a host page signs it."""
    now = datetime.now(UTC)
    return jwt.encode({"sub": subject_, "exp": now + timedelta(seconds=life), **claims}, secret, algorithm="HS256")


def reply(contact: ContactId, text: str = "Here is how.") -> OutboundMessage:
    return OutboundMessage(
        id=MessageId(f"r{uuid.uuid4().hex}"),
        channel=CHANNEL,
        inbox=SUPPORT,
        desk=DESK,
        contact=contact,
        customer=CustomerId("u1"),
        author=AgentId("agent-1"),
        author_name="Demo agent 1",
        to=(Recipient(address="v"),),
        written=datetime.now(UTC),
        text=text,
    )
