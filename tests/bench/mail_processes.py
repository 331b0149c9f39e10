"""Intakes that share a port share nothing else: what a mail costs each of them, with one, two, three and four.

Each process gets the same number of mails a second, whether it is answered fast or not, and so few that four of them, the
client and the bus have room on two cores: where processes compete for cores, each takes fewer mails at a time, finds its
caches cold, and what is measured is the machine. What is left of that is in the control: bare aiosmtpd, as many times,
at the same rate, in the same rounds. Each figure is the median of several rounds in which all take turns.
"""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from frontline.testing.nats_server import connected, nats_server
from tests.bench.mail import Door, prepare, send, send_at, simple, whole
from tests.bench.row import Row

_MOST = 4
_SESSIONS = 12
"""For each process: the kernel spreads them by chance, so that fewer would leave one without any."""
_RATE = 100
"""Mails a second, for each process."""


def run(*, quick: bool = False) -> list[Row]:
    return asyncio.run(_run(100 if quick else 200, rounds=1 if quick else 5))


async def _run(count: int, *, rounds: int) -> list[Row]:
    numbers = iter(range(10**9))
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(nats_server(Path(folder) / "nats", token="bench"))
            bus = await stack.enter_async_context(connected(server))
            await prepare(bus)
            environ = {"FRONTLINE_NATS_URL": server.url, "FRONTLINE_NATS_TOKEN": server.token or ""}
            doors: dict[tuple[str, int], Door] = {}
            for number in range(1, _MOST + 1):
                ours = whole(Path(folder), environ, processes=number)
                doors["intake", number] = await stack.enter_async_context(ours)
                doors["bare", number] = await stack.enter_async_context(simple("bare", processes=number))
            for (_, number), door in doors.items():
                await send(door, 100 * number, _SESSIONS * number, numbers)
            found: dict[tuple[str, int], list[float]] = {which: [] for which in doors}
            for _ in range(rounds):
                for which, door in doors.items():
                    found[which].append(await _round(door, which[1], count, numbers))
    return _rows({which: statistics.median(costs) for which, costs in found.items()})


async def _round(door: Door, number: int, count: int, numbers: Iterator[int]) -> float:
    """Milliseconds of CPU a mail, over all processes of a door."""
    before = door.cpu()
    await send_at(door, count * number, _SESSIONS * number, _RATE * number, numbers)
    return (door.cpu() - before) / (count * number) * 1000


def _rows(cost: dict[tuple[str, int], float]) -> list[Row]:
    at = f"{_RATE} mails a second each"
    rows = [
        Row(f"mail: CPU of one process alone on its port, {at}", cost["intake", 1], "ms/mail"),
        Row(f"mail: CPU of one bare aiosmtpd alone, {at}", cost["bare", 1], "ms/mail"),
    ]
    for number in range(2, _MOST + 1):
        ours, bare = (cost[kind, number] / cost[kind, 1] for kind in ("intake", "bare"))
        rows += [
            Row(f"mail: CPU a mail of {number} processes on one port to one alone, {at}", ours, "x"),
            Row(f"mail: the same of {number} bare aiosmtpds to one (what the machine adds)", bare, "x"),
            Row(f"mail: {number} processes to one, beyond what the machine adds", ours / bare, "x"),
        ]
    return rows
