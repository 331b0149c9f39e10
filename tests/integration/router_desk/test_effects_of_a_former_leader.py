"""A leader that was away reads on in the log before it has heard that another one leads."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from frontline.contract import subject
from frontline.contract.ids import ContactId, KeyHash, MessageId
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.parked import list_parked
from frontline.runtime.reader import Stored, stored_at
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import EVENTS, PROGRESS, THREADS
from router.core.commit import FORMAT, Commit, EpochRecord, encode_commit
from router.core.event import ReplyQueued
from router.core.event_erased import ContactErased
from router.core.state import DeskState
from router.desk.bindings import Bindings
from router.desk.effects import Done, Effects
from router.desk.fence import Counted
from router.desk.log import Deposed, announce
from router.desk.log_store import StreamLogStore
from router.desk.words import Words
from tests.integration.router_desk.desk import AGENT, EMAIL, INBOX, SIGNER, SUPPORT

CONTACT, REPLY = ContactId("c1"), MessageId("r1")
THREAD = KeyHash("a" * 40)
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
GONE = 4711
"""Where the words of the reply were, until they were said and erased."""


class Nobody:
    """Whom the effects tell of decisions as well."""

    async def tell(self, _: Any) -> None: ...

    async def open(self, _: int) -> None: ...

    def hear(self, _: Counted) -> None: ...

    async def keep(self) -> None: ...


class Behind(StreamLogStore):
    """The log as it was when all up to `end` was there."""

    def __init__(self, bus: Bus, end: int) -> None:
        super().__init__(bus, SUPPORT)
        self._end = end

    async def follow(self, after: int, mark: str = "") -> AsyncGenerator[list[Stored], None]:
        yield [stored async for stored in self.read(after) if stored.seq <= self._end]
        await asyncio.Event().wait()


def _effects(bus: Bus, epoch: int, store: StreamLogStore, done: list[Done]) -> Effects:
    """Of a leader that knows nothing of what was decided since it went away."""
    unused, nobody = cast("Any", None), cast("Any", Nobody())
    words, bindings = Words(bus, SIGNER, SUPPORT), Bindings(bus, SUPPORT, epoch)
    state, log = DeskState(SUPPORT), logger("test")
    return Effects(bus, SUPPORT, store, words, nobody, nobody, unused, bindings, log, state, done.append)


async def _epoch(bus: Bus) -> int:
    return await announce(StreamLogStore(bus, SUPPORT), EpochRecord(leader="test", at=NOW, format=FORMAT))


async def _decide(bus: Bus, epoch: int, index: int, event: ReplyQueued | ContactErased) -> int:
    commit = Commit(epoch=epoch, index=index, now=NOW, cause="test", events=(event,))
    return (await bus.publish(subject.desk_log(SUPPORT), encode_commit(commit))).seq


def _queued() -> ReplyQueued:
    return ReplyQueued(
        at=NOW, contact=CONTACT, reply=REPLY, agent=AGENT, channel=EMAIL, inbox=INBOX, draft=GONE, keys=(THREAD,)
    )


def _erased() -> ContactErased:
    return ContactErased(at=NOW, contact=CONTACT, agent=AGENT)


async def _lead(effects: Effects, epoch: int) -> None:
    """Until it hears that it leads no more."""
    async with asyncio.timeout(60):
        with pytest.raises(Deposed):
            await effects.run(epoch)


async def _nothing_was_done(bus: Bus) -> bool:
    told = await stored_at(bus, EVENTS, 1)
    leads = await KeyValue(bus, THREADS).get(THREAD)
    place = await KeyValue(bus, PROGRESS).get(f"effects.{SUPPORT}")
    return (told, leads, place) == (None, None, None)


async def test_what_a_later_leader_has_decided_is_not_carried_out_by_a_former_one(provisioned: Bus) -> None:
    former = await _epoch(provisioned)
    latter = await _epoch(provisioned)
    await _decide(provisioned, latter, 1, _queued())
    await _decide(provisioned, latter, 2, _erased())
    done: list[Done] = []
    await _lead(_effects(provisioned, former, StreamLogStore(provisioned, SUPPORT), done), former)
    assert await list_parked(provisioned) == []
    assert await _nothing_was_done(provisioned)
    assert not done


async def test_what_is_left_of_its_own_is_left_to_the_later_leader(provisioned: Bus) -> None:
    former = await _epoch(provisioned)
    await _decide(provisioned, former, 1, _queued())
    latter = await _epoch(provisioned)
    await _decide(provisioned, latter, 1, _erased())
    done: list[Done] = []
    await _lead(_effects(provisioned, former, StreamLogStore(provisioned, SUPPORT), done), former)
    assert await list_parked(provisioned) == []
    assert await _nothing_was_done(provisioned)
    assert not done


async def test_words_that_a_later_leader_has_erased_are_not_missed_by_one_that_has_not_read_so_yet(
    provisioned: Bus,
) -> None:
    former = await _epoch(provisioned)
    read_to = await _decide(provisioned, former, 1, _queued())
    latter = await _epoch(provisioned)
    await _decide(provisioned, latter, 1, _erased())
    await _lead(_effects(provisioned, former, Behind(provisioned, read_to), []), former)
    assert await list_parked(provisioned) == []


async def test_words_that_are_gone_are_missed_by_who_leads_still(provisioned: Bus) -> None:
    epoch = await _epoch(provisioned)
    await _decide(provisioned, epoch, 1, _queued())
    done: list[Done] = []
    running = asyncio.create_task(_effects(provisioned, epoch, StreamLogStore(provisioned, SUPPORT), done).run(epoch))
    try:
        async with asyncio.timeout(60):
            while not done:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.wait({running})
    [item] = await list_parked(provisioned)
    assert item.note.reason == "draft-missing"
    assert item.note.ids["message"] == REPLY
