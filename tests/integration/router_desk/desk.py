"""A desk run in the test's own process, on a real nats-server, and what a test wants to ask of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from nats.aio.msg import Msg
from prometheus_client import CollectorRegistry

from frontline.configuration.escalation import Escalation
from frontline.configuration.model import Agent, Configuration, Desk, Inbox
from frontline.configuration.policy import Policy
from frontline.contract import cloudevent, subject
from frontline.contract.codec import decode_outbound, encode
from frontline.contract.draft import Draft
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import (
    Identity,
    InboundMessage,
    OutboundMessage,
    Recipient,
    ThreadEvidence,
    ThreadKey,
    Times,
    idempotency_key,
    message_id,
)
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem, decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.reader import read
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import DRAFTS, OUTBOX, TRANSCRIPT
from router.core.command import SendReply
from router.core.commit import Commit
from router.core.event import DeskDecision
from router.desk.command_port import CommandReply, CommandRequest, ask
from router.desk.configured import Configured
from router.desk.fence import Counted, Fence
from router.desk.figures import RouterFigures
from router.desk.intake import Park
from router.desk.log_store import StreamLogStore
from router.desk.replica import Replica
from router.desk.surroundings import Surroundings

E = TypeVar("E", bound=DeskDecision)

SUPPORT = DeskId("support")
EMAIL = ChannelName("email")
INBOX = InboxId("support")
LIVE = InboxId("live")
"""Its contacts are offered."""
AGENT = AgentId("agent-1")
SIGNER = Signer(b"a secret of these tests only")

CONFIGURATION = Configuration(
    version=1,
    desks=(
        Desk(
            id=SUPPORT,
            agents=(Agent(id=AGENT, name="Demo agent 1", available=True, phone="+12025550101", may=("erase",)),),
            inboxes=(
                Inbox(channel=EMAIL, id=INBOX, address="support@frontline.example"),
                Inbox(channel=EMAIL, id=LIVE, address="live@frontline.example", offer=True),
            ),
        ),
    ),
    policies=(
        Policy(
            id="standard",
            first_response=timedelta(hours=4),
            escalations=(Escalation(target="first_response", at=1, notify=("desk",)),),
        ),
    ),
)


@asynccontextmanager
async def desk_on(
    bus: Bus,
    *,
    holder: str = "one",
    lease_seconds: float = 2.0,
    configuration: Configuration | None = None,
    **more: Any,
) -> AsyncIterator[Replica]:
    """A replica that runs until the end of the block, or until its test stops it by `halt`."""
    configuration = configuration or CONFIGURATION
    stopping = asyncio.Event()
    figures = RouterFigures(CollectorRegistry())
    replica = Replica(
        configuration.desks[0],
        holder,
        Surroundings(
            bus=bus,
            signer=SIGNER,
            configured=Configured(configuration, None, logger("test"), figures),
            wall=lambda: datetime.now(UTC),
            log=logger("test"),
            park=parking(bus),
            figures=figures,
            lease_seconds=lease_seconds,
            **more,
        ),
    )
    task = asyncio.create_task(replica.run(stopping))
    try:
        yield replica
    finally:
        stopping.set()
        await task


def parking(bus: Bus) -> Park:
    async def park(reason: str, msg: Msg, error: str) -> None:
        await bus.publish(subject.parked("router", reason), msg.data, {"Frontline-Error": error})

    return park


async def until(condition: Callable[[], Awaitable[bool] | bool], seconds: float = 60) -> None:
    """Look again and again until `condition` holds; the state is another task's, and gives no event."""
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)


