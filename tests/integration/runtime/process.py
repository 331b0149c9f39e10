"""A process of ours under test: started, looked at from outside, ended."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from frontline.runtime.status import Status, read_status
from tests.integration.runtime.stage import PATIENCE, SECRET, until

ROOT = Path(__file__).parents[3]


class Process:
    """`python <arguments>` with its log and status file in `folder`."""

    def __init__(self, folder: Path, *arguments: str, path: Path | None = None, **settings: str) -> None:
        self._folder = folder
        self._arguments = arguments
        self._environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), *([str(path)] if path else [])]),
            "FRONTLINE_STATUS_FILE": str(folder / "status.json"),
            "FRONTLINE_SECRET": SECRET,
            "FRONTLINE_NATS_URL": "nats://127.0.0.1:9",
            **{f"FRONTLINE_{name.upper()}": value for name, value in settings.items()},
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "status.json").unlink(missing_ok=True)
        with (self._folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *self._arguments, env=self._environ, cwd=self._folder, stderr=log, stdout=log
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def status(self) -> Status | None:
        return read_status(self._folder / "status.json")

    def said(self) -> str:
        """Everything it wrote so far."""
        return (self._folder / "log").read_text()

    def lines(self) -> list[dict[str, Any]]:
        """What it logged so far."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def events(self) -> list[str]:
        return [line["event"] for line in self.lines()]

    async def listens(self) -> Status:
        await until(lambda: (status := self.status) and status.listeners)
        assert self.status is not None
        return self.status

    async def get(self, path: str, **headers: str) -> tuple[int, str, str]:
        """Status, content type and body of what the ops port answers."""
        await until(lambda: (status := self.status) and status.ops)
        assert self.status is not None
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{self.status.ops}{path}", headers=headers) as response,
        ):
            return response.status, response.headers["Content-Type"], await response.text()

    async def becomes(self, path: str, status: int) -> dict[str, Any]:
        """Wait until `path` answers `status`; gives its body."""
        async with asyncio.timeout(PATIENCE):
            while True:
                answer, _, body = await self.get(path)
                if answer == status:
                    found: dict[str, Any] = json.loads(body)
                    return found
                await asyncio.sleep(0.01)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self) -> int:
        assert self.process is not None
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def clean(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def started(folder: Path, *arguments: str, path: Path | None = None, **settings: str) -> AsyncIterator[Process]:
    """A running `Process`, gone at the end."""
    process = Process(folder, *arguments, path=path, **settings)
    await process.start()
    try:
        yield process
    except BaseException as error:
        error.add_note(f"the process said:\n{process.said()[-4000:]}")
        raise
    finally:
        await process.clean()


def program(name: str) -> tuple[str, ...]:
    return ("-m", "tests.integration.runtime.programs", name)


def channel(name: str) -> tuple[str, ...]:
    return ("-c", f"import sys; from frontline.runtime.host import run_channel; sys.exit(run_channel({name!r}))")
