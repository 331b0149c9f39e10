"""A desk is taken over from its snapshot: nothing is lost by it, and the log may be short."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from frontline.contract import subject
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.contract.message import ObjectRef
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.objects import Objects
from frontline.runtime.reader import read
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import PROGRESS, SNAPSHOTS
from router.core.contact import WAITING
from router.core.snapshot import UnreadableSnapshot
from router.core.state import DeskState
from router.desk.figures import RouterFigures
from router.desk.follower import Follower
from router.desk.keeper import Keeper
from router.desk.log_store import StreamLogStore
from router.desk.replica import Replica
from router.desk.snapshots import KEPT, Snapshots, Taken
from router.desk.snapshotting import take
from tests.integration.router_desk.desk import SUPPORT, answers, desk_on, mail, send_in, transcript, until
from tests.unit.router_core.fingerprint import fingerprint


def clock() -> datetime:
    return datetime.now(UTC)


async def mails(bus: Bus, *names: str) -> None:
    for name in names:
        await send_in(bus, mail(f"<{name}@one.example>"))


def holds(replica: Replica, contacts: int) -> bool:
    return replica.leader is not None and len(replica.leader.loop.state.contacts) == contacts


async def begun(bus: Bus) -> Follower:
    follower = Follower(SUPPORT, StreamLogStore(bus, SUPPORT))
    await follower.begin(Snapshots(bus, SUPPORT))
    return follower


async def test_a_follower_begins_at_the_snapshot_and_has_the_state_that_the_whole_log_gives(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        await mails(provisioned, "1", "2", "3")
        await until(lambda: replica.leader is not None and len(replica.leader.loop.state.contacts) == 3)
        await replica.leader.loop.counted()  # type: ignore[union-attr]
        taken = await take(provisioned, SUPPORT, clock)
        assert taken is not None
        assert taken.contacts == 3
    follower = await begun(provisioned)
    whole = Follower(SUPPORT, StreamLogStore(provisioned, SUPPORT))
    async for record in whole.store.read(0):
        whole.take(record)
        if record.seq == taken.seq:
            break
    assert follower.fence.seq == taken.seq
    assert fingerprint(follower.state) == fingerprint(whole.state)


async def test_whoever_follows_has_everybody_in_their_line_before_they_lead(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        await mails(provisioned, *(str(n) for n in range(12)))
        await until(lambda: holds(replica, 12))
        await replica.leader.loop.counted()  # type: ignore[union-attr]
    follower = await begun(provisioned)
    following = asyncio.create_task(follower.run())
    await until(lambda: len(follower.state.contacts) == 12)
    waiting = [contact for contact in follower.state.contacts.values() if contact.phase == WAITING]
    assert waiting
    assert all(contact.place is not None for contact in waiting)
    following.cancel()


async def test_a_desk_whose_log_was_purged_goes_on_from_the_snapshot(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        await mails(provisioned, "1")
        await until(lambda: replica.leader is not None and len(replica.leader.loop.state.contacts) == 1)
        await replica.leader.loop.counted()  # type: ignore[union-attr]
    taken = await take(provisioned, SUPPORT, clock)
    assert taken is not None
    await provisioned.nc.jetstream().purge_stream(subject.desk_stream(SUPPORT), seq=taken.seq)
    (contact,) = (await begun(provisioned)).state.contacts
    async with desk_on(provisioned, holder="two"):
        await send_in(provisioned, mail("<2@one.example>", thread=(answers("<1@one.example>"),)))

        async def both_are_there() -> bool:
            return len(await transcript(provisioned, contact)) == 2

        await until(both_are_there)


async def test_a_snapshot_of_a_log_that_lost_its_end_is_not_believed(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        await mails(provisioned, "1")
        await until(lambda: replica.leader is not None and len(replica.leader.loop.state.contacts) == 1)
        await replica.leader.loop.counted()  # type: ignore[union-attr]
    taken = await take(provisioned, SUPPORT, clock)
    assert taken is not None
    await provisioned.nc.jetstream().delete_msg(subject.desk_stream(SUPPORT), taken.seq)
    assert (await begun(provisioned)).fence.seq == 0


async def test_of_the_snapshots_the_last_few_are_kept_and_a_desk_at_rest_needs_no_new_one(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        for n in range(KEPT + 1):
            await mails(provisioned, str(n))
            assert replica.leader is not None or n == 0
            await until(partial(holds, replica, n + 1))
            await replica.leader.loop.counted()  # type: ignore[union-attr]
            assert await take(provisioned, SUPPORT, clock) is not None
    await take(provisioned, SUPPORT, clock)  # whatever the leader said last
    assert await take(provisioned, SUPPORT, clock) is None
    known = await Snapshots(provisioned, SUPPORT).taken()
    assert len(known) == KEPT
    for each in known:
        assert len((await Snapshots(provisioned, SUPPORT).load(each)).contacts) == each.contacts


async def test_the_leader_has_a_snapshot_taken_every_so_many_commits_and_purges_what_is_too_old(
    provisioned: Bus,
) -> None:
    taken_at: asyncio.Queue[int] = asyncio.Queue()

    async def here(desk: DeskId) -> int:
        taken = await take(provisioned, desk, clock)
        taken_at.put_nowait(0 if taken is None else taken.seq)
        return 0

    async with desk_on(provisioned, take_snapshot=here, snapshot_every=3, retention=timedelta(0)):
        for wave in range(3):
            await mails(provisioned, *(f"{wave}.{n}" for n in range(10)))
            async with asyncio.timeout(60):
                await taken_at.get()

        async def purged() -> bool:
            info = await provisioned.nc.jetstream().stream_info(subject.desk_stream(SUPPORT))
            return info.state.first_seq > 1

        await until(purged)
    assert len((await begun(provisioned)).state.contacts) > 0


class Slow(Snapshots):
    """Stands still behind what it has stored and read back, before it says so."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, SUPPORT)
        self.stored, self.go_on = asyncio.Event(), asyncio.Event()

    async def load(self, taken: Taken) -> DeskState:
        state = await super().load(taken)
        self.stored.set()
        await self.go_on.wait()
        return state


