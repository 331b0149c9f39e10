"""Both ends of HTTP for the driver of a channel that speaks it: a sender, and a far end that takes replies."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from frontline.testing.driver import Answer, Sent, Told

_PIECE = 64 * 1024
_LATER = frozenset({408, 425, 429})
_STATUS_OF = {Told.ACCEPTED: 200, Told.REFUSED: 410, Told.TRY_AGAIN: 503}


def told(status: int) -> Answer:
    """What an HTTP status says about a message."""
    if 200 <= status < 300:
        return Answer(Told.ACCEPTED, str(status))
    if status >= 500 or status in _LATER:
        return Answer(Told.TRY_AGAIN, str(status))
    return Answer(Told.REFUSED, str(status))


async def post(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """POST it over a connection of its own."""
    try:
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
            return told(response.status)
    except aiohttp.ClientConnectionError:
        return Answer(Told.NOTHING)


async def post_endlessly(url: str, size: int, headers: Mapping[str, str] | None = None) -> Answer:
    """POST `size` zeros in chunks of unannounced number (RFC 9112, 7.1), until an answer comes."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        given = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{given}Transfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.TaskGroup() as tasks:
            pushing = tasks.create_task(_push(writer, size), name="push")
            line = await reader.readline()
            pushing.cancel()
        return told(int(line.split()[1])) if line else Answer(Told.NOTHING)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _push(writer: asyncio.StreamWriter, size: int) -> None:
    chunk = b"%x\r\n%b\r\n" % (_PIECE, bytes(_PIECE))
    with contextlib.suppress(OSError):  # whoever refuses may close while we still write; the answer is read in any case
        for _ in range(size // _PIECE):
            writer.write(chunk)
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


Reading = Callable[[bytes, Mapping[str, str]], Sent]


class HttpFarEnd:
    """`frontline.testing.driver.FarEnd` over HTTP; `read` makes a reply of a body and its headers."""

    def __init__(self, read: Reading) -> None:
        self.url = ""
        self._read = read
        self._sent: list[Sent] = []
        self._next: list[Told] = []

    def sent(self) -> list[Sent]:
        return list(self._sent)

    def answer_next(self, told: Told) -> None:
        self._next.append(told)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        told = self._next.pop(0) if self._next else Told.ACCEPTED
        if told is Told.ACCEPTED:
            self._sent.append(self._read(body, request.headers))
        return web.Response(status=_STATUS_OF[told])


@asynccontextmanager
async def http_far_end(read: Reading) -> AsyncIterator[HttpFarEnd]:
    """A far end that listens on a port of its own; any path will do."""
    far_end = HttpFarEnd(read)
    app = web.Application()
    app.router.add_post("/{tail:.*}", far_end.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        far_end.url = f"http://127.0.0.1:{runner.addresses[0][1]}/replies"
        yield far_end
    finally:
        await runner.cleanup()
