"""One service as a child process: started, watched, started again when it dies or hangs."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from frontline.contract.error import SettingsError
from frontline.runtime.parent import DIES_WITH_PARENT, die_with_parent
from frontline.runtime.status import Status, read_status
from frontline.supervisor.backoff import Backoff
from frontline.supervisor.leftover import Notes
from frontline.supervisor.log import ServiceLog
from frontline.supervisor.probe import is_alive, is_ready

_LOOK_SECONDS = 0.02
_LOOK_MOST_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to run. `stage` orders the end: lower ones are gone before higher ones are told to stop.

    The process is told its status file in `FRONTLINE_STATUS_FILE` and is ready when the ops
    address that it writes there says so.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    stage: int = 0


@dataclass(slots=True)
class Watch:
    """Whom to tell. `changed` is called when readiness or addresses have changed."""

    say: Callable[[str], None]
    changed: Callable[[], None]
    notes: Notes


@dataclass(frozen=True, slots=True)
class Patience:
    """With a service that was ready: it is asked whether it lives every `every` seconds, and is ended after `misses`
    in a row that were not answered within as long. They are counted rather than timed, so that a machine which slept,
    or was busy for a moment, is not taken for a service that hangs.
    """

    every: float = 5.0
    misses: int = 6


@dataclass(slots=True)
class Supervised:
    """`run` keeps it going until `stop`. `status` is what it last told, `ready` whether it serves."""

    spec: ProcessSpec
    status_file: Path
    log: ServiceLog
    watch: Watch
    backoff: Backoff = field(default_factory=Backoff)
    patience: Patience = Patience()
    status: Status | None = None
    ready: bool = False
    starts: int = 0
    _process: asyncio.subprocess.Process | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until `stop`; `SettingsError` when the service says that the operator must act."""
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            code = await self._once()
            if self._stopping.is_set():
                return
            if code == os.EX_CONFIG:
                raise SettingsError(self.log.mistakes(self.spec.name))
            wait = self.backoff.after(loop.time() - started)
            self.watch.say(f"{self.spec.name} {ending(code)}; starting it again in {wait:.1f} s. {self.log.hint()}")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def stop(self, grace: float) -> None:
        """SIGTERM now, SIGKILL after `grace` seconds. Returns once the process is gone."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGCONT)
        try:
            await asyncio.wait_for(process.wait(), grace)
        except TimeoutError:
            self.watch.say(f"{self.spec.name} did not end within {grace:.0f} s and was killed. {self.log.hint()}")
            self.kill()
            await process.wait()

    def hang_up(self) -> None:
        """SIGHUP, to a service that is ready: before that it might not know it yet, and would end by it."""
        if self.ready and self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """End it at once."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def _once(self) -> int:
        """Start it; gives its exit code when it has ended."""
        self.status_file.unlink(missing_ok=True)
        self.starts += 1
        with self.log.open() as out:
            self._process = process = await asyncio.create_subprocess_exec(
                *self.spec.argv,
                env={**self.spec.environ, "FRONTLINE_STATUS_FILE": str(self.status_file)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C is for us: we end them in order
                preexec_fn=_tie if DIES_WITH_PARENT else None,
            )
        self.watch.notes.note(self.spec.name, process.pid)
        if self._stopping.is_set():  # asked for while it was being started
            self.kill()
        watching = asyncio.create_task(self._look_after(process), name=f"{self.spec.name} watched")
        try:
            return await process.wait()
        finally:
            watching.cancel()
            self.ready = False
            self.watch.notes.forget(self.spec.name)

    async def _look_after(self, process: asyncio.subprocess.Process) -> None:
        """See it become ready, then that it goes on to live; end it when it does not."""
        await self._live_on(await self._until_ready(process.pid))
        self.watch.say(f"{self.spec.name} does not answer any more and is ended. {self.log.hint()}")
        with suppress(ProcessLookupError):
            process.kill()

    async def _live_on(self, ops: str) -> None:
        """Return when it has not answered for long enough."""
        missed = 0
        while missed < self.patience.misses:
            await asyncio.sleep(self.patience.every)
            missed = 0 if await is_alive(ops, timeout=self.patience.every) else missed + 1

    async def _until_ready(self, pid: int) -> str:
        """Gives the address of its ops port."""
        wait = _LOOK_SECONDS
        while True:
            status = read_status(self.status_file)
            if status is not None and status.pid == pid and status.ops and await is_ready(status.ops):
                self.status = read_status(self.status_file) or status
                self.ready = True
                self.watch.changed()
                return status.ops
            await asyncio.sleep(wait)
            wait = min(wait * 1.2, _LOOK_MOST_SECONDS)


def frontline_argv(*arguments: str) -> tuple[str, ...]:
    """The command line of this very installation."""
    return (sys.executable, "-m", "frontline", *arguments)


def ending(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def _tie() -> None:
    die_with_parent(signal.SIGKILL)
