"""Who leads: the lease on a real server, with a monotonic clock that the test moves."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest

from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import LEASES
from frontline.testing.nats_server import connected
from router.desk.lease import MARGIN, Lease, LeaseLost
from tests.integration.router_log.proxy import Fate, Judge, Proxy

DESK = DeskId("support")
LONG = 600.0
"""A time to live that no test waits for."""
SHORT = 0.4


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def lease(bus: Bus, holder: str, *, ttl: float = LONG, monotonic: Callable[[], float] = time.monotonic) -> Lease:
    return Lease(KeyValue(bus, LEASES), DESK, holder, ttl=ttl, monotonic=monotonic)


async def holder(bus: Bus) -> str:
    """Whose name stands in the bucket; empty when nobody's does."""
    entry = await KeyValue(bus, LEASES).get(DESK)
    return str(msgspec.json.decode(entry.value)["holder"]) if entry else ""


async def revision(bus: Bus) -> int:
    entry = await KeyValue(bus, LEASES).get(DESK)
    assert entry is not None
    return entry.revision


@asynccontextmanager
async def kept(it: Lease) -> AsyncIterator["asyncio.Task[None]"]:
    keeping = asyncio.create_task(it.keep())
    try:
        yield keeping
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError, LeaseLost):
            await keeping


def is_renewal(frame: bytes) -> bool:
    return frame.startswith(b"HPUB $KV.LEASES.")


def is_renewal_ack(frame: bytes) -> bool:
    return frame.startswith(b"MSG ") and b'"stream":"KV_LEASES"' in frame and b'"error"' not in frame


def losing_one_renewal_ack(lost: list[bytes]) -> Judge:
    """The first one, which is in `lost` then."""

    def judge(frame: bytes) -> Fate:
        if is_renewal_ack(frame) and not lost:
            lost.append(frame)
            return Fate.LOSE
        return Fate.PASS

    return judge


async def test_a_free_lease_is_taken_at_once(provisioned: Bus) -> None:
    it = lease(provisioned, "one")
    assert not it.held
    await it.acquire()
    assert it.held
    assert (await holder(provisioned)).startswith("one")


