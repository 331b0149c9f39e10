"""The connection to NATS, and publishing that returns only when JetStream has stored the message.

nats-py's own `publish_async` never completes its future for an error reply, and one future, one
`wait_for` and one subscription a message cost more than the message. Here all acknowledgements
come in on one subscription of ours, with deadlines of our own (design: `nats.md`, 3 and 5).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import islice, takewhile
from typing import Any, TypeVar

import nats
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from frontline.contract.error import Reason, Rejected, Unavailable
from frontline.runtime.acknowledgement import Place, Waits, outcome_of
from frontline.runtime.acknowledgement import PubAck as PubAck  # noqa: PLC0414 - read from here by others
from frontline.runtime.acknowledgement import Together as Together  # noqa: PLC0414 - as above
from frontline.runtime.acknowledgement import WrongSequence as WrongSequence  # noqa: PLC0414 - as above
from frontline.runtime.prompt_client import PromptClient as PromptClient  # noqa: PLC0414 - read from here by others

_NOBODY = "503"
T = TypeVar("T")
Awaited = dict[str, tuple[float, Waits[T]]]
"""By the last token of where the answer comes: until when, and who waits. The earliest is the first."""


class Bus:
    """One connection. `connected` is false from the moment the connection is lost."""

    def __init__(self, *, name: str, ack_deadline: float = 5.0) -> None:
        self.name = name
        self.trouble = ""
        """The last error of the client since it was connected: a wrong token, a server that is away."""
        self.nc = PromptClient()
        self._ack_deadline = ack_deadline
        self._waiting: Awaited[PubAck] = {}
        self._answers: Awaited[bytes] = {}
        self._nudged: dict[int, Callable[[], None]] = {}
        self._asking: dict[str, Replies] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop
        self._count = 0
        self._prefix = ""
        self._up = asyncio.Event()
        self._listeners: list[Callable[[bool], None]] = []

    @property
    def connected(self) -> bool:
        return self.nc.is_connected

    def on_change(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(connected)` each time that the connection comes or goes."""
        self._listeners.append(listener)

    def off_change(self, listener: Callable[[bool], None]) -> None:
        self._listeners.remove(listener)

    async def connect(self, url: str, *, token: str | None = None, **options: Any) -> None:
        """Connect, and stay connected: tries for ever, now and after each loss. `url` may be several,
        with commas between.
        """
        self._loop = asyncio.get_running_loop()  # kept: before Python 3.12 each question for it asks the system
        options.setdefault("reconnect_time_wait", 0.2)
        options.setdefault("ping_interval", 5)
        options.setdefault("max_outstanding_pings", 2)
        await self.nc.connect(
            [one.strip() for one in url.split(",")],
            token=token,
            name=self.name,
            max_reconnect_attempts=-1,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
            **options,
        )
        self._prefix = self.nc.new_inbox()
        replies = await self.nc.subscribe(f"{self._prefix}.*", cb=self._on_reply)
        self.nc.acknowledged, self.nc.stored = self._acknowledged, self._stored
        self.nc.expect(self._prefix, replies._id)  # noqa: SLF001
        self.nc.nudged = self._nudged
        self._tell(connected=True)

    async def wait_connected(self) -> None:
        await self._up.wait()

    async def close(self) -> None:
        """Let go of everything; outstanding publishes become `Unavailable`."""
        self._lose("the service is stopping")
        await self.nc.leave()

    async def begin(
        self, subject: str, payload: bytes, headers: dict[str, str] | None = None
    ) -> asyncio.Future[PubAck]:
        """Send one message for storage and give the future of its acknowledgement.

        The future ends with `PubAck`, `WrongSequence`, `Rejected` (too large) or `Unavailable`
        (`full` when the stream is). `Unavailable` without `full` does not say that the message
        was not stored: repeat it under the same id.
        """
        self._must_take(payload)
        future: asyncio.Future[PubAck] = self._loop.create_future()
        await self._send(subject, payload, headers, future, self._waiting)
        return future

    async def begin_together(self, together: Together, *messages: tuple[str, bytes, dict[str, str] | None]) -> None:
        """Send several in this order; what becomes of them is told to `together`, which has as many places. Also
        whether they could be sent at all: only being cancelled is raised here.
        """
        for place, (subject, payload, headers) in enumerate(messages):
            try:
                self._must_take(payload)
                await self._send(subject, payload, headers, Place(together, place), self._waiting)
            except (Unavailable, Rejected) as error:
                together.settle(place, error.with_traceback(None))  # which would hold this frame, and the messages
            except BaseException:
                for unsent in range(place, len(messages)):
                    together.settle(unsent, Unavailable("was not sent"))
                raise

    def _must_take(self, payload: bytes) -> None:
        if not self.nc.is_connected:
            raise Unavailable("no connection to the bus")
        if len(payload) > self.nc.max_payload:
            raise Rejected("larger than the bus takes", Reason.TOO_LARGE)

    async def begin_request(self, subject: str, payload: bytes = b"") -> asyncio.Future[bytes]:
        """Ask once and give the future of the answer's body. It ends with `Unavailable` when nobody answers."""
        if not self.nc.is_connected:
            raise Unavailable("no connection to the bus")
        future: asyncio.Future[bytes] = self._loop.create_future()
        await self._send(subject, payload, None, future, self._answers)
        return future

    async def _send(
        self,
        subject: str,
        payload: bytes,
        headers: dict[str, str] | None,
        waits: Waits[T],
        waiting: Awaited[T],
    ) -> None:
        """What is answered once, by the deadline."""
        self._count += 1
        token = str(self._count)
        waiting[token] = (self._loop.time() + self._ack_deadline, waits)
        if self._timer is None:
            self._timer = self._loop.call_later(self._ack_deadline, self._expire)
        try:
            await self.nc.send(subject, f"{self._prefix}.{token}", payload, headers)
        except BaseException as error:
            waiting.pop(token, None)
            del waits  # it holds the error from then on, and the error this frame
            if isinstance(error, Exception):
                raise Unavailable("could not be sent to the bus") from error
            raise

    async def subscribe(self, subject: str, take: Callable[[Msg], Awaitable[None]]) -> Subscription:
        """Have `take` called for each message on `subject`. Raises `Unavailable`."""
        if not self.nc.is_connected:
            raise Unavailable("no connection to the bus")
        try:
            return await self.nc.subscribe(subject, cb=take)
        except (nats.errors.Error, OSError) as error:
            raise Unavailable("could not be sent to the bus") from error

    async def respond(self, msg: Msg, payload: bytes) -> bool:
        """Answer, if one is wanted. Whether it could be sent: whoever asked asks again if nothing comes."""
        if not msg.reply:
            return True
        if not self.nc.is_connected:
            return False
        try:
            await msg.respond(payload)
        except (nats.errors.Error, OSError):
            return False
        return True

    async def publish(self, subject: str, payload: bytes, headers: dict[str, str] | None = None) -> PubAck:
        """Store one message; returns once it is stored. Errors as `begin`."""
        return await (await self.begin(subject, payload, headers))

    async def request(self, subject: str, payload: bytes = b"", *, timeout: float = 5.0) -> Msg:
        """Ask once. `Unavailable` when nobody answers in time."""
        with self.replies() as replies:
            await replies.ask(subject, payload)
            return await replies.next(timeout)

    @contextmanager
    def replies(self) -> Iterator["Replies"]:
        """Somewhere to be answered, more than once if need be, until the end of the block."""
        self._count += 1
        token = str(self._count)
        replies = Replies(self, f"{self._prefix}.{token}")
        self._asking[token] = replies
        try:
            yield replies
        finally:
            del self._asking[token]

    @asynccontextmanager
    async def deliveries(self) -> AsyncIterator["Replies"]:
        """The same for a consumer's messages: they keep their stream's subject, so that only a
        subscription of their own can tell whose they are.
        """

        async def take(msg: Msg) -> None:
            replies.arrived(msg)

        with self.replies() as replies:
            replies.inbox = self.nc.new_inbox()
            subscription = await self.subscribe(replies.inbox, take)
            try:
                yield replies
            finally:
                with suppress(nats.errors.Error):
                    await subscription.unsubscribe()

    @asynccontextmanager
    async def nudges(self, subject: str, nudge: Callable[[], None]) -> AsyncIterator[None]:
        """Call `nudge` for every message on `subject` until the end of the block. Cheaper than to be handed them.
        Raises `Unavailable`.
        """

        async def take(_: Msg) -> None:
            nudge()

        subscription = await self.subscribe(subject, take)
        self._nudged[subscription._id] = nudge  # noqa: SLF001
        try:
            yield
        finally:
            with suppress(Exception):  # a connection that is away has no subscriptions
                await subscription.unsubscribe()
            del self._nudged[subscription._id]  # noqa: SLF001

    def _stored(self, token: bytes, stream: bytes, seq: bytes) -> bool:
        """What nearly all acknowledgements say."""
        awaited = self._waiting.pop(token.decode(), None)
        if awaited is None:
            return False
        _, waits = awaited
        if not waits.done():
            waits.set_result(PubAck(stream.decode(), int(seq), duplicate=False))
        return True

    def _acknowledged(self, subject: bytes, data: bytes) -> bool:
        token = subject.rpartition(b".")[2].decode()
        awaited = self._waiting.pop(token, None)
        if awaited is None:
            return self._answered(token, data)
        _, waits = awaited
        if waits.done():
            return True
        if not data:
            waits.set_exception(Unavailable("no stream takes this subject"))
            return True
        outcome = outcome_of(data)
        if isinstance(outcome, PubAck):
            waits.set_result(outcome)
        else:
            waits.set_exception(outcome)
        return True

    def _answered(self, token: str, data: bytes) -> bool:
        awaited = self._answers.pop(token, None)
        if awaited is None:
            return False
        _, waits = awaited
        if not waits.done():
            if data:
                waits.set_result(data)
            else:
                waits.set_exception(Unavailable("nobody listens there"))
        return True

    async def _on_reply(self, msg: Msg) -> None:
        """What is no acknowledgement: an answer to a question."""
        if (replies := self._asking.get(msg.subject.rpartition(".")[2])) is not None:
            replies.arrived(msg)

    def _expire(self) -> None:
        now = self._loop.time()
        _give_up_late(self._waiting, now)
        _give_up_late(self._answers, now)
        first = [until for waiting in (self._waiting, self._answers) for until, _ in islice(waiting.values(), 1)]
        self._timer = self._loop.call_at(min(first), self._expire) if first else None

    def _lose(self, why: str) -> None:
        lost: list[tuple[float, Waits[Any]]] = [*self._waiting.values(), *self._answers.values()]
        self._waiting.clear()
        self._answers.clear()
        for _, waits in lost:
            _fail(waits, why)
        for replies in self._asking.values():
            replies.arrived(None)

    def _tell(self, *, connected: bool) -> None:
        if connected:
            self._up.set()
        else:
            self._up.clear()
        for listener in self._listeners:
            listener(connected)

    async def _on_error(self, error: Exception) -> None:
        """What fails reaches its caller anyway; here it is kept to be told by the readiness probe."""
        self.trouble = str(error) or type(error).__name__

    async def _on_disconnected(self) -> None:
        self._lose("the connection to the bus was lost")
        self._tell(connected=False)

    async def _on_reconnected(self) -> None:
        self.trouble = ""
        self._tell(connected=True)


