"""What a `LogStore` promises: the same suite for the simulated one and for the stream on a real server.

So that what the simulator finds, or does not find, says something about the real log.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from frontline.contract.error import Unavailable
from frontline.runtime.bus import PubAck, WrongSequence
from frontline.runtime.reader import BATCH, Stored
from router.desk.log_store import LogStore
from tests.contract.log_place import PLACES, Place


@pytest_asyncio.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with PLACES[request.param](tmp_path) as place:
        yield place


async def stored(store: LogStore, after: int = 0) -> list[Stored]:
    return [item async for item in store.read(after)]


async def append(store: LogStore, after: int, count: int) -> list[asyncio.Future[PubAck]]:
    """`count` commits, each behind the one before, none waited for."""
    return [await store.append(b"commit behind %d" % (after + n), after=after + n) for n in range(count)]


async def test_an_append_right_behind_the_end_is_stored_at_the_next_sequence(place: Place) -> None:
    first = await (await place.store.append(b"one", after=0))
    second = await (await place.store.append(b"two", after=1))
    assert (first.seq, second.seq) == (1, 2)
    assert not first.duplicate
    assert [(item.seq, item.data) for item in await stored(place.store)] == [(1, b"one"), (2, b"two")]


@pytest.mark.parametrize("after", [0, 1, 3, 99])
async def test_an_append_that_is_not_right_behind_the_end_is_refused_and_stores_nothing(
    place: Place, after: int
) -> None:
    await asyncio.gather(*await append(place.store, 0, 2))
    with pytest.raises(WrongSequence):
        await (await place.store.append(b"elsewhere", after=after))
    assert len(await stored(place.store)) == 2


async def test_what_follows_a_refused_append_is_stored_all_the_same(place: Place) -> None:
    """The reason for epoch and index: a bare fence on the sequence lets the pipeline's next ones in."""
    await place.other.append_epoch(b"taken")
    refused, *others = await append(place.store, 0, 3)
    with pytest.raises(WrongSequence):
        await refused
    assert [(await other).seq for other in others] == [2, 3]


async def test_the_same_bytes_may_be_stored_again(place: Place) -> None:
    for after in range(3):
        ack = await (await place.store.append(b"the same", after=after))
        assert (ack.seq, ack.duplicate) == (after + 1, False)


async def test_an_epoch_record_is_stored_wherever_the_end_is(place: Place) -> None:
    await asyncio.gather(*await append(place.store, 0, 5))
    assert (await place.other.append_epoch(b"epoch")).seq == 6
    assert (await place.store.append_epoch(b"epoch")).seq == 7


async def test_a_record_says_whether_it_begins_an_epoch(place: Place) -> None:
    await place.store.append_epoch(b"epoch")
    await (await place.store.append(b"commit", after=1))
    assert [item.subject.rpartition(".")[2] for item in await stored(place.store)] == ["epoch", "log"]


async def test_a_record_carries_the_aware_time_at_which_it_was_stored(place: Place) -> None:
    await place.store.append_epoch(b"epoch")
    await (await place.store.append(b"commit", after=1))
    first, second = await stored(place.store)
    assert first.at.tzinfo is UTC
    assert datetime(2025, 1, 1, tzinfo=UTC) < first.at <= second.at


async def test_hundreds_of_appends_under_way_are_stored_in_the_order_in_which_they_were_sent(place: Place) -> None:
    acks = await asyncio.gather(*await append(place.store, 0, 2 * BATCH))
    assert [ack.seq for ack in acks] == list(range(1, 2 * BATCH + 1))
    assert [item.data for item in await stored(place.store)] == [b"commit behind %d" % n for n in range(2 * BATCH)]


async def test_a_read_gives_everything_above_a_sequence_in_order_over_many_batches(place: Place) -> None:
    count = 2 * BATCH + 7
    await asyncio.gather(*await append(place.store, 0, count))
    assert [item.seq for item in await stored(place.other)] == list(range(1, count + 1))
    assert [item.seq for item in await stored(place.other, BATCH)] == list(range(BATCH + 1, count + 1))


