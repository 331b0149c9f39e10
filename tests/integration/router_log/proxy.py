"""A network between a client and the server that loses, holds and cuts as a test says.

It understands NATS' framing (one line, and for PUB, HPUB, MSG and HMSG a payload of the size that
the line ends with), so that it loses whole frames and never half of one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

_WITH_PAYLOAD = (b"PUB ", b"HPUB ", b"MSG ", b"HMSG ")
_LINE = 1 << 20


class Fate(Enum):
    PASS = auto()
    LOSE = auto()
    HOLD = auto()
    """Until `release`; everything behind it on the same way waits too, as on a real connection."""


Judge = Callable[[bytes], Fate]


def let_pass(_: bytes) -> Fate:
    return Fate.PASS


def is_commit(frame: bytes) -> bool:
    """Whether a client's frame publishes a commit."""
    return frame.startswith((b"PUB desk.", b"HPUB desk.")) and b".log " in frame[:80]


def is_ack(frame: bytes) -> bool:
    """Whether a server's frame acknowledges a record of a desk's log."""
    return frame.startswith(b"MSG ") and b'"stream":"DESK_' in frame and b'"error"' not in frame


def is_read(frame: bytes) -> bool:
    """Whether a client's frame asks for a desk's records."""
    return b"PUB $JS.API.DIRECT.GET.DESK_" in frame[:80]


class Proxy:
    """`requests` judges what clients send, `answers` what the server says."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._server: asyncio.Server | None = None
        self._links: list[_Link] = []
        self.requests: Judge = let_pass
        self.answers: Judge = let_pass
        self.url = ""
        self._free = asyncio.Event()
        self._free.set()
        self._stuck = asyncio.Event()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_LINE)
        self.url = f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def hold(self) -> None:
        """From now on nothing that is judged `HOLD` goes on."""
        self._free.clear()
        self._stuck.clear()

    def hold_requests(self, which: Callable[[bytes], bool]) -> None:
        """From now on hold what clients send, from the first frame on of which `which` is true."""
        self.requests = lambda frame: Fate.HOLD if which(frame) else Fate.PASS
        self.hold()

    def hold_answers(self, which: Callable[[bytes], bool]) -> None:
        """The same with what the server says."""
        self.answers = lambda frame: Fate.HOLD if which(frame) else Fate.PASS
        self.hold()

    def release(self) -> None:
        self._free.set()

    async def stuck(self) -> None:
        """Wait until something is held."""
        await self._stuck.wait()

    def cut(self) -> None:
        """Both ends see the connection closed; what was not passed on yet is lost."""
        for link in self._links:
            link.close()
        self._links.clear()

    def cut_client(self) -> None:
        """The client sees its connection closed; what it sent before is still on its way to the server,
        whose answers nobody hears.
        """
        for link in self._links:
            link.close_client()

    async def drained(self) -> None:
        """Wait until the server has got all that was on its way when the client was cut off."""
        for link in self._links:
            if link.cut_off:
                await link.drained.wait()

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    def _judge_request(self, frame: bytes) -> Fate:
        return self.requests(frame)

    def _judge_answer(self, frame: bytes) -> Fate:
        return self.answers(frame)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream, limit=_LINE)
        except OSError:
            writer.close()
            return
        link = _Link(writer, up_writer)
        self._links.append(link)
        link.tasks = [
            asyncio.create_task(self._carry(link, reader, up_writer, self._judge_request)),
            asyncio.create_task(self._carry(link, up_reader, writer, self._judge_answer)),
        ]

    async def _carry(
        self, link: "_Link", reader: asyncio.StreamReader, writer: asyncio.StreamWriter, judge: Judge
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                frame = await _frame(reader)
                if link.cut_off and frame == b"PONG\r\n":
                    link.drained.set()
                fate = judge(frame)
                if fate is Fate.LOSE:
                    continue
                if fate is Fate.HOLD and not self._free.is_set():
                    self._stuck.set()
                    await self._free.wait()
                if not (link.cut_off and writer is link.client):
                    writer.write(frame)
                    await writer.drain()
        if not link.cut_off:
            link.close()
        elif writer is link.server:
            writer.write(b"PING\r\n")


class _Link:
    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.cut_off = False
        self.drained = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    def close_client(self) -> None:
        self.cut_off = True
        self.client.close()

    def close(self) -> None:
        self.client.close()
        self.server.close()
        for task in self.tasks:
            task.cancel()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readuntil(b"\r\n")
    if line.startswith(_WITH_PAYLOAD):
        line += await reader.readexactly(int(line.rsplit(b" ", 1)[1]) + 2)
    return line


@asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
