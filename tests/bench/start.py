"""How long `frontline up` takes until everything is ready, the first time and again; the promise for
the second is five seconds on two cores with nothing else to do. Beside it, what starting a bare
Python that imports the same packages costs: most of it.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.row import Row
from tests.e2e.running import frontline

_IMPORTS = "import aiohttp, faststream.nats, msgspec, nats, prometheus_client, structlog"


def run(*, quick: bool = False) -> list[Row]:
    return asyncio.run(_run(1 if quick else 3))


async def _run(rounds: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        first = await _start(Path(folder))
        again = min([await _start(Path(folder)) for _ in range(rounds)])
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", _IMPORTS], check=True)  # noqa: ASYNC221 - nothing else runs here
    bare = time.perf_counter() - began
    return [
        Row("start: frontline up, the first time", first, "s"),
        Row("start: frontline up, the second time (promised: 5 s)", again, "s"),
        Row("start: a Python that imports what one service needs", bare, "s"),
        Row("start: the second time to one such import", again / bare, "x"),
    ]


async def _start(folder: Path) -> float:
    began = time.perf_counter()
    async with frontline(folder / "data"):
        return time.perf_counter() - began
