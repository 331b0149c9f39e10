"""The connection to NATS, and publishing that returns only when JetStream has stored the message.

nats-py's own `publish_async` never completes its future for an error reply, and one future, one
`wait_for` and one subscription a message cost more than the message. Here all acknowledgements
come in on one subscription of ours, with deadlines of our own (design: `nats.md`, 3 and 5).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from frontline.contract.error import Reason, Rejected, Unavailable
from frontline.runtime.cancel import cancellable

_FULL_CODES = {10077, 10023, 10122}
_TOO_LARGE = 10054
_WRONG_SEQUENCE = {10071, 10164}
_NOBODY = "503"


class _Error(msgspec.Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Reply(msgspec.Struct):
    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


_decode_reply = msgspec.json.Decoder(_Reply).decode


@dataclass(frozen=True, slots=True)
class PubAck:
    """JetStream's word that a message is stored: in which stream, at which sequence."""

    stream: str
    seq: int
    duplicate: bool


class WrongSequence(Exception):
    """An `Expected-Last-Sequence` (or subject sequence) did not hold; nothing was stored.
    `last` is the sequence that the server has, if it says so.
    """

    def __init__(self, description: str) -> None:
        super().__init__(description)
        _, _, last = description.rpartition(": ")
        self.last = int(last) if last.isdecimal() else None


class PromptClient(Client):
    """nats-py leaves a lost connection only once everything it had to send has gone out: not for a
    quarter of an hour if the network swallows it, and neither a reconnect nor `close` gets on.
    """

    replies_sid = 0
    """The subscription that acknowledgements come by; `acknowledged` says whether it was one that somebody awaits."""
    acknowledged: Callable[[bytes, bytes], bool]

    def abort(self) -> None:
        """Drop the connection with whatever is still to be sent."""
        writer: asyncio.StreamWriter | None = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()

    def let_go(self) -> None:
        """Close the socket, also that of an attempt to connect which did not get far: nats-py forgets it then."""
        if self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call]

    async def _connect_to_server(self, s: Any) -> None:
        self.let_go()
        await super()._connect_to_server(s)

    async def request(self, *args: Any, **options: Any) -> Msg:
        """As nats-py's own, which everything of its JetStream goes through; see `cancellable`."""
        return await cancellable(super().request(*args, **options))

    async def send(self, subject: str, reply: str, payload: bytes, headers: dict[str, str] | None) -> None:
        """As `publish`, which looks at every word by patterns and copies the message twice: that costs more than to
        send it.
        """
        head = "".join([f"{name}: {value}\r\n" for name, value in headers.items()]) if headers else ""
        lines = len(headers) if headers else 0
        plain = (
            subject and subject.isprintable() and " " not in subject and head.count("\n") == head.count("\r") == lines
        )
        if not plain or not self.is_connected or self._flush_queue is None:
            await self.publish(subject, payload, reply=reply, headers=headers)
            return
        if headers:
            encoded = f"NATS/1.0\r\n{head}\r\n".encode()
            begin = f"HPUB {subject} {reply} {len(encoded)} {len(encoded) + len(payload)}\r\n".encode() + encoded
        else:
            begin = f"PUB {subject} {reply} {len(payload)}\r\n".encode()
        self.stats["out_msgs"] += 1
        self.stats["out_bytes"] += len(payload)
        await self._send_command(b"%b%b\r\n" % (begin, payload))
        if self._flush_queue.empty():
            await self._flush_pending()

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        """Acknowledgements go straight to who waits for them; nats-py would wake a task for each."""
        if sid != self.replies_sid or not self.acknowledged(subject, data):
            await super()._process_msg(sid, subject, reply, data, headers)

    async def _process_op_err(self, e: Exception) -> None:
        if self.is_connected:
            self.abort()
        await super()._process_op_err(e)


