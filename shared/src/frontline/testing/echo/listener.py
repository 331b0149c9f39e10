"""The HTTP listener: who may send, to which inbox, and what they are told."""

import hmac
from asyncio import get_running_loop
from collections.abc import AsyncIterator

from aiohttp import web

from frontline.contract.channel import ORIGINALS, Host, Receive
from frontline.contract.clock import Clock
from frontline.contract.error import Mistake, Reason, Rejected, SettingsError, answer_to
from frontline.contract.ids import InboxId
from frontline.contract.message import message_id
from frontline.testing.echo.normalize import key_of, normalise, parse
from frontline.testing.echo.settings import EchoSettings

_CHUNK = 128 * 1024


class Listener:
    """`POST /echo/{inbox}`."""

    def __init__(self, settings: EchoSettings, host: Host, receive: Receive, clock: Clock) -> None:
        self._settings = settings
        self._host = host
        self._receive = receive
        self._clock = clock

    async def run(self) -> None:
        """Listen until cancelled; then finish the messages in hand, for as long as the grace lasts."""
        settings = self._settings
        app = web.Application(client_max_size=settings.echo_max_size)
        app.router.add_post("/echo/{inbox}", self.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=settings.echo_grace)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.echo_host, settings.echo_port).start()
            host, port = runner.addresses[0][:2]
            self._host.listening("http", f"http://{host}:{port}")
            await get_running_loop().create_future()
        except OSError as error:
            where = f"{settings.echo_host}:{settings.echo_port}"
            raise SettingsError([Mistake("FRONTLINE_ECHO_PORT", f"{where} can't be listened on")]) from error
        finally:
            await runner.cleanup()

    async def take(self, request: web.Request) -> web.Response:
        try:
            status = await self._take(request)
        except web.HTTPRequestEntityTooLarge:
            status = answer_to(Rejected("", Reason.TOO_LARGE)).http
        except Exception as error:  # a bug is "try again" to a sender: it must not cost a message
            status = answer_to(error).http
            if status == 500:
                self._host.log.error("echo.failed", exc_info=error)
        if status >= 400:
            self._host.meter.count("refusals", status=str(status))
        return web.Response(status=status)

    async def _take(self, request: web.Request) -> int:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), self._settings.echo_token.encode()):
            raise Rejected("who are you?", Reason.UNAUTHORISED)
        inbox = InboxId(request.match_info["inbox"])
        if self._host.inboxes.by_id(inbox) is None:
            raise Rejected("there is no such inbox", Reason.UNKNOWN_INBOX)
        received = self._clock()
        body = await request.read()
        native = parse(body)
        # What was sent is kept as it came, before the message that refers to it.
        original = await self._host.objects.put(ORIGINALS, f"{message_id(key_of(native, inbox))}/0", _chunks(body))
        await self._receive(normalise(native, inbox, received, original))
        return 202


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), _CHUNK):
        yield body[at : at + _CHUNK]
