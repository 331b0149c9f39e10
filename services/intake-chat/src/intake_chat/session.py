"""One socket of a visitor, from its `hello` to its end.

What is sent is written to the transport at once. Nobody waits for a slow reader, except the socket's
own catching up: one that leaves too much unread is closed and comes again with its cursor.
"""

import asyncio
import secrets
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from frontline.contract.erasure import ERASED
from frontline.contract.error import Reason, Rejected, Unavailable, answer_to
from frontline.contract.ids import InboxId
from frontline.contract.message import InboundMessage
from frontline.contract.signal import Typing as TypingSignal
from intake_chat import frames
from intake_chat.admission import admit
from intake_chat.departure import last_said
from intake_chat.normalize import Surroundings, normalise, read_receipt, survey, visitor_key
from intake_chat.peer import page_of
from intake_chat.seal import Upload, unseal
from intake_chat.token import issue

if TYPE_CHECKING:
    from intake_chat.conversation import Conversation
    from intake_chat.hub import Hub

_FULL_SHARE = 0.5
_LOOK_SECONDS = 0.02
_GOODBYE_SECONDS = 5.0
_OF_ONE_MESSAGE = {Reason.TOO_MANY, Reason.TOO_LARGE, Reason.NOT_FOUND, Reason.CONFLICT}
"""What a visitor can mend by another message: told, and the socket stays."""
SURVEY = "survey"
"""What an answer about a survey calls it: the frame has no id."""
_CODES = {Reason.UNAUTHORISED: "token_refused", Reason.FORBIDDEN: "identity_refused"}