async def test_a_snapshot_that_is_overtaken_puts_nothing_back_and_leaves_no_object(provisioned: Bus) -> None:
    """The log may be purged up to what the younger ones say: without these nobody could start."""
    async with desk_on(provisioned) as replica:
        await mails(provisioned, "late")
        await until(partial(holds, replica, 1))
        slow = Slow(provisioned)
        claim = await slow.claim()
        follower = await begun(provisioned)
        async for record in follower.store.read(0):
            follower.take(record)
        writing = asyncio.create_task(slow.write(follower.state, follower.place, clock(), claim, None))
        await slow.stored.wait()
        for n in range(KEPT):
            await mails(provisioned, str(n))
            await until(partial(holds, replica, n + 2))
            await replica.leader.loop.counted()  # type: ignore[union-attr]
            assert await take(provisioned, SUPPORT, clock) is not None
        before = await Snapshots(provisioned, SUPPORT).taken()
        slow.go_on.set()
        with pytest.raises(Unavailable):
            await writing
    assert await Snapshots(provisioned, SUPPORT).taken() == before
    for each in before:
        assert len((await slow.load(each)).contacts) == each.contacts
    assert sorted(await Objects(provisioned).names(SNAPSHOTS)) == sorted(each.content.name for each in before)
    chunks = {item.subject async for item in read(provisioned, f"OBJ_{SNAPSHOTS}", f"$O.{SNAPSHOTS}.C.>")}
    assert len(chunks) == KEPT


