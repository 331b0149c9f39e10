"""The writer, one step at a time, on a simulated log in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import msgspec
import pytest

from frontline.contract.error import Reason, Rejected, Unavailable
from frontline.runtime.bus import PubAck
from router.core.commit import Commit, EpochRecord, encode_commit
from router.desk.fence import Counted, Fence
from router.desk.log import MAX_COMMIT_BYTES, Deposed, LogWriter, announce
from tests.simulation.faults import Faults
from tests.simulation.simulated_log import LOG, SimulatedLog, SimulatedLogStore
from tests.simulation.virtual_loop import run_virtually

AT = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Desk:
    """A log with one leader, and everything a test wants to do to it."""

    log: SimulatedLog
    store: SimulatedLogStore
    writer: LogWriter
    run: asyncio.Task[None]
    pauses: list[float]

    def data(self, index: int, *, epoch: int | None = None, cause: str = "") -> bytes:
        return encode_commit(Commit(epoch=epoch or self.writer.epoch, index=index, now=AT, cause=cause or f"c{index}"))

    async def append(self, count: int = 1) -> list[asyncio.Future[int]]:
        return [await self._append_next() for _ in range(count)]

    async def _append_next(self) -> asyncio.Future[int]:
        index = self.writer.next_index
        return await self.writer.append(index, self.data(index))

    def counted(self) -> list[int]:
        """The indices that a reader counts."""
        fence = Fence()
        return [r.commit.index for s in self.log.records if isinstance(r := fence.admit(s), Counted)]


@asynccontextmanager
async def desk(
    *, window: int = 1024, faults: Faults | None = None, store: type[SimulatedLogStore] = SimulatedLogStore
) -> AsyncIterator[Desk]:
    log = SimulatedLog()
    here = store(log, Random(0), faults or Faults())
    fence = Fence()
    await announce(here, EpochRecord(leader="replica-1", at=AT))
    async for stored in here.read(0):
        fence.admit(stored)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(seconds)

    writer = LogWriter(here, fence, window=window, pause=pause)
    run = asyncio.create_task(writer.run())
    yield Desk(log, here, writer, run, pauses)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


def virtual(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(3600):
            await test()

    run_virtually(main())


def test_commits_are_sent_without_waiting_for_each_other() -> None:
    async def test() -> None:
        async with desk(faults=Faults(latency=1.0, deadline=10)) as it:
            began = asyncio.get_running_loop().time()
            await it.append(200)
            assert asyncio.get_running_loop().time() == began
            await it.writer.settle()
            assert asyncio.get_running_loop().time() - began < 10
            assert it.counted() == list(range(1, 201))

    virtual(test)


def test_the_future_of_a_commit_gives_the_sequence_where_it_stands() -> None:
    async def test() -> None:
        async with desk() as it:
            futures = await it.append(3)
            assert [await future for future in futures] == [2, 3, 4]
            assert [stored.data for stored in it.log.records[1:]] == [it.data(1), it.data(2), it.data(3)]

    virtual(test)


def test_an_index_that_does_not_follow_is_not_taken() -> None:
    async def test() -> None:
        async with desk() as it:
            for index in (0, 2):
                with pytest.raises(ValueError, match="does not follow"):
                    await it.writer.append(index, it.data(index))
            await (await it.append())[0]
            assert it.counted() == [1]

    virtual(test)


def test_two_who_wait_for_room_cannot_both_write_the_same_index() -> None:
    async def test() -> None:
        async with desk(window=1, faults=Faults(latency=0.1)) as it:
            await it.append()
            both = [asyncio.create_task(it.writer.append(2, it.data(2, cause=cause))) for cause in "ab"]
            done = await asyncio.gather(*both, return_exceptions=True)
            assert sum(isinstance(what, ValueError) for what in done) == 1
            await it.writer.settle()
            assert it.counted() == [1, 2]

    virtual(test)


def test_two_who_wait_for_room_may_write_one_after_the_other() -> None:
    async def test() -> None:
        async with desk(window=1, faults=Faults(latency=0.1)) as it:
            await it.append()
            await asyncio.gather(*[asyncio.create_task(it.writer.append(index, it.data(index))) for index in (2, 3)])
            await it.writer.settle()
            assert it.counted() == [1, 2, 3]

    virtual(test)


def test_a_commit_of_more_than_256_kilobytes_is_not_taken() -> None:
    async def test() -> None:
        async with desk() as it:
            with pytest.raises(ValueError, match="is more than"):
                await it.writer.append(1, b" " * (MAX_COMMIT_BYTES + 1))
            assert it.writer.next_index == 1

    virtual(test)


def test_a_full_window_waits_until_something_counts() -> None:
    async def test() -> None:
        async with desk(window=3, faults=Faults(latency=0.1)) as it:
            await it.append(3)
            fourth = asyncio.create_task(it.append())
            await asyncio.sleep(0)
            assert it.writer.waiting == 3
            assert not fourth.done()
            await fourth
            await it.writer.settle()
            assert it.counted() == [1, 2, 3, 4]

    virtual(test)


def test_a_competitor_s_record_in_mid_pipeline_costs_nothing_and_reorders_nothing() -> None:
    async def test() -> None:
        async with desk(faults=Faults(latency=0.1)) as it:
            futures = await it.append(5)
            it.log.store(LOG, it.data(77, epoch=99), None)  # takes the place that commit 1 is on its way to
            futures += await it.append(5)
            sequences = [await future for future in futures]
            assert sequences == sorted(sequences)
            assert it.counted() == list(range(1, 11))
            assert it.writer.recoveries >= 1
            assert it.log.last > 12, "later commits were stored behind the gap, well acknowledged, and dropped"

    virtual(test)


def test_a_commit_whose_acknowledgement_was_lost_counts_where_it_stands() -> None:
    async def test() -> None:
        faults = Faults(latency=0.01, ack_lost=1.0)
        async with desk() as it:
            it.store.faults = faults
            futures = await it.append(3)
            await asyncio.sleep(0.1)
            faults.calm()
            assert [await future for future in futures] == [2, 3, 4]
            assert it.log.last == 4, "nothing was sent twice"

    virtual(test)


def test_a_stream_that_stays_full_is_tried_ever_more_slowly() -> None:
    async def test() -> None:
        async with desk() as it:
            await (await it.append())[0]
            it.log.full = True
            futures = await it.append(10)
            await asyncio.sleep(60)
            assert it.writer.recoveries < 70
            assert it.pauses[:6] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0]
            assert set(it.pauses[6:]) == {1.0}
            it.log.full = False
            assert [await future for future in futures] == list(range(3, 13))
            it.pauses.clear()
            it.log.store(LOG, it.data(77, epoch=99), None)
            await (await it.append())[0]
            assert it.pauses == [], "once something has counted, the next mending waits for nothing"

    virtual(test)


def test_a_lost_connection_is_waited_out() -> None:
    async def test() -> None:
        async with desk(faults=Faults(latency=0.01)) as it:
            futures = await it.append(100)
            it.store.cut()
            futures += await it.append(100)
            await asyncio.sleep(30)
            assert it.writer.recoveries < 5, "nothing is tried while there is no connection"
            it.store.mend()
            sequences = [await future for future in futures]
            assert sequences == sorted(sequences)
            assert it.counted() == list(range(1, 201))

    virtual(test)


def test_whoever_is_cancelled_while_appending_leaves_nothing_half_sent() -> None:
    async def test() -> None:
        async with desk(faults=Faults(latency=0.1, suspends=1.0)) as it:
            appending = asyncio.create_task(it.append())
            await asyncio.sleep(0.01)
            assert it.writer.next_index == 2, "it has its index, and is being sent"
            appending.cancel()
            await it.writer.settle()
            assert it.counted() == [1]

    virtual(test)


def test_whoever_gives_up_waiting_for_a_commit_stops_nobody_else() -> None:
    async def test() -> None:
        async with desk(faults=Faults(latency=0.1)) as it:
            futures = await it.append(3)
            futures[2].cancel()
            await it.writer.settle()
            assert it.counted() == [1, 2, 3]
            assert [await future for future in futures[:2]] == [2, 3]

    virtual(test)


def test_a_bus_that_refuses_the_size_gets_the_commit_again_until_it_takes_it() -> None:
    class Small(SimulatedLogStore):
        limit = 1

        async def append(self, data: bytes, *, after: int | None) -> asyncio.Future[PubAck]:
            if len(data) > self.limit:
                raise Rejected("larger than the bus takes", Reason.TOO_LARGE)
            return await super().append(data, after=after)

    async def test() -> None:
        async with desk(store=Small) as it:
            futures = await it.append(3)
            await asyncio.sleep(10)
            assert not it.run.done()
            assert isinstance(it.store, Small)
            it.store.limit = 10_000
            assert [await future for future in futures] == [2, 3, 4]

    virtual(test)


def test_a_deposed_writer_ends_and_tells_everybody_who_waits() -> None:
    async def test() -> None:
        async with desk(window=5, faults=Faults(latency=0.1)) as it:
            other = SimulatedLogStore(it.log, Random(1))
            futures = await it.append(5)
            blocked = asyncio.create_task(it.append())
            settling = asyncio.create_task(it.writer.settle())
            await asyncio.sleep(0)
            await announce(other, EpochRecord(leader="replica-2", at=AT))
            told = await asyncio.gather(*futures, blocked, settling, it.run, return_exceptions=True)
            assert [type(what) for what in told] == [Deposed] * 8
            with pytest.raises(Deposed):
                await it.append()
            with pytest.raises(Deposed):
                await it.writer.settle()
            assert it.counted() == []

    virtual(test)


def test_commits_that_were_stored_before_the_newer_epoch_are_told_as_counted() -> None:
    async def test() -> None:
        faults = Faults(latency=0.01, ack_lost=1.0)
        async with desk() as it:
            it.store.faults = faults
            futures = await it.append(2)
            await asyncio.sleep(0.1)
            await announce(SimulatedLogStore(it.log, Random(1)), EpochRecord(leader="replica-2", at=AT))
            futures += await it.append(1)
            faults.calm()
            assert [await future for future in futures[:2]] == [2, 3]
            with pytest.raises(Deposed):
                await futures[2]
            assert it.counted() == [1, 2]

    virtual(test)


def test_a_log_that_lost_its_end_is_not_written_on() -> None:
    async def scenario() -> None:
        async with desk() as here:
            for counted in await here.append(3):
                await counted
            del here.log.records[-2:]  # a power cut behind the last sync, or an old copy restored
            [lost] = await here.append()
            with pytest.raises(Deposed):
                await lost
            assert here.counted() == [1]

    run_virtually(scenario())


def test_a_log_that_lost_its_end_and_grew_again_just_as_far_is_not_written_on_behind_a_lost_connection() -> None:
    """Nothing is refused then: the next commit would be stored, and acknowledged, behind somebody else's epoch."""

    async def scenario() -> None:
        async with desk() as here:
            for counted in await here.append(3):
                await counted
            del here.log.records[-1]
            await announce(SimulatedLogStore(here.log, Random(1)), EpochRecord(leader="replica-2", at=AT))
            here.writer.doubt()
            lost = await here.append()
            with pytest.raises(Deposed):
                await lost[0]
            assert here.counted() == [1, 2]

    run_virtually(scenario())


