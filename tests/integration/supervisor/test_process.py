import asyncio
import os
import signal
from pathlib import Path

import pytest

from frontline.contract.error import Mistake, SettingsError
from frontline.supervisor.probe import is_alive
from frontline.supervisor.process import Patience
from tests.integration.supervisor.fleet import Stage, alive


async def test_a_service_is_ready_when_its_ops_port_says_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member = stage.member("a")
    running = asyncio.create_task(member.run())
    await stage.until(lambda: member.ready)
    assert member.status is not None
    assert member.status.name == "a"
    await member.stop(5)
    await running


async def test_a_service_that_is_not_ready_is_not_said_to_be(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member, other = stage.member("a", "unready"), stage.member("b")
    running = [asyncio.create_task(each.run()) for each in (member, other)]
    await stage.until(lambda: other.ready)
    assert not member.ready
    await asyncio.gather(*(each.stop(5) for each in (member, other)))
    await asyncio.gather(*running)


async def test_a_service_killed_hard_is_started_again_and_tells_its_new_addresses(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member = stage.member("a")
    running = asyncio.create_task(member.run())
    await stage.until(lambda: member.ready)
    former = member.status
    assert former is not None
    os.kill(former.pid, signal.SIGKILL)
    await stage.until(lambda: member.ready and member.status is not None and member.status.pid != former.pid)
    assert stage.said == [f"a was ended by SIGKILL; starting it again in 0.0 s. See {tmp_path / 'a.log'}"]
    await member.stop(5)
    await running


async def test_a_service_that_hangs_is_ended_and_started_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member = stage.member("a")
    member.patience = Patience(every=0.2, misses=4)
    running = asyncio.create_task(member.run())
    await stage.until(lambda: member.ready)
    former = member.status
    assert former is not None
    os.kill(former.pid, signal.SIGSTOP)
    await stage.until(lambda: member.ready and member.status is not None and member.status.pid != former.pid)
    assert stage.said[:2] == [
        f"a does not answer any more and is ended. See {tmp_path / 'a.log'}",
        f"a was ended by SIGKILL; starting it again in 0.0 s. See {tmp_path / 'a.log'}",
    ]
    await member.stop(5)
    await running


async def test_a_service_that_stops_for_a_moment_is_left_alone(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member = stage.member("a")
    member.patience = Patience(every=0.2, misses=1_000)
    running = asyncio.create_task(member.run())
    await stage.until(lambda: member.ready)
    former = member.status
    assert former is not None
    os.kill(former.pid, signal.SIGSTOP)
    assert not await is_alive(former.ops, timeout=0.5)
    os.kill(former.pid, signal.SIGCONT)
    assert await is_alive(former.ops, timeout=30)
    assert (member.starts, stage.said) == (1, [])
    await member.stop(5)
    await running


async def test_a_service_that_keeps_dying_is_started_again_and_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member = stage.member("a", "crashing")
    running = asyncio.create_task(member.run())
    await stage.until(lambda: len(stage.said) >= 4)
    assert all("ended with exit code 3" in line for line in stage.said)
    await member.stop(5)
    await running


async def test_a_service_that_lacks_a_setting_is_not_started_again_and_its_mistakes_are_told(tmp_path: Path) -> None:
    member = Stage(tmp_path).member("a", "mistaken")
    with pytest.raises(SettingsError) as caught:
        await member.run()
    assert caught.value.mistakes == (Mistake("FRONTLINE_X", "is not set"),)
    assert member.starts == 1


async def test_a_stop_lets_a_service_finish(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member = stage.member("a")
    running = asyncio.create_task(member.run())
    await stage.until(lambda: member.ready)
    await member.stop(30)
    await running
    assert stage.journal.read_text() == "a ended\n"
    assert stage.said == []


async def test_a_service_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member = stage.member("a", "stubborn")
    running = asyncio.create_task(member.run())
    await stage.until(lambda: member.ready)
    assert member.status is not None
    await member.stop(0.2)
    await running
    assert not alive(member.status.pid)
    assert "a did not end within" in stage.said[0]


async def test_a_paused_service_is_ended_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member = stage.member("a")
    running = asyncio.create_task(member.run())
    await stage.until(lambda: member.ready)
    assert member.status is not None
    os.kill(member.status.pid, signal.SIGSTOP)
    await member.stop(30)
    await running
    assert stage.journal.read_text() == "a ended\n"


async def test_a_stop_during_the_wait_for_a_new_start_ends_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    member = stage.member("a", "crashing")
    member.backoff.first = 600
    running = asyncio.create_task(member.run())
    await stage.until(lambda: bool(stage.said))
    await member.stop(5)
    async with asyncio.timeout(30):
        await running
    assert member.starts == 1
