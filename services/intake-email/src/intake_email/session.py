"""One SMTP conversation: aiosmtpd's, with its two slow places replaced and an orderly end.

aiosmtpd reads DATA line by line and every address with the standard library's full parser, which is
three quarters of its time; here a body is taken as it arrives and plain addresses by one pattern.
"""

import asyncio
import re
import ssl
from collections import defaultdict
from typing import Any, AnyStr, Protocol

from aiosmtpd.smtp import SMTP, Envelope

from frontline.contract.error import Unavailable, answer_to
from frontline.contract.ids import InboxId
from intake_email.dotted import DottedBody
from intake_email.settings import EmailSettings

_COMMAND_LIMIT = 2048
_PLAIN_PATH = re.compile(r"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255})>(?: +(.*))?")
_STOPPING = b"421 4.3.2 the service is stopping, come again\r\n"
_TOO_MANY = b"421 4.7.0 too many sessions, come again\r\n"


class Floor(Protocol):
    """What all sessions of a listener share."""

    def enter(self, session: "MailSession") -> bool:
        """Whether there is room for one more."""
        ...

    def leave(self, session: "MailSession") -> None: ...

    def claim(self, octets: int) -> bool:
        """Whether so many more octets may be held in memory."""
        ...

    def give_back(self, octets: int) -> None: ...

    def answered(self, code: str) -> None: ...


class MailEnvelope(Envelope):
    """What came before DATA, with the inboxes that the recipients stand for."""

    def __init__(self) -> None:
        super().__init__()
        self.inboxes = dict[InboxId, tuple[str, ...]]()


class MailSession(SMTP):
    """A session that reads bodies in one piece, counts its refusals and can be told to stop."""

    # The reader's buffer as well: with aiosmtpd's own 1001, each 2 KB pause the connection.
    line_length_limit = 65536

    def __init__(self, handler: object, floor: Floor, settings: EmailSettings, tls: ssl.SSLContext | None) -> None:
        # aiosmtpd keeps these in its class, where every EHLO of every session adds to them.
        self.command_size_limits = defaultdict(lambda: _COMMAND_LIMIT)
        super().__init__(
            handler,
            data_size_limit=settings.smtp_max_size,
            enable_SMTPUTF8=True,
            hostname=settings.smtp_hostname,
            ident="ESMTP Frontline",
            timeout=settings.smtp_idle_timeout,
            tls_context=tls,
            loop=asyncio.get_running_loop(),
        )
        self._floor = floor
        self._data_timeout = settings.smtp_data_timeout
        self._body: DottedBody | None = None
        self._whole: asyncio.Future[None] | None = None
        self._entered = self._busy = self._stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._entered and not self._floor.enter(self):
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._entered = True
        super().connection_made(transport)
        assert self._handler_coroutine is not None
        self._handler_coroutine.add_done_callback(_look_at)

    def connection_lost(self, error: Exception | None) -> None:
        if self._entered:
            self._floor.leave(self)
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return bool(super().eof_received()) if self._entered else False

    def data_received(self, data: bytes) -> None:
        if self._body is None:
            if self._entered:
                super().data_received(data)
            return
        behind = self._body.feed(data)
        if behind is None:
            return
        self._body = None
        assert self._whole is not None
        if not self._whole.done():
            self._whole.set_result(None)
        if behind:
            super().data_received(behind)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd finds it by this name
        if await self.check_helo_needed():
            return
        assert isinstance(self.envelope, MailEnvelope)
        if not self.envelope.inboxes:
            await self.push("503 5.5.1 say RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 DATA takes no arguments")
            return
        self._busy = True
        body = DottedBody(self.data_size_limit or 0, self._floor.claim)
        try:
            await self._receive(body)
            await self.push(await self._judge(body))
        finally:
            self._floor.give_back(body.held)
            self._body = None
            self._busy = False
            self.envelope = self._create_envelope()
        if self._stopping:
            self._goodbye()

    async def _receive(self, body: DottedBody) -> None:
        self._whole = self.loop.create_future()
        self._reset_timeout(self._data_timeout)
        self._body = body
        # What a hasty client sent behind the command lies in the reader already, which may have paused it.
        early = self._reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001
        if early:
            hasty = bytes(early)
            early.clear()
            self._reader._maybe_resume_transport()  # type: ignore[attr-defined]  # noqa: SLF001
            self.data_received(hasty)
        await self.push("354 end with CR LF . CR LF")
        await self._whole
        self._reset_timeout()

    async def _judge(self, body: DottedBody) -> str:
        if body.too_large:
            return f"552 5.3.4 larger than {self.data_size_limit} octets"
        if body.refused:
            return f"{answer_to(Unavailable('', full=True)).smtp} too much in hand, come again"
        assert self.envelope is not None
        self.envelope.content = body.octets()
        answer: str = await self._call_handler_hook("DATA")
        return answer

    async def push(self, status: AnyStr) -> None:
        self._floor.answered(status[:3] if isinstance(status, str) else status[:3].decode())  # type: ignore[redundant-expr]
        await super().push(status)

    def stop(self) -> None:
        """Say goodbye: at once, or when the mail in hand has its answer."""
        self._stopping = True
        if not self._busy:
            self._goodbye()

    def abort(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def _goodbye(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._floor.answered("421")
            self._writer.write(_STOPPING)
            self.transport.close()

    def _create_envelope(self) -> MailEnvelope:
        return MailEnvelope()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        plain = _PLAIN_PATH.fullmatch(arg)
        if plain is not None and ".." not in arg:
            return plain[1], plain[2] or ""
        found: tuple[str | None, str | None] = super()._getaddr(arg)
        return found


def _look_at(task: "asyncio.Task[Any]") -> None:
    """A connection that breaks while an answer is written ends the conversation; nobody else waits for it."""
    if not task.cancelled():
        task.exception()
