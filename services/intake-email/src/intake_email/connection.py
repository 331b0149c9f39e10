"""The lower half of an SMTP session: who is there, lines and bodies in, answers out, time, and the end.

aiosmtpd reads DATA line by line and writes each answer by itself, which is more than half of its time.
Here a body is taken as it arrives, and answers to commands that came together go out together.
"""

import asyncio
import ssl
from typing import Any, AnyStr, Protocol, cast

from aiosmtpd.smtp import SMTP

from intake_email.dotted import DottedBody
from intake_email.incoming import Incoming
from intake_email.proxy import HEAD, LONGEST_V1, SIGNATURE, V1, NotProxied, from_v1, from_v2, length_of_v2
from intake_email.reception import Answers, Reception
from intake_email.settings import EmailSettings

_LONGEST_COMMAND = 2048
_MOST_ANSWERS = 64
_STOPPING = "421 4.3.2 the service is stopping, come again"


class Floor(Protocol):
    """What all sessions of a listener share."""

    def enter(self, session: "Connection") -> bool:
        """Whether there is room for one more."""
        ...

    def admit(self, session: "Connection", peer: str) -> bool:
        """Whether there is room for one more of this peer."""
        ...

    def leave(self, session: "Connection") -> None: ...

    def proxied(self, peer: str) -> bool:
        """Whether this peer is a proxy of ours, which tells who is behind it."""
        ...

    def certificate(self) -> ssl.SSLContext | None:
        """For the next handshake; `None` when there is no STARTTLS."""
        ...

    def claim(self, octets: int) -> bool:
        """Whether so many more octets may be held in memory."""
        ...

    def give_back(self, octets: int) -> None: ...

    async def whole(self) -> None:
        """A mail has come whole; returns when it is to be read. `settled` has to follow, whatever comes of it."""
        ...

    def settled(self) -> None: ...

    def answered(self, code: str) -> None: ...

    def ended(self, why: str) -> None:
        """A session was ended before its client was done."""
        ...


class Goodbye(Exception):
    """The session ends here, with this answer."""

    def __init__(self, answer: str, why: str) -> None:
        super().__init__(answer)
        self.answer = answer
        self.why = why


