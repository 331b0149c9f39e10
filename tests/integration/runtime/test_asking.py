"""Questions that are asked without a task each, and nudges that are not looked at."""

import asyncio

import pytest

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.keyvalue import Entry, KeyValue
from frontline.runtime.topology import THREADS
from frontline.testing.nats_server import connected
from tests.integration.router_desk.desk import killed_and_started


async def test_many_keys_are_read_at_once_each_with_its_own_answer(provisioned: Bus) -> None:
    threads = KeyValue(provisioned, THREADS)
    first, gone = await threads.put("one", b"1"), await threads.put("two", b"2")
    await threads.put("two", b"")
    assert gone > first
    assert await threads.get_many(["nothing", "one", "two", "one"]) == [
        None,
        Entry("one", b"1", first),
        None,
        Entry("one", b"1", first),
    ]


async def test_what_nobody_answers_to_is_unavailable(bus: Bus) -> None:
    with pytest.raises(Unavailable):
        await (await bus.begin_request("nobody.listens"))


async def test_an_answer_that_does_not_come_in_time_is_unavailable(nats: EmbeddedServer) -> None:
    async with connected(nats, ack_deadline=0.2) as bus:
        await bus.nc.subscribe("silence")
        with pytest.raises(Unavailable):
            await (await bus.begin_request("silence"))


async def test_each_of_several_answers_that_do_not_come_is_unavailable_by_its_own_time(nats: EmbeddedServer) -> None:
    async with connected(nats, ack_deadline=0.2) as bus:
        await bus.nc.subscribe("silence")
        first = await bus.begin_request("silence")
        await bus.nc.flush()
        second = await bus.begin_request("silence")
        for answer in (first, second, await bus.begin_request("silence")):
            with pytest.raises(Unavailable):
                await answer
        with pytest.raises(Unavailable):
            await (await bus.begin_request("silence"))


async def test_a_lost_connection_ends_every_question(nats: EmbeddedServer) -> None:
    async with connected(nats, ack_deadline=100) as bus:
        await bus.nc.subscribe("silence")
        asked = [await bus.begin_request("silence") for _ in range(3)]
        await nats.kill()
        for answer in asked:
            with pytest.raises(Unavailable):
                await answer


async def test_a_nudge_comes_for_each_message_also_after_the_connection_was_lost(nats: EmbeddedServer) -> None:
    async with connected(nats) as bus, connected(nats) as other:
        nudged = asyncio.Semaphore(0)
        async with bus.nudges("look.>", nudged.release):
            await bus.nc.flush()
            await _nudge(other, nudged, 3)
            await killed_and_started(nats, bus, other)
            await bus.nc.flush()
            await _nudge(other, nudged, 2)


async def _nudge(other: Bus, nudged: asyncio.Semaphore, count: int) -> None:
    for number in range(count):
        await other.nc.publish(f"look.{number}", b"something")
    async with asyncio.timeout(30):
        for _ in range(count):
            await nudged.acquire()
