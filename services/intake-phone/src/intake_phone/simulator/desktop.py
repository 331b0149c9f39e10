"""The simulator inside a channel that has no Twilio account: in development, on the channel's own address.

`frontline phone simulate` asks it here for a call or a text, and prints what is told.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from aiohttp import web

from frontline.contract.secret import Secret
from intake_phone.rest import Account
from intake_phone.simulator.account import SimulatedAccount, new_sid
from intake_phone.simulator.api import Api
from intake_phone.simulator.exchange import Exchange, HookFailed
from intake_phone.simulator.line import Line
from intake_phone.simulator.person import Person

PREFIX = "/simulator"


class Ask(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    """What the command asks for. Times are in seconds of the call; `pace` is how long one of them takes."""

    from_: str
    to: str
    text: str = ""
    keys: list[str] = []
    words: str | None = None
    hang_up_after: float = 60
    agents: list[str] = []
    """Numbers of agents who answer, and take the call."""
    stay: float = 0
    """How long the caller stays by their phone afterwards, and picks up when they are called back."""
    wait: float = 0
    pace: float = 1.0


_decode = msgspec.json.Decoder(Ask).decode


class Desktop:
    def __init__(self, sign: Callable[[str, bytes], bytes], tasks: asyncio.TaskGroup) -> None:
        digest = sign("simulator", b"account").hex()
        self._account = SimulatedAccount(sid=f"AC{digest[:32]}", token=sign("simulator", b"token").hex())
        self._tasks = tasks
        self._exchange: Exchange | None = None
        self.tokens = (Secret(self._account.token),)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as session:
            self._exchange = Exchange(self._account, session, self._tasks)
            yield

    def mount(self, app: web.Application) -> None:
        assert self._exchange is not None
        Api(self._exchange).mount(app, PREFIX)
        app.router.add_post(f"{PREFIX}/call", self._call)
        app.router.add_post(f"{PREFIX}/text", self._text)

    def at(self, listening: str, channel: str) -> Account:
        """The account, where `listening` serves these pages and `channel` is what webhooks go to."""
        assert self._exchange is not None
        self._exchange.channel = channel
        self._exchange.api = listening + PREFIX
        sid = self._account.sid
        return Account(sid=sid, base=listening + PREFIX, user=sid, secret=self._account.token)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        ask, exchange = await self._asked(request)
        exchange.pace = ask.pace
        exchange.phones.update({number: Person(keys=["1"]) for number in ask.agents})
        about = {"CallSid": new_sid("CA"), "From": ask.from_, "To": ask.to, "Direction": "inbound"}
        caller = Person(keys=ask.keys, words=ask.words)
        line = Line(exchange, about, caller, f"caller {ask.from_}")
        async with _told(exchange, request) as response:
            exchange.tell(f"caller {ask.from_} calls {ask.to}")
            line.start(exchange.page("voice"), exchange.page("voice/status"))
            try:
                async with asyncio.timeout(ask.hang_up_after * ask.pace):
                    await line.over.wait()
            except TimeoutError:
                line.hang_up()
                await line.over.wait()
            await self._stay(exchange, ask)
        for number in ask.agents:
            exchange.phones.pop(number, None)
        return response

    async def _stay(self, exchange: Exchange, ask: Ask) -> None:
        if ask.stay <= 0:
            return
        person = exchange.phones[ask.from_] = Person()
        try:
            async with asyncio.timeout(ask.stay * ask.pace):
                await person.talking.wait()
            await exchange.pass_time(3)
        except TimeoutError:
            exchange.tell(f"caller {ask.from_} is not called back within {ask.stay:g} seconds")
        finally:
            person.enough.set()
            exchange.phones.pop(ask.from_, None)

    async def _text(self, request: web.Request) -> web.StreamResponse:
        ask, exchange = await self._asked(request)
        async with _told(exchange, request) as response:
            before = len(exchange.texts)
            try:
                message = await exchange.text_in(ask.from_, ask.to, ask.text)
                exchange.tell(f"taken as {message}")
            except HookFailed as error:
                exchange.tell(f"! not taken: {error}")
            else:
                await self._answered(exchange, ask, before)
        return response

    async def _answered(self, exchange: Exchange, ask: Ask, before: int) -> None:
        if ask.wait <= 0:
            return
        try:
            async with asyncio.timeout(ask.wait), exchange.arrived:
                await exchange.arrived.wait_for(lambda: any(each.to == ask.from_ for each in exchange.texts[before:]))
        except TimeoutError:
            exchange.tell(f"no answer within {ask.wait:g} seconds")

    async def _asked(self, request: web.Request) -> tuple[Ask, Exchange]:
        # JSON, so that no page in a browser can send it without asking first.
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            ask = _decode(await request.read())
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        assert self._exchange is not None
        return ask, self._exchange


@asynccontextmanager
async def _told(exchange: Exchange, request: web.Request) -> AsyncIterator[web.StreamResponse]:
    """A response that gets every line that is told meanwhile."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    await response.prepare(request)
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def write() -> None:
        while (line := await lines.get()) is not None:
            await response.write(f"{line}\n".encode())

    exchange.telling.append(lines.put_nowait)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(write())
            try:
                yield response
            finally:
                lines.put_nowait(None)
    finally:
        exchange.telling.remove(lines.put_nowait)
    await response.write_eof()