async def test_a_child_that_was_paused_behind_what_it_has_read_of_the_log_lists_no_old_snapshot(
    provisioned: Bus,
) -> None:
    """Followers would begin with it, above a log that may be purged beyond where it ends."""
    async with desk_on(provisioned) as replica:
        await mails(provisioned, "late")
        await until(partial(holds, replica, 1))
        late = Snapshots(provisioned, SUPPORT)
        claim = await late.claim()
        follower = await begun(provisioned)
        async for record in follower.store.read(0):
            follower.take(record)
        for n in range(2):
            await mails(provisioned, str(n))
            await until(partial(holds, replica, n + 2))
            await replica.leader.loop.counted()  # type: ignore[union-attr]
            assert await take(provisioned, SUPPORT, clock) is not None
        before = await late.taken()
        with pytest.raises(Unavailable):
            await late.write(follower.state, follower.place, clock(), claim, None)
    assert await late.taken() == before


async def test_a_snapshot_that_cannot_be_read_a_second_time_is_listed_no_more_and_the_log_stays_up_to_it(
    provisioned: Bus,
) -> None:
    """Whatever has become of it since it was read back. With it in the list the log would be purged up to the very
    last one alone, of which nobody knows yet that it can be read again.
    """
    seqs: list[int] = []
    async with desk_on(provisioned) as replica:
        for n, listed in enumerate(((0,), (1,), (2, 1), (3, 1))):
            await mails(provisioned, str(n))
            await until(partial(holds, replica, n + 1))
            await replica.leader.loop.counted()  # type: ignore[union-attr]
            taken = await take(provisioned, SUPPORT, clock)
            assert taken is not None
            seqs.append(taken.seq)
            if n in (0, 2):
                await came_twice(provisioned, taken)
            known = [each.seq for each in await Snapshots(provisioned, SUPPORT).taken()]
            assert known == [seqs[each] for each in listed]
    assert len((await begun(provisioned)).state.contacts) == 4


async def came_twice(bus: Bus, taken: Taken) -> None:
    """A part of it has arrived again, late: it is another object by that."""
    parts = f"$O.{SNAPSHOTS}.C.>"
    last = [item async for item in read(bus, f"OBJ_{SNAPSHOTS}", parts)][-1]
    await bus.publish(last.subject, last.data)
    with pytest.raises((Unavailable, UnreadableSnapshot)):
        await Snapshots(bus, SUPPORT).load(taken)


async def test_a_snapshot_whose_end_the_log_has_lost_does_not_count_for_a_purge(provisioned: Bus) -> None:
    """Two have to lead up to what is left of the log."""
    async with desk_on(provisioned) as replica:
        await mails(provisioned, *(str(n) for n in range(5)))
        await until(partial(holds, replica, 5))
        await replica.leader.loop.counted()  # type: ignore[union-attr]
    taken = await take(provisioned, SUPPORT, clock)
    assert taken is not None
    lost = Taken(
        seq=taken.seq - 1,
        epoch=taken.epoch,
        index=taken.index - 1,
        at=taken.at,
        contacts=0,
        content=ObjectRef(bucket=SNAPSHOTS, name="lost", size=0, sha256=""),
        mark="of another",
    )
    await KeyValue(provisioned, PROGRESS).put(f"snapshots.{SUPPORT}", msgspec.json.encode((taken, lost)))
    again = asyncio.Event()
    times = 0

    async def here(_: DeskId) -> int:
        nonlocal times
        times += 1
        if times > 1:
            again.set()
        return 0

    keeper = Keeper(
        provisioned,
        SUPPORT,
        StreamLogStore(provisioned, SUPPORT),
        take=here,
        every=1,
        retention=timedelta(0),
        clock=clock,
        figures=RouterFigures(CollectorRegistry()),
        log=logger("test"),
    )
    keeper.carried_out(taken.seq + 1)
    keeping = asyncio.create_task(keeper.run())
    async with asyncio.timeout(60):
        await again.wait()  # it has purged what it would
    keeping.cancel()
    info = await provisioned.nc.jetstream().stream_info(subject.desk_stream(SUPPORT))
    assert info.state.first_seq == 1
