"""Processes of a former run that nobody ended: `frontline up` was killed, and the system could not
tie its children to it. They are noted while they run and ended at the next start.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from frontline.supervisor.home import write_private

_GRACE_SECONDS = 3.0
_LOOK_SECONDS = 0.02


class Noted(msgspec.Struct, frozen=True):
    """A process id together with when that process began: ids are used again."""

    pid: int
    began: str


class Notes:
    """The file that tells which processes run; `name` is the service's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._noted: dict[str, Noted] = {}

    def note(self, name: str, pid: int) -> None:
        began = began_at(pid)
        if began is not None:
            self._noted[name] = Noted(pid, began)
            self._write()

    def forget(self, name: str) -> None:
        if self._noted.pop(name, None) is not None:
            self._write()

    def end_leftovers(self) -> list[str]:
        """End what a former run noted and is still there; gives the names. Waits until they are gone."""
        try:
            noted = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Noted])
        except (FileNotFoundError, msgspec.DecodeError):
            return []
        left = {name: each for name, each in noted.items() if began_at(each.pid) == each.began}
        for number in (signal.SIGTERM, signal.SIGKILL):
            for each in left.values():
                with suppress(ProcessLookupError):
                    os.kill(each.pid, number)
                    os.kill(each.pid, signal.SIGCONT)
            deadline = time.monotonic() + _GRACE_SECONDS
            while time.monotonic() < deadline and any(began_at(each.pid) == each.began for each in left.values()):
                time.sleep(_LOOK_SECONDS)
        self._path.unlink(missing_ok=True)
        return list(left)

    def _write(self) -> None:
        write_private(self._path, msgspec.json.encode(self._noted))


def began_at(pid: int) -> str | None:
    """When the process began, in the system's own terms; `None` when there is none (a zombie is none)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _asked(pid)
    return None if fields[0] == "Z" else f"{_boot()} {fields[19]}"


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _asked(pid: int) -> str | None:
    """The same where there is no /proc."""
    found = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S603
    return found.stdout.decode(errors="replace").strip() or None
