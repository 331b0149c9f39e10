"""The e-mail channel run by the real host on a real server, with real SMTP on both sides."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from frontline.contract.channel import Inbox
from frontline.contract.codec import decode_inbound
from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import InboundMessage, OutboundMessage, Recipient
from frontline.runtime.bus import Bus
from frontline.runtime.delivery import DeliverySettings
from frontline.runtime.directory import directory_key
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.health import Health
from frontline.runtime.host import HostSettings, run_plugin
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.metrics import Metrics
from frontline.runtime.objects import Objects
from frontline.runtime.reader import read
from frontline.runtime.service import Service, utc_now, watch_bus
from frontline.runtime.settings import RuntimeSettings, Secret
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import DIRECTORY
from intake_email.channel import EmailChannel
from intake_email.normalize import CHANNEL
from intake_email.settings import EmailSettings
from tests.chunks import whole

PATIENCE = 60.0
DRAIN = 30.0
"""Seconds, as a setting of the service."""
SUPPORT = InboxId("support")
SALES = InboxId("sales")
ADDRESSES = {SUPPORT: "support@frontline.example", SALES: "sales@frontline.example"}
WRITTEN = datetime(2026, 5, 4, 12, tzinfo=UTC)


@dataclass
class Stage:
    """A running channel. `bus` is the test's own connection."""

    bus: Bus
    service: Service
    main: asyncio.Task[None]
    made: list[EmailChannel] = field(default_factory=list)

    @property
    def channel(self) -> EmailChannel:
        return self.made[0]

    @property
    def port(self) -> int:
        return int(self.service.status.listeners["smtp"].rpartition(":")[2])

    async def send(self, raw: bytes, *to: str, sender: str = "one@customer.example") -> None:
        """Hand a mail over; returns after 250. Raises what smtplib raises."""
        await asyncio.to_thread(self._send, raw, to or (ADDRESSES[SUPPORT],), sender)

    def _send(self, raw: bytes, to: Sequence[str], sender: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as client:
            client.sendmail(sender, list(to), raw)

    async def talk(self, *said: bytes) -> list[str]:
        """Say lines one after the other, each after the answer to the last; gives the answers, greeting first."""
        answers = []
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for each in (b"", *said):
                writer.write(each)
                await writer.drain()
                answers.append(await _answer(reader))
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        return answers

    async def stored(self) -> list[InboundMessage]:
        """What lies in the inbox stream."""
        found = [decode_inbound(item.data) async for item in read(self.bus, "INBOX_email", "inbound.email.>")]
        assert all(isinstance(each, InboundMessage) for each in found)
        return [each for each in found if isinstance(each, InboundMessage)]

    async def one(self) -> InboundMessage:
        (found,) = await self.stored()
        return found

    async def octets(self, message: InboundMessage, number: int = 0) -> bytes:
        """The kept original, or file `number` of the message."""
        ref = message.attachments[number - 1].content if number else message.original
        assert ref is not None
        return await whole(Objects(self.bus).get(ref))

    def figure(self, name: str, **labels: str) -> float:
        return self.service.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def session(port: int, *said: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A session in which the greeting has come and each of `said` was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for line in (b"", *said):
            writer.write(line)
            await _answer(reader)
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> str:
    lines = []
    async with asyncio.timeout(PATIENCE):
        while True:
            line = (await reader.readline()).decode().rstrip("\r\n")
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)


@asynccontextmanager
async def receiving(
    server: EmbeddedServer,
    bus: Bus,
    *,
    clock: Callable[[], datetime] = utc_now,
    announced: bool = True,
    drain: float = DRAIN,
    ack_deadline: float = 5.0,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """The channel with both inboxes of the directory; drained at the end."""
    made: list[EmailChannel] = []

    def build(given: EmailSettings, host: Any) -> EmailChannel:
        made.append(EmailChannel(given, host, clock))
        return made[-1]

    build.name, build.Settings = EmailChannel.name, EmailChannel.Settings  # type: ignore[attr-defined]
    if announced:
        await announce(bus)
    own = Bus(name="intake-email", ack_deadline=ack_deadline)
    email = EmailSettings(**{"smtp_port": 0, **settings})
    try:
        async with asyncio.TaskGroup() as tasks:
            service = Service(
                name="intake-email",
                settings=RuntimeSettings(
                    nats_url=server.url, nats_token=Secret(server.token) if server.token else None, drain_seconds=drain
                ),
                bus=own,
                health=Health(),
                log=logger("intake-email"),
                metrics=Metrics("intake-email"),
                signer=Signer(b"a secret for tests only"),
                clock=clock,
                tasks=tasks,
                sections={
                    HostSettings: HostSettings(),
                    DeliverySettings: DeliverySettings(delivery_pauses=(0.05,)),
                    EmailSettings: email,
                },
            )
            service.health.started = True
            watch_bus(service)
            connecting = tasks.create_task(own.connect(server.url, token=server.token))
            main = tasks.create_task(run_plugin(build, service))
            stage = Stage(bus, service, main, made)
            try:
                await until(lambda: "smtp" in service.status.listeners or main.done())
                if announced:
                    await until(lambda: not service.health.unready())
                yield stage
            finally:
                service.stopping.set()
                await asyncio.wait({main}, timeout=DRAIN)
                connecting.cancel()
                main.cancel()
    finally:
        await own.close()


async def announce(bus: Bus) -> None:
    """What the router does: say which inboxes there are."""
    for inbox, address in ADDRESSES.items():
        entry = Inbox(channel=CHANNEL, inbox=inbox, desk="support", address=address, name=inbox.capitalize())
        await KeyValue(bus, DIRECTORY).put(directory_key(CHANNEL, inbox), msgspec.json.encode(entry))


async def until(holds: Callable[[], Any], *, patience: float = PATIENCE) -> None:
    """Wait until `holds()`: for what other tasks and processes do, where there is no event to wait for."""
    async with asyncio.timeout(patience):
        while not holds():
            await asyncio.sleep(0.01)


def mail(text: str = "It does not work.\r\n", **fields: str | None) -> bytes:
    """A plain mail; a field set to `None` is left out. Underscores in names stand for hyphens."""
    given: dict[str, str | None] = {
        "From": "Customer One <one@customer.example>",
        "To": "Support <support@frontline.example>",
        "Subject": "It does not work",
        "Date": "Mon, 04 May 2026 13:59:00 +0200",
        "Message-ID": "<first@customer.example>",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    return (head + "\r\n" + text).encode()


def with_file(data: bytes, *, name: str = "report.pdf") -> bytes:
    message = EmailMessage()
    message["From"] = "Customer One <one@customer.example>"
    message["To"] = "support@frontline.example"
    message["Subject"] = "A file"
    message["Date"] = "Mon, 04 May 2026 13:59:00 +0200"
    message["Message-ID"] = "<file@customer.example>"
    message.set_content("See the file.")
    message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


def reply(**parts: Any) -> OutboundMessage:
    given: dict[str, Any] = {
        "id": MessageId("r1"),
        "channel": CHANNEL,
        "inbox": SUPPORT,
        "desk": DeskId("support"),
        "contact": ContactId("c1"),
        "customer": CustomerId("u1"),
        "author": AgentId("agent-1"),
        "author_name": "Demo agent 1",
        "to": (Recipient(address="one@customer.example", name="Customer One"),),
        "written": WRITTEN,
        "subject": "It does not work",
        "text": "Please try again.",
        **parts,
    }
    return OutboundMessage(**given)


class Sink:
    """A mail server of the test's own. `answers` are given one a mail at the end of DATA; 250 when they run out."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self.address = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("2"):
            self.mails.append(envelope)
        return answer

    def raw(self) -> bytes:
        """The octets of the only mail."""
        (envelope,) = self.mails
        assert isinstance(envelope.content, bytes)
        return envelope.content


@asynccontextmanager
async def sinking(**options: Any) -> AsyncIterator[Sink]:
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, **{"hostname": "sink.example", "enable_SMTPUTF8": True, **options}, loop=loop),
        "127.0.0.1",
        0,
    )
    sink.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()


def fixture(name: str) -> bytes:
    """A mail of `tests/fixtures/email`, with the line ends that SMTP has."""
    raw = (Path(__file__).parents[2] / "fixtures" / "email" / name).read_bytes()
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
