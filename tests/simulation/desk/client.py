"""The connection of a simulated process to the simulated server: what `Bus` needs of nats-py's client."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context, copy_context
from random import Random
from types import MappingProxyType
from typing import Any, cast

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from frontline.runtime.bus import Bus, PromptClient
from tests.simulation.desk.broker import Broker, Headers
from tests.simulation.faults import Faults
from tests.simulation.virtual_loop import VirtualLoop

_ORDERLY = 1e-6
Callback = Callable[[Msg], Awaitable[None]]


class Subscription:
    def __init__(self, client: "SimulatedClient", subject: str, number: int, cb: Callback) -> None:
        self._client = client
        self._nc = cast("Client", client)
        self._id = number
        self._cb = cb
        self.subject = subject
        self._answers = subject.startswith("_INBOX.")
        self._context: Context = copy_context()

    async def unsubscribe(self) -> None:
        self._client.drop(self)

    def deliver(self, subject: str, reply: str, data: bytes, headers: Headers | None) -> None:
        """The server gives a message: it travels now."""
        self._client.down(self, (subject, reply, data, headers))

    def take(self, frame: tuple[str, str, bytes, Headers | None]) -> None:
        subject, reply, data, headers = frame
        client = self._client
        if self._id == client.replies_sid and client.acknowledged(subject.encode(), data):
            return
        if (nudge := client.nudged.get(self._id)) is not None:
            client.run_as_task(nudge, context=self._context)
            return
        msg = Msg(self._nc, subject, reply, data, dict(headers) if headers else None)
        if self._answers:
            client.run_as_task(self._keep, msg, context=self._context)
        else:
            client.loop.create_task(cast("Any", self._cb(msg)), context=self._context)

    def _keep(self, msg: Msg) -> None:
        """An answer is put where it is awaited, without a task: most of what comes is answers."""
        try:
            self._cb(msg).send(None)  # type: ignore[attr-defined]
        except StopIteration:
            return
        raise AssertionError("whoever takes answers is not to wait for anything")


class SimulatedClient:
    """`cut` and `mend` are the connection's, `stall` and `flow` the network's, `kill` is the process's end.

    With `fuse` set, the process dies with that many more messages sent: just before or just behind one.
    """

    max_payload = 1 << 20
    replies_sid = -1
    acknowledged: Callable[[bytes, bytes], bool] = staticmethod(lambda _subject, _data: False)
    nudged: Mapping[int, Callable[[], None]] = MappingProxyType({})

    def __init__(self, broker: Broker, random: Random, faults: Faults, number: int, distance: float = 1.0) -> None:
        self._broker = broker
        self._random = random
        self._draw = random.random
        self._faults = faults
        self._number = number
        self._distance = distance
        self._subscriptions: dict[int, Subscription] = {}
        self._count = 0
        self.loop = loop = asyncio.get_running_loop()
        self.run_as_task = loop.run_as_task if isinstance(loop, VirtualLoop) else loop.call_soon
        self._connection = 0
        self._last_up = self._last_down = 0.0
        self._stalled = False
        self._held: deque[Callable[[], None]] = deque()
        self._lost: Callable[[], Awaitable[None]] | None = None
        self._found: Callable[[], Awaitable[None]] | None = None
        self._context = copy_context()
        self.is_connected = False
        self.dead = False
        self.fuse: int | None = None
        self.blown: Callable[[], None] = lambda: None

    # What a client can do.

    async def connect(self, _servers: list[str], **options: Any) -> None:
        self._lost, self._found = options["disconnected_cb"], options["reconnected_cb"]
        self._context = copy_context()
        self.is_connected = True

    async def subscribe(self, subject: str, cb: Callback, **_: Any) -> Subscription:
        if not self.is_connected:
            raise nats.errors.ConnectionClosedError
        self._count += 1
        subscription = Subscription(self, subject, self._count, cb)
        self._subscriptions[self._count] = subscription
        self._broker.listen(subject, subscription)
        return subscription

    async def publish(
        self, subject: str, payload: bytes = b"", reply: str = "", headers: Headers | None = None
    ) -> None:
        faults = self._faults
        if faults.suspends and self._happens(faults.suspends / 4):
            await asyncio.sleep(self._latency())
        if not self.is_connected:
            raise nats.errors.ConnectionClosedError
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                if self._random.random() < 0.5:
                    self._send(subject, reply, payload, headers)
                self.blown()
                await asyncio.Event().wait()  # nothing comes of it any more
        self._send(subject, reply, payload, headers)

    def expect(self, _inbox: str, sid: int) -> None:
        self.replies_sid = sid

    async def send(self, subject: str, reply: str, payload: bytes, headers: Headers | None) -> None:
        await self.publish(subject, payload, reply, headers)

    def new_inbox(self) -> str:
        self._count += 1
        return f"_INBOX.{self._number}-{self._count}"

    async def flush(self, _timeout: float = 0) -> None:
        return

    async def close(self) -> None:
        self.kill()

    def let_go(self) -> None:
        return

    def abort(self) -> None:
        return

    # What happens to it.

    def cut(self) -> None:
        """The connection is lost, and most of what travels with it; some arrives all the same, or later."""
        if not self.is_connected:
            return
        self.is_connected = False
        self._connection += 1
        self._broker.seen["connection lost"] += 1
        for subscription in self._subscriptions.values():
            self._broker.leave(subscription.subject, subscription)
        self._call(self._lost)

    def mend(self) -> None:
        if self.is_connected or self.dead:
            return
        self.is_connected = True
        for subscription in self._subscriptions.values():
            self._broker.listen(subscription.subject, subscription)
        self._call(self._found)

    def stall(self) -> None:
        """Nothing gets through, and nobody is told."""
        self._stalled = True
        self._broker.seen["network stalled"] += 1

    def flow(self) -> None:
        self._stalled = False
        while self._held:
            self._held.popleft()()

    def kill(self) -> None:
        """The process is no more. What was sent goes its way."""
        self.dead = True
        self.is_connected = False
        self._connection += 1
        for subscription in self._subscriptions.values():
            self._broker.leave(subscription.subject, subscription)
        self._subscriptions.clear()

    def drop(self, subscription: Subscription) -> None:
        self._subscriptions.pop(subscription._id, None)
        self._broker.leave(subscription.subject, subscription)

    def down(self, subscription: Subscription, frame: tuple[str, str, bytes, Headers | None]) -> None:
        """From the server to us. Answers and nudges may be lost, late or doubled; what is read or delivered
        comes in order or, with the connection, not at all: a stream of bytes has no holes.
        """
        faults = self._faults
        alone = False
        if faults.ack_lost or faults.ack_late or faults.doubled:
            subject, reply, _, head = frame
            alone = (not reply and head is None) or subject.startswith(("tail.", "kv."))
        if alone and self._happens(faults.ack_lost):
            self._broker.seen["acknowledgement lost"] += 1
            return
        connection = self._connection

        def arrive() -> None:
            if self._stalled:
                self._held.append(arrive)
            elif connection == self._connection and subscription._id in self._subscriptions:
                subscription.take(frame)

        loop = self.loop
        if alone and self._happens(faults.ack_late):
            self._broker.seen["acknowledgement late"] += 1
            loop.call_later(faults.deadline * self._random.uniform(0.05, 1.2), arrive)
            return
        last, at = self._last_down + _ORDERLY, loop.time() + self._latency()
        self._last_down = max(at, last)
        loop.call_at(self._last_down, arrive)
        if alone and self._happens(faults.doubled):
            self._broker.seen["answer doubled"] += 1
            loop.call_later(self._latency() * 5, arrive)

    # The network.

    def _send(self, subject: str, reply: str, payload: bytes, headers: Headers | None) -> None:
        faults, loop = self._faults, self.loop
        if faults.request_lost and self._happens(faults.request_lost):
            self._broker.seen["request lost"] += 1
            return
        connection, sent = self._connection, loop.time()

        def arrive() -> None:
            if self._stalled and not self.dead:
                self._held.append(arrive)
            elif connection == self._connection or self._random.random() < 0.5:
                self._broker.receive(subject, reply, payload, headers, sent)

        if faults.late and self._happens(faults.late):
            self._broker.seen["late"] += 1
            loop.call_later(faults.deadline * self._random.uniform(0.2, 4), arrive)
            return
        last, at = self._last_up + _ORDERLY, loop.time() + self._latency()
        self._last_up = max(at, last)
        loop.call_at(self._last_up, arrive)
        if faults.doubled and self._happens(faults.doubled):
            self._broker.seen["request doubled"] += 1
            loop.call_later(self._latency() * 5, arrive)

    def _call(self, callback: Callable[[], Awaitable[None]] | None) -> None:
        if callback is not None:
            self.loop.create_task(cast("Any", callback()), context=self._context)

    def _latency(self) -> float:
        return self._faults.latency * self._distance * (0.2 + (2 - 0.2) * self._draw())

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._draw() < chance


async def bus_to(client: SimulatedClient, *, ack_deadline: float) -> Bus:
    """Our own bus over a simulated connection."""
    bus = Bus(name="simulated", ack_deadline=ack_deadline)
    bus.nc = cast("PromptClient", client)
    await bus.connect("simulated")
    return bus
