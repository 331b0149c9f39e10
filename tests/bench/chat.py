"""Chat messages acknowledged by one process against a bare aiohttp echo, by the same client in one run;
and the memory that an idle visitor costs in each.

The client is a process of its own, so that what is measured is the server: rates are of the machine's two
sides together, processor time is the server's alone.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec

from frontline.contract.channel import Inbox
from frontline.contract.ids import DeskId, InboxId
from frontline.runtime.directory import directory_key
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import DIRECTORY, Limits, provision, topology
from frontline.testing.nats_server import connected, nats_server
from intake_chat.normalize import CHANNEL
from tests.bench.row import Row

SUPPORT = InboxId("support")
BARE = """
import asyncio
from aiohttp import WSMsgType, web
async def talk(request):
    ws = web.WebSocketResponse(compress=False, heartbeat=30)
    await ws.prepare(request)
    async for msg in ws:
        await ws.send_str(msg.data)
    return ws
async def main():
    app = web.Application()
    app.router.add_get("/chat/ws", talk)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print("127.0.0.1:%d" % runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
import uvloop
uvloop.run(main())
"""
TEXT = "Plain words of a customer, as long as a chat message is. " * 2


def run(*, quick: bool = False) -> list[Row]:
    return asyncio.run(_run(2_000 if quick else 20_000, 500 if quick else 5_000))


async def _run(count: int, idle: int) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            nats_server(Path(folder) / "nats") as server,
            _channel(server, Path(folder)) as chat,
            _bare() as bare,
        ):
            for sockets in (10, 100):
                stored, cost = await _talk(chat, count, sockets)
                echoed, floor = await _talk(bare, count, sockets)
                rows += [
                    Row(f"chat: stored and acknowledged, {sockets} sockets", stored, "1/s"),
                    Row(f"chat: bare aiohttp echo, {sockets} sockets", echoed, "1/s"),
                    Row(f"chat: acknowledged to echoed, {sockets} sockets", stored / echoed, "x"),
                    Row(f"chat: processor time a message, {sockets} sockets", cost * 1e6, "us"),
                    Row(f"chat: the same of the bare echo, {sockets} sockets", floor * 1e6, "us"),
                ]
            ours, theirs = await _idle(chat, idle), await _idle(bare, idle)
            rows += [
                Row(f"chat: memory of an idle visitor, {idle:,} sockets", ours / 1024, "KiB"),
                Row(f"chat: memory of an idle socket of bare aiohttp, {idle:,} sockets", theirs / 1024, "KiB"),
                Row("chat: idle visitor to bare socket", ours / theirs, "x"),
            ]
    return rows


class _Peer:
    """A server process, and where it listens."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.pid = process.pid
        self.url = f"http://{address}/chat/ws"

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> int:
        """Resident bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def _bare() -> AsyncIterator[_Peer]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BARE, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield _Peer(process, (await process.stdout.readline()).decode().strip())
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def _channel(server: EmbeddedServer, folder: Path) -> AsyncIterator[_Peer]:
    """`frontline channel run chat`, with limits that a bench does not meet."""
    async with connected(server) as bus:
        await provision(bus.nc.jetstream(), topology([CHANNEL], [DeskId("support")], Limits(object_bytes=1 << 28)))
        inbox = Inbox(channel=CHANNEL, inbox=SUPPORT, desk="support", address=SUPPORT)
        await KeyValue(bus, DIRECTORY).put(directory_key(CHANNEL, SUPPORT), msgspec.json.encode(inbox))
        status = folder / "status.json"
        env = {name: value for name, value in os.environ.items() if not name.startswith("FRONTLINE_")} | {
            "FRONTLINE_NATS_URL": server.url,
            "FRONTLINE_SECRET": "a secret for benches only",
            "FRONTLINE_STATUS_FILE": str(status),
            "FRONTLINE_CHAT_PORT": "0",
            "FRONTLINE_CHAT_MESSAGES_PER_MINUTE": "1e9",
            "FRONTLINE_CHAT_MESSAGES_PER_MINUTE_PER_ADDRESS": "1e9",
            "FRONTLINE_CHAT_FRAMES_PER_MINUTE": "1e9",
            "FRONTLINE_CHAT_MAX_SOCKETS_PER_ADDRESS": "100000",
            "FRONTLINE_LOG_LEVEL": "warning",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "frontline", "channel", "run", "chat", env=env
        )
        try:
            async with asyncio.timeout(30):
                address = await _listening(status)
            yield _Peer(process, address)
        finally:
            process.kill()
            await process.wait()


async def _listening(status: Path) -> str:
    while True:
        if status.exists() and (address := msgspec.json.decode(status.read_bytes())["listeners"].get("http")):
            return str(address)
        await asyncio.sleep(0.05)


async def _open(client: aiohttp.ClientSession, peer: _Peer) -> aiohttp.ClientWebSocketResponse:
    """A socket that has been answered once."""
    while True:
        socket = await client.ws_connect(peer.url)
        await socket.send_str('{"type":"hello","v":1,"inbox":"support"}')
        answer = await socket.receive()
        if answer.type is aiohttp.WSMsgType.TEXT and '"error"' not in answer.data:
            return socket
        await socket.close()
        await asyncio.sleep(0.1)  # the directory of inboxes is not read yet


async def _talk(peer: _Peer, count: int, sockets: int) -> tuple[float, float]:
    """Messages a second, each answered before the next on its socket; and the server's seconds for one."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        open_ = [await _open(client, peer) for _ in range(sockets)]
        each = count // sockets
        before, began = peer.cpu, time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number, socket in enumerate(open_):
                tasks.create_task(_say(socket, each, number))
        seconds, cost = time.perf_counter() - began, peer.cpu - before
        for socket in open_:
            await socket.close()
    return each * sockets / seconds, cost / (each * sockets)


async def _say(socket: aiohttp.ClientWebSocketResponse, count: int, number: int) -> None:
    for n in range(count):
        await socket.send_str(f'{{"type":"message","id":"bench-{number}-{n:09}","text":"{TEXT}"}}')
        while True:
            answer = await socket.receive()
            assert answer.type is aiohttp.WSMsgType.TEXT, answer
            assert '"error"' not in answer.data, answer.data
            if '"type":"ack"' in answer.data or '"type":"message"' in answer.data:
                break


async def _idle(peer: _Peer, count: int) -> float:
    """Bytes that one more socket costs, of `count` that are open at once."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        open_ = [await _open(client, peer) for _ in range(50)]
        before = peer.memory
        open_ += [await _open(client, peer) for _ in range(count)]
        cost = (peer.memory - before) / count
        for socket in open_:
            await socket.close()
    return cost