def mail(
    native_id: str,
    *,
    sender: str = "customer@one.example",
    thread: tuple[ThreadKey, ...] = (),
    text: str = "Hello",
    inbox: InboxId = INBOX,
) -> InboundMessage:
    """A mail that binds its own Message-ID."""
    key = idempotency_key(account="email support", native_id=native_id, kind="message")
    own = ThreadKey(kind="message-id", value=native_id, evidence=ThreadEvidence.REFERENCE, finds=False)
    return InboundMessage(
        id=message_id(key),
        key=key,
        channel=EMAIL,
        inbox=inbox,
        native_id=native_id,
        sender=Identity(channel=EMAIL, address=sender),
        times=Times(received=datetime.now(UTC)),
        text=text,
        thread=(own, *thread),
    )


def answers(native_id: str) -> ThreadKey:
    return ThreadKey(kind="message-id", value=native_id, evidence=ThreadEvidence.REFERENCE, binds=False)


async def killed_and_started(nats: EmbeddedServer, *buses: Bus) -> None:
    """Returns once each of `buses` is connected to the new process: until one knows that it lost the old one, it says
    that it is.
    """
    await nats.kill()
    await until(lambda: not any(bus.connected for bus in buses))
    await nats.start()
    for bus in buses:
        await bus.wait_connected()


async def send_in(bus: Bus, message: InboundMessage) -> None:
    """Store it as an intake does."""
    head = cloudevent.headers(id=message.id, kind="inbound_message", source="/test", at=message.times.received)
    await bus.publish(subject.inbound(message.channel, message.inbox), encode(message), head)


async def commits(bus: Bus) -> list[Commit]:
    """What counts in the log, read afresh."""
    fence = Fence()
    async with aclosing(StreamLogStore(bus, SUPPORT).read(0)) as records:
        return [record.commit async for stored in records if isinstance(record := fence.admit(stored), Counted)]


async def events(bus: Bus, kind: type[E]) -> list[E]:
    return [event for commit in await commits(bus) for event in commit.events if isinstance(event, kind)]


async def transcript(bus: Bus, contact: ContactId) -> list[TranscriptItem]:
    async with aclosing(read(bus, TRANSCRIPT, subject.transcript_all(contact))) as items:
        return [decode_item(stored.data) async for stored in items]


async def all_transcripts(bus: Bus) -> list[TranscriptItem]:
    async with aclosing(read(bus, TRANSCRIPT, "transcript.>")) as items:
        return [decode_item(stored.data) async for stored in items]


async def outbox(bus: Bus) -> list[OutboundMessage]:
    async with aclosing(read(bus, OUTBOX, subject.outbound_all(EMAIL))) as items:
        return [decode_outbound(stored.data) async for stored in items]


async def left_in_inbox(bus: Bus) -> int:
    info = await bus.nc.jetstream().stream_info(subject.inbox_stream(EMAIL))
    return info.state.messages


async def reply(bus: Bus, replica: Replica, contact: ContactId, id_: str, *, request: str = "") -> CommandReply:
    """Store a draft and have the leader decide upon it, as the API does."""
    reply_id, now = MessageId(id_), datetime.now(UTC)
    item = TranscriptItem(
        id=reply_id,
        contact=contact,
        at=now,
        kind=ItemKind.MESSAGE,
        direction=Direction.OUT,
        author=Author(role="agent", id=AGENT),
        channel=EMAIL,
        inbox=INBOX,
        text="An answer",
    )
    outbound = OutboundMessage(
        id=reply_id,
        channel=EMAIL,
        inbox=INBOX,
        desk=SUPPORT,
        contact=contact,
        customer=CustomerId("u"),
        author=AGENT,
        author_name="Demo agent 1",
        to=(Recipient(address="customer@one.example"),),
        written=now,
        text="An answer",
    )
    ack = await bus.publish(subject.draft(SUPPORT), encode(Draft(item=item, outbound=outbound)))
    assert ack.stream == DRAFTS
    command = SendReply(
        contact=contact,
        reply=reply_id,
        agent=AGENT,
        channel=EMAIL,
        inbox=INBOX,
        draft=ack.seq,
        keys=(SIGNER.key_hash("reply", reply_id),),
    )
    return await ask(bus, SUPPORT, replica.epoch, CommandRequest(command=command, request=request))