class Connection(SMTP):
    """One client. What it says is for `obey`; a stop waits for the mail in hand."""

    # The reader's buffer as well: with aiosmtpd's own 1001, each 2 KB pause the connection.
    line_length_limit = 65536
    protocol_name = "ESMTP"

    def __init__(self, reception: Reception, floor: Floor, settings: EmailSettings) -> None:
        super().__init__(
            None,
            data_size_limit=settings.smtp_max_size,
            enable_SMTPUTF8=True,
            hostname=settings.smtp_hostname,
            timeout=settings.smtp_idle_timeout,
            loop=asyncio.get_running_loop(),
        )
        self._reception = reception
        self._floor = floor
        self._settings = settings
        self._peer = ""
        self._answers: list[bytes] = []
        self._errors = 0
        self._dotted: DottedBody | None = None
        self._incoming: Incoming[Answers] | None = None
        self._whole: asyncio.Future[None] | None = None
        self._due = self._data_until = 0.0
        self._storing = self._stopping = self._over = False

    async def obey(self, line: str) -> None:
        """Do what a command says. Raises `Goodbye` to end the session."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._floor.enter(self):
            told = _by_its_deeds(transport)
            told.write(b"421 4.7.0 too many sessions, come again\r\n")
            told.close()
            return
        super().connection_made(transport)
        assert self._handler_coroutine is not None
        self._handler_coroutine.add_done_callback(self._left)

    def data_received(self, data: bytes) -> None:
        if self._handler_coroutine is None or self._over:
            return
        if self._dotted is None:
            super().data_received(data)
            return
        assert self._incoming is not None
        self._due = min(self._data_until, self.loop.time() + self._settings.smtp_data_pause)
        octets, behind = self._dotted.feed(data)
        self._incoming.take(octets)
        if behind is None:
            return
        self._dotted = None
        assert self._whole is not None
        if not self._whole.done():
            self._whole.set_result(None)
        if behind:
            self._put_back(behind)

    def _put_back(self, octets: bytes) -> None:
        """Let the reader have what came behind a mail, though the end may have come as well."""
        if self._reader._eof:  # type: ignore[attr-defined]  # noqa: SLF001
            self._reader._buffer.extend(octets)  # type: ignore[attr-defined]  # noqa: SLF001
        else:
            super().data_received(octets)

    def eof_received(self) -> bool | None:
        """A client that says no more may still listen; one that breaks off in its mail is gone."""
        if self._handler_coroutine is None:
            return False
        self._reader.feed_eof()
        if self._dotted is not None:
            return False
        return self.session is not None and self.session.ssl is None

    def connection_lost(self, error: Exception | None) -> None:
        if self._handler_coroutine is None:
            return
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        if not self._over and not self._handler_coroutine.done():
            self._floor.ended("lost")
        # A mail that has come whole is stored all the same: its sender may believe that it is ours.
        if not self._storing:
            self._handler_coroutine.cancel()
        self._over = True

    async def _handle_client(self) -> None:
        try:
            await self._converse()
        except Goodbye as goodbye:
            self._end(goodbye.answer, goodbye.why)
        except (ConnectionError, asyncio.IncompleteReadError):
            if not self._over:
                self._floor.ended("lost")
        except asyncio.CancelledError:
            if not self._over:
                raise
        except Exception as error:  # noqa: BLE001 - a bug in here must not cost a mail: its sender comes again
            self._end(self._reception.refusal(error).replace("451", "421", 1), "failed")
        finally:
            if not self._over and self.transport is not None:
                _by_its_deeds(self.transport).close()

    async def _converse(self) -> None:
        assert self.session is not None
        self._peer = str(self.session.peer[0]) if self.session.peer else ""
        if self._floor.proxied(self._peer):
            self._peer = await self._who_is_behind() or self._peer
        if not self._floor.admit(self, self._peer):
            raise Goodbye("421 4.7.0 too many sessions of yours, come again", "peer_full")
        await self.push(f"220 {self.hostname} {self.protocol_name} Frontline")
        while not self._over:
            line = await self._line()
            if line is not None:
                await self.obey(line)

    async def _who_is_behind(self) -> str | None:
        """The client's address by the proxy's header, which has to be there. Raises `Goodbye`."""
        self._reset_timeout(self._settings.smtp_proxy_timeout)
        try:
            begin = await self._reader.readexactly(len(SIGNATURE))
            if begin == SIGNATURE:
                head = await self._reader.readexactly(HEAD.size)
                return from_v2(head, await self._reader.readexactly(length_of_v2(head)))
            if not begin.startswith(V1) or b"\n" in begin:
                raise NotProxied
            while not begin.endswith(b"\n") and len(begin) <= LONGEST_V1:
                begin += await self._reader.readexactly(1)
            return from_v1(begin)
        except NotProxied as error:
            raise Goodbye("", "proxy_refused") from error

    async def _line(self) -> str | None:
        """The next command without its end; `None` for one that has been refused."""
        if self._stopping:
            raise Goodbye(_STOPPING, "")
        reader = self._reader
        self._reset_timeout()
        if b"\n" not in reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001 - nothing else tells without waiting
            await self._flush()
        try:
            line = await reader.readuntil()
        except asyncio.LimitOverrunError as error:
            while True:
                await reader.read(max(error.consumed, 1))
                try:
                    await reader.readuntil()
                    break
                except asyncio.LimitOverrunError as longer:
                    error = longer
            line = b""
        if not line or len(line) > _LONGEST_COMMAND:
            await self.push("500 5.5.6 the line is too long")
        elif not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            # What one server takes for the end of a line and another does not, smuggles mail.
            await self.push("500 5.5.2 lines end in CR LF, and hold no other CR, LF or NUL")
        else:
            return line[:-2].decode("utf-8", "surrogateescape")
        return None

    async def receive(self, incoming: Incoming[Answers]) -> None:
        """Let `incoming` take a mail; returns when it has come whole."""
        self._incoming = incoming
        self._whole = self.loop.create_future()
        self._data_until = self.loop.time() + self._settings.smtp_data_timeout
        self._reset_timeout(min(self._settings.smtp_data_timeout, self._settings.smtp_data_pause))
        self._dotted = DottedBody()
        # What a hasty client sent behind the command lies in the reader already, which may have paused it.
        early = self._reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001
        if early:
            hasty = bytes(early)
            early.clear()
            self._reader._maybe_resume_transport()  # type: ignore[attr-defined]  # noqa: SLF001
            self.data_received(hasty)
            if not self._whole.done() and self._reader._eof:  # type: ignore[attr-defined]  # noqa: SLF001
                raise asyncio.IncompleteReadError(b"", None)
        await self.push("354 end with CR LF . CR LF")
        await self._flush()
        await self._whole
        # From here on it is we who keep the client waiting.
        self._due = float("inf")

    async def push(self, status: AnyStr) -> None:
        line = status.encode("ascii", "replace") if isinstance(status, str) else bytes(status)  # type: ignore[redundant-expr]
        code = line[:3].decode()
        self._floor.answered(code)
        self._answers.append(line + b"\r\n")
        if code.startswith("5"):
            self._errors += 1
            if self._errors > self._settings.smtp_max_errors:
                raise Goodbye("421 4.7.0 too many errors", "too_many_errors")
        if len(self._answers) >= _MOST_ANSWERS:
            await self._flush()

    async def _flush(self) -> None:
        if self._answers and not self._over:
            self._writer.write(b"".join(self._answers))
            self._answers.clear()
            await self._writer.drain()

    def stop(self) -> None:
        """Say goodbye: at once, or when the mail in hand has its answer."""
        self._stopping = True
        if self._incoming is None:
            self._end(_STOPPING, "")
            assert self._handler_coroutine is not None
            self._handler_coroutine.cancel()

    def abort(self) -> None:
        """Hang up now, whatever is in hand."""
        if self.transport is not None:
            _by_its_deeds(self.transport).abort()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def _end(self, answer: str, why: str) -> None:
        """Say what is left to say and hang up; who does not listen is not waited for."""
        if why:
            self._floor.ended(why)
        if self._over or self.transport is None:
            return
        transport = _by_its_deeds(self.transport)
        if transport.is_closing():
            return
        self._over = True
        if answer:
            self._floor.answered(answer[:3])
            self._answers.append(f"{answer}\r\n".encode())
        transport.write(b"".join(self._answers))
        self._answers.clear()
        transport.close()

    def _reset_timeout(self, duration: float | None = None) -> None:
        """One timer serves a whole session: it looks, when it fires, whether the time has moved on."""
        self._due = self.loop.time() + (duration or self._timeout_duration)
        if self._timeout_handle is None or self._timeout_handle.when() > self._due:
            if self._timeout_handle is not None:
                self._timeout_handle.cancel()
            self._timeout_handle = self.loop.call_at(self._due, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self._over:
            return
        now = self.loop.time()
        if now < self._due:
            self._timeout_handle = self.loop.call_at(min(self._due, now + self._timeout_duration), self._timeout_cb)
            return
        self._end("421 4.4.2 nothing came for too long", "timeout")
        if self.transport is not None and _by_its_deeds(self.transport).get_write_buffer_size():
            _by_its_deeds(self.transport).abort()  # it does not even listen
        assert self._handler_coroutine is not None
        self._handler_coroutine.cancel()

    def _left(self, task: "asyncio.Task[Any]") -> None:
        self._floor.leave(self)
        if not task.cancelled():
            task.exception()  # a connection that breaks ends the conversation; nobody else waits for it


def _by_its_deeds(transport: asyncio.BaseTransport) -> asyncio.Transport:
    """The transport as one that writes: uvloop's are so, but of none of asyncio's classes."""
    return cast("asyncio.Transport", transport)
