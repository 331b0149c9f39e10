"""What can't be delivered as it is: it is parked, nothing waits behind it, and an operator may release it."""

import msgspec
import pytest

from frontline.contract.codec import encode
from frontline.contract.error import Rejected
from frontline.contract.ids import MessageId
from frontline.contract.message import DeliveryState
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.parked import list_parked, release
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import DELIVERIES
from tests.integration.runtime.stage import QUICK, Desk, Homing, emptied, hosting, left, outcomes, post, reply, until

GARBAGE = [
    b"",
    b"\xff\xfe\x00garbage",
    b"{}",
    b'{"type": "outbound_message"}',
    encode(reply(id=MessageId("r.1.*.>"))),
    encode(reply(id=MessageId(""))),
    encode(reply(channel="email")),
    encode(reply(schema="2.0")),
    b"[" * 100_000,
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_poison_in_the_outbox_is_parked_as_it_is_and_the_next_reply_goes_out(
    nats: EmbeddedServer, provisioned: Bus, garbage: bytes
) -> None:
    async with hosting(nats, Homing) as stage:
        await post(provisioned, garbage, **{"content-type": "application/json", "Odd": "a\tb", "reply_to": "x"})
        await post(provisioned, reply())
        assert (await Desk(provisioned).receipt()).reply == "r1"
        await emptied(provisioned)
    (item,) = await list_parked(provisioned)
    assert item.note.reason == "malformed"
    assert item.payload == garbage
    assert outcomes(stage, "malformed") == 1
    assert stage.channel.attempts == ["r1"]


async def test_a_reply_whose_record_cannot_be_read_is_parked_after_some_tries(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    once = msgspec.structs.replace(QUICK, delivery_max_failures=1)
    await KeyValue(provisioned, DELIVERIES).put("r1", b"not a record")
    async with hosting(nats, Homing, delivery=once) as stage:
        await post(provisioned, reply())
        await emptied(provisioned)
    assert (await list_parked(provisioned))[0].note.reason == "bug"
    assert stage.channel.attempts == []


async def test_poison_too_large_to_be_parked_stays_where_it_is_and_is_counted(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with hosting(nats, Homing) as stage:
        await post(provisioned, b"x" * (provisioned.nc.max_payload - 100))
        await until(lambda: stage.figure("frontline_failures_total", service="intake-pigeon", where="park"))
        await post(provisioned, reply())
        assert (await Desk(provisioned).receipt()).reply == "r1"
    assert await left(provisioned, "OUTBOX") == 1
    assert provisioned.connected


async def test_a_released_reply_is_attempted_again_and_told_to_the_desk(nats: EmbeddedServer, provisioned: Bus) -> None:
    desk = Desk(provisioned)
    async with hosting(nats, Homing) as stage:
        stage.channel.outcomes = [Rejected("no such pigeon")]
        await post(provisioned, reply())
        assert (await desk.receipt()).state is DeliveryState.FAILED
        await emptied(provisioned)
        (item,) = await list_parked(provisioned)
        assert await release(provisioned, item.id, logger("test"))
        receipt = await desk.receipt()
        await emptied(provisioned)
    assert receipt.state is DeliveryState.SENT
    assert stage.channel.attempts == ["r1", "r1"]
    assert await list_parked(provisioned) == []


async def test_a_reply_that_fails_again_after_its_release_is_parked_again(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    """Within the broker's memory of the first parking, which must not swallow the second."""
    async with hosting(nats, Homing) as stage:
        stage.channel.outcomes = [Rejected("no such pigeon") for _ in range(3)]
        await post(provisioned, reply())
        await Desk(provisioned).receipt()
        for attempts in (1, 2, 3):
            await emptied(provisioned)
            (item,) = await list_parked(provisioned)
            assert len(stage.channel.attempts) == attempts
            if attempts < 3:
                await release(provisioned, item.id, logger("test"))
