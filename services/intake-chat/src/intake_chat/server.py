"""The HTTP and WebSocket listener: who may come in, by which path, and how it ends."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from aiohttp import web

from frontline.contract.channel import Host, Receive
from frontline.contract.clock import Clock
from frontline.contract.error import Mistake, Reason, Rejected, SettingsError, Unavailable
from frontline.contract.ids import InboxId
from intake_chat import answer
from intake_chat.files import Files
from intake_chat.hub import Hub
from intake_chat.origin import is_allowed
from intake_chat.page import Pages
from intake_chat.peer import address_of
from intake_chat.session import Session
from intake_chat.settings import ChatSettings

_TIDY_SECONDS = 0.5
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Runs until cancelled; `hub` is the one of the present run."""

    def __init__(self, settings: ChatSettings, host: Host, clock: Clock) -> None:
        self._settings = settings
        self._host = host
        self._clock = clock
        self._pages = Pages()
        self.hub: Hub | None = None

    async def run(self, receive: Receive) -> None:
        async with asyncio.TaskGroup() as tasks:
            hub = self.hub = Hub(self._settings, self._host, receive, self._clock, tasks)
            runner = web.AppRunner(self._app(hub), access_log=None, shutdown_timeout=_TIDY_SECONDS)
            await runner.setup()
            around = [
                tasks.create_task(work())
                for work in (hub.run_states, hub.run_presence, hub.run_signals, hub.run_strays)
            ]
            try:
                await self._listen(runner)
                await asyncio.get_running_loop().create_future()
            finally:
                for site in tuple(runner.sites):
                    await site.stop()
                await hub.drain()
                await runner.cleanup()
                for task in around:
                    task.cancel()
                self.hub = None

    async def _listen(self, runner: web.AppRunner) -> None:
        settings = self._settings
        try:
            await web.TCPSite(runner, settings.chat_host, settings.chat_port, backlog=1024).start()
        except (OSError, UnicodeError) as error:
            where = f"{settings.chat_host}:{settings.chat_port}"
            raise SettingsError([Mistake("FRONTLINE_CHAT_PORT", f"{where} can't be listened on")]) from error
        name, port = runner.addresses[0][:2]
        self._host.listening("http", f"[{name}]:{port}" if ":" in name else f"{name}:{port}")

    def _app(self, hub: Hub) -> web.Application:
        app, files = web.Application(), Files(hub)
        app.router.add_get("/chat/ws", self._answering(self._socket))
        app.router.add_get("/chat/presence", self._answering(self._presence))
        app.router.add_post("/chat/files", self._answering(files.upload))
        app.router.add_get("/chat/files/{sealed}", self._answering(files.download))
        app.router.add_route("OPTIONS", "/chat/{any:.*}", self._answering(self._preflight))
        app.router.add_get("/widget.js", self._pages.script)
        app.router.add_get("/demo.css", self._pages.style)
        app.router.add_get("/", self._pages.demo)
        return app

    def _answering(self, respond: Respond) -> Respond:
        """`respond` for allowed origins only, with an answer for whatever it raises."""

        async def handle(request: web.Request) -> web.StreamResponse:
            origin = request.headers.get("Origin")
            development = self._settings.env == "development"
            if not is_allowed(origin, request.host, self._settings.chat_origins, development=development):
                self._host.meter.count("origins_refused")
                return answer.problem(Rejected("this page may not use this chat", Reason.FORBIDDEN))
            try:
                response = await respond(request)
            except (Rejected, Unavailable) as error:
                response = answer.problem(error)
            except (asyncio.CancelledError, ConnectionError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever happens has an answer, and a bug its log line
                assert self.hub is not None
                self.hub.failed("http", error)
                response = answer.problem(error)
            if not response.prepared:
                response.headers.update(answer.shared(origin))
            return response

        return handle

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        hub, settings = self.hub, self._settings
        if hub is None or hub.draining:
            raise Unavailable("the service is stopping", retry_after=1)
        address = address_of(
            request.remote or "", request.headers.get("X-Forwarded-For", ""), settings.chat_trusted_proxies
        )
        if len(hub.sockets) >= settings.chat_max_sockets:
            hub.host.meter.count("sockets_refused", why="all")
            raise Unavailable("no room for another visitor", full=True)
        if hub.by_address[address] >= settings.chat_max_sockets_per_address:
            hub.host.meter.count("sockets_refused", why="address")
            raise Rejected("too many connections from one address", Reason.TOO_MANY)
        ws = web.WebSocketResponse(
            timeout=1.0,
            heartbeat=settings.chat_heartbeat,
            compress=False,  # a dictionary for each socket would cost more than all the rest of it
            max_msg_size=settings.chat_max_frame,
            decode_text=False,
            # Writing must not wait: how much may lie unread is looked at before each frame.
            writer_limit=sys.maxsize,
        )
        if not ws.can_prepare(request):
            raise Rejected("this path speaks WebSocket")
        await ws.prepare(request)
        session = Session(hub, ws, cast("asyncio.WriteTransport", request.transport), address)
        hub.connected(session)
        try:
            await session.run()
        finally:
            hub.left(session)
        return ws

    async def _presence(self, request: web.Request) -> web.StreamResponse:
        inbox = InboxId(request.query.get("inbox", ""))
        if self._host.inboxes.by_id(inbox) is None:
            raise Rejected("there is no such inbox", Reason.UNKNOWN_INBOX)
        assert self.hub is not None
        return answer.json(self.hub.presence(inbox))

    async def _preflight(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=_PREFLIGHT)