async def test_a_released_lease_is_taken_by_who_waits_without_waiting_for_the_time_to_live(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with connected(nats) as bus:
        one, two = lease(provisioned, "one"), lease(bus, "two")
        await one.acquire()
        waiting = asyncio.create_task(two.acquire())
        await holds_off(waiting)
        await one.release()
        assert not one.held
        await waiting
        assert two.held


async def test_a_silent_holder_is_followed_after_the_whole_time_to_live_and_not_before(provisioned: Bus) -> None:
    one, two = lease(provisioned, "one", ttl=SHORT), lease(provisioned, "two", ttl=SHORT)
    before = time.monotonic()
    await one.acquire()
    await two.acquire()
    assert time.monotonic() - before >= SHORT
    assert (await holder(provisioned)).startswith("two")
    assert not one.held


async def test_a_holder_that_renews_is_not_followed(provisioned: Bus) -> None:
    one, two = lease(provisioned, "one", ttl=2.0), lease(provisioned, "two", ttl=2.0)
    await one.acquire()
    async with kept(one) as keeping:
        waiting = asyncio.create_task(two.acquire())
        taken = await revision(provisioned)
        while await revision(provisioned) < taken + 6:  # one and a half times to live
            await asyncio.sleep(0.05)
        assert not waiting.done()
        assert not keeping.done()
        assert one.held
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_of_many_who_want_it_exactly_one_gets_it(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with connected(nats) as bus:
        everybody = [lease(bus if n % 2 else provisioned, f"n{n}") for n in range(20)]
        acquiring = [asyncio.create_task(it.acquire()) for it in everybody]
        for round_ in range(5):
            done, waiting = await asyncio.wait(acquiring, return_when=asyncio.FIRST_COMPLETED)
            assert len(done) == 1
            holding = [it for it in everybody if it.held]
            assert len(holding) == 1
            assert (await holder(provisioned)).startswith(f"n{everybody.index(holding[0])}"), round_
            await holding[0].release()
            acquiring = list(waiting)
        for task in acquiring:
            task.cancel()
        await asyncio.gather(*acquiring, return_exceptions=True)


async def test_of_two_who_see_a_holder_fall_silent_exactly_one_takes_over(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with connected(nats) as bus:
        await lease(provisioned, "gone", ttl=SHORT).acquire()
        two, three = lease(provisioned, "two", ttl=SHORT), lease(bus, "three", ttl=SHORT)
        async with asyncio.TaskGroup() as tasks:
            acquiring = {tasks.create_task(it.acquire()): it for it in (two, three)}
            done, waiting = await asyncio.wait(acquiring, return_when=asyncio.FIRST_COMPLETED)
            (winner,) = done
            for task in waiting:
                task.cancel()  # or it would take over in its turn from one that does not renew
            assert (await holder(provisioned)).startswith("two" if acquiring[winner] is two else "three")


async def test_held_ends_by_the_clock_alone(provisioned: Bus) -> None:
    clock = Clock()
    it = lease(provisioned, "one", monotonic=clock)
    await it.acquire()
    clock.seconds += LONG * MARGIN - 1
    assert it.held
    clock.seconds += 2
    assert not it.held


async def test_time_spent_in_waiting_for_the_acknowledgement_is_not_held(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    clock = Clock()
    it = lease(behind, "one", monotonic=clock)
    proxy.hold_answers(is_renewal_ack)
    acquiring = asyncio.create_task(it.acquire())
    await proxy.stuck()
    clock.seconds += LONG * MARGIN + 1
    proxy.release()
    await acquiring
    assert not it.held, "standbys may have counted from when it was stored"


async def test_without_the_bus_the_lease_ends_by_the_clock_and_comes_back_if_nobody_took_it(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    clock = Clock()
    it = lease(provisioned, "one", ttl=SHORT, monotonic=clock)
    await it.acquire()
    async with kept(it) as keeping:
        await nats.kill()
        clock.seconds += SHORT
        assert not it.held
        assert not keeping.done(), "renewing goes on"
        await nats.start()
        while not it.held:
            assert not keeping.done()
            await asyncio.sleep(0.01)
        assert (await holder(provisioned)).startswith("one")


async def test_a_holder_cut_off_whose_place_was_taken_learns_it_when_it_is_back(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    clock = Clock()
    one = lease(behind, "one", ttl=SHORT, monotonic=clock)
    two = lease(provisioned, "two", ttl=SHORT)
    await one.acquire()
    async with kept(one) as keeping:
        proxy.hold_requests(is_renewal)
        await two.acquire()
        proxy.release()
        async with kept(two):
            with pytest.raises(LeaseLost):
                await keeping
            assert not one.held


async def test_a_lease_that_another_took_is_lost_at_the_next_renewal(provisioned: Bus) -> None:
    clock = Clock()
    it = lease(provisioned, "one", ttl=SHORT, monotonic=clock)
    await it.acquire()
    await KeyValue(provisioned, LEASES).put(DESK, b'{"holder":"two","count":9}')
    assert it.held, "it does not know yet"
    with pytest.raises(LeaseLost):
        await it.keep()
    assert not it.held


async def test_a_renewal_whose_acknowledgement_was_lost_does_not_lose_the_lease(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    it = lease(behind, "one", ttl=SHORT)
    await it.acquire()
    lost: list[bytes] = []
    proxy.answers = losing_one_renewal_ack(lost)
    async with kept(it) as keeping:
        before = await revision(provisioned)
        while await revision(provisioned) < before + 4:
            assert not keeping.done()
            await asyncio.sleep(0.01)
    assert lost


async def test_a_take_over_whose_acknowledgement_was_lost_is_one(provisioned: Bus, proxy: Proxy, behind: Bus) -> None:
    taken = 0

    def count(frame: bytes) -> Fate:
        nonlocal taken
        taken += is_renewal(frame)
        return Fate.PASS

    proxy.requests = count
    proxy.answers = lambda frame: Fate.LOSE if is_renewal_ack(frame) else Fate.PASS
    it = lease(behind, "one", ttl=2.0)
    await it.acquire()
    assert taken == 1, "it found its own name there, and did not wait for itself to fall silent"
    assert (await holder(provisioned)).startswith("one")


async def test_a_renewal_that_standbys_saw_earlier_is_not_counted_from_later(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    """A standby counts from when the renewal was stored. The holder learns of it only at its next try."""
    clock = Clock()
    it = lease(behind, "one", ttl=SHORT, monotonic=clock)
    await it.acquire()
    tries = 0
    third = asyncio.Event()

    def renewals(frame: bytes) -> Fate:
        nonlocal tries
        tries += is_renewal(frame)
        if is_renewal(frame) and tries > 2:
            third.set()
            return Fate.LOSE
        return Fate.PASS

    def lose(frame: bytes) -> Fate:
        if not is_renewal_ack(frame):
            return Fate.PASS
        clock.seconds += SHORT / 2
        return Fate.LOSE

    proxy.requests, proxy.answers = renewals, lose
    async with kept(it):
        await third.wait()  # the first was stored and not acknowledged, the second told so, more are lost
        clock.seconds += SHORT * (MARGIN - 0.1)
        assert not it.held


async def test_a_lost_acknowledgement_costs_no_more_than_the_time_to_the_next_renewal(
    nats: EmbeddedServer, provisioned: Bus, proxy: Proxy
) -> None:
    """Whatever the connection's own deadline for acknowledgements is."""
    bus = Bus(name="patient", ack_deadline=LONG)
    await bus.connect(proxy.url)
    it = lease(bus, "one", ttl=SHORT)
    await it.acquire()
    proxy.answers = losing_one_renewal_ack([])
    async with kept(it):
        before = await revision(provisioned)
        async with asyncio.timeout(30):
            while await revision(provisioned) < before + 3:
                await asyncio.sleep(0.01)
    await bus.close()


async def test_a_holder_that_stops_in_the_middle_of_a_renewal_hands_over_all_the_same(
    nats: EmbeddedServer, provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    one, two = lease(behind, "one", ttl=LONG), lease(provisioned, "two")
    one._ttl = SHORT  # renews often, and is believed for long by the other
    await one.acquire()
    proxy.hold_answers(is_renewal_ack)
    async with kept(one):
        await proxy.stuck()
    proxy.release()
    waiting = asyncio.create_task(two.acquire())
    await one.release()
    async with asyncio.timeout(30):
        await waiting
    assert two.held


async def test_a_release_of_what_another_holds_changes_nothing(provisioned: Bus) -> None:
    one, two = lease(provisioned, "one", ttl=SHORT), lease(provisioned, "two", ttl=SHORT)
    await one.acquire()
    await two.acquire()
    await one.release()
    assert (await holder(provisioned)).startswith("two")
    await lease(provisioned, "three").release()
    assert (await holder(provisioned)).startswith("two")


async def test_a_process_started_again_under_the_same_name_is_another_holder(provisioned: Bus) -> None:
    zombie, again = lease(provisioned, "pod-0", ttl=SHORT), lease(provisioned, "pod-0", ttl=SHORT)
    await zombie.acquire()
    await again.acquire()
    async with kept(again) as keeping:
        with pytest.raises(LeaseLost):
            await zombie.keep()
        assert not zombie.held
        assert not keeping.done()


async def test_a_lease_that_an_operator_deleted_is_free(provisioned: Bus) -> None:
    one, two = lease(provisioned, "one"), lease(provisioned, "two")
    await one.acquire()
    waiting = asyncio.create_task(two.acquire())
    await holds_off(waiting)
    kv = await provisioned.nc.jetstream().key_value(LEASES)
    await kv.delete(DESK)
    async with asyncio.timeout(30):
        await waiting
    assert two.held


async def test_a_bucket_that_takes_nothing_is_not_hammered(provisioned: Bus, proxy: Proxy, behind: Bus) -> None:
    js = provisioned.nc.jetstream()
    info = await js.stream_info(f"KV_{LEASES}")
    await js.update_stream(info.config, max_bytes=1)
    tries = 0

    def look(frame: bytes) -> Fate:
        nonlocal tries
        tries += is_renewal(frame)
        return Fate.PASS

    proxy.requests = look
    ttl = 1.0
    before = time.monotonic()
    acquiring = asyncio.create_task(lease(behind, "one", ttl=ttl).acquire())
    while tries < 5:
        await asyncio.sleep(0.01)
    assert time.monotonic() - before >= 4 * ttl / 8
    await js.update_stream(info.config, max_bytes=-1)
    await acquiring


async def holds_off(waiting: "asyncio.Task[None]") -> None:
    """Give `waiting` the time that a wrong one would have needed."""
    done, _ = await asyncio.wait((waiting,), timeout=0.1)
    assert not done
