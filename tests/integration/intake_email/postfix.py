"""A Postfix of the test's own, which hands all its mail on to us: its own folders, no port, gone at the end."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

needed = pytest.mark.skipif(
    not (shutil.which("postfix") and shutil.which("smtp-source")),
    reason="apt-get install --yes --no-install-recommends postfix",
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="Postfix is started by root only")

_SERVICES = """
pickup   unix n - n 1 1 pickup
cleanup  unix n - n - 0 cleanup
qmgr     unix n - n 1 1 qmgr
rewrite  unix - - n - - trivial-rewrite
bounce   unix - - n - 0 bounce
defer    unix - - n - 0 bounce
trace    unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp     unix - - n - - smtp
lmtp     unix - - n - - lmtp
retry    unix - - n - - error
error    unix - - n - - error
tlsmgr   unix - - n 1000? 1 tlsmgr
scache   unix - - n - 1 scache
postlog  unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """A running one."""

    folder: Path

    async def submit(self, raw: bytes, *to: str, sender: str = "one@customer.example") -> None:
        """Put a mail into its queue, as a program on its machine does."""
        process = await asyncio.create_subprocess_exec(
            "/usr/sbin/sendmail",
            "-C",
            self.folder / "conf",
            "-i",
            "-f",
            sender,
            "--",
            *to,
            stdin=asyncio.subprocess.PIPE,
        )
        await process.communicate(raw.replace(b"\r\n", b"\n"))
        assert process.returncode == 0

    async def became(self, address: str, status: str) -> str:
        """The line of its log that says that a mail to `address` is `sent`, `deferred` or `bounced`; waits for it."""
        log = self.folder / "log"
        async with asyncio.timeout(60):
            while True:
                for line in log.read_text().splitlines() if log.exists() else []:
                    if f"to=<{address}>" in line and f"status={status}" in line:
                        return line
                await asyncio.sleep(0.05)


@asynccontextmanager
async def postfix(transport: str, **settings: str) -> AsyncIterator[Postfix]:
    """One whose mail goes by `transport` (`smtp:[127.0.0.1]:2525`), with further lines of `main.cf`."""
    folder = Path(tempfile.mkdtemp(prefix="frontline-postfix-"))
    folder.chmod(0o755)  # it works under another user
    for name in ("conf", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    given = {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/queue",
        "data_directory": f"{folder}/data",
        "maillog_file_prefixes": str(folder),
        "maillog_file": f"{folder}/log",
        "inet_interfaces": "loopback-only",
        "inet_protocols": "ipv4",
        "myhostname": "mx.customer.example",
        "mydestination": "",
        "alias_maps": "",
        "default_transport": transport,
        **settings,
    }
    (folder / "conf/main.cf").write_text("".join(f"{name} = {value}\n" for name, value in given.items()))
    (folder / "conf/master.cf").write_text(_SERVICES)
    # Its own script would put it out of our reach; `check` makes the folders that the script makes.
    await _done("postfix", "-c", folder / "conf", "check")
    programs = (await _done("postconf", "-c", folder / "conf", "-h", "daemon_directory")).strip()
    process = await asyncio.create_subprocess_exec(
        f"{programs}/master", "-c", folder / "conf", "-d", start_new_session=True
    )
    try:
        async with asyncio.timeout(60):
            while not (folder / "queue/public/pickup").exists():
                assert process.returncode is None
                await asyncio.sleep(0.05)
        yield Postfix(folder)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _done(*command: str | Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    said, _ = await process.communicate()
    return said.decode()
