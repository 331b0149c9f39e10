"""How much the desk log's writer costs over the bus below it: the same bytes, the same window, one run."""

import asyncio
import tempfile
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from frontline.contract import subject
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus, PubAck
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import CHANNELS, SMALL, connected, nats_server
from router.core.commit import Commit, EpochRecord, encode_commit
from router.desk.fence import Fence
from router.desk.log import Deposed, LogWriter, announce
from router.desk.log_store import StreamLogStore
from tests.bench.row import Row

WINDOW = 1024
BYTES = 300
BARE, WRITTEN = DeskId("bare"), DeskId("written")


async def bench_log(*, count: int = 10_000, rounds: int = 5) -> list[Row]:
    """Commits a second through `LogWriter`, publishes a second through `Bus.begin`, and the ratio of each
    round's two, medians; on an event loop of the caller's choice.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with nats_server(Path(folder)) as server, connected(server) as bus:
            await provision(bus.nc.jetstream(), topology(CHANNELS, [BARE, WRITTEN], SMALL))
            store = StreamLogStore(bus, WRITTEN)
            fence = Fence()
            await announce(store, EpochRecord(leader="bench", at=datetime.now(UTC)))
            async for stored in store.read(0):
                fence.admit(stored)
            writer = LogWriter(store, fence, window=WINDOW)
            mending = asyncio.create_task(writer.run())
            bare, written = [], []
            for round_ in range(rounds):
                commits = _commits(writer.epoch, round_ * count, count)
                bare.append(count / await _publish(bus, commits, round_ * count))
                written.append(count / await _write(writer, commits, round_ * count))
            mending.cancel()
            with suppress(asyncio.CancelledError, Deposed):
                await mending
            assert writer.recoveries == 0
    return [
        Row("desk log: commits through LogWriter", median(written), "1/s"),
        Row("desk log: the same bytes through Bus.begin", median(bare), "1/s"),
        Row("desk log: LogWriter to Bus.begin", median(w / b for w, b in zip(written, bare, strict=True)), "x"),
    ]


def _commits(epoch: int, after: int, count: int) -> list[bytes]:
    now = datetime.now(UTC)
    return [
        encode_commit(Commit(epoch=epoch, index=after + n, now=now, cause="x" * (BYTES - 80)))
        for n in range(1, count + 1)
    ]


async def _publish(bus: Bus, commits: list[bytes], after: int) -> float:
    """Seconds until all are acknowledged, `WINDOW` of them under way."""
    began = time.perf_counter()
    under_way: deque[asyncio.Future[PubAck]] = deque()
    for n, data in enumerate(commits, start=after):
        if len(under_way) >= WINDOW:
            await under_way.popleft()
        headers = {"Nats-Expected-Last-Sequence": str(n)}
        under_way.append(await bus.begin(subject.desk_log(BARE), data, headers))
    for future in under_way:
        await future
    return time.perf_counter() - began


async def _write(writer: LogWriter, commits: list[bytes], after: int) -> float:
    began = time.perf_counter()
    for index, data in enumerate(commits, start=after + 1):
        await writer.append(index, data)
    await writer.settle()
    return time.perf_counter() - began


def run(*, quick: bool = False) -> list[Row]:
    """On the event loop that the services run on."""
    with asyncio.Runner(loop_factory=service_loop) as runner:
        return runner.run(bench_log(count=2_000 if quick else 10_000, rounds=3 if quick else 5))


def service_loop() -> asyncio.AbstractEventLoop:
    """What the services run on."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
