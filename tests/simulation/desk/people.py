"""Those around the desk: channels that bring messages, agents who act, and whoever delivers replies."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

import msgspec

from frontline.configuration.model import Desk
from frontline.contract import cloudevent, subject
from frontline.contract.codec import decode_outbound, encode
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import AgentId, ContactId, CustomerId, InboxId, MessageId
from frontline.contract.message import (
    Automation,
    DeliveryReceipt,
    DeliveryState,
    Identity,
    InboundMessage,
    OutboundMessage,
    Presence,
    ThreadEvidence,
    ThreadKey,
    Times,
    idempotency_key,
    message_id,
)
from frontline.runtime.bus import Bus
from frontline.runtime.reader import Stored
from router.core.capacity import AVAILABLE
from router.core.command import (
    AcceptOffer,
    AddNote,
    ChangeLane,
    DeskCommand,
    MergeContacts,
    Promise,
    RejectOffer,
    ReopenContact,
    ResolveContact,
    SendReply,
    SetAvailability,
    SwapTurn,
    TransferContact,
    UnmergeContact,
    WaitFor,
    WriteFirst,
)
from router.core.contact import ASSIGNED, RESOLVED, WAITS, Contact
from router.core.refusal import Refused
from router.core.state import OUTCOMES_KEPT
from router.desk.command_port import CommandRequest
from tests.simulation.desk.drafted import Drafted, draft_of
from tests.simulation.desk.firm import ASKED, CHAT, DESK, EMAIL, FRENCH, MAIL, SIGNER, TALK
from tests.simulation.desk.process import Gone, Process
from tests.simulation.desk.truth import Truth

_AGAIN_SECONDS = 0.3
_SENT, _DELIVERED, _FAILED = DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.FAILED
_TOLD_OF_A_REPLY = ((), (), (_SENT,), (_SENT, _DELIVERED), (_SENT, _FAILED), (_FAILED,), (_DELIVERED, _FAILED))
Inbound = InboundMessage | DeliveryReceipt


class World(Protocol):
    """What people can see of it."""

    @property
    def truth(self) -> Truth: ...

    @property
    def over(self) -> asyncio.Event:
        """Nobody begins anything new."""
        ...

    @property
    def up(self) -> asyncio.Event:
        """Some process is there: while none is, nobody tries."""
        ...

    def process(self) -> Process | None:
        """One that runs."""
        ...

    def now(self) -> datetime: ...


@dataclass(slots=True)
class Sent:
    """`accepted` are those whose channel was told that they are stored."""

    accepted: dict[MessageId, Inbound] = field(default_factory=dict)
    delivered: Counter[MessageId] = field(default_factory=Counter)
    parked: set[bytes] = field(default_factory=set)
    """What was put aside, and went with whoever was erased."""


class Channel:
    """An intake process, and the customers behind it. `inboxes` is where they write to, as often as they stand there."""

    inboxes: tuple[InboxId, ...] = (MAIL, MAIL, FRENCH, ASKED)
    answers = 0.3
    """The share of mails in answer to a reply, if there was one."""

    def __init__(self, world: World, bus: Bus, random: Random) -> None:
        self.sent = Sent()
        self._world = world
        self._bus = bus
        self._random = random
        self._count = 0
        self._busy: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        return bool(self._busy)

    def write(self, *, live: bool = False) -> None:
        """Somebody writes, maybe in answer, maybe coming or leaving a chat."""
        self._start(self._deliver(self._mail(live=live)))

    def write_again(self, *, renamed: bool) -> None:
        """A message comes a second time, by the provider's doing or ours; `renamed` defeats the broker's memory."""
        if self.sent.accepted:
            message = self._random.choice(list(self.sent.accepted.values()))
            self._start(self._deliver(message, ".again" if renamed else ""))

    def deliver(self, record: Stored) -> None:
        """A reply goes out; to one that is idempotent by the reply's id. Sometimes it is told what came of it."""
        out = decode_outbound(record.data)
        self.sent.delivered[out.id] += 1
        if self.sent.delivered[out.id] == 1:
            for state in self._told_of(out):
                self._start(self._tell(out, state))

    def _told_of(self, out: OutboundMessage) -> tuple[DeliveryState, ...]:
        return self._random.choice(_TOLD_OF_A_REPLY)

    def _told_after(self) -> float:
        return self._random.choice((0.0, 0.0, self._random.uniform(0, 5)))

    async def _tell(self, out: OutboundMessage, state: DeliveryState) -> None:
        """What came of a reply: at once or late, and so maybe in another order, and maybe more than once."""
        await asyncio.sleep(self._told_after())
        receipt = self._receipt(out, state)
        await self._deliver(receipt)
        if self._random.random() < 0.2:
            await self._deliver(receipt, ".again")

    def _start(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)  # type: ignore[arg-type]
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _deliver(self, message: Inbound, suffix: str = "") -> None:
        kind = "inbound_message" if isinstance(message, InboundMessage) else "delivery_receipt"
        head = cloudevent.headers(id=f"{message.id}{suffix}", kind=kind, source="/simulated", at=message.times.received)
        where = subject.inbound(message.channel, message.inbox)
        while True:
            try:
                await self._bus.publish(where, encode(message), head)
                break
            except Unavailable:
                await asyncio.sleep(_AGAIN_SECONDS)
                await self._bus.wait_connected()
        self.sent.accepted[message.id] = message

    def _mail(self, *, live: bool) -> InboundMessage:
        self._count += 1
        random, native = self._random, f"n{self._count}"
        channel, inbox = (CHAT, TALK) if live else (EMAIL, random.choice(self.inboxes))
        sender = f"customer-{random.randrange(4)}"
        key = idempotency_key(account=f"{channel} {inbox}", native_id=native, kind="message")
        own = ThreadKey(kind="id", value=native, evidence=ThreadEvidence.REFERENCE, finds=False)
        thread = [own]
        presence = Presence.AWAY
        if live:
            thread = [ThreadKey(kind="chat", value=sender, evidence=ThreadEvidence.TOKEN)]
            presence = random.choice((Presence.LIVE, Presence.LIVE, Presence.LEFT))
        elif self.sent.delivered and random.random() < self.answers:
            answered = random.choice(list(self.sent.delivered))
            thread.append(ThreadKey(kind="reply", value=answered, evidence=ThreadEvidence.TOKEN, binds=False))
        elif self._count > 1 and random.random() < 0.5:
            value = f"n{random.randrange(max(1, self._count - 5), self._count)}"
            evidence = random.choice((ThreadEvidence.REFERENCE, ThreadEvidence.TOKEN))
            thread.append(ThreadKey(kind="id", value=value, evidence=evidence, binds=False))
        return InboundMessage(
            id=message_id(key),
            key=key,
            channel=channel,
            inbox=inbox,
            native_id=native,
            sender=Identity(channel=channel, address=f"{sender}@one.example"),
            times=Times(received=self._world.now()),
            presence=presence,
            automation=random.choice((Automation.NO,) * 9 + (Automation.AUTO_REPLIED,)),
            text="Hello",
            thread=tuple(thread),
        )

    def _receipt(self, out: OutboundMessage, state: DeliveryState) -> DeliveryReceipt:
        key = f"receipt {out.id} {state}"
        return DeliveryReceipt(
            id=message_id(key),
            key=key,
            channel=out.channel,
            inbox=out.inbox,
            reply=out.id,
            contact=out.contact,
            state=state,
            times=Times(received=self._world.now()),
        )


