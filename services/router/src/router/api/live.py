"""`GET /api/live`: what an agent's desk decides, as it decides it, over a WebSocket.

The first frame is the client's, `{"type": "hello", "token"}`: a browser can't send a header, and an
address is no place for a secret. It is answered by an event `Started`, whose `resumed` says whether
all that was decided behind `after` follows; if not, the client reads anew what it shows. Behind that
come the events, in order. A client that breaks off resumes after the last `seq` without `more`.
"""

import asyncio

import msgspec
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from prometheus_client import Gauge

from router.api.access import Who
from router.api.call import Api
from router.api.live_shape import Frame, Hello
from router.api.problem import Declined
from router.desk.effects import as_told
from router.index.live import FellBehind, Live, Told
from router.index.row import stamp

_HELLO_SECONDS = 10.0
_SEND_SECONDS = 10.0
_HEARTBEAT_SECONDS = 20.0
_MAX_FRAME = 4096


class LiveRoute:
    """Everybody who watches, so that they can be told when the process ends."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._open: set[web.WebSocketResponse] = set()
        self._watchers = Gauge("frontline_live_watchers", "Clients of /api/live.", registry=api.metrics.registry)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        after = request.query.get("after", "")
        if after and not (after.isdecimal() and len(after) <= 18):
            raise web.HTTPUnprocessableEntity
        ws = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_MAX_FRAME)
        await ws.prepare(request)
        self._open.add(ws)
        self._watchers.inc()
        try:
            who = await self._who(request, ws)
            if who is None:
                await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=b"say hello with your token first")
            else:
                await self._watch(ws, who, int(after) if after else None)
        except ConnectionError:
            pass  # the client has gone
        finally:
            self._open.discard(ws)
            self._watchers.dec()
        return ws

    async def close(self, _: web.Application) -> None:
        """The process ends: whoever watches may come again, to another replica."""
        for ws in tuple(self._open):
            await ws.close(code=WSCloseCode.GOING_AWAY, message=b"comes again in a moment")

    async def _who(self, request: web.Request, ws: web.WebSocketResponse) -> Who | None:
        """By header for those who can send one, else by the first frame."""
        authorization = request.headers.get("Authorization", "")
        if not authorization:
            try:
                async with asyncio.timeout(_HELLO_SECONDS):
                    message: WSMessage = await ws.receive()
                data = message.data if message.type is WSMsgType.TEXT else ""
                authorization = f"Bearer {msgspec.json.decode(data, type=Hello).token}"
            except (TimeoutError, msgspec.DecodeError, RecursionError):
                return None
        try:
            return self._api.access.who(authorization)
        except Declined:
            return None

    async def _watch(self, ws: web.WebSocketResponse, who: Who, after: int | None) -> None:
        listening = asyncio.create_task(_until_closed(ws))
        telling = asyncio.create_task(self._tell(ws, who, after))
        try:
            await asyncio.wait((listening, telling), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, telling):
                task.cancel()
        if telling.done() and not telling.cancelled():
            try:
                telling.result()
            except (FellBehind, TimeoutError):
                await ws.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"reads too slowly")

    async def _tell(self, ws: web.WebSocketResponse, who: Who, after: int | None) -> None:
        live: Live = self._api.index.live(who.desk.id)
        seq = self._api.index.log_position(who.desk.id).seq
        place = None if after is None else live.place_after(after)
        resumed = place is not None
        place = live.end if place is None else place
        started = Frame(
            seq=after if resumed and after is not None else seq,
            at=stamp(self._api.clock()),
            event="Started",
            agent=who.agent.id,
            data={"resumed": resumed},
        )
        await _send(ws, started)
        while True:
            for told in await live.at(place):
                await _send(ws, _frame(who, told))
                place += 1


def _frame(who: Who, told: Told) -> Frame:
    event = as_told(who.desk.id, "", told.event)
    return Frame(
        seq=told.seq,
        at=stamp(event.at),
        event=event.kind,
        contact=event.contact,
        agent=event.agent,
        data=event.data,
        more=told.more,
    )


async def _send(ws: web.WebSocketResponse, frame: Frame) -> None:
    """Raises `TimeoutError` for a client that does not read."""
    async with asyncio.timeout(_SEND_SECONDS):
        await ws.send_str(msgspec.json.encode(frame).decode())


async def _until_closed(ws: web.WebSocketResponse) -> None:
    """Whatever else a client says is of no interest."""
    while (await ws.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}:
        pass
