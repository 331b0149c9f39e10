"""What a follower that can check its place asks the server for, and when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from nats.js.api import StreamConfig

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer, ServerConfig
from frontline.runtime.reader import BATCH, Check, follow, read
from frontline.testing.nats_server import connected

LOG, LINES, LIVE = "DESK_support", "desk.support.log", "tail.support.log"
_END = "$JS.API.end"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stands still for a few seconds would be asked again, and that be counted."""
    assert read.__kwdefaults__ is not None
    monkeypatch.setitem(read.__kwdefaults__, "timeout", 60.0)


async def never(seq: int, _: bytes | None) -> None:
    raise AssertionError(f"what was read at {seq} lies there")


@asynccontextmanager
async def asked(server: EmbeddedServer, asking: Bus) -> AsyncIterator[list[str]]:
    """What is asked of the desk's log until the end of the block; whole only behind it."""
    seen: list[str] = []
    ended = asyncio.Event()

    async def take(msg: Msg) -> None:
        if msg.subject == _END:
            ended.set()
        elif msg.subject.endswith(f".{LOG}"):  # a stream that copies another asks as well
            seen.append(msg.subject)

    async with connected(server, "listener") as listener:
        await listener.subscribe("$JS.API.>", take)
        await listener.nc.flush()
        yield seen
        await asking.nc.publish(_END)
        await ended.wait()


@pytest.mark.parametrize("check", [None, never], ids=["without a check", "with one"])
async def test_each_nudge_costs_one_request_and_what_is_found_comes_once(
    nats: EmbeddedServer, provisioned: Bus, check: Check | None
) -> None:
    async with (
        asyncio.timeout(60),
        aclosing(follow(provisioned, LOG, LINES, LIVE, recheck=600, check=check)) as batches,
    ):
        assert await anext(batches) == []
        async with asked(nats, provisioned) as requests:
            for n in range(5):
                await provisioned.publish(LINES, b"%d" % n)
                assert [item.data for item in await anext(batches)] == [b"%d" % n]
                assert await anext(batches) == []
        assert requests == ["$JS.API.DIRECT.GET.DESK_support"] * 5


async def test_a_check_is_asked_only_where_nothing_else_tells_that_the_place_is_still_there(
    provisioned: Bus,
) -> None:
    """At the start, and when the message that was read last is gone."""
    places: list[tuple[int, bytes | None]] = []

    async def check(seq: int, last: bytes | None) -> None:
        places.append((seq, last))

    await provisioned.publish(LINES, b"one")
    following = follow(provisioned, LOG, LINES, LIVE, 1, recheck=600, check=check)
    async with asyncio.timeout(60), aclosing(following) as batches:
        assert await anext(batches) == []
        assert places == [(1, None)]
        for text in (b"two", b"three"):
            await provisioned.publish(LINES, text)
            assert [item.data for item in await anext(batches)] == [text]
            assert await anext(batches) == []
        assert places == [(1, None)]
        await provisioned.nc.jetstream().delete_msg(LOG, 3)
        await provisioned.publish(LINES, b"four")
        assert [item.data for item in await anext(batches)] == [b"four"]
        assert places == [(1, None), (3, b"three")]


async def test_a_message_as_large_as_an_answer_may_be_keeps_nobody_from_what_lies_behind_it(tmp_path: Path) -> None:
    store = tmp_path / "nats"
    server = EmbeddedServer(ServerConfig(store=store, max_payload=8 << 20))
    await server.start()
    try:
        async with connected(server) as bus, asyncio.timeout(60):
            await bus.nc.jetstream().add_stream(StreamConfig(name="LARGE", subjects=["large"], allow_direct=True))
            for n in range(3):
                await bus.publish("large", b"%d" % n * (5 << 20))
            async with aclosing(follow(bus, "LARGE", "large", "unheard", check=never)) as batches:
                assert [item.seq for item in await anext(batches)] == [1, 2, 3]
    finally:
        await server.kill()


async def test_a_follower_with_a_check_finds_each_message_once_over_many_requests(provisioned: Bus) -> None:
    count = 2 * BATCH + 3
    await asyncio.gather(*[provisioned.publish(LINES, b"%d" % n) for n in range(count)])
    found: list[int] = []
    async with asyncio.timeout(60), aclosing(follow(provisioned, LOG, LINES, LIVE, check=never)) as batches:
        async for batch in batches:
            found += [item.seq for item in batch]
            if not batch:
                break
    assert found == list(range(1, count + 1))