@dataclass(slots=True)
class Asked:
    """A request and its answer. `seq` is set when it was said to be decided."""

    request: str
    command: DeskCommand
    seq: int = 0
    refused: str = ""
    given_up: bool = False
    """The desk was away for longer than it remembers requests."""
    early: bool = False
    """It was answered before the log had it."""


class Colleague:
    """An agent: looks at the desk, and does something about it."""

    def __init__(self, world: World, agent: AgentId, random: Random, desk: Desk = DESK) -> None:
        self.agent = agent
        self._desk = desk
        self.asked: list[Asked] = []
        self._world = world
        self._random = random
        self._count = 0

    async def work(self) -> None:
        """Until it is over; then all that was asked has been answered."""
        while not self._world.over.is_set():
            await asyncio.sleep(self._random.choice((0.05, 0.2, 0.6, 1.5)))
            await self._world.up.wait()
            command = self._choose()
            if command is not None:
                await self._have_done(command)

    async def ask(self, command: DeskCommand) -> None:
        await self._have_done(command)

    async def _have_done(self, command: DeskCommand) -> None:
        self._count += 1
        asked = Asked(f"{self.agent}-{self._count}", command)
        self.asked.append(asked)
        began = self._world.now()
        while not await self._try(asked):
            await asyncio.sleep(_AGAIN_SECONDS)
            await self._world.up.wait()
            if self._world.now() - began > OUTCOMES_KEPT:
                asked.given_up = True
                return

    async def _try(self, asked: Asked) -> bool:
        process = self._world.process()
        if process is None:
            return False
        try:
            asked.seq = await process.ask(self._request(process, asked))
        except Refused as refused:
            asked.refused = refused.conflict
        except (Unavailable, Rejected, Gone):
            return False
        if asked.seq and self._world.truth.seq_of.get(asked.request, 1 << 60) > asked.seq:
            asked.early = True
        return True

    async def _request(self, process: Process, asked: Asked) -> int:
        command = asked.command
        if isinstance(command, Drafted):
            draft = draft_of(command, self._desk, self.agent, self._world.now())
            head = cloudevent.headers(
                id=draft.item.id, kind="draft", source=f"/desks/{self._desk.id}", at=draft.item.at
            )
            ack = await process.bus.publish(subject.draft(self._desk.id), encode(draft), head)
            command = msgspec.structs.replace(command, draft=ack.seq)
        reply = await process.commands.ask(
            self._desk.id, CommandRequest(command=command, request=asked.request, body={"request": asked.request})
        )
        if reply.body != {"request": asked.request}:
            raise AssertionError(f"{asked.request} got another's answer: {reply.body}")
        return reply.seq

    def _choose(self) -> DeskCommand | None:
        state, random = self._world.truth.state, self._random
        me = state.agents.get(self.agent)
        if me is None:
            return None
        if me.state != AVAILABLE and random.random() < 0.5:
            return SetAvailability(agent=self.agent, state=AVAILABLE)
        if random.random() < 0.04:
            away = random.choice(("away", "offline"))
            until = self._world.now() + timedelta(seconds=3) if random.random() < 0.5 and away == "away" else None
            return SetAvailability(agent=self.agent, state=away, until=until)
        if me.offered:
            offer = state.contacts[next(iter(me.offered))].offer
            assert offer is not None
            answer = random.choices((AcceptOffer, RejectOffer, None), (7, 1, 3))[0]
            return answer(offer=offer.id, agent=self.agent) if answer else None
        if me.held and random.random() < 0.9:
            return self._about(state.contacts[random.choice(list(me.held))])
        if random.random() < 0.04:
            return self._write_first()
        if random.random() < 0.03:
            partner = random.choice([agent.id for agent in self._desk.agents])
            return SwapTurn(agent=self.agent, partner=partner, shift="noon", day=self._world.now().date())
        if state.contacts and random.random() < 0.3:
            return self._about(random.choice(list(state.contacts.values())))
        return None

    def _about(self, contact: Contact) -> DeskCommand:
        random = self._random
        if contact.phase == RESOLVED:
            return ReopenContact(contact=contact.id, agent=self.agent)
        if contact.merged_into is not None:
            return UnmergeContact(contact=contact.id, agent=self.agent)
        kinds = ("reply", "resolve", "note", "wait", "transfer", "lane", "promise", "merge")
        kind = random.choices(kinds, (8, 6, 1, 4, 2, 1, 3, 3))[0]
        match kind:
            case "promise":
                due_at = self._world.now() + timedelta(seconds=random.choice((1, 2, 4)))
                note = MessageId(f"p-{self.agent}-{self._count}")
                return Promise(contact=contact.id, agent=self.agent, due_at=due_at, note=note, draft=0)
            case "merge":
                into = random.choice(list(self._world.truth.state.contacts))
                return MergeContacts(contact=contact.id, into=into, agent=self.agent)
            case "reply":
                reply = MessageId(f"r-{self.agent}-{self._count}")
                return SendReply(
                    contact=contact.id,
                    reply=reply,
                    agent=self.agent,
                    channel=contact.channel,
                    inbox=contact.inbox,
                    draft=0,
                    keys=(SIGNER.key_hash("reply", reply),),
                )
            case "note":
                return AddNote(
                    contact=contact.id, note=MessageId(f"t-{self.agent}-{self._count}"), agent=self.agent, draft=0
                )
            case "wait" if contact.phase == ASSIGNED:
                seconds = random.choice((None, 1, 3))
                until = None if seconds is None else self._world.now() + timedelta(seconds=seconds)
                return WaitFor(contact=contact.id, agent=self.agent, state=random.choice(sorted(WAITS)), until=until)
            case "transfer":
                to = random.choice([agent.id for agent in self._desk.agents])
                if random.random() < 0.5:
                    return TransferContact(contact=contact.id, agent=self.agent, to=to)
                return TransferContact(contact=contact.id, agent=self.agent, skill="french")
            case "lane":
                return ChangeLane(contact=contact.id, agent=self.agent, lane=random.choice(("vip", "normal", "low")))
            case _:
                return ResolveContact(contact=contact.id, agent=self.agent)

    def _write_first(self) -> WriteFirst:
        name = f"{self.agent}-{self._count}"
        reply = MessageId(f"f-{name}")
        return WriteFirst(
            contact=ContactId(f"w-{name}"),
            customer=CustomerId(f"u-{name}"),
            reply=reply,
            agent=self.agent,
            channel=EMAIL,
            inbox=self._desk.inboxes[0].id,
            draft=0,
            keys=(SIGNER.key_hash("reply", reply),),
        )
