"""A connection, or the server itself, that goes away with hundreds of commits under way; and late copies."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from frontline.contract import subject
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.reader import Stored
from frontline.testing.nats_server import connected
from router.desk.fence import mark_of
from router.desk.log_store import LostEnd, StreamLogStore
from tests.integration.router_log.leading import DESK, LOG, Leader, all_counts, announced, counted, leading, records
from tests.integration.router_log.proxy import Fate, Proxy, is_ack, is_commit, let_pass


async def test_a_connection_cut_again_and_again_with_hundreds_under_way_loses_and_doubles_nothing(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    async with leading(behind) as leader:
        for round_ in range(6):
            await leader.write(200)
            while leader.writer.waiting > 150 - 20 * round_:  # somewhere in the middle of it, each time elsewhere
                await asyncio.sleep(0)
            proxy.cut()
            await leader.write(100)
        await all_counts(provisioned, leader, 1800)
        assert leader.writer.recoveries >= 1


async def test_a_connection_cut_between_storing_and_acknowledging_stores_nothing_twice(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    async with leading(behind) as leader:
        proxy.hold_answers(is_ack)
        await leader.write(500)
        while await records(provisioned) < 501:
            await asyncio.sleep(0.01)
        assert leader.told_so_far() == {}
        proxy.cut()
        proxy.release()
        await all_counts(provisioned, leader, 500)
        assert await records(provisioned) == 501


async def test_a_server_killed_with_hundreds_under_way_loses_and_doubles_nothing(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with leading(provisioned) as leader:
        for _ in range(3):
            await leader.write(500)
            while leader.writer.waiting > 250:
                await asyncio.sleep(0)
            await nats.kill()
            told = leader.told_so_far()
            await leader.write(100)
            await nats.start()
            assert told.items() <= (await leader.told()).items()
        await all_counts(provisioned, leader, 1800)


async def test_a_reader_that_lives_through_a_lost_end_is_told_also_if_the_log_has_grown_beyond_its_place_again(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    """As after a power cut with delayed sync: the server comes back with an older state of its files."""
    store = StreamLogStore(provisioned, DESK)
    for name in ("one", "two"):
        await announced(store, name)
    await nats.kill()
    older = tmp_path / "older"
    shutil.copytree(nats.config.store, older)
    await nats.start()
    await announced(store, "three")
    async with aclosing(store.follow(0)) as batches:
        seen = [stored.seq for stored in await anext(batches)]
        assert seen == [1, 2, 3]
        await nats.kill()
        shutil.rmtree(nats.config.store)
        shutil.copytree(older, nats.config.store)
        await nats.start()
        async with connected(nats, "other") as other:
            for name in ("four", "five"):
                await announced(StreamLogStore(other, DESK), name)
        with pytest.raises(LostEnd):
            async with asyncio.timeout(60):
                async for batch in batches:
                    assert batch == []  # whatever lies beyond our place is of another log


async def test_a_reader_whose_connection_comes_back_goes_on_where_it_was(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    store = StreamLogStore(provisioned, DESK)
    await announced(store, "one")
    async with aclosing(store.follow(0)) as batches:
        assert [stored.seq for stored in await anext(batches)] == [1]
        await nats.kill()
        await nats.start()
        await announced(store, "two")
        async with asyncio.timeout(60):
            while not (batch := await anext(batches)):
                pass
        assert [stored.seq for stored in batch] == [2]


async def test_a_server_that_hangs_for_a_while_loses_and_doubles_nothing(
    nats: EmbeddedServer, provisioned: Bus, behind: Bus
) -> None:
    async with leading(behind) as leader:
        await leader.write(100)
        await leader.writer.settle()
        nats.pause()
        await leader.write(300)
        while leader.writer.recoveries == 0:
            await asyncio.sleep(0.01)
        nats.resume()
        await all_counts(provisioned, leader, 400)


async def test_copies_that_arrive_after_the_resend_are_refused_one_and_all(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    async with leading(behind) as leader:
        await leader.write(10)
        await leader.writer.settle()
        proxy.hold_requests(is_commit)
        await leader.write(100)
        await proxy.stuck()
        proxy.requests = let_pass
        proxy.cut_client()
        await leader.told()
        proxy.release()
        await proxy.drained()
        await leader.write(10)
        await all_counts(provisioned, leader, 120)
        assert await records(provisioned) == 121


async def test_a_copy_that_is_stored_late_counts_for_nobody_and_the_writer_goes_on(
    provisioned: Bus, behind: Bus
) -> None:
    async with leading(behind) as leader:
        await leader.write(20)
        await leader.told()
        lying = [stored async for stored in StreamLogStore(provisioned, DESK).read(0)]
        for copy in (lying[5], lying[-1]):
            await provisioned.publish(LOG, copy.data)
        await leader.write(20)
        await all_counts(provisioned, leader, 40)
        assert leader.writer.recoveries >= 1


async def test_whoever_leads_next_counts_what_the_last_one_could_not_learn_of(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    async with leading(behind) as first:
        proxy.hold_answers(is_ack)
        await first.write(50)
        while await records(provisioned) < 51:
            await asyncio.sleep(0.01)
        assert first.told_so_far() == {}
    async with leading(provisioned, "second") as second:
        await second.write(10)
        await second.told()
        read = await counted(provisioned)
        assert [record.commit.index for record in read] == [*range(1, 51), *range(1, 11)]


async def test_a_network_that_goes_dark_with_much_still_to_send_is_given_up_for_a_new_connection(
    provisioned: Bus, proxy: Proxy
) -> None:
    async with dark(proxy) as bus, leading(bus) as leader:
        writing = await fill(bus, proxy, leader)
        proxy.requests = proxy.answers = let_pass  # for new connections; the old one stays dark
        await writing
        await all_counts(provisioned, leader, MANY)


async def test_a_network_that_goes_dark_with_much_still_to_send_does_not_keep_a_process_that_stops(
    provisioned: Bus, proxy: Proxy
) -> None:
    async with dark(proxy) as bus, leading(bus) as leader:
        writing = await fill(bus, proxy, leader)
        async with asyncio.timeout(30):
            await bus.close()
        writing.cancel()


MANY = 300
_SIZE = 60_000
"""Together more than all the buffers between here and the proxy hold."""


@asynccontextmanager
async def dark(proxy: Proxy) -> AsyncIterator[Bus]:
    """A connection that soon notices when nobody answers."""
    bus = Bus(name="in the dark", ack_deadline=0.5)
    await bus.connect(proxy.url, reconnect_time_wait=0.01, ping_interval=0.2, max_outstanding_pings=2)
    yield bus
    proxy.release()
    await bus.close()


async def fill(bus: Bus, proxy: Proxy, leader: Leader) -> asyncio.Task[None]:
    """Let nothing through any more, and write until what is to be sent piles up."""
    proxy.requests = proxy.answers = lambda _: Fate.HOLD
    proxy.hold()
    writing = asyncio.create_task(leader.write(MANY, size=_SIZE))
    await proxy.stuck()
    while bus.nc._transport._io_writer.transport.get_write_buffer_size() == 0:  # type: ignore[union-attr]
        await asyncio.sleep(0.01)
    return writing


class WrittenMeanwhile(StreamLogStore):
    """A log that others write to between one look at it and the next."""

    async def read(self, after: int) -> AsyncGenerator[Stored, None]:
        await announced(self, "second")
        await announced(self, "third")
        async for stored in super().read(after):
            yield stored


async def test_a_record_that_is_lost_is_not_taken_for_purged_though_the_log_grows_beyond_it_while_it_is_looked_for(
    provisioned: Bus,
) -> None:
    store = WrittenMeanwhile(provisioned, DESK)
    last = await announced(store, "first")
    assert not await store.holds(last + 1, mark_of(b"what lay there before the power cut"))
    assert await store.holds(last, "")
    await provisioned.nc.jetstream().purge_stream(subject.desk_stream(DESK), seq=last + 1)
    assert await store.holds(last, mark_of(b"what was purged"))