async def test_a_read_of_nothing_ends(place: Place) -> None:
    assert await stored(place.store) == []
    await (await place.store.append(b"one", after=0))
    assert await stored(place.store, 1) == []


async def test_an_acknowledged_record_is_read(place: Place) -> None:
    for after in range(20):
        ack = await (await place.store.append(b"one", after=after))
        assert [item.seq for item in await stored(place.store, after)] == [ack.seq]


async def test_a_read_may_be_left_in_the_middle(place: Place) -> None:
    await asyncio.gather(*await append(place.store, 0, BATCH + 10))
    for _ in range(3):
        async with aclosing(place.store.read(0)) as records:
            async for item in records:
                assert item.seq == 1
                break
    assert len(await stored(place.store, 5)) == BATCH + 5


async def test_a_follower_sees_what_is_there_then_that_it_is_all_then_what_comes(place: Place) -> None:
    await asyncio.gather(*await append(place.store, 0, 3))
    async with aclosing(place.other.follow(1)) as batches:
        seen: list[int] = []
        async for batch in batches:
            if not batch:
                break
            seen += [item.seq for item in batch]
        assert seen == [2, 3]
        await place.store.append_epoch(b"epoch")
        await (await place.store.append(b"commit", after=4))
        while seen[-1] < 5:
            seen += [item.seq for item in await anext(batches)]
        assert seen == [2, 3, 4, 5]


async def test_a_follower_of_an_empty_log_is_told_that_it_is_empty(place: Place) -> None:
    async with aclosing(place.store.follow(0)) as batches:
        assert await anext(batches) == []


async def test_a_full_log_refuses_and_stores_nothing_until_there_is_room(place: Place) -> None:
    await (await place.store.append(b"one", after=0))
    await place.fill()
    with pytest.raises(Unavailable) as full:
        await (await place.store.append(b"two", after=1))
    assert full.value.full
    with pytest.raises(Unavailable):
        await place.store.append_epoch(b"epoch")
    assert len(await stored(place.store)) == 1
    await place.make_room()
    assert (await (await place.store.append(b"two", after=1))).seq == 2


async def test_a_log_that_is_away_is_unavailable_to_everybody(place: Place) -> None:
    await place.away()
    with pytest.raises(Unavailable):
        await (await place.store.append(b"one", after=0))
    with pytest.raises(Unavailable):
        await place.store.append_epoch(b"epoch")
    with pytest.raises(Unavailable):
        await stored(place.store)


async def test_what_was_under_way_when_the_log_went_away_ends_as_unavailable(place: Place) -> None:
    under_way = await append(place.store, 0, 100)
    await place.away()
    ends = await asyncio.gather(*under_way, return_exceptions=True)
    assert all(isinstance(end, (PubAck, Unavailable)) for end in ends)
    await place.back()
    await place.store.reachable()
    acknowledged = {end.seq for end in ends if isinstance(end, PubAck)}
    assert acknowledged <= {item.seq for item in await stored(place.store)}


async def test_reachable_returns_once_another_try_makes_sense(place: Place) -> None:
    await asyncio.wait_for(place.store.reachable(), 5)
    await place.away()
    waiting = asyncio.create_task(place.store.reachable())
    done, _ = await asyncio.wait((waiting,), timeout=0.05)
    assert not done
    await place.back()
    await waiting
    assert (await place.store.append_epoch(b"epoch")).seq == 1


async def test_a_follower_sees_what_was_stored_while_it_was_cut_off(place: Place) -> None:
    await (await place.store.append(b"one", after=0))
    async with aclosing(place.store.follow(0)) as batches:
        assert [item.seq for item in await anext(batches)] == [1]
        assert await anext(batches) == []
        following = asyncio.ensure_future(anext(batches))
        await place.away()
        await place.back()
        await place.other.reachable()
        await place.other.append_epoch(b"epoch")
        seen = [item.seq for item in await following]
        while not seen:
            seen = [item.seq for item in await anext(batches)]
        assert seen == [2]