class Replies:
    """Answers to what was asked with `inbox` as the reply subject, in order."""

    def __init__(self, bus: Bus, inbox: str) -> None:
        self._bus = bus
        self.inbox = inbox
        self._arrived: deque[Msg | None] = deque()
        self._waiter: asyncio.Future[None] | None = None

    async def ask(self, subject: str, payload: bytes = b"") -> None:
        """Send a request. Raises `Unavailable`."""
        if not self._bus.connected:
            raise Unavailable("no connection to the bus")
        try:
            await self._bus.nc.publish(subject, payload, reply=self.inbox)
        except (nats.errors.Error, OSError) as error:
            raise Unavailable("could not be sent to the bus") from error

    async def next(self, timeout: float) -> Msg:
        """The next answer. `Unavailable` when none comes in time, nobody listens, or the bus is lost.

        No `wait_for`: before Python 3.12 it may swallow a cancellation, and a task then never ends. No `timeout`:
        whatever is read waits here, and a timer alone costs a third.
        """
        if not self._arrived:
            loop = asyncio.get_running_loop()
            waiter = self._waiter = loop.create_future()
            late = loop.call_later(timeout, _give_up, waiter)
            try:
                await waiter
            finally:
                late.cancel()
                self._waiter = None
        msg = self._arrived.popleft()
        if msg is None:
            raise Unavailable("the connection to the bus was lost")
        if msg.headers is not None and msg.headers.get("Status") == _NOBODY:
            raise Unavailable("nobody listens there")
        return msg

    def waiting(self) -> int:
        """How many answers are there to be taken."""
        return len(self._arrived)

    def arrived(self, msg: Msg | None) -> None:
        """For the bus: an answer, or `None` for a lost connection."""
        self._arrived.append(msg)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _give_up_late(waiting: Awaited[T], now: float) -> None:
    for token in [token for token, _ in takewhile(lambda each: each[1][0] <= now, waiting.items())]:
        _, waits = waiting.pop(token)
        _fail(waits, "the bus did not answer in time")


def _fail(waits: Waits[Any], why: str) -> None:
    if not waits.done():
        waits.set_exception(Unavailable(why))
        waits.exception()  # whoever asked may be gone; that is no error of its own


def _give_up(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(Unavailable("the bus does not answer"))
        waiter.exception()  # whoever waited may be cancelled at the same moment; that is no error of its own
