"""Intakes that share a port share nothing else: what a mail costs each of them, with one, two, three and four.

On a machine that client and bus need as well their rate says nothing; the CPU of each process for each mail
of its own says whether the next one adds what the first one does. Sessions rise with the processes. Each figure is the
median of several rounds in which all take turns.
"""

import asyncio
import re
import statistics
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from frontline.testing.nats_server import connected, nats_server
from tests.bench.mail import Door, cpu_of, prepare, send, whole
from tests.bench.row import Row

_MOST = 4
_SESSIONS = 12
"""For each process: the kernel spreads them by chance, so that fewer would leave one without any."""
_TAKEN = re.compile(
    r'^frontline_intake_messages_total\{channel="email",outcome="accepted"\} ([0-9.e+]+)$', re.MULTILINE
)


class Share(NamedTuple):
    """One process's part of a round: its mails, and milliseconds of CPU for each."""

    mails: float
    cpu: float


def run(*, quick: bool = False) -> list[Row]:
    return asyncio.run(_run(200 if quick else 600, rounds=1 if quick else 5))


async def _run(count: int, *, rounds: int) -> list[Row]:
    numbers = iter(range(10**9))
    found: dict[int, list[list[Share]]] = {number: [] for number in range(1, _MOST + 1)}
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(nats_server(Path(folder) / "nats", token="bench"))
            bus = await stack.enter_async_context(connected(server))
            await prepare(bus)
            environ = {"FRONTLINE_NATS_URL": server.url, "FRONTLINE_NATS_TOKEN": server.token or ""}
            doors = {
                number: await stack.enter_async_context(whole(Path(folder), environ, processes=number))
                for number in found
            }
            for number, door in doors.items():
                await send(door, 50 * number, _SESSIONS * number, numbers)
            for _ in range(rounds):
                for number, door in doors.items():
                    found[number].append(await _round(door, count * number, _SESSIONS * number, numbers))
    return _rows(found)


async def _round(door: Door, count: int, sessions: int, numbers: Iterator[int]) -> list[Share]:
    before = [await _told(door, number) for number in range(len(door.processes))]
    await send(door, count, sessions, numbers)
    after = [await _told(door, number) for number in range(len(door.processes))]
    return [
        Share(now[0] - then[0], (now[1] - then[1]) / max(now[0] - then[0], 1) * 1000)
        for then, now in zip(before, after, strict=True)
    ]


async def _told(door: Door, number: int) -> tuple[float, float]:
    """Mails that a process has taken, and seconds of CPU that it has had."""
    cpu = cpu_of(door.processes[number].pid)
    text = await asyncio.to_thread(_figures, door.figures[number])
    taken = _TAKEN.search(text)
    return float(taken[1]) if taken else 0.0, cpu


def _figures(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def _rows(found: dict[int, list[list[Share]]]) -> list[Row]:
    each = {
        number: statistics.median(share.cpu for shares in rounds for share in shares if share.mails)
        for number, rounds in found.items()
    }
    least = {
        number: statistics.median(min(share.mails for share in shares) * number / sum(share.mails for share in shares)
                                  for shares in rounds)
        for number, rounds in found.items()
    }  # fmt: skip
    rows = [Row("mail: CPU of one process alone on its port", each[1], "ms/mail")]
    for number in range(2, _MOST + 1):
        rows += [
            Row(f"mail: CPU of each of {number} processes on one port to one alone", each[number] / each[1], "x"),
            Row(f"mail: the least busy of {number} on one port to an even share", least[number], "x"),
        ]
    return rows
