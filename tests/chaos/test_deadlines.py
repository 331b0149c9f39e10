"""Case 79: a deadline that passes while nobody leads, or while two believe that they do."""

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontline.configuration.demo import DEMO
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from router.core.event_clock import ClockBreached, ClockStarted
from tests.chaos.routers import Router, emptied, leads, router
from tests.integration.router_desk.desk import events, mail, send_in, until

SOON = DEMO.replace('first_response = "PT1H"', 'first_response = "PT3S"')
assert SOON != DEMO


@pytest.fixture
async def two(nats: EmbeddedServer, provisioned: Bus, tmp_path: Path) -> AsyncIterator[tuple[Router, Router]]:
    """The first leads, the second stands by; a first response is due after three seconds."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(router(nats, tmp_path, "first", SOON))
        await until(lambda: leads(provisioned, "first"))
        second = await stack.enter_async_context(router(nats, tmp_path, "second", SOON))
        yield first, second


async def test_case_79_a_deadline_that_passed_while_no_router_ran_is_one_breach_at_its_true_time(
    two: tuple[Router, Router], provisioned: Bus
) -> None:
    first, second = two
    due_at = await _asked(provisioned)
    first.signal(signal.SIGSTOP)
    second.signal(signal.SIGSTOP)
    await until(lambda: datetime.now(UTC) > due_at)
    first.signal(signal.SIGKILL)
    second.signal(signal.SIGCONT)
    await until(lambda: leads(provisioned, "second"))
    await until(lambda: _breached(provisioned))
    assert [event.at for event in await events(provisioned, ClockBreached)] == [due_at]


async def test_case_79_a_deadline_that_two_routers_have_a_timer_for_is_one_breach(
    two: tuple[Router, Router], provisioned: Bus
) -> None:
    first, _ = two
    due_at = await _asked(provisioned)
    first.signal(signal.SIGSTOP)
    await until(lambda: leads(provisioned, "second"))
    await until(lambda: _breached(provisioned))
    first.signal(signal.SIGCONT)  # its own timer is over, and it knows of no other leader yet
    await send_in(provisioned, mail("<2@one.example>"))
    await until(lambda: emptied(provisioned))
    await until(lambda: _breached(provisioned, 2))
    one, other = await events(provisioned, ClockBreached)
    assert one.at == due_at
    assert one.contact != other.contact


async def _asked(bus: Bus) -> datetime:
    """When the answer to a first mail is due."""
    await send_in(bus, mail("<1@one.example>"))
    await until(lambda: emptied(bus))
    (clock,) = await events(bus, ClockStarted)
    return clock.due_at


async def _breached(bus: Bus, times: int = 1) -> bool:
    return len(await events(bus, ClockBreached)) >= times
