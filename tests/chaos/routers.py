"""Router processes without a supervisor: what dies stays dead."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from frontline.configuration.demo import DEMO
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from router.desk.fence import EpochBegan, Fence
from router.desk.log_store import StreamLogStore
from tests.integration.router_desk.desk import SUPPORT, left_in_inbox, until

SECRET = "a secret of these tests only"


@dataclass(slots=True)
class Router:
    process: asyncio.subprocess.Process
    status: Path

    def signal(self, number: signal.Signals) -> datetime:
        """Gives when it was sent."""
        self.process.send_signal(number)
        return datetime.now(UTC)


@asynccontextmanager
async def router(nats: EmbeddedServer, folder: Path, name: str, configuration: str = DEMO) -> AsyncIterator[Router]:
    """A router of the demo's desk; its name is what it leads under."""
    folder.mkdir(exist_ok=True)
    config, status = folder / "demo.toml", folder / f"{name}.json"
    config.write_text(configuration)
    env = {key: value for key, value in os.environ.items() if not key.startswith("FRONTLINE_")}
    env |= {
        "FRONTLINE_NATS_URL": nats.url,
        "FRONTLINE_SECRET": SECRET,
        "FRONTLINE_CONFIG": str(config),
        "FRONTLINE_DATA_DIR": str(folder),
        "FRONTLINE_ROUTER_PORT": "0",
        "FRONTLINE_STATUS_FILE": str(status),
        "FRONTLINE_INSTANCE": name,
    }
    with (folder / f"{name}.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "frontline", "service", "run", "router", env=env, stdout=output, stderr=output
        )
    try:
        await until(lambda: _listens(status), seconds=60)
        yield Router(process, status)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def epochs(bus: Bus) -> list[EpochBegan]:
    """Who began to lead, in order, and when, by the server's clock."""
    fence = Fence()
    async with aclosing(StreamLogStore(bus, SUPPORT).read(0)) as records:
        return [record async for stored in records if isinstance(record := fence.admit(stored), EpochBegan)]


async def leads(bus: Bus, name: str) -> bool:
    known = await epochs(bus)
    return bool(known) and known[-1].record.leader == name


async def emptied(bus: Bus) -> bool:
    return await left_in_inbox(bus) == 0


def _listens(status: Path) -> bool:
    return status.exists() and "http" in json.loads(status.read_text()).get("listeners", {})
