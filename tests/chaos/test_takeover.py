"""Two routers of one desk: one decides, the other one is ready."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.testing.heartbeat import Heartbeat, heartbeat
from router.core.event import ContactOpened, MessageReceived
from tests.chaos.routers import Router, emptied, epochs, leads, router
from tests.integration.router_desk.desk import events, mail, send_in, until

LEASE = timedelta(seconds=2)
PROMISED_AFTER_KILL = timedelta(seconds=3)


def held_up(machine: Heartbeat) -> timedelta:
    """What is no fault of ours: each of the processes on the way may have had to wait for the machine as long as this one."""
    return 4 * timedelta(seconds=machine.longest)


@pytest.fixture
async def two(nats: EmbeddedServer, provisioned: Bus, tmp_path: Path) -> AsyncIterator[tuple[Router, Router]]:
    """The first leads, the second stands by."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(router(nats, tmp_path, "first"))
        await until(lambda: leads(provisioned, "first"))
        second = await stack.enter_async_context(router(nats, tmp_path, "second"))
        yield first, second


async def test_a_standby_decides_nothing_while_the_first_leads(two: tuple[Router, Router], provisioned: Bus) -> None:
    for number in range(20):
        await send_in(provisioned, mail(f"<{number}@one.example>"))
    await until(lambda: emptied(provisioned))
    assert [epoch.record.leader for epoch in await epochs(provisioned)] == ["first"]
    assert len(await events(provisioned, ContactOpened)) == 20


async def test_after_kill_9_the_standby_goes_on_within_the_promised_time(
    two: tuple[Router, Router], provisioned: Bus
) -> None:
    await send_in(provisioned, mail("<1@one.example>"))
    await until(lambda: emptied(provisioned))
    async with heartbeat() as machine:
        killed = two[0].signal(signal.SIGKILL)
        await send_in(provisioned, mail("<2@one.example>"))
        await until(lambda: leads(provisioned, "second"))
    await until(lambda: emptied(provisioned))
    assert len(await events(provisioned, MessageReceived)) == 2
    took = (await epochs(provisioned))[-1].at - killed
    print(f"took over {took.total_seconds():.3f} s after kill -9")
    assert took <= PROMISED_AFTER_KILL + held_up(machine)


async def test_on_sigterm_the_lease_is_handed_over_not_waited_out(two: tuple[Router, Router], provisioned: Bus) -> None:
    async with heartbeat() as machine:
        stopped = two[0].signal(signal.SIGTERM)
        await until(lambda: leads(provisioned, "second"))
    took = (await epochs(provisioned))[-1].at - stopped
    print(f"took over {took.total_seconds():.3f} s after SIGTERM")
    assert took < LEASE / 2 + held_up(machine), "a lease that had to run out takes all of its time"
    assert await asyncio.wait_for(two[0].process.wait(), 60) == 0


async def test_a_leader_that_comes_back_from_a_pause_changes_nothing(
    two: tuple[Router, Router], provisioned: Bus
) -> None:
    first, _ = two
    await send_in(provisioned, mail("<1@one.example>"))
    await until(lambda: emptied(provisioned))
    first.signal(signal.SIGSTOP)
    await send_in(provisioned, mail("<2@one.example>"))
    await until(lambda: leads(provisioned, "second"))
    first.signal(signal.SIGCONT)
    for number in range(3, 23):
        await send_in(provisioned, mail(f"<{number}@one.example>"))
    await until(lambda: emptied(provisioned))
    received = await events(provisioned, MessageReceived)
    assert len(received) == len({event.message for event in received}) == 22
    assert [epoch.record.leader for epoch in await epochs(provisioned)] == ["first", "second"]
    assert first.process.returncode is None
