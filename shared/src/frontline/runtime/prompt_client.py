"""nats-py's client where it is too slow or hangs, mended."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import AuthorizationError, Error
from nats.protocol.parser import AUTHORIZATION_VIOLATION, AWAITING_CONTROL_LINE, PERMISSIONS_ERR, Parser

from frontline.runtime.cancel import cancellable

_MOST_UNSENT = 1 << 20
"""Octets. Whoever sends more waits until the network has taken them."""
_LEAVE_SECONDS = 2
"""How long a server that hangs keeps whoever leaves."""
_HEARS_SECONDS = 0.1
"""After which a task that was cancelled and goes on is cancelled again."""
_PLAIN_HEADER = re.compile(r"([!-9;-~]+): ([!-~](?:[ -~]*[!-~])?)\r\n")


class PromptParser(Parser):
    """Reads acknowledgements, of which a service that stores has three for each message that it sends, at a third of
    what the patterns of nats-py cost; all else is left to these.
    """

    nc: "PromptClient"

    @property
    def is_idle(self) -> bool:
        """Whether what comes next is the beginning of a frame."""
        return not self.buf and self.state == AWAITING_CONTROL_LINE

    async def parse(self, data: bytes = b"") -> None:
        if self.is_idle:
            data = data[self.nc.acknowledge(data) :]
        if data:
            await super().parse(data)


class PromptClient(Client):
    """nats-py leaves a lost connection only once everything it had to send has gone out: not for a
    quarter of an hour if the network swallows it, and neither a reconnect nor `close` gets on.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ps = PromptParser(self)
        self._unsent: list[bytes] = []
        self._unsent_size = 0
        self._slow = False

    replies_sid = 0
    """The subscription that acknowledgements come by; `acknowledged` says whether it was one that somebody awaits."""
    acknowledged: Callable[[bytes, bytes], bool]
    stored: Callable[[bytes, bytes, bytes], bool]
    """The same for the last token of the subject, the stream and the sequence, as they stand in one that says that
    all is well, by `_ack`.
    """
    _ack: re.Pattern[bytes] | None = None
    nudged: Mapping[int, Callable[[], None]] = MappingProxyType({})
    """By subscription, who only wants to know that something came."""

    def abort(self) -> None:
        """Drop the connection with whatever is still to be sent."""
        writer = self._writer()
        if writer is not None:
            writer.transport.abort()

    def let_go(self) -> None:
        """Close the socket, also that of an attempt to connect which did not get far: nats-py forgets it then."""
        if self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call]

    async def leave(self) -> None:
        """Close, once what was said has arrived, if the server takes it in time; in any case."""
        writer = self._writer()
        if self.is_connected and writer is not None and not writer.is_closing():
            try:
                await self.flush(_LEAVE_SECONDS)
            except (Error, OSError, TimeoutError):
                self.abort()
        # AssertionError is what nats-py says when `connect` did not get far.
        with suppress(AssertionError, OSError):
            await self.close()
        self.let_go()

    async def drain(self) -> None:
        """For FastStream, which ends its subscriptions before. nats-py would wait 10 s for a server that hangs, and 30
        for messages that nobody takes.
        """
        await self.leave()

    async def _connect_to_server(self, s: Any) -> None:
        self.let_go()
        await super()._connect_to_server(s)

    async def _close(self, status: int, do_cbs: bool = True) -> None:  # noqa: FBT001, FBT002 - nats-py's own signature
        """What is still to be sent goes out now, or can't be, if the connection is lost or was dropped: nats-py tries
        later, raises what comes of it, and has then ended half of itself.
        """
        self._write()
        self._pending, self._pending_data_size = [], 0
        await super()._close(status, do_cbs)
        await self._connect_no_more()

    async def _connect_no_more(self) -> None:
        """Whoever tries to connect again may not hear that it is cancelled (`wait_for` before Python 3.12), and would
        go on, for a client that is closed and for ever if there is no server.
        """
        task = self._reconnection_task
        if task is None or task is asyncio.current_task() or task.done():
            return
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_HEARS_SECONDS)
        self._status = Client.CLOSED
        self.let_go()

    async def request(self, *args: Any, **options: Any) -> Msg:
        """As nats-py's own, which everything of its JetStream goes through; see `cancellable`."""
        return await cancellable(super().request(*args, **options))

    def expect(self, inbox: str, sid: int) -> None:
        """Acknowledgements come on subjects below `inbox`, by the subscription `sid`."""
        self.replies_sid = sid
        self._ack = re.compile(
            rb'MSG %b\.([0-9]+) %d [0-9]+\r\n\{"stream":"([A-Za-z0-9_-]+)", ?"seq":([0-9]+)\}\r\n'
            % (re.escape(inbox.encode()), sid)
        )

    async def send(self, subject: str, reply: str, payload: bytes, headers: dict[str, str] | None) -> None:
        """As `publish`, which looks at every word by patterns and copies the message twice: that costs more than to
        send it. What is sent in one turn of the loop goes out in one piece at its end, past nats-py's own list, which
        it keeps for the next connection: of what is lost with this one the sender is told that it is not stored.

        Raises `nats.errors.Error` and `OSError`.
        """
        if self._slow:
            await self._caught_up()
        head = "".join([f"{name}: {value}\r\n" for name, value in headers.items()]) if headers else ""
        lines = len(headers) if headers else 0
        plain = (
            subject and subject.isprintable() and " " not in subject and head.count("\n") == head.count("\r") == lines
        )
        if not plain or not self.is_connected or self._writer() is None:
            self._write()
            await self.publish(subject, payload, reply=reply, headers=headers)
            self._write()  # nothing of ours stays where nats-py keeps it for the next connection
            return
        if headers:
            size = len(encoded := head.encode()) + 12  # with the line before them, and the empty one behind
            begin = b"HPUB %b %b %d %d\r\nNATS/1.0\r\n%b\r\n" % (
                subject.encode(), reply.encode(), size, size + len(payload), encoded
            )  # fmt: skip
        else:
            begin = f"PUB {subject} {reply} {len(payload)}\r\n".encode()
        self.stats["out_msgs"] += 1
        self.stats["out_bytes"] += len(payload)
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._write)
        self._unsent += (begin, payload, b"\r\n")
        self._unsent_size += len(payload)
        if self._unsent_size > _MOST_UNSENT:
            self._write()

    async def _send_ping(self, future: asyncio.Future[Any] | None = None) -> None:
        """Behind all that was said before. nats-py's own goes ahead of what its flusher still has, so that `flush` ended
        when the server did not know of the subscription before it.
        """
        self._write()
        await super()._send_ping(future)

    def _write(self) -> None:
        """Hand on what is to be sent, behind what nats-py still has: it may be a subscription to the answer."""
        unsent, self._unsent, self._unsent_size = self._unsent, [], 0
        writer = self._writer()
        if writer is None or not self.is_connected or writer.is_closing():
            return
        if self._pending:
            unsent, self._pending, self._pending_data_size = [*self._pending, *unsent], [], 0
        writer.write(b"".join(unsent))
        self._slow = writer.transport.get_write_buffer_size() > _MOST_UNSENT

    async def _caught_up(self) -> None:
        """Wait until the network has taken nearly all, or is lost."""
        writer = self._writer()
        if writer is not None:
            await writer.drain()
        self._slow = False

    def _writer(self) -> asyncio.StreamWriter | None:
        return getattr(self._transport, "_io_writer", None)

    async def _process_connect_init(self) -> None:
        await super()._process_connect_init()
        reader = getattr(self._transport, "_io_reader", None)
        if isinstance(reader, asyncio.StreamReader):
            reader.feed_data = partial(self._heard, reader, reader.feed_data)  # type: ignore[method-assign]

    def _heard(self, reader: asyncio.StreamReader, feed: Callable[[bytes], None], data: bytes) -> None:
        """Take acknowledgements from what came in before nats-py's task is woken for it."""
        if not reader._buffer and self._ps.is_idle:  # type: ignore[attr-defined]  # noqa: SLF001
            data = data[self.acknowledge(data) :]
        if data:
            feed(data)

    def acknowledge(self, data: bytes) -> int:
        """How many octets at the beginning of what the server sent are whole acknowledgements that somebody awaits;
        these have theirs.
        """
        at = 0
        if self._ack is not None:
            while (ack := self._ack.match(data, at)) is not None and self.stored(*ack.groups()):
                at = ack.end()
        while data.startswith(b"MSG ", at) and (end := data.find(b"\r\n", at)) > 0:
            words = data[at + 4 : end].split(b" ")
            if len(words) != 3 or not words[2].isdigit() or words[1] != b"%d" % self.replies_sid:
                break
            begin, end = end + 2, end + 2 + int(words[2])
            if end + 2 > len(data) or not self.acknowledged(words[0], data[begin:end]):
                break
            at = end + 2
        return at

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        """Acknowledgements and nudges go straight to who waits for them; nats-py would wake a task for each."""
        if (nudge := self.nudged.get(sid)) is not None:
            nudge()
        elif sid != self.replies_sid or not self.acknowledged(subject, data):
            await super()._process_msg(sid, subject, reply, data, headers)

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        """As nats-py, which looks at every character of every name; what is not plain is left to it."""
        if raw.isascii():
            pairs = _PLAIN_HEADER.findall(raw.decode())
            if sum([len(name) + len(value) + 4 for name, value in pairs]) == len(raw) - raw.endswith(b"\r\n\r\n") * 2:
                return dict(pairs)
        return Client._parse_header_lines(raw)  # noqa: SLF001 - what this stands for

    async def _process_err(self, err_msg: str) -> None:
        """nats-py closes for good at whatever the server has against us but a right that is missing: nobody would
        ever connect again, though the server takes us back once its users are right. That is what a lost connection is.
        """
        if PERMISSIONS_ERR in err_msg or not self.is_connected:
            await super()._process_err(err_msg)
            return
        error = AuthorizationError() if AUTHORIZATION_VIOLATION in err_msg else Error(f"nats: {err_msg.strip(chr(39))}")
        await self._error_cb(error)
        await self._process_op_err(error)

    async def _process_op_err(self, e: Exception) -> None:
        self._unsent.clear()
        self._unsent_size, self._slow = 0, False
        if self.is_connected:
            self.abort()
        await super()._process_op_err(e)
