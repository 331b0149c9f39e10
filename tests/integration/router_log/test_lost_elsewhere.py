"""A log that has lost its end at a server of the cluster to which its reader is not connected (ADR 21)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from frontline.contract import subject
from frontline.runtime.bus import Bus
from frontline.runtime.reader import BATCH, follow
from router.desk.fence import mark_of
from router.desk.log_store import LostEnd, StreamLogStore
from tests.integration.router_log.apart import Apart, apart
from tests.integration.router_log.leading import DESK, announced

STREAM = subject.desk_stream(DESK)


@pytest_asyncio.fixture
async def away(tmp_path: Path) -> AsyncIterator[Apart]:
    async with apart(tmp_path, STREAM) as away:
        yield away


@pytest.mark.parametrize("others", [1, 2], ids=["just as far", "beyond"])
async def test_a_reader_whose_connection_lives_on_is_told_of_a_lost_end_though_the_log_has_grown_again(
    away: Apart, others: int
) -> None:
    store = StreamLogStore(away.bus, DESK)
    await announced(store, "one")
    await away.keep_a_copy()
    await announced(store, "two")
    async with asyncio.timeout(60), aclosing(store.follow(0)) as batches:
        assert [stored.seq for stored in await anext(batches)] == [1, 2]
        assert await anext(batches) == []
        await away.lose_the_end()
        for n in range(others):
            await announced(store, f"another {n}")
        with pytest.raises(LostEnd):
            async for batch in batches:
                assert batch == []  # whatever lies beyond our place is of another log


async def test_a_reader_that_knows_its_place_by_a_mark_only_is_told_as_well(away: Apart) -> None:
    """One that has gone on from a snapshot and has read nothing since."""
    store = StreamLogStore(away.bus, DESK)
    await announced(store, "one")
    await away.keep_a_copy()
    last = await announced(store, "two")
    (read,) = [stored async for stored in store.read(last - 1)]
    async with asyncio.timeout(60), aclosing(store.follow(last, mark_of(read.data))) as batches:
        assert await anext(batches) == []
        await away.lose_the_end()
        await announced(store, "another")
        with pytest.raises(LostEnd):
            await anext(batches)


async def test_a_reader_that_catches_up_is_told_of_a_lost_end_between_one_request_and_the_next(away: Apart) -> None:
    store = StreamLogStore(away.bus, DESK)
    await announced(store, "one")
    await away.keep_a_copy()
    await _many(store, "two")
    async with asyncio.timeout(60), aclosing(store.follow(0)) as batches:
        assert len(await anext(batches)) == BATCH
        await away.lose_the_end()
        await _many(store, "another")
        with pytest.raises(LostEnd):
            await anext(batches)


async def _many(store: StreamLogStore, name: str) -> None:
    """More than one answer to a read has."""
    await announced(store, name)
    await asyncio.gather(*[announced(store, name) for _ in range(BATCH)])


async def test_a_reader_to_whom_nothing_comes_is_told_of_a_lost_end_when_it_looks_again(away: Apart) -> None:
    class Asked(Exception):
        pass

    async def check(seq: int, last: bytes | None) -> None:
        raise Asked(seq, last)

    store = StreamLogStore(away.bus, DESK)
    await announced(store, "one")
    await away.keep_a_copy()
    await announced(store, "two")
    following = follow(away.bus, STREAM, subject.desk_all(DESK), subject.desk_tail(DESK), recheck=0.01, check=check)
    async with asyncio.timeout(60), aclosing(following) as batches:
        *_, last = await anext(batches)
        for _ in range(3):
            assert await anext(batches) == []
        await away.lose_the_end()
        with pytest.raises(Asked) as asked:
            await anext(batches)
        assert asked.value.args == (last.seq, last.data)


async def test_a_reader_goes_on_behind_what_was_purged_up_to_beyond_its_place(provisioned: Bus) -> None:
    store = StreamLogStore(provisioned, DESK)
    for name in ("one", "two"):
        await announced(store, name)
    async with asyncio.timeout(60), aclosing(store.follow(0)) as batches:
        assert [stored.seq for stored in await anext(batches)] == [1, 2]
        assert await anext(batches) == []
        for name in ("three", "four"):
            await announced(store, name)
        await provisioned.nc.jetstream().purge_stream(STREAM, seq=4)
        assert [stored.seq for stored in await anext(batches)] == [4]
