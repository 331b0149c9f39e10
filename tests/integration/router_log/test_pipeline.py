"""A pipeline that breaks on a real server: refused in the middle, no room, no acknowledgement."""

import asyncio

import pytest

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.topology import Limits, provision, topology
from frontline.testing.nats_server import CHANNELS, DESKS, SMALL, connected
from router.desk.log import Deposed
from tests.integration.router_log.leading import LOG, all_counts, commit, counted, leading, records
from tests.integration.router_log.proxy import Fate, Proxy, is_ack, is_commit, is_read


async def test_a_thousand_commits_under_way_count_in_order(provisioned: Bus) -> None:
    async with leading(provisioned) as leader:
        await leader.write(3000)
        await all_counts(provisioned, leader, 3000)
        assert leader.writer.recoveries == 0


async def test_commits_behind_one_whose_place_was_taken_are_sent_again_in_the_same_order(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    async with leading(behind) as leader:
        await leader.write(10)
        await leader.writer.settle()
        proxy.hold_requests(is_commit)
        await leader.write(300)
        await proxy.stuck()
        await provisioned.publish(LOG, commit(0, 1, "a zombie's"))
        proxy.release()
        await all_counts(provisioned, leader, 310)
        assert leader.writer.recoveries >= 1
        dropped = await records(provisioned) - 310 - 2
        assert dropped > 0, "what was sent behind the refused commit was stored, and no reader counts it there"


async def test_a_newer_epoch_in_mid_pipeline_deposes_whoever_wrote_and_keeps_what_counted_before(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    async with leading(behind) as first:
        await first.write(10)
        await first.writer.settle()
        proxy.hold_requests(is_commit)
        await first.write(300)
        await proxy.stuck()
        async with leading(provisioned, "second") as second:
            await second.write(20)
            proxy.release()
            await second.write(20)
            with pytest.raises(Deposed):
                await first.running
            ends = await asyncio.gather(*(future for _, future in first.written), return_exceptions=True)
            assert [type(end) for end in ends] == [int] * 10 + [Deposed] * 300
            with pytest.raises(Deposed):
                await first.write(1)
            await second.told()
            read = [(record.commit.epoch, record.commit.index) for record in await counted(provisioned)]
            old = [(first.writer.epoch, index) for index in range(1, 11)]
            assert read == old + [(second.writer.epoch, index) for index in range(1, 41)]


async def test_a_full_log_loses_nothing_and_goes_on_when_there_is_room(provisioned: Bus) -> None:
    js = provisioned.nc.jetstream()
    await provision(js, topology(CHANNELS, DESKS, Limits(log_bytes=64 * 1024)))
    async with leading(provisioned) as leader:
        await leader.write(900)
        tries = leader.writer.recoveries + 3
        while leader.writer.recoveries < tries:  # it has been refused, has read, and was refused again
            await asyncio.sleep(0.01)
        before = leader.told_so_far()
        assert 0 < len(before) < 900
        assert {record.commit.index: record.seq for record in await counted(provisioned)} == before
        await provision(js, topology(CHANNELS, DESKS, SMALL))
        await all_counts(provisioned, leader, 900)


async def test_a_commit_whose_acknowledgement_was_lost_counts_where_it_stands_and_is_stored_once(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    async with leading(behind) as leader:
        lost: list[bytes] = []

        def lose_five(frame: bytes) -> Fate:
            if is_ack(frame) and len(lost) < 5:
                lost.append(frame)
                return Fate.LOSE
            return Fate.PASS

        proxy.answers = lose_five
        await leader.write(100)
        await all_counts(provisioned, leader, 100)
        assert len(lost) == 5
        assert leader.writer.recoveries >= 1
        assert await records(provisioned) == 101


async def test_acknowledgements_that_come_after_the_deadline_change_nothing(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    async with leading(behind) as leader:
        proxy.hold_answers(is_ack)
        await leader.write(100)
        while leader.writer.recoveries == 0:
            await asyncio.sleep(0.01)
        proxy.release()
        await leader.write(100)
        await all_counts(provisioned, leader, 200)
        assert await records(provisioned) == 201


async def test_a_request_that_never_arrived_is_sent_again(provisioned: Bus, proxy: Proxy, behind: Bus) -> None:
    async with leading(behind) as leader:
        lost: list[bytes] = []

        def lose_one(frame: bytes) -> Fate:
            if is_commit(frame) and b'"index":50,' in frame and not lost:
                lost.append(frame)
                return Fate.LOSE
            return Fate.PASS

        proxy.requests = lose_one
        await leader.write(100)
        await all_counts(provisioned, leader, 100)
        assert len(lost) == 1


async def test_a_recovery_whose_read_is_lost_is_tried_again(provisioned: Bus, proxy: Proxy, behind: Bus) -> None:
    async with leading(behind) as leader:
        lost: list[bytes] = []

        def lose(frame: bytes) -> Fate:
            if (is_commit(frame) and not lost) or (is_read(frame) and len(lost) == 1):
                lost.append(frame)
                return Fate.LOSE
            return Fate.PASS

        proxy.requests = lose
        await leader.write(20)
        while len(lost) < 2:
            await asyncio.sleep(0.01)
        proxy.cut()  # ends the wait for the answer to the lost read
        await all_counts(provisioned, leader, 20)


async def test_a_second_connection_can_lead_after_the_first_one_ended(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with leading(provisioned) as first:
        await first.write(50)
        await first.told()
    async with connected(nats) as bus, leading(bus, "second") as second:
        await second.write(50)
        await second.told()
        assert len(await counted(provisioned)) == 100
