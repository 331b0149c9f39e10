"""What a desk with very many open contacts costs: to keep, to take over, and how late its clocks are
while a snapshot of it is taken. Each part in a process of its own, so that memory is its own.
"""

import asyncio
import gc
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import msgspec

from frontline.contract.ids import DeskId, InboxId
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import CHANNELS, SMALL, connected, nats_server
from router.core.advance import advance, replay
from router.core.command import ApplySettings, StartEpoch, Tick
from router.core.commit import Commit, EpochRecord, decode_commit, encode_commit
from router.core.desk_settings import InboxSettings, PolicySettings, TargetSettings
from router.core.event_clock import ClockBreached
from router.core.snapshot import restore, save
from router.core.state import DeskState
from router.desk.fence import Fence
from router.desk.follower import Follower
from router.desk.log import Deposed, LogWriter, announce
from router.desk.log_store import StreamLogStore
from router.desk.loop import DeskLoop, Work
from router.desk.snapshots import Snapshots
from tests.bench.appending import appending
from tests.bench.decisions import EMAIL, SETTINGS, START, Desk
from tests.bench.desk_log import service_loop
from tests.bench.row import Row

DECISIONS_A_SECOND = 1_000
SOON = InboxId("soon")
PROMISED = timedelta(seconds=2)
SLICE = 1_000
"""Commits that are replayed before as many are appended."""


