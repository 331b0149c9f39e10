"""One channel's inbox stream into the desk: pull, look up, decide, write down, acknowledge.

Three stages with bounded queues between them, each in the order of arrival; no task a message.
A message is acknowledged only after its words are stored, and not while the log may have lost that it was decided. What is
pulled are the inboxes that the desk has in hand (`holding.py`): when that changes, what is in hand is finished first.
While it is in hand the server is told so, hence a redelivery means that a leader died or that the message itself made
trouble: at the fifth delivery it is parked.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from nats.aio.msg import Msg

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.codec import decode_inbound
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import ChannelName, DeskId, InboxId
from frontline.contract.message import DeliveryReceipt, InboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.pull import pull, quietly
from router.core.command import DeskCommand
from router.core.decide_message import NOT_TAKEN, UNKNOWN_INBOX
from router.core.elsewhere import Elsewhere
from router.core.refusal import Refused
from router.desk.effects import stored
from router.desk.holding import ACK_WAIT_SECONDS, Holding
from router.desk.log import Deposed
from router.desk.loop import Decided, DeskLoop, Stale, Work
from router.desk.resolve import Resolved, Resolver
from router.desk.send_on import SendsOn
from router.desk.words import Acks, People, Words
from router.desk.writing_down import WritesDown

MAX_DELIVERIES = 5
_BATCH = 64
_RETRY_SECONDS = 0.5
_LONGEST_RETRY_SECONDS = 8.0
_FINISH_SECONDS = 5.0
_ELSEWHERE_SECONDS = 2.0
T = TypeVar("T")


class Park(Protocol):
    """Keeps what can't be processed where an operator sees it. Raises `Unavailable`."""

    async def __call__(self, reason: str, msg: Msg, error: str) -> None: ...


@dataclass(slots=True, eq=False)
class _Item:
    msg: Msg
    inbound: InboundMessage | DeliveryReceipt
    resolved: Resolved | None = None
    done: asyncio.Future[Decided] | None = None
    decided: Decided | None = None
    acks: Acks = field(default_factory=list)


