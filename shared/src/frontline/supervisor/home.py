"""The data directory of `frontline up`: what is where in it, and whose it is at the moment."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from frontline.configuration.demo import DEMO
from frontline.contract.error import Mistake, SettingsError
from frontline.runtime.settings import Secret


@dataclass(frozen=True, slots=True)
class Home:
    """All paths are absolute. Everything in it is readable by its owner only."""

    root: Path

    @property
    def secret(self) -> Path:
        return self.root / "secret"

    @property
    def demo(self) -> Path:
        return self.root / "demo.toml"

    @property
    def up(self) -> Path:
        """Written when all are ready, gone when they stop."""
        return self.root / "up.json"

    @property
    def run(self) -> Path:
        """What is true of the processes that run now."""
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def nats(self) -> Path:
        return self.root / "nats"

    @property
    def mailbox(self) -> Path:
        return self.root / "mailbox"

    def clear(self) -> None:
        """Remove what was true only while processes ran."""
        self.up.unlink(missing_ok=True)
        for file in self.run.iterdir():
            file.unlink(missing_ok=True)


def open_home(root: Path) -> Home:
    """Make the directory if it is not there. `SettingsError` when it can't be used."""
    home = Home(root.absolute())
    try:
        home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (home.run, home.log):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SettingsError([Mistake("FRONTLINE_DATA_DIR", f"{root} can't be used: {error.strerror}")]) from error
    return home


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the directory. `SettingsError` when another `frontline up` does; a dead one holds nothing."""
    handle = os.open(home.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode(errors="replace").strip()
            what = f"{home.root} is in use by another `frontline up` (process {holder}): stop that one, or name another"
            raise SettingsError([Mistake("FRONTLINE_DATA_DIR", what)]) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


def secret_of(home: Home) -> Secret:
    """The deployment secret of this directory; made when there is none. `SettingsError` when it can't be read."""
    try:
        if not home.secret.exists():
            write_private(home.secret, f"{secrets.token_hex(32)}\n".encode())
        elif stat.S_IMODE(home.secret.stat().st_mode) & 0o077:
            raise SettingsError([Mistake(str(home.secret), "can be read by others: make its mode 0600")])
        return Secret(home.secret.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Mistake(str(home.secret), "can't be read")]) from error


def demo_configuration(home: Home) -> Path:
    """The demo desk as a file."""
    write_private(home.demo, DEMO.encode())
    return home.demo


def write_private(path: Path, data: bytes) -> None:
    """Replace `path` as a whole, mode 0600: a reader sees the former or the new one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
    fresh.replace(path)
