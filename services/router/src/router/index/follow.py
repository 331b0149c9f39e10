"""What brings the index forward: the desks' logs, the transcripts, the people."""

from collections.abc import Callable
from contextlib import aclosing

from frontline.contract import subject
from frontline.contract.ids import DeskId
from frontline.runtime import topology
from frontline.runtime.bus import Bus
from frontline.runtime.reader import follow
from router.desk.fence import Counted, Fence
from router.desk.log_store import LogStore
from router.index.read_index import ReadIndex
from router.index.whole import PEOPLE_STREAM, check
from router.index.writing import PEOPLE, TRANSCRIPT, Position

CaughtUp = Callable[[], None]
"""Called each time that all of a stream is taken in."""


async def follow_log(index: ReadIndex, desk: DeskId, store: LogStore, caught_up: CaughtUp) -> None:
    """Until cancelled. Raises `msgspec.DecodeError` at a decision that this code does not know, and `LostEnd`."""
    place = index.log_position(desk)
    fence = Fence(place.seq, place.epoch, place.index, place.mark)
    async with aclosing(store.follow(place.seq, place.mark)) as batches:
        async for batch in batches:
            counted = [record for stored in batch if isinstance(record := fence.admit(stored), Counted)]
            await index.take_log(desk, counted, Position(fence.seq, fence.epoch, fence.index, fence.mark))
            if not batch:
                caught_up()


async def follow_transcripts(index: ReadIndex, bus: Bus, caught_up: CaughtUp) -> None:
    """Until cancelled. Raises `LostEnd`."""
    place = index.position(TRANSCRIPT)
    look = check(bus, topology.TRANSCRIPT, place)
    following = follow(bus, topology.TRANSCRIPT, subject.transcripts(), subject.live(), place.seq, check=look)
    async with aclosing(following) as batches:
        async for batch in batches:
            await index.take_items(batch)
            if not batch:
                caught_up()


async def follow_people(index: ReadIndex, bus: Bus, caught_up: CaughtUp) -> None:
    """Until cancelled. Raises `LostEnd`."""
    people, live = f"$KV.{topology.CUSTOMERS}.person.*", f"kv.{topology.CUSTOMERS}.person.*"
    place = index.position(PEOPLE)
    following = follow(bus, PEOPLE_STREAM, people, live, place.seq, check=check(bus, PEOPLE_STREAM, place))
    async with aclosing(following) as batches:
        async for batch in batches:
            await index.take_people(batch)
            if not batch:
                caught_up()
