"""A supervisor in the test's own process, with stand-ins for services."""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from frontline.supervisor.backoff import Backoff
from frontline.supervisor.leftover import Notes, began_at
from frontline.supervisor.log import ServiceLog
from frontline.supervisor.process import ProcessSpec, Supervised, Watch

STANDIN = Path(__file__).with_name("standin.py")


@dataclass
class Stage:
    """Makes members and keeps what they say. `changed` is notified at each change."""

    folder: Path
    said: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.notes = Notes(self.folder / "processes.json")
        self.watch = Watch(self._say, self._tell, self.notes)
        self.journal = self.folder / "journal"
        self.journal.touch()

    def member(self, name: str, *behaviour: str, stage: int = 0) -> Supervised:
        environ = {**os.environ, "NAME": name, "JOURNAL": str(self.journal)}
        spec = ProcessSpec(name, (sys.executable, str(STANDIN), *behaviour), environ, stage)
        log = ServiceLog(self.folder / f"{name}.log")
        return Supervised(spec, self.folder / f"{name}.json", log, self.watch, Backoff(first=0.01, most=0.04))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(condition)

    def _say(self, line: str) -> None:
        self.said.append(line)
        self._tell()

    def _tell(self) -> None:
        async def tell() -> None:
            async with self.changed:
                self.changed.notify_all()

        task = asyncio.create_task(tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def alive(pid: int) -> bool:
    return began_at(pid) is not None
