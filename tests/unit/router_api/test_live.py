"""The stretch of events that watchers share."""

import asyncio

import pytest

from router.desk.fence import Counted
from router.index.live import FellBehind, Live
from tests.unit.router_core.driver import NOON, Desk, settings


def counted(times: int) -> list[Counted]:
    desk = Desk(settings("a"))
    for _ in range(times):
        desk.opens()
    return [Counted(seq, commit, NOON) for seq, commit in enumerate(desk.log, 1)]


async def test_who_has_seen_a_sequence_goes_on_behind_all_of_its_events() -> None:
    live = Live(0)
    live.tell(counted(3))
    place = live.place_after(2)
    assert place is not None
    assert [told.seq for told in await live.at(place)] == [3] * 4 + [4] * 4
    assert [told.more for told in await live.at(place)] == [True, True, True, False] * 2
    assert live.place_after(99) == live.end


async def test_what_was_dropped_can_not_be_resumed_and_who_is_there_still_falls_behind() -> None:
    live = Live(0, kept=6)
    batch = counted(4)
    live.tell(batch[:2])
    live.tell(batch[2:])
    assert live.place_after(1) is None
    assert live.place_after(3) is None  # one of its events is gone
    assert live.place_after(4) is not None
    with pytest.raises(FellBehind):
        await live.at(0)


async def test_a_watcher_waits_until_there_is_something() -> None:
    live = Live(0)
    waiting = asyncio.create_task(live.at(live.end))
    await asyncio.sleep(0)
    assert not waiting.done()
    live.tell(counted(1))
    assert next(iter(await waiting)).seq == 1
