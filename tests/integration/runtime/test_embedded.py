"""The embedded server itself: it comes up, comes back, and never stays behind."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer, ServerConfig, guard
from frontline.testing.nats_server import connected, nats_server
from tests.integration.runtime.stage import until

STARTS_AND_DIES = """
import asyncio, os, sys
from pathlib import Path
from frontline.runtime.embedded import EmbeddedServer, ServerConfig

async def main():
    server = EmbeddedServer(ServerConfig(store=Path(sys.argv[1])))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_what_is_stored_survives_a_kill_and_the_port_stays_the_same(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    url = nats.url
    assert (await provisioned.publish("inbound.email.support", b"1")).seq == 1
    await nats.kill()
    assert not nats.running
    await until(lambda: not provisioned.connected)
    assert await nats.start() == url
    await provisioned.wait_connected()
    assert (await provisioned.publish("inbound.email.support", b"2")).seq == 2


async def test_a_token_is_asked_for(tmp_path: Path) -> None:
    async with nats_server(tmp_path, token="right") as server, connected(server) as bus:
        assert bus.connected
        reader, writer = await asyncio.open_connection(server.config.host, server.config.port)
        writer.write(b'CONNECT {"auth_token": "wrong", "verbose": true}\r\nPING\r\n')
        said = await reader.read()
        writer.close()
    assert b"-ERR 'Authorization Violation'" in said


async def test_an_orderly_stop_ends_it_with_the_store_closed(tmp_path: Path) -> None:
    server = EmbeddedServer(ServerConfig(store=tmp_path))
    await server.start()
    ended = asyncio.ensure_future(server.wait())
    assert await server.stop() == 0
    assert await ended == 0
    assert "Server Exiting" in server.log.read_text()


async def test_a_paused_server_can_be_stopped_too(tmp_path: Path) -> None:
    server = EmbeddedServer(ServerConfig(store=tmp_path))
    await server.start()
    server.pause()
    await server.stop()
    assert not server.running


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    async with nats_server(tmp_path / "one") as first:
        second = EmbeddedServer(ServerConfig(store=tmp_path / "two", port=first.config.port))
        with pytest.raises(Unavailable, match="address already in use"):
            await second.start()
        assert not second.running


async def test_the_token_is_in_no_argument_and_in_no_file_that_others_may_read(tmp_path: Path) -> None:
    async with nats_server(tmp_path, token="a-token-to-hide") as server:
        arguments = Path(f"/proc/{server.pid}/cmdline").read_bytes().split(b"\0")
        assert not any(b"a-token-to-hide" in argument for argument in arguments)
        config = Path(arguments[arguments.index(b"-c") + 1].decode())
        assert "a-token-to-hide" in config.read_text()
        assert config.stat().st_mode & 0o077 == 0


async def test_the_server_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTS_AND_DIES, str(tmp_path), stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    server = int(await parent.stdout.readline())
    assert alive(server)
    parent.kill()
    await parent.wait()
    await until(lambda: not alive(server))


async def test_where_the_kernel_does_not_help_a_guard_ends_the_server(tmp_path: Path) -> None:
    """The way of other systems than Linux: the pipe to the guard closes when we die."""
    victim = await asyncio.create_subprocess_exec("/bin/sleep", "600")
    watching = guard(victim.pid)
    assert watching.stdin is not None
    watching.stdin.close()  # as the end of our process would
    assert await victim.wait() == -signal.SIGKILL
    watching.wait()


async def test_ctrl_c_on_the_terminal_does_not_reach_the_server(tmp_path: Path) -> None:
    """Its clients have to finish first, and they need it for that."""
    async with nats_server(tmp_path) as server:
        assert os.getsid(server.pid) == server.pid
