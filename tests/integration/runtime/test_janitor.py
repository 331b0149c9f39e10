"""What killed uploads leave behind is removed, and nothing else, on a real nats-server."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nats.errors import ConnectionClosedError

from frontline.contract.ids import ChannelName
from frontline.runtime.bus import Bus
from frontline.runtime.checkpoints import ChannelCheckpoints
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.janitor import EVERY, sweep
from frontline.runtime.objects import CHUNK, Objects, one
from frontline.testing.nats_server import connected
from tests.chunks import whole
from tests.integration.router_desk.desk import until

AGE = timedelta(hours=24)
BIG = bytes(number % 251 for number in range(3 * CHUNK + 7))


async def swept(bus: Bus, after: timedelta) -> int | None:
    checkpoints = ChannelCheckpoints(bus, ChannelName("email"))
    return await sweep(bus, checkpoints, "ORIGINALS", age=AGE, now=datetime.now(UTC) + after)


async def stored_messages(bus: Bus) -> int:
    return (await bus.nc.jetstream().stream_info("OBJ_ORIGINALS")).state.messages


async def left_behind(nats: EmbeddedServer) -> None:
    """Three chunks of an intake that was killed before it could name them."""
    async with connected(nats) as intake:
        before = await stored_messages(intake)
        upload = Objects(intake).begin("ORIGINALS")
        await upload.write(BIG)
        await until(lambda: _stored(intake, before + 3))


async def test_chunks_of_a_killed_upload_go_and_all_that_has_a_name_stays(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    objects = Objects(provisioned)
    before = await objects.put("ORIGINALS", "m1/0", one(BIG))
    await left_behind(nats)
    behind = await objects.put("ORIGINALS", "m2/0", one(b"small"))
    assert await stored_messages(provisioned) == 5 + 3 + 2
    assert await swept(provisioned, timedelta(days=2)) == 1
    assert await stored_messages(provisioned) == 5 + 2
    assert await whole(objects.get(before)) == BIG
    assert await whole(objects.get(behind)) == b"small"


async def test_what_is_young_may_still_be_on_its_way(nats: EmbeddedServer, provisioned: Bus) -> None:
    await left_behind(nats)
    assert await swept(provisioned, AGE - timedelta(hours=1)) == 0
    assert await stored_messages(provisioned) == 3


async def test_a_day_later_a_sweep_goes_on_where_the_last_one_ended(nats: EmbeddedServer, provisioned: Bus) -> None:
    await Objects(provisioned).put("ORIGINALS", "m1/0", one(BIG))
    assert await swept(provisioned, timedelta(days=2)) == 0
    await left_behind(nats)
    assert await swept(provisioned, timedelta(days=2, hours=23)) is None, "another process, on the same day"
    assert await stored_messages(provisioned) == 5 + 3
    assert await swept(provisioned, timedelta(days=2) + EVERY + timedelta(minutes=1)) == 1
    assert await stored_messages(provisioned) == 5


@pytest.mark.parametrize("named", [True, False])
async def test_a_name_that_came_long_after_the_first_chunk_counts(provisioned: Bus, named: bool) -> None:
    upload = Objects(provisioned).begin("ORIGINALS")
    await upload.write(BIG)
    await until(lambda: _stored(provisioned, 3))
    since = datetime.now(UTC)
    if named:
        await upload.name("m1/0")
    checkpoints = ChannelCheckpoints(provisioned, ChannelName("email"))
    removed = await sweep(provisioned, checkpoints, "ORIGINALS", age=AGE, now=since + AGE)
    assert removed == (0 if named else 1)


@pytest.mark.parametrize("times", [1, 2])
async def test_what_a_name_stood_for_before_goes_if_its_successor_was_killed_before_it_removed_it(
    nats: EmbeddedServer, provisioned: Bus, times: int
) -> None:
    objects = Objects(provisioned)
    await objects.put("ORIGINALS", "m1/0", one(BIG))
    assert await swept(provisioned, timedelta(days=2)) == 0, "it has a name, and will not be looked at again"
    for _ in range(times):
        before = await stored_messages(provisioned)
        async with connected(nats) as intake:
            _dies_once_it_has_replaced(intake)
            await Objects(intake).put("ORIGINALS", "m1/0", one(b"other"))
        assert await stored_messages(provisioned) == before + 1, "the former chunks, and a new one"
    assert await swept(provisioned, timedelta(days=2) + EVERY + timedelta(minutes=1)) == times
    ref = await objects.put("ORIGINALS", "m1/0", one(b"last"))
    assert await whole(objects.get(ref)) == b"last"
    assert await stored_messages(provisioned) == 2


def _dies_once_it_has_replaced(bus: Bus) -> None:
    """Let nothing out any more behind what puts a name in the place of another."""
    send = bus.nc.send

    async def last(subject: str, reply: str, payload: bytes, headers: dict[str, str] | None) -> None:
        await send(subject, reply, payload, headers)
        if headers and "Nats-Rollup" in headers:
            bus.nc.publish = nothing  # type: ignore[method-assign]

    async def nothing(*_: Any, **__: Any) -> None:
        raise ConnectionClosedError

    bus.nc.send = last  # type: ignore[method-assign]


async def _stored(bus: Bus, count: int) -> bool:
    return await stored_messages(bus) == count
