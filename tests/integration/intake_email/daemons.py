"""ClamAV, rspamd and SpamAssassin as Debian has them, each with a configuration of the test's own, and nothing from the net."""

import asyncio
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

VIRUS = b"frontline-own-test-virus"
UNWANTED = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
PATIENCE = 60.0


def needs(program: str, package: str) -> pytest.MarkDecorator:
    there = shutil.which(program) or shutil.which(f"/usr/sbin/{program}")
    return pytest.mark.skipif(there is None, reason=f"apt-get install --yes --no-install-recommends {package}")


def free_port() -> int:
    """One that nobody has now. None that the kernel gives away by itself: it would, before the daemon is there."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@asynccontextmanager
async def clamd(*, most: str = "25M") -> AsyncIterator[str]:
    """A scanner that knows one signature, `VIRUS`; the path of its socket, which may not be long."""
    with tempfile.TemporaryDirectory(prefix="clamd-") as name:
        folder = Path(name)
        (folder / "own.ndb").write_text(f"Frontline-Test-Signature:0:*:{VIRUS.hex()}\n")
        (folder / "clamd.conf").write_text(
            f"LocalSocket {folder}/socket\nDatabaseDirectory {folder}\nForeground yes\nStreamMaxLength {most}\n"
        )
        async with running(["/usr/sbin/clamd", "-c", str(folder / "clamd.conf")], ready=f"{folder}/socket"):
            yield f"{folder}/socket"


@asynccontextmanager
async def rspamd(folder: Path) -> AsyncIterator[str]:
    """One worker without any rules but the test pattern that it knows by itself; its address."""
    port = free_port()
    (folder / "suffixes").write_text("com\nexample\n")
    (folder / "rspamd.conf").write_text(
        f'options {{ pidfile = "{folder}/pid"; filters = ""; temp_dir = "{folder}"; hs_cache_dir = "{folder}"; rrd = "";\n'
        f'  cache_file = "{folder}/cache"; url_tld = "{folder}/suffixes";\n'
        '  dns { nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; } }\n'
        'logging { type = "console"; level = "error"; }\nactions { reject = 15; add_header = 6; }\n'
        f'worker {{ type = "normal"; bind_socket = "127.0.0.1:{port}"; count = 1; }}\n'
    )
    async with running(["rspamd", "-f", "-i", "-c", str(folder / "rspamd.conf")], ready=port):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def spamd() -> AsyncIterator[str]:
    """A scorer with one rule; its `host:port`."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="spamd-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # started by root it goes on as nobody, before it reads anything
        (folder / "own.cf").write_text(
            "body OWN_TEST_RULE /GTUBE-STANDARD/\nscore OWN_TEST_RULE 50\nrequired_score 5\n"
        )
        (folder / "own.pre").write_text("loadplugin Mail::SpamAssassin::Plugin::Check\n")
        words = ["--local", "--nouser-config", "--max-children=1", "--listen-ip=127.0.0.1", f"--port={port}",
                 f"--configpath={folder}", f"--siteconfigpath={folder}", f"--helper-home-dir={folder}",
                 "--syslog=stderr"]  # fmt: skip
        async with running(["/usr/sbin/spamd", *words], ready=port):
            yield f"127.0.0.1:{port}"


@asynccontextmanager
async def running(command: Sequence[str], *, ready: int | str) -> AsyncIterator[None]:
    """`command`, once it listens on a port or has its socket."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)  # noqa: ASYNC220
        try:
            async with asyncio.timeout(PATIENCE):
                while not await _listens(ready):
                    if process.poll() is not None:
                        said.seek(0)
                        raise AssertionError(
                            f"{command[0]} did not start: {said.read().decode(errors='replace')[-2000:]}"
                        )
                    await asyncio.sleep(0.05)
            yield
        finally:
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, 10)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)


async def _listens(where: int | str) -> bool:
    try:
        connected = (
            asyncio.open_connection("127.0.0.1", where)
            if isinstance(where, int)
            else asyncio.open_unix_connection(where)
        )
        _, writer = await connected
    except OSError:
        return False
    writer.close()
    return True
