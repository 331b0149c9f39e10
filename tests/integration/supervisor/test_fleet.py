import asyncio
from pathlib import Path

import pytest

from frontline.contract.error import SettingsError
from frontline.runtime.embedded import EmbeddedServer, ServerConfig
from frontline.supervisor.fleet import Fleet
from frontline.supervisor.nats import SupervisedServer
from tests.integration.supervisor.fleet import Stage, alive


async def test_stages_end_one_after_the_other_and_nats_last(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    server = EmbeddedServer(ServerConfig(store=tmp_path / "nats", sync="1s"))
    fleet = Fleet(SupervisedServer(server, stage.watch))
    fleet.start_server()
    await fleet.server_up()
    fleet.start([stage.member("router", stage=1), stage.member("intake", stage=0)])
    await stage.until(lambda: fleet.ready)
    await fleet.stop()
    assert stage.journal.read_text() == "intake ended\nrouter ended\n"
    assert not server.running
    assert stage.said == []


async def test_the_end_takes_no_longer_than_it_may_when_nobody_listens(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    fleet = Fleet(None)
    fleet.start([stage.member("intake", "stubborn", stage=0), stage.member("router", "stubborn", stage=1)])
    await stage.until(lambda: fleet.ready)
    pids = [member.status.pid for member in fleet.members if member.status]
    began = asyncio.get_running_loop().time()
    await fleet.stop(2.5)
    assert asyncio.get_running_loop().time() - began < 10
    assert not any(alive(pid) for pid in pids)


async def test_the_mistakes_of_all_services_are_told_together(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    fleet = Fleet(None)
    second = stage.member("b", "mistaken")
    second.log.path.touch()
    fleet.start([stage.member("a", "mistaken"), second, stage.member("c")])
    with pytest.raises(SettingsError) as caught:
        await fleet.until(asyncio.Event())
    await fleet.stop()
    assert [str(mistake) for mistake in caught.value.mistakes] == ["FRONTLINE_X: is not set"]
    assert all(member.starts == 1 for member in fleet.members)


async def test_everything_can_be_ended_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    fleet = Fleet(None)
    fleet.start([stage.member("a", "stubborn")])
    await stage.until(lambda: fleet.ready)
    fleet.kill()
    await fleet.stop()
    assert stage.journal.read_text() == ""


async def test_a_hang_up_goes_on_to_the_services_and_ends_none_of_them(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    fleet = Fleet(None)
    fleet.start([stage.member("router")])
    fleet.hang_up()  # not yet: it would not know what to do with it
    await stage.until(lambda: fleet.ready)
    fleet.hang_up()
    async with asyncio.timeout(30):
        while stage.journal.read_text() != "router was hung up on\n":
            await asyncio.sleep(0.01)
    await fleet.stop()
    assert [member.starts for member in fleet.members] == [1]