class Bus:
    """One connection. `connected` is false from the moment the connection is lost."""

    def __init__(self, *, name: str, ack_deadline: float = 5.0) -> None:
        self.name = name
        self.trouble = ""
        """The last error of the client since it was connected: a wrong token, a server that is away."""
        self.nc = PromptClient()
        self._ack_deadline = ack_deadline
        self._waiting: dict[str, asyncio.Future[PubAck]] = {}
        self._asking: dict[str, Replies] = {}
        self._deadlines: deque[tuple[float, str]] = deque()
        self._timer: asyncio.TimerHandle | None = None
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
        self.nc.acknowledged, self.nc.replies_sid = self._acknowledged, replies._id  # noqa: SLF001
        self._tell(connected=True)

    async def wait_connected(self) -> None:
        await self._up.wait()

    async def close(self) -> None:
        """Let go of everything; outstanding publishes become `Unavailable`."""
        self._lose("the service is stopping")
        if self.nc.is_connected:
            try:
                await self.nc.flush(2)
            except (nats.errors.Error, TimeoutError):  # a server that hangs must not keep us here
                self.nc.abort()
        # AssertionError is what nats-py says when `connect` did not get far.
        with suppress(AssertionError, OSError):
            await self.nc.close()
        self.nc.let_go()

    async def begin(
        self, subject: str, payload: bytes, headers: dict[str, str] | None = None
    ) -> asyncio.Future[PubAck]:
        """Send one message for storage and give the future of its acknowledgement.

        The future ends with `PubAck`, `WrongSequence`, `Rejected` (too large) or `Unavailable`
        (`full` when the stream is). `Unavailable` without `full` does not say that the message
        was not stored: repeat it under the same id.
        """
        if not self.nc.is_connected:
            raise Unavailable("no connection to the bus")
        if len(payload) > self.nc.max_payload:
            raise Rejected("larger than the bus takes", Reason.TOO_LARGE)
        loop = asyncio.get_running_loop()
        self._count += 1
        token = str(self._count)
        future: asyncio.Future[PubAck] = loop.create_future()
        self._waiting[token] = future
        self._deadlines.append((loop.time() + self._ack_deadline, token))
        if self._timer is None:
            self._timer = loop.call_later(self._ack_deadline, self._expire)
        try:
            await self.nc.send(subject, f"{self._prefix}.{token}", payload, headers)
        except BaseException as error:
            self._waiting.pop(token, None)
            if isinstance(error, Exception):
                raise Unavailable("could not be sent to the bus") from error
            raise
        return future

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
            if not self.nc.is_connected:
                raise Unavailable("no connection to the bus")
            subscription = await self.nc.subscribe(replies.inbox, cb=take)
            try:
                yield replies
            finally:
                with suppress(nats.errors.Error):
                    await subscription.unsubscribe()

    def _acknowledged(self, subject: bytes, data: bytes) -> bool:
        future = self._waiting.pop(subject.rpartition(b".")[2].decode(), None)
        if future is None:
            return False
        if future.done():
            return True
        if not data:
            future.set_exception(Unavailable("no stream takes this subject"))
            return True
        reply = _decode_reply(data)
        if reply.error is None:
            future.set_result(PubAck(reply.stream, reply.seq, reply.duplicate))
        else:
            future.set_exception(_refusal(reply.error))
        return True

    async def _on_reply(self, msg: Msg) -> None:
        """What is no acknowledgement: an answer to a question."""
        if (replies := self._asking.get(msg.subject.rpartition(".")[2])) is not None:
            replies.arrived(msg)

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._deadlines and (self._deadlines[0][0] <= now or self._deadlines[0][1] not in self._waiting):
            future = self._waiting.pop(self._deadlines.popleft()[1], None)
            if future is not None and not future.done():
                future.set_exception(Unavailable("the bus did not acknowledge in time"))
        self._timer = loop.call_at(self._deadlines[0][0], self._expire) if self._deadlines else None

    def _lose(self, why: str) -> None:
        waiting, self._waiting = self._waiting, {}
        self._deadlines.clear()
        for future in waiting.values():
            if not future.done():
                future.set_exception(Unavailable(why))
                future.exception()  # whoever began it may be gone; that is no error of its own
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
        except nats.errors.Error as error:
            raise Unavailable("could not be sent to the bus") from error

    async def next(self, timeout: float) -> Msg:
        """The next answer. `Unavailable` when none comes in time, nobody listens, or the bus is lost.

        No `wait_for`: before Python 3.12 it may swallow a cancellation, and a task then never ends.
        """
        if not self._arrived:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._waiter
            except TimeoutError as error:
                raise Unavailable("the bus does not answer") from error
            finally:
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


def _refusal(error: _Error) -> Exception:
    if error.err_code in _WRONG_SEQUENCE:
        return WrongSequence(error.description)
    if error.err_code in _FULL_CODES:
        return Unavailable("the stream is full", full=True)
    if error.err_code == _TOO_LARGE:
        return Rejected("larger than the stream takes", Reason.TOO_LARGE)
    return Unavailable(f"the bus refused: {error.description}")
