"""A desk is taken over from its snapshot: nothing is lost by it, and the log may be short."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

from frontline.contract import subject
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.core.contact import WAITING
from router.core.state import fingerprint
from router.desk.follower import Follower
from router.desk.log_store import StreamLogStore
from router.desk.replica import Replica
from router.desk.snapshots import KEPT, Snapshots
from router.desk.snapshotting import take
from tests.integration.router_desk.desk import SUPPORT, answers, desk_on, mail, send_in, transcript, until


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
