"""What a flood on one channel does to the others: how long they take to accept a message, side by side
with the same senders and nothing else going on. The flooded channel's stream is small, and full.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from frontline.contract import subject
from frontline.contract.ids import ChannelName
from frontline.runtime.bus import Bus
from tests.bench.clients import Mailer, P, Poster, Sender, Visitor, call, door, frame, mail, percentile, settings
from tests.bench.row import Row
from tests.e2e.running import Running, frontline

FLOODED = ChannelName("webhook")
OTHERS = ("email", "chat", "phone")
PACE = 20.0
"""Messages a second on each of the others."""
CONNECTIONS = 32
FULL_BYTES = 8 * 1024
PROMISED_MS = 50


def run(*, quick: bool = False) -> list[Row]:
    return asyncio.run(_run(10 if quick else 30))


async def _run(seconds: int) -> list[Row]:
    bus = Bus(name="bench", ack_deadline=5.0)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        running = await stack.enter_async_context(frontline(folder / "data", **settings(folder)))
        await bus.connect(running.up["nats"])
        stack.push_async_callback(bus.close)
        await _make_small(bus)
        count = int(seconds * PACE)
        await _accepted(running, client, 0, 20)
        calm = await _accepted(running, client, 1_000, count)
        async with _flood(door(running, FLOODED)) as flood:
            flooded = await _accepted(running, client, 100_000, count)
    rows = [
        Row(f"flood: {FLOODED}, its stream full: refused for now", flood.refused / flood.seconds, "1/s"),
        Row(f"flood: {FLOODED}, its stream full: taken", flood.taken / flood.seconds, "1/s"),
    ]
    for channel in OTHERS:
        for what, taken in (("calm", calm[channel]), (f"{FLOODED} flooded", flooded[channel])):
            rows += [
                Row(f"flood: {channel} accepts, {what}, p{share * 100:.0f}", percentile(taken, share) * 1000, "ms")
                for share in (0.5, 0.99)
            ]
    worst = max(percentile(taken, 0.99) for taken in flooded.values()) * 1000
    return [*rows, Row(f"flood: the worst p99 of the others (promised: {PROMISED_MS} ms)", worst, "ms")]


@dataclass(slots=True)
class Flood:
    seconds: float = 0.0
    taken: int = 0
    refused: int = 0


@asynccontextmanager
async def _flood(at: str) -> AsyncIterator[Flood]:
    """From a process of its own; the figures are there at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.flooding", at, str(CONNECTIONS),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    flood = Flood()
    try:
        assert await process.stdout.readline() == b"flooding\n"
        began = time.perf_counter()
        yield flood
        process.stdin.close()
        flood.taken, flood.refused = map(int, (await process.stdout.readline()).split())
        flood.seconds = time.perf_counter() - began
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _make_small(bus: Bus) -> None:
    js = bus.nc.jetstream()
    config = (await js.stream_info(subject.inbox_stream(FLOODED))).config
    config.max_bytes = FULL_BYTES
    await js.update_stream(config)


async def _accepted(
    running: Running, client: aiohttp.ClientSession, first: int, count: int
) -> Mapping[str, list[float]]:
    """How long each message took from being due to being accepted, of so many a channel at the pace."""
    mailer = await Mailer.open(door(running, "email", "smtp"))
    visitor = await Visitor.open(client, door(running, "chat"))
    phone = door(running, "phone")
    poster = await Poster.open(phone)
    taken: dict[str, list[float]] = {channel: [] for channel in OTHERS}
    numbers = range(first, first + count)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_paced(mailer, [mail(number) for number in numbers], taken["email"], 0))
        frames = [frame(f"flood-{number:09}", f"chat {number}") for number in numbers]
        tasks.create_task(_paced(visitor, frames, taken["chat"], 1 / 3))
        tasks.create_task(_paced(poster, [call(phone, number) for number in numbers], taken["phone"], 2 / 3))
    mailer.close()
    poster.close()
    await visitor.close()
    return taken


async def _paced(sender: Sender[P], payloads: list[P], taken: list[float], offset: float) -> None:
    """One after the other, at the pace; what comes late because the last one was slow counts as slow, too."""
    began = time.perf_counter() + offset / PACE
    for number, payload in enumerate(payloads):
        due = began + number / PACE
        await asyncio.sleep(due - time.perf_counter())
        status = await sender.send(payload)
        assert 200 <= status < 300, status
        taken.append(time.perf_counter() - due)
