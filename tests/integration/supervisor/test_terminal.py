"""Who was started from a terminal knows when it has gone; who was started without one has none."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.integration.supervisor.running import eventually

_TELLS = """
import fcntl, signal, sys, termios
from pathlib import Path
from frontline.supervisor.terminal import has_terminal

def tell(*_):
    with Path(sys.argv[1]).open("a") as file:
        file.write(f"{has_terminal()}\\n")

signal.signal(signal.SIGHUP, tell)
if len(sys.argv) > 2:
    fcntl.ioctl(int(sys.argv[2]), termios.TIOCSCTTY, 0)
tell()
while True:
    signal.pause()
"""


def said(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def test_a_terminal_that_hangs_up_is_told_from_a_signal_that_somebody_sends(tmp_path: Path) -> None:
    told = tmp_path / "told"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _TELLS, str(told), str(theirs)], start_new_session=True, pass_fds=(theirs,)
    )
    try:
        os.close(theirs)
        eventually(lambda: said(told) == ["True"], "it has a terminal")
        process.send_signal(signal.SIGHUP)
        eventually(lambda: said(told) == ["True"] * 2, "somebody sent a signal")
        os.close(ours)
        eventually(lambda: said(told)[2:3] == ["False"], "the terminal has gone")
    finally:
        process.kill()
        process.wait()


def test_a_service_has_no_terminal(tmp_path: Path) -> None:
    told = tmp_path / "told"
    process = subprocess.Popen([sys.executable, "-c", _TELLS, str(told)], start_new_session=True)
    try:
        eventually(lambda: said(told) == ["False"], "it never had one")
    finally:
        process.kill()
        process.wait()
