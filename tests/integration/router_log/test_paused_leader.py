"""A leader whose process is stopped (SIGSTOP) while another takes over, and which comes back (SIGCONT)."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.router_log.leading import counted, leading

ROOT = Path(__file__).parents[3]


@dataclass(slots=True)
class First:
    """The process, and what it said."""

    process: asyncio.subprocess.Process
    epoch: int = 0
    counted: dict[int, int] = field(default_factory=dict)

    async def hear(self) -> str:
        """The next line it prints, taken down."""
        assert self.process.stdout is not None
        word, *numbers = (await self.process.stdout.readline()).decode().split()
        match word:
            case "epoch":
                self.epoch = int(numbers[0])
            case "counted":
                self.counted[int(numbers[0])] = int(numbers[1])
        return word

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@asynccontextmanager
async def first_leader(url: str) -> AsyncIterator[First]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.router_log.first_leader",
        url,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield First(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_leader_that_comes_back_from_a_pause_cannot_write_any_more(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with first_leader(nats.url) as first:
        while len(first.counted) < 500:
            await first.hear()
        first.send(signal.SIGSTOP)
        async with leading(provisioned, "second") as second:
            await second.write(200)
            await second.writer.settle()
            first.send(signal.SIGCONT)
            while await first.hear() != "deposed":
                await second.write(5)
            assert await first.process.wait() == 3
            await second.write(200)
            told = await second.told()

    read = await counted(provisioned)
    by_first = {record.commit.index: record.seq for record in read if record.commit.epoch == first.epoch}
    by_second = {record.commit.index: record.seq for record in read if record.commit.epoch == second.writer.epoch}
    assert by_second == told
    assert len(by_first) + len(by_second) == len(read)
    assert first.counted.items() <= by_first.items(), "what it said that it counts is there for every reader"
    assert max(by_first.values()) < second.writer.epoch, "nothing of it counts behind the epoch of the second"
    assert list(by_first) == list(range(1, len(by_first) + 1))


async def test_a_leader_killed_with_commits_under_way_leaves_only_whole_ones_in_order(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with first_leader(nats.url) as first:
        while len(first.counted) < 500:
            await first.hear()
        first.send(signal.SIGKILL)
        await first.process.wait()
        async with leading(provisioned, "second") as second:
            await second.write(100)
            await second.told()
    read = await counted(provisioned)
    by_first = {record.commit.index: record.seq for record in read if record.commit.epoch == first.epoch}
    assert list(by_first) == list(range(1, len(by_first) + 1))
    assert first.counted.items() <= by_first.items()
    assert len(read) == len(by_first) + 100