class Intake:
    """The pipeline of one (desk, channel). `window` messages are in hand at most."""

    def __init__(
        self,
        bus: Bus,
        desk: DeskId,
        channel: ChannelName,
        *,
        holding: Holding,
        resolver: Resolver,
        loop: DeskLoop,
        words: Words,
        writes: WritesDown,
        sends_on: SendsOn,
        park: Park,
        clock: Clock,
        log: Log,
        window: int = 256,
    ) -> None:
        self._bus = bus
        self._desk = desk
        self._stream = subject.inbox_stream(channel)
        self._holding = holding
        self._resolver = resolver
        self._loop = loop
        self._words = words
        self._writes = writes
        self._sends_on = sends_on
        self._park = park
        self._clock = clock
        self._log = log
        self._decided: asyncio.Queue[_Item] = asyncio.Queue(window)
        self._written: asyncio.Queue[_Item] = asyncio.Queue(window)
        self._in_hand: dict[_Item, None] = {}
        self._window = window
        self._room = asyncio.Event()
        self._pulls = 0
        self._finishing = False

    async def run(self) -> None:
        """Take messages in until cancelled; what is in hand then is redelivered to the next leader."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pull())
            tasks.create_task(self._write())
            tasks.create_task(self._acknowledge())
            tasks.create_task(self._keep())
            tasks.create_task(self._holding.watch())

    async def finish(self) -> None:
        """Take nothing in any more, and wait until what is in hand is done, for a while. `run` has to be running."""
        self._finishing = True
        self._holding.stale.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_SECONDS):
                await self._done()

    async def _pull(self) -> None:
        pause = _RETRY_SECONDS
        while not self._finishing:
            pulls = self._pulls
            try:
                await self._bus.wait_connected()
                if await self._holding.settle():
                    await self._pull_on()
                await self._holding.stale.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_FINISH_SECONDS):
                        await self._done()
            except Unavailable as error:
                self._log.warning("intake.interrupted", stream=self._stream, error=error.detail)
                pause = _RETRY_SECONDS if self._pulls > pulls else min(pause * 2, _LONGEST_RETRY_SECONDS)
                await asyncio.sleep(pause)

    async def _pull_on(self) -> None:
        """Until there is something to put right about what is pulled."""
        durable, stale = subject.desk_consumer(self._desk), self._holding.stale
        async with aclosing(pull(self._bus, self._stream, durable, self._free)) as batches:
            while (messages := await _unless(stale, anext(batches))) is not None:
                self._pulls += 1
                await self._take(messages)
                while self._free() <= 0:
                    self._room.clear()
                    await self._room.wait()

    async def _done(self) -> None:
        """Wait until nothing is in hand."""
        while self._in_hand:
            self._room.clear()
            await self._room.wait()

    def _free(self) -> int:
        return min(_BATCH, self._window - len(self._in_hand))

    async def _take(self, messages: Sequence[Msg]) -> None:
        here = {item.msg.metadata.sequence.stream for item in self._in_hand}
        fresh = [msg for msg in messages if msg.metadata.sequence.stream not in here]
        items = [item for msg in fresh if (item := await self._admit(msg)) is not None]
        for item in items:
            self._in_hand[item] = None
        resolved = await asyncio.gather(*(self._resolve(item) for item in items), return_exceptions=True)
        for item, work in zip(items, resolved, strict=True):
            if isinstance(work, BaseException):
                await self._trouble(item, work)
                continue
            item.done = await self._loop.submit(work)
            await self._decided.put(item)

    async def _admit(self, msg: Msg) -> _Item | None:
        """The message as a value, or `None` if it was put aside."""
        if not self._holding.has(InboxId(msg.subject.rpartition(".")[2])):
            await quietly(msg.nak(delay=_ELSEWHERE_SECONDS))  # it left the consumer's filter after it was handed out
            return None
        if msg.metadata.num_delivered >= MAX_DELIVERIES:
            await self._put_aside(msg, "poison", f"delivered {msg.metadata.num_delivered} times without success")
            return None
        try:
            return _Item(msg, decode_inbound(msg.data))
        except Rejected as error:
            await self._put_aside(msg, "malformed", error.detail)
            return None

    async def _resolve(self, item: _Item) -> Work:
        now = self._clock()
        while True:
            floor = self._loop.state.overlay.floor
            try:
                if isinstance(item.inbound, DeliveryReceipt):
                    command: DeskCommand = await self._resolver.receipt(item.inbound, now)
                else:
                    item.resolved = await self._resolver.message(item.inbound, now)
                    command = item.resolved.command
                return Work(command, cause=item.inbound.id, floor=floor)
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
                await self._bus.wait_connected()

    async def _write(self) -> None:
        while True:
            items = [await self._decided.get()]
            while not self._decided.empty():
                items.append(self._decided.get_nowait())
            people = await self._people(items)
            for item in items:
                await self._write_down(item, people)

    async def _people(self, items: Sequence[_Item]) -> People:
        """Those among the senders who are known, read in one go. Whoever is missing is read when it is their turn."""
        known = {item.resolved.command.customer for item in items if item.resolved and item.resolved.known_customer}
        try:
            return await self._words.people(known)
        except Unavailable:
            return {}

    async def _write_down(self, item: _Item, people: People) -> None:
        try:
            item.decided = await self._outcome(item)
            item.acks = await self._patiently(item, people, again=item.msg.metadata.num_delivered > 1)
        except Deposed:
            raise
        except Elsewhere as elsewhere:
            await self._sends_on.send_on(item.msg, item.inbound, elsewhere, None)
            item.acks = []
        except Exception as error:  # noqa: BLE001 - a bug must not cost a message
            await self._trouble(item, error)
            return
        await self._written.put(item)

    async def _outcome(self, item: _Item) -> Decided:
        assert item.done is not None
        while True:
            try:
                return await item.done
            except Stale:
                item.done = await self._loop.submit(await self._resolve(item))

    async def _patiently(self, item: _Item, people: People, *, again: bool) -> Acks:
        while True:
            try:
                return await self._begin_words(item, people, again=again)
            except Unavailable:
                again = True
                people.clear()  # what was to be written may not have been stored
                await asyncio.sleep(_RETRY_SECONDS)
                await self._bus.wait_connected()

    async def _begin_words(self, item: _Item, people: People, *, again: bool) -> Acks:
        assert item.decided is not None
        trace = (item.msg.headers or {}).get("traceparent", "")
        if isinstance(item.inbound, DeliveryReceipt):
            return await self._writes.receipt(item.inbound, item.decided, again=again, trace=trace)
        assert item.resolved is not None
        return await self._writes.message(
            item.inbound, item.resolved, item.decided, again=again, trace=trace, people=people
        )

    async def _acknowledge(self) -> None:
        while True:
            item = await self._written.get()
            while True:
                try:
                    await stored(item.acks)
                    break
                except Unavailable:
                    await asyncio.sleep(_RETRY_SECONDS)
                    item.acks = await self._patiently(item, {}, again=True)
            await self._loop.sure()  # else it may be known here only, and nowhere once the next leader begins
            await quietly(item.msg.ack())
            self._let_go(item)

    async def _keep(self) -> None:
        """Tell the server which messages are still in hand, so that it does not give them out again."""
        while True:
            await asyncio.sleep(ACK_WAIT_SECONDS / 2.5)
            for item in tuple(self._in_hand):
                if item in self._in_hand and self._bus.connected:
                    await quietly(item.msg.in_progress())

    async def _trouble(self, item: _Item, error: BaseException) -> None:
        """Say no for good where the message can never succeed; else have it delivered again, later."""
        self._let_go(item)
        if isinstance(error, Refused) and error.conflict in (UNKNOWN_INBOX, NOT_TAKEN):
            await quietly(item.msg.nak(delay=_ELSEWHERE_SECONDS))  # its inbox is going to another desk, and it with it
            return
        if isinstance(error, Refused):
            await self._put_aside(item.msg, "refused", f"{error.conflict}: {error.detail}")
            return
        if not isinstance(error, Unavailable):
            self._log.error("intake.failed", message=item.inbound.id, error=type(error).__name__)
        await quietly(item.msg.nak(delay=2.0 ** min(item.msg.metadata.num_delivered, 5)))

    async def _put_aside(self, msg: Msg, reason: str, error: str) -> None:
        while True:
            try:
                await self._park(reason, msg, error)
                break
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
                await self._bus.wait_connected()
        await quietly(msg.term())

    def _let_go(self, item: _Item) -> None:
        self._in_hand.pop(item, None)
        self._room.set()


async def _unless(stop: asyncio.Event, coming: Awaitable[T]) -> T | None:
    """What comes, or `None` if `stop` is set before."""
    waiting, stopped = asyncio.ensure_future(coming), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((waiting, stopped), return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        for each in (waiting, stopped):
            each.cancel()
        await asyncio.gather(waiting, stopped, return_exceptions=True)