class Session:
    """`address` is where it comes from; `cursor` is the last line that it was shown."""

    __slots__ = (
        "_around", "_busy", "_goodbye", "_hub", "_retiring", "_transport", "_ws",
        "address", "conversation", "cursor",
    )  # fmt: skip

    def __init__(self, hub: "Hub", ws: web.WebSocketResponse, transport: asyncio.WriteTransport, address: str) -> None:
        self._hub = hub
        self._ws = ws
        self._transport = transport
        self._around = Surroundings()
        self._busy = self._retiring = False
        self._goodbye: asyncio.Event | None = None
        self.address = address
        self.conversation: Conversation | None = None
        self.cursor = 0

    async def run(self) -> None:
        """Talk until either side ends it."""
        try:
            await self._talk()
        except (Rejected, Unavailable) as error:
            await self._refuse(error)
        except ConnectionError:
            return  # gone in the middle of an answer
        except Exception as error:  # noqa: BLE001 - a bug must not cost a message: the client sends it again
            self._hub.failed("socket", error)
            await self._refuse(error)
        finally:
            if self._goodbye is not None:  # somebody else closes: the connection has to last until that is done
                await self._goodbye.wait()

    async def _talk(self) -> None:
        try:
            async with asyncio.timeout(self._hub.settings.chat_hello_timeout):
                said = await self._next()
        except TimeoutError as error:
            raise Rejected("nobody said hello") from error
        if said is None:
            return
        if not isinstance(said, frames.Hello):
            raise Rejected("the first frame has to be a hello")
        await self._greet(said)
        while (said := await self._next()) is not None:
            self._busy = True
            await self._take(said)
            self._busy = False
            if self._retiring:
                await self._close(WSCloseCode.SERVICE_RESTART)
                return

    async def _next(self) -> frames.FromVisitor | None:
        msg = await self._ws.receive()
        if msg.type is WSMsgType.TEXT:
            return frames.decode(msg.data)
        if msg.type is WSMsgType.BINARY:
            raise Rejected("frames are text")
        return None

    async def _greet(self, hello: frames.Hello) -> None:
        hub, now = self._hub, self._hub.clock()
        inbox = InboxId(hello.inbox)
        if hub.host.inboxes.by_id(inbox) is None:
            raise Rejected("there is no such inbox", Reason.UNKNOWN_INBOX)
        admitted = admit(
            hello,
            sign=hub.host.sign,
            secret=hub.secrets.get(inbox),
            now=now,
            life=hub.life,
            chance=secrets.token_bytes(16),
        )
        visitor = admitted.visitor
        there = hub.by_visitor.get(visitor.id)
        if there is not None and len(there.sockets) >= hub.settings.chat_max_sockets_per_visitor:
            raise Rejected("too many windows are open", Reason.TOO_MANY)
        contact = there.contact if there else None
        if contact is None and admitted.known:
            contact = await hub.host.conversations.contact_of(visitor_key(visitor))
        if contact == ERASED:
            if not visitor.identified:  # who has nothing but this token is nobody any more
                raise Rejected("what was said here has been erased", Reason.UNAUTHORISED)
            contact = None
        self._around = Surroundings(admitted.person, page_of(hello.page), hello.language or "")
        self.cursor = hello.cursor or 0
        welcome = frames.Welcome(
            token=issue(visitor, hub.host.sign, now), contact=contact, presence=hub.presence(inbox)
        )
        await self._send(welcome)
        self.conversation = hub.enter(self, visitor)
        self.conversation.around, self.conversation.before = self._around, contact
        if contact is not None or visitor.identified:  # an identified visitor may write elsewhere at any time
            self.conversation.watch()
        hub.host.meter.count("hellos", visitor="known" if admitted.known else "new")

    async def _take(self, said: frames.FromVisitor) -> None:
        assert self.conversation is not None
        visitor = self.conversation.visitor
        if self._hub.frames.take(visitor.id, self._hub.clock().timestamp()):
            raise Rejected("too many frames", Reason.TOO_MANY)
        match said:
            case frames.Say():
                await self._message(said)
            case frames.Types():
                self.conversation.watch()
                await self._typing()
            case frames.Reads():
                await self._read(said.seq)
            case frames.Ends():
                await self._end()
            case frames.Rates():
                await self._rate(said)
            case frames.Hello():
                raise Rejected("hello has been said already")

    async def _message(self, said: frames.Say) -> None:
        """Acknowledged once it is stored, or the visitor is told why not."""
        assert self.conversation is not None
        hub, now = self._hub, self._hub.clock()
        visitor, instant = self.conversation.visitor, now.timestamp()
        pause = hub.messages.take(visitor.id, instant) or hub.messages_by_address.take(self.address, instant)
        if pause:
            hub.host.meter.count("messages_refused", why=Reason.TOO_MANY)
            error = frames.Error(
                code=Reason.TOO_MANY, detail="Too many messages: a moment, please.", retry_after=pause, id=said.id
            )
            await self._send(error)
            return
        try:
            files = [unseal(file.ref, Upload, hub.host.sign) for file in said.attachments]
            message = normalise(said, visitor, self._around, files, now, hub.settings.chat_max_text)
        except Rejected as error:
            if error.reason not in _OF_ONE_MESSAGE:
                raise
            hub.host.meter.count("messages_refused", why=error.reason)
            await self._send(frames.Error(code=error.reason, detail=error.detail, id=said.id))
            return
        await self._store(message, said.id)

    async def _store(self, message: InboundMessage, client_id: str) -> None:
        assert self.conversation is not None
        try:
            await self._hub.receive(message)
        except Unavailable as error:
            await self._refuse(error, client_id)
            return
        await self._send(frames.Ack(id=client_id, seq=self.conversation.own.get(client_id, 0)))
        self.conversation.last_said = client_id
        self.conversation.watch()

    async def _end(self) -> None:
        """The desk is told before the windows are closed."""
        assert self.conversation is not None
        try:
            await self._hub.departures.said(self.conversation)
        except Unavailable as error:
            await self._refuse(error)
            return
        for socket in tuple(self.conversation.sockets):
            socket.hang_up(Leaving())

    async def _rate(self, rates: frames.Rates) -> None:
        conversation, hub = self.conversation, self._hub
        assert conversation is not None
        try:
            last = conversation.last_said or await last_said(hub.host.conversations, conversation.contact)
            if not last:
                await self._send(frames.Error(code=Reason.CONFLICT, detail="There is nothing to rate yet.", id=SURVEY))
                return
            await hub.receive(survey(conversation.visitor, self._around, last, rates, hub.clock()))
        except Unavailable as error:
            await self._refuse(error, SURVEY)
            return
        hub.host.meter.count("surveys", score=str(rates.score))
        await self._send(frames.Ack(id=SURVEY))

    async def _typing(self) -> None:
        assert self.conversation is not None
        visitor, contact = self.conversation.visitor, self.conversation.contact
        if contact is not None and not self._hub.typing.take(visitor.id, self._hub.clock().timestamp()):
            await self._hub.host.signals.send(visitor.inbox, TypingSignal(contact=contact, who="customer"))

    async def _read(self, seq: int) -> None:
        conversation = self.conversation
        assert conversation is not None
        conversation.watch()
        news, reply = conversation.read(seq)
        if news:
            await conversation.tell(frames.encode(frames.Read(seq=seq)), but=self)
        if reply is not None:
            contact, message = reply
            try:
                await self._hub.receive(read_receipt(message, contact, conversation.visitor.inbox, self._hub.clock()))
            except (Rejected, Unavailable) as error:
                # Nice to know and no more: the visitor can't do anything about it.
                self._hub.host.meter.count("read_marks_lost")
                self._hub.host.log.warning("chat.read_mark_lost", reply=message, error=type(error).__name__)

    # What the others send here: `intake_chat.conversation.Socket`.

    async def show(self, seq: int, data: bytes) -> None:
        if seq > self.cursor:
            self.cursor = seq
            await self.tell(data)

    async def tell(self, data: bytes) -> None:
        if self._ws.closed or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > self._hub.settings.chat_max_unread_bytes:
            self.hang_up(Unavailable("too much is unread"))
            return
        try:
            # With the writer's limit out of reach this writes and returns; see `open_socket`.
            await self._ws.send_frame(data, WSMsgType.TEXT)
        except ConnectionError:
            return

    async def patiently(self) -> None:
        full = self._hub.settings.chat_max_unread_bytes * _FULL_SHARE
        while self._transport.get_write_buffer_size() > full and not self._transport.is_closing():  # noqa: ASYNC110 - a transport has no event for it
            await asyncio.sleep(_LOOK_SECONDS)

    def hang_up(self, error: BaseException) -> None:
        """Close with the code for `error`, without anybody waiting for it."""
        if not self._ws.closed:
            code = WSCloseCode.OK if isinstance(error, Leaving) else answer_to(error).websocket
            self._hub.tasks.create_task(self._close(code))

    async def retire(self, pause: float) -> None:
        """Close with 1012 after `pause` seconds; a message in hand gets its answer first."""
        await asyncio.sleep(pause)
        self._retiring = True
        if not self._busy:
            await self._close(WSCloseCode.SERVICE_RESTART)

    def abort(self) -> None:
        self._transport.abort()

    async def _close(self, code: int) -> None:
        if self._goodbye is not None:
            return
        self._goodbye = asyncio.Event()
        self._hub.host.meter.count("sockets_closed", code=str(int(code)))
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._ws.close(code=code, drain=False)
        except TimeoutError:
            self.abort()
        except ConnectionError:
            return
        except Exception as error:  # noqa: BLE001 - one socket's end must not be everybody's
            self._hub.failed("close", error)
            self.abort()
        finally:
            self._goodbye.set()

    async def _send(self, frame: frames.ToVisitor) -> None:
        await self.tell(frames.encode(frame))

    async def _refuse(self, error: Exception, client_id: str | None = None) -> None:
        """Say what is wrong and close."""
        retry_after = error.retry_after if isinstance(error, Unavailable) else None
        await self._send(frames.Error(code=_code(error), detail=_detail(error), retry_after=retry_after, id=client_id))
        await self._close(answer_to(error).websocket)


class Leaving(Exception):
    """The visitor has said `end`."""


def _code(error: Exception) -> str:
    if isinstance(error, Rejected):
        return _CODES.get(error.reason, error.reason)
    return "unavailable" if isinstance(error, Unavailable) else "internal"


def _detail(error: Exception) -> str:
    if isinstance(error, Rejected):
        return error.detail
    return "This can't be taken now; please try again." if isinstance(error, Unavailable) else "Something went wrong."
