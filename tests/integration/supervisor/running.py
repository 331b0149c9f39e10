"""`frontline up` as a process, seen from outside as an operator sees it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tests.integration.supervisor.fleet import alive

T = TypeVar("T")

PATIENCE = 60.0


def eventually(look: Callable[[], T | None], what: str) -> T:
    """What `look` gives once it gives something: another process can only be watched."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"in vain: {what}")


@dataclass
class Running:
    """One `frontline up` on `data`; `output` is what it has printed."""

    process: "subprocess.Popen[bytes]"
    data: Path
    out: Path

    @property
    def output(self) -> str:
        return self.out.read_text()

    def record(self) -> dict[str, Any]:
        """`up.json` once it is there."""

        def look() -> dict[str, Any] | None:
            assert self.process.poll() is None, self.output
            try:
                return msgspec.json.decode((self.data / "up.json").read_bytes(), type=dict[str, Any])
            except FileNotFoundError:
                return None

        return eventually(look, f"up.json\n{self.output}")

    def record_after(self, name: str, pid: int) -> dict[str, Any]:
        """`up.json` once it tells of another process than `pid` under `name`."""

        def look() -> dict[str, Any] | None:
            record = self.record()
            return record if record["pids"][name] != pid else None

        return eventually(look, f"{name} anew\n{self.output}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def environment(**settings: str) -> dict[str, str]:
    """Ours without any setting of Frontline, and `settings`."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("FRONTLINE_")}
    return {**clean, **{f"FRONTLINE_{key.upper()}": value for key, value in settings.items()}}


@contextmanager
def up(data: Path, environ: Mapping[str, str], *, alone: bool = True) -> Iterator[Running]:
    """Start it; whatever happens, nothing of it is left afterwards (not `alone`: others run on `data` too)."""
    out = data.with_name(f"{data.name}.out")
    with out.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "frontline", "up"],
            env={**environ, "FRONTLINE_DATA_DIR": str(data), "FRONTLINE_STORAGE_GIB": "1"},
            cwd=data.parent,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield Running(process, data, out)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if alone:
            eventually(lambda: not left(data), "everything gone")


def left(data: Path) -> list[int]:
    """Processes that belong to a run on `data`, found by what they were given or hold open."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            given = (folder / "environ").read_bytes().split(b"\0")
            output = str((folder / "fd" / "1").readlink())
        except OSError:
            continue
        mine = f"FRONTLINE_DATA_DIR={data}".encode() in given or output.startswith(f"{data}/")
        if mine and alive(int(folder.name)):
            found.append(int(folder.name))
    return found
