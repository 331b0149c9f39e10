"""The status file: how a supervisor learns which ports a service came to listen on."""

from pathlib import Path

import msgspec


class Status(msgspec.Struct, kw_only=True):
    """One service process. Addresses are `host:port` or URLs."""

    name: str
    pid: int
    ops: str = ""
    listeners: dict[str, str] = {}


def write_status(path: Path, status: Status) -> None:
    """Replace the file as a whole: a reader sees the former or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{status.pid}.new")
    fresh.write_bytes(msgspec.json.encode(status))
    fresh.replace(path)


def read_status(path: Path) -> Status | None:
    """What the file says; `None` when there is none yet."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Status)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
