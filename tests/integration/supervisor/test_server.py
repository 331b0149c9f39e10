import asyncio
import os
import signal
from pathlib import Path

import pytest

from frontline.contract.error import Unavailable
from frontline.runtime.embedded import EmbeddedServer, ServerConfig
from frontline.supervisor.backoff import Backoff
from frontline.supervisor.nats import SupervisedServer
from frontline.testing.nats_server import connected
from tests.integration.supervisor.fleet import Stage


async def test_a_server_killed_hard_comes_back_on_its_port_with_what_it_held(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    server = EmbeddedServer(ServerConfig(store=tmp_path / "nats", token="t", sync="1s"))
    supervised = SupervisedServer(server, stage.watch, Backoff(first=0.01))
    running = asyncio.create_task(supervised.run())
    await stage.until(supervised.up.is_set)
    url, pid = server.url, server.pid
    async with connected(server) as bus:
        js = bus.nc.jetstream()
        await js.add_stream(name="S", subjects=["s"])
        await bus.publish("s", b"kept")
        os.kill(pid, signal.SIGKILL)
        await stage.until(lambda: supervised.up.is_set() and server.running and server.pid != pid)
        assert server.url == url
        async with asyncio.timeout(30):
            await bus.wait_connected()
            assert (await js.get_msg("S", 1)).data == b"kept"
    await supervised.stop(5)
    await running
    assert stage.said == [f"nats-server was ended by SIGKILL; starting it again in 0.0 s. See {server.log}"]


async def test_a_server_that_cannot_start_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "jetstream").write_text("in the way")
    stage = Stage(tmp_path)
    supervised = SupervisedServer(EmbeddedServer(ServerConfig(store=tmp_path / "nats")), stage.watch)
    with pytest.raises(Unavailable, match="nats-server ended at its start"):
        await supervised.run()