def run(*, quick: bool = False) -> list[Row]:
    contacts = 100_000 if quick else 1_000_000
    seconds = 5 if quick else 20
    with tempfile.TemporaryDirectory() as folder:
        blocks = Path(folder) / "snapshot"
        kept, saved = _apart(_fill, contacts, blocks)
        restored = _apart(_restore, blocks)
        began, stop = _apart(_take_over, blocks)
        replayed, bare = _apart(_replay, contacts // 20)
        late = _apart(_lateness, blocks, seconds)
    return [
        Row(f"desk: memory of an open contact, of {contacts:,}", kept, "KiB"),
        Row(f"desk: {contacts:,} contacts saved, CPU", saved, "s"),
        Row(f"desk: {contacts:,} contacts restored, CPU", restored, "s"),
        Row(f"desk: {contacts:,} contacts taken over from the object store, until the first decision", began, "s"),
        Row("desk: longest stop of a loop that takes over", stop, "ms"),
        Row("desk: commits replayed", replayed, "1/s"),
        Row("desk: the same commits appended by a bare loop", bare, "1/s"),
        Row("desk: commits replayed to bare appends", replayed / bare, "x"),
        Row(f"desk: clock lateness p50, {contacts:,} armed, snapshot under way", late.p50, "ms"),
        Row(f"desk: clock lateness p99, {contacts:,} armed, snapshot under way", late.p99, "ms"),
        Row("desk: longest pause for the garbage collector meanwhile", late.longest_pause, "ms"),
        Row("desk: share of the time that the garbage collector took meanwhile", late.pauses, "%"),
    ]


def _apart(part: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(part, *arguments).result()


def _fill(contacts: int, blocks: Path) -> tuple[float, float]:
    """KiB a contact, and the CPU seconds of a snapshot, which is left at `blocks`."""
    desk = Desk()
    gc.collect()
    before = _resident()
    for n in range(contacts):
        desk.do(desk.mail())
        if n % 5000 == 0:
            desk.forget()
    desk.forget()
    gc.collect()
    kept = (_resident() - before) / contacts / 1024
    began = time.process_time()
    with blocks.open("wb") as file:
        for block in save(desk.state):
            file.write(len(block).to_bytes(4) + block)
    return kept, time.process_time() - began


def _restore(blocks: Path) -> float:
    gc.disable()
    began = time.process_time()
    restore(_read(blocks))
    return time.process_time() - began


def _take_over(blocks: Path) -> tuple[float, float]:
    return asyncio.run(_begin(blocks))


async def _begin(blocks: Path) -> tuple[float, float]:
    """Seconds by the wall clock from nothing to a first decision, and the longest that nothing else was done."""
    gc.disable()
    state = restore(_read(blocks))
    with tempfile.TemporaryDirectory() as folder:
        async with nats_server(Path(folder)) as server, connected(server) as bus:
            await provision(bus.nc.jetstream(), topology(CHANNELS, [state.desk], SMALL))
            store, snapshots, fence = StreamLogStore(bus, state.desk), Snapshots(bus, state.desk), Fence()
            await announce(store, EpochRecord(leader="bench", at=datetime.now(UTC)))
            async for stored in store.read(0):
                fence.admit(stored)
            await snapshots.write(state, fence, state.now, await snapshots.claim(), None)
            follower = Follower(state.desk, store)
            gc.enable()
            watching = asyncio.create_task(_longest_stop())
            began = time.monotonic()
            await follower.begin(snapshots)
            advance(follower.state, Tick(), follower.state.now, epoch=fence.epoch, index=1)
            took = time.monotonic() - began
            watching.cancel()
            stop = await watching
    assert len(follower.state.contacts) == len(state.contacts)
    return took, stop


async def _longest_stop() -> float:
    """In milliseconds, until cancelled."""
    longest, before = 0.0, time.monotonic()
    with suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(0)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()
    return longest * 1000


def _replay(commits: int) -> tuple[float, float]:
    """Commits a second of CPU time: read and carried out again, and, in turns with that, appended and nothing else."""
    desk = Desk()
    made = [desk.do(desk.mail()).commit for _ in range(commits)]
    log = [commit for commit in made if commit is not None]
    with asyncio.Runner(loop_factory=service_loop) as runner:
        replaying, appending_ = runner.run(_replay_and_append(log))
    return len(log) / replaying, len(log) / appending_


async def _replay_and_append(log: list[Commit]) -> tuple[float, float]:
    state = DeskState(DeskId("support"))
    advance(state, ApplySettings(settings=SETTINGS), START, epoch=1, index=1)
    written = [encode_commit(commit) for commit in log]
    replaying = appending_ = 0.0
    async with appending() as bare:
        for at in range(0, len(log), SLICE):
            began = time.process_time()
            for data in written[at : at + SLICE]:
                replay(state, decode_commit(data))
            replaying += time.process_time() - began
            appending_ += await bare.append(log[at : at + SLICE])
    return replaying, appending_


class Late(NamedTuple):
    """In milliseconds, `pauses` in percent of the time."""

    p50: float
    p99: float
    longest_pause: float
    pauses: float


def _lateness(blocks: Path, seconds: int) -> Late:
    return asyncio.run(_live(blocks, seconds))


async def _live(blocks: Path, seconds: int) -> Late:
    """A live loop over a real log, as busy as can be, while another process saves and restores as much."""
    gc.disable()
    state = restore(_read(blocks))
    gc.enable()
    gc.freeze()  # as whoever takes over does
    late: list[float] = []
    base, began = state.now, time.monotonic()

    def clock() -> datetime:
        return base + timedelta(seconds=time.monotonic() - began)

    with tempfile.TemporaryDirectory() as folder:
        async with nats_server(Path(folder)) as server, connected(server) as bus:
            await provision(bus.nc.jetstream(), topology(CHANNELS, [state.desk], SMALL))
            store = StreamLogStore(bus, state.desk)
            fence = Fence()
            await announce(store, EpochRecord(leader="bench", at=datetime.now(UTC)))
            async for stored in store.read(0):
                fence.admit(stored)
            state.epoch, state.index = 0, 0  # the log is another one: only its cost is of interest here
            writer = LogWriter(store, fence, window=1024)
            loop = DeskLoop(state, _Timed(writer, late), clock)  # type: ignore[arg-type]
            working = [asyncio.create_task(writer.run()), asyncio.create_task(loop.run())]
            await (await loop.submit(Work(StartEpoch(), "bench")))
            await (await loop.submit(Work(ApplySettings(settings=_soon()), "bench")))
            saving = multiprocessing.get_context("spawn").Process(target=_save_again, args=(blocks,), daemon=True)
            saving.start()
            collector = _Collector()
            await _be_busy(loop, seconds, clock)
            collector.stop()
            saving.kill()
            for task in working:
                task.cancel()
                with suppress(asyncio.CancelledError, Deposed):
                    await task
    hundredths = quantiles(late, n=100)
    longest, share = max(collector.pauses, default=0.0), sum(collector.pauses) / (seconds + PROMISED.total_seconds())
    return Late(hundredths[49], hundredths[98], longest * 1000, share * 100)


class _Collector:
    """Notes for how many seconds the garbage collector has everything wait, each time, until it is stopped."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self._began = 0.0
        gc.callbacks.append(self._note)

    def stop(self) -> None:
        gc.callbacks.remove(self._note)

    def _note(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self.pauses.append(time.perf_counter() - self._began)


class _Timed:
    """A writer that notes how late each breach is decided, in milliseconds."""

    def __init__(self, writer: LogWriter, late: list[float]) -> None:
        self._writer = writer
        self._late = late

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    async def append(self, index: int, data: bytes) -> "asyncio.Future[int]":
        if b'"ClockBreached"' in data:
            commit: Commit = decode_commit(data)
            for event in commit.events:
                if isinstance(event, ClockBreached):
                    self._late.append((commit.now - event.at) / timedelta(milliseconds=1))
        return await self._writer.append(index, data)


async def _be_busy(loop: DeskLoop, seconds: int, clock: Callable[[], datetime]) -> None:
    desk, running = Desk(), asyncio.get_running_loop()
    began = running.time()
    for n in range(seconds * DECISIONS_A_SECOND):
        ahead = began + n / DECISIONS_A_SECOND - running.time()
        if ahead > 0:
            await asyncio.sleep(ahead)
        mail = desk.mail()
        soon = msgspec.structs.replace(
            mail,
            message=mail.message.replace("m", "s", 1),
            key=mail.key.replace("0", "f", 1),
            new_contact=mail.new_contact.replace("c", "s", 1),
            inbox=SOON if n % 10 == 0 else mail.inbox,
            at=clock(),
            binds=(),
        )
        await loop.submit(Work(soon, "bench"))
    await asyncio.sleep(PROMISED.total_seconds())


def _soon() -> Any:
    soon = PolicySettings(
        id="soon",
        version=1,
        calendar="always",
        targets=(TargetSettings(target="first_response", within=PROMISED, warn_at=()),),
    )
    return msgspec.structs.replace(
        SETTINGS,
        version=2,
        inboxes=(*SETTINGS.inboxes, InboxSettings(channel=EMAIL, id=SOON, policy="soon")),
        policies=(*SETTINGS.policies, soon),
    )


def _save_again(blocks: Path) -> None:
    os.nice(10)
    gc.disable()
    while True:
        for _ in save(restore(_read(blocks))):
            pass


def _read(blocks: Path) -> list[bytes]:
    data, found, at = blocks.read_bytes(), [], 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4])
        found.append(data[at + 4 : end])
        at = end
    return found


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
