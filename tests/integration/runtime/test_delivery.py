"""Replies out: FastStream subscribers on a real server, and what a crash at any point leaves behind."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from frontline.contract.channel import Delivered
from frontline.contract.codec import encode
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import InboxId
from frontline.contract.message import DeliveryState
from frontline.runtime.attempt import Stage
from frontline.runtime.bus import Bus
from frontline.runtime.delivery import DeliverySettings
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.parked import list_parked
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import CHANNELS, DESKS, SMALL
from tests.integration.router_desk.desk import killed_and_started
from tests.integration.runtime.stage import (
    QUICK,
    Careful,
    Desk,
    Hand,
    Homing,
    announce,
    emptied,
    hosting,
    left,
    outcomes,
    post,
    record,
    recorded,
    reply,
    until,
)


async def test_a_reply_is_sent_recorded_told_to_the_desk_and_acknowledged(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with hosting(nats, Homing) as stage:
        await post(provisioned, reply())
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    assert (receipt.reply, receipt.contact, receipt.state, receipt.native_id) == (
        "r1",
        "c1",
        DeliveryState.SENT,
        "ring-r1",
    )
    settled = await recorded(provisioned)
    assert (settled.stage, settled.state, settled.attempts) == (Stage.SETTLED, DeliveryState.SENT, 1)
    assert stage.channel.attempts == ["r1"]
    assert outcomes(stage, "sent") == 1


async def test_an_unavailable_far_end_is_tried_again_and_told_of_once(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with hosting(nats, Careful) as stage:
        stage.channel.outcomes = [Unavailable("busy", retry_after=0.01), Unavailable("busy", retry_after=0.01)]
        await post(provisioned, reply())
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    assert receipt.state is DeliveryState.SENT
    assert (await recorded(provisioned)).attempts == 3
    assert await left(provisioned, "INBOX_pigeon") == 0
    assert outcomes(stage, "deferred") == 2


async def test_a_reply_that_waits_does_not_hold_up_the_others(nats: EmbeddedServer, provisioned: Bus) -> None:
    slow = msgspec.structs.replace(QUICK, delivery_pauses=(3600.0,))
    async with hosting(nats, Homing, delivery=slow) as stage:
        stage.channel.outcomes = [Unavailable("busy") for _ in range(50)]
        for number in range(1, 61):
            await post(provisioned, reply(number))
        desk = Desk(provisioned)
        told = {(await desk.receipt()).reply for _ in range(10)}
    assert len(told) == 10
    assert await left(provisioned, "OUTBOX") == 50
    assert await list_parked(provisioned) == []


async def test_a_refused_reply_is_failed_and_parked(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with hosting(nats, Homing) as stage:
        stage.channel.outcomes = [Rejected("no such pigeon")]
        await post(provisioned, reply())
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    assert (receipt.state, receipt.detail) == (DeliveryState.FAILED, "no such pigeon")
    (item,) = await list_parked(provisioned)
    assert (item.note.reason, item.note.subject) == ("rejected", "outbound.pigeon.loft")
    assert item.note.ids == {"reply": "r1", "contact": "c1", "desk": "support"}
    assert item.payload == encode(reply())
    assert stage.figure("frontline_parked_total", service="intake-pigeon", reason="rejected") == 1


async def test_a_far_end_that_stays_away_too_long_has_failed(nats: EmbeddedServer, provisioned: Bus) -> None:
    clock = Hand()
    async with hosting(nats, Homing, clock=clock) as stage:
        stage.channel.outcomes = [Unavailable("busy", retry_after=0.01) for _ in range(1000)]
        await post(provisioned, reply())
        await stage.channel.began.get()
        clock.advance(timedelta(days=5))
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    assert (receipt.state, receipt.times.received) == (DeliveryState.FAILED, clock.now)
    assert (await list_parked(provisioned))[0].note.reason == "expired"


@pytest.mark.parametrize("plugin", [Homing, Careful])
async def test_a_crash_after_the_result_was_recorded_sends_nothing_again_and_tells_the_desk(
    nats: EmbeddedServer, provisioned: Bus, plugin: type[Homing]
) -> None:
    await record(provisioned, Stage.SETTLED, DeliveryState.SENT, native_id="ring-1")
    await post(provisioned, reply())
    async with hosting(nats, plugin) as stage:
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    assert (receipt.state, receipt.native_id) == (DeliveryState.SENT, "ring-1")
    assert stage.channel.attempts == []


async def test_a_crash_after_the_desk_was_told_tells_it_the_very_same_again(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    """The same id, so that the broker, and after its memory the desk itself, drops the repeat."""
    desk = Desk(provisioned)
    await record(provisioned, Stage.SETTLED, DeliveryState.SENT, native_id="ring-1")
    async with hosting(nats, Homing):
        await post(provisioned, reply())
        first = await desk.take()
        await emptied(provisioned)
        await killed_and_started(nats, provisioned)  # its memory of acknowledged work is gone then
        await post(provisioned, encode(reply()))
        await emptied(provisioned)
        again = await desk.take()
    assert (again.data, again.headers["Nats-Msg-Id"]) == (first.data, first.headers["Nats-Msg-Id"])


async def test_a_crash_in_an_attempt_is_followed_by_another_where_that_is_harmless(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await record(provisioned, Stage.ATTEMPTING)
    await post(provisioned, reply())
    async with hosting(nats, Homing) as stage:
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    assert receipt.state is DeliveryState.SENT
    assert stage.channel.attempts == ["r1"]
    assert (await recorded(provisioned)).attempts == 2


async def test_a_crash_in_an_attempt_is_left_to_a_person_where_a_second_would_be_seen(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await record(provisioned, Stage.ATTEMPTING)
    await post(provisioned, reply())
    async with hosting(nats, Careful) as stage:
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    assert receipt.state is DeliveryState.UNKNOWN
    assert stage.channel.attempts == []
    assert (await list_parked(provisioned))[0].note.reason == "unknown"


async def test_a_bug_in_the_channel_is_tried_again_and_then_left_to_a_person(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with hosting(nats, Homing) as stage:
        stage.channel.outcomes = [KeyError("oops") for _ in range(100)]
        await post(provisioned, reply())
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    assert receipt.state is DeliveryState.UNKNOWN
    assert len(stage.channel.attempts) == QUICK.delivery_max_failures
    assert (await list_parked(provisioned))[0].note.reason == "unknown"
    assert stage.figure("frontline_failures_total", service="intake-pigeon", where="deliver") == 5


async def test_an_attempt_that_takes_too_long_has_no_result(nats: EmbeddedServer, provisioned: Bus) -> None:
    quick = msgspec.structs.replace(QUICK, delivery_timeout_seconds=0.05)
    async with hosting(nats, Careful, delivery=quick) as stage:
        stage.channel.outcomes = [asyncio.Event()]
        await post(provisioned, reply())
        assert (await Desk(provisioned).receipt()).state is DeliveryState.UNKNOWN
    assert stage.channel.attempts == ["r1"]


async def test_a_consumer_deleted_on_the_server_is_made_anew(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with hosting(nats, Homing) as stage:
        await provisioned.nc.jetstream().delete_consumer("OUTBOX", "deliver-pigeon")
        await post(provisioned, reply())
        assert (await Desk(provisioned).receipt()).reply == "r1"
        assert stage.figure("frontline_failures_total", service="intake-pigeon", where="consumer") == 1
        await until(lambda: not stage.service.health.unready())


async def test_a_consumer_with_old_settings_is_brought_up_to_date(nats: EmbeddedServer, provisioned: Bus) -> None:
    js = provisioned.nc.jetstream()
    await js.add_consumer("OUTBOX", durable_name="deliver-pigeon", filter_subject="outbound.pigeon.>", ack_wait=5)
    async with hosting(nats, Homing):
        info = await js.consumer_info("OUTBOX", "deliver-pigeon")
    assert info.config.ack_wait == 30
    assert info.config.max_ack_pending == -1


async def test_delivery_waits_for_an_outbox_that_is_not_there_yet(nats: EmbeddedServer, bus: Bus) -> None:
    async with hosting(nats, Homing, wait=False) as stage:
        await until(
            lambda: stage.service.health.unready().get("delivery") == "the consumer of the outbox can't be made"
        )
        await provision(bus.nc.jetstream(), topology(CHANNELS, DESKS, SMALL))
        await announce(bus)
        await post(bus, reply())
        assert (await Desk(bus).receipt()).reply == "r1"
        await until(lambda: not stage.service.health.unready())


async def test_nats_killed_in_an_attempt_costs_neither_the_result_nor_a_second_sending(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    arrived = asyncio.Event()
    async with hosting(nats, Careful) as stage:
        stage.channel.outcomes = [arrived]
        await post(provisioned, reply())
        await stage.channel.began.get()
        await nats.kill()
        arrived.set()
        await until(lambda: outcomes(stage, "sent") == 1 and not provisioned.connected)
        await nats.start()
        await provisioned.wait_connected()
        receipt = await Desk(provisioned).receipt()
        assert receipt.state is DeliveryState.SENT
        for number in range(2, 12):
            await post(provisioned, reply(number))
        desk = Desk(provisioned)
        assert {(await desk.receipt()).reply for _ in range(10)} == {f"r{number}" for number in range(2, 12)}
    assert stage.channel.attempts.count("r1") == 1
    assert await list_parked(provisioned) == []


async def test_a_stop_finishes_what_is_in_hand(nats: EmbeddedServer, provisioned: Bus) -> None:
    arrived = asyncio.Event()
    async with hosting(nats, Careful) as stage:
        stage.channel.outcomes = [arrived]
        await post(provisioned, reply())
        await stage.channel.began.get()
        stage.service.stopping.set()
        asyncio.get_running_loop().call_later(0.2, arrived.set)
    assert (await Desk(provisioned).receipt()).state is DeliveryState.SENT
    await emptied(provisioned)
    assert stage.channel.attempts == ["r1"]


async def test_a_host_cancelled_in_an_attempt_leaves_the_reply_for_the_next_one(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with hosting(nats, Homing, drain=1.1) as stage:
        stage.channel.outcomes = [asyncio.Event()]
        await post(provisioned, reply())
        await stage.channel.began.get()
        assert stage.main is not None
        stage.main.cancel()
    assert (await recorded(provisioned)).stage is Stage.ATTEMPTING
    assert await left(provisioned, "OUTBOX") == 1


async def test_two_hosts_share_the_work_and_attempt_each_reply_once(nats: EmbeddedServer, provisioned: Bus) -> None:
    replies = {f"r{number}" for number in range(200)}
    async with hosting(nats, Careful) as one, hosting(nats, Careful) as other:
        for number in range(200):
            await post(provisioned, reply(number))
        desk = Desk(provisioned)
        told = [(await desk.receipt()).reply for _ in range(200)]
        await emptied(provisioned)
    assert sorted(told) == sorted(replies)
    assert sorted(one.channel.attempts + other.channel.attempts) == sorted(replies)


async def test_the_labels_of_deliveries_stay_few_whatever_is_delivered(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with hosting(nats, Homing) as stage:
        desk = Desk(provisioned)
        for number in range(20):
            inbox = InboxId(f"loft-{number}")
            await post(provisioned, reply(number, inbox=inbox), f"outbound.pigeon.{inbox}")
        for _ in range(20):
            await desk.receipt()
        samples = [
            sample.labels
            for metric in stage.service.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == "frontline_deliveries_total"
        ]
    assert samples == [{"channel": "pigeon", "outcome": "sent"}]


async def test_a_delivery_may_say_that_it_is_already_there(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with hosting(nats, Homing) as stage:
        stage.channel.outcomes = [Delivered(native_id="n", state=DeliveryState.READ)]
        await post(provisioned, reply())
        assert (await Desk(provisioned).receipt()).state is DeliveryState.READ


def test_the_policy_follows_from_the_settings() -> None:
    policy = DeliverySettings(delivery_pauses=(1, 60), delivery_give_up_days=2).policy
    assert policy.pauses == (timedelta(seconds=1), timedelta(minutes=1))
    assert policy.give_up_after == timedelta(days=2)