def test_a_connection_that_is_lost_and_back_costs_an_idle_writer_a_look_and_nothing_else() -> None:
    async def scenario() -> None:
        async with desk() as here:
            for counted in await here.append(2):
                await counted
            here.writer.doubt()
            [third] = await here.append()
            assert await third == 4
            assert here.counted() == [1, 2, 3]

    run_virtually(scenario())


def test_a_commit_in_our_epoch_that_we_did_not_write_ends_the_writer() -> None:
    async def test() -> None:
        async with desk(faults=Faults(latency=0.1)) as it:
            futures = await it.append()
            it.log.store(LOG, it.data(1, cause="somebody else"), None)
            with pytest.raises(Deposed):
                await futures[0]

    virtual(test)


def test_a_log_that_cannot_be_read_ends_run_instead_of_being_written_on() -> None:
    async def test() -> None:
        async with desk(faults=Faults(latency=0.1)) as it:
            await it.append()
            it.log.store(LOG, b'{"epoch":1,"index":1,"now":"2030-01-01T00:00:00Z","events":[{"type":"New"}]}', None)
            with pytest.raises(msgspec.DecodeError):
                await it.run
            assert it.log.last == 2, "nothing was written behind it"

    virtual(test)


def test_an_announcement_that_is_not_acknowledged_is_unavailable() -> None:
    async def test() -> None:
        store = SimulatedLogStore(SimulatedLog(), Random(0), Faults(request_lost=1.0))
        with pytest.raises(Unavailable):
            await announce(store, EpochRecord(leader="replica-1", at=AT))

    virtual(test)
