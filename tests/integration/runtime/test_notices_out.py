"""Notices to our own people travel as replies do, and nobody's contact, no operator and no desk hears what became of them."""

import msgspec

from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import MessageId
from frontline.contract.message import OutboundKind, OutboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.delivery import DeliverySettings
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.parked import list_parked
from tests.integration.runtime.stage import NOON, Homing, emptied, hosting, left, outcomes, post, reply


def notice(number: int = 1, **parts: object) -> OutboundMessage:
    return msgspec.structs.replace(reply(number), id=MessageId(f"w{number}"), kind=OutboundKind.NOTICE, **parts)


async def test_rule_2_11_a_notice_is_sent_once_and_makes_no_receipt(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with hosting(nats, Homing) as stage:
        await post(provisioned, notice())
        await emptied(provisioned)
    assert stage.channel.attempts == ["w1"]
    assert await left(provisioned, "INBOX_pigeon") == 0


async def test_rule_2_11_what_is_of_no_use_any_more_is_not_sent(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with hosting(nats, Homing) as stage:
        await post(provisioned, notice(until=NOON))
        await emptied(provisioned)
    assert stage.channel.attempts == []
    assert outcomes(stage, "too_late") == 1
    assert await list_parked(provisioned) == []


async def test_rule_2_11_a_notice_that_fails_is_counted_and_nobodys_to_release(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with hosting(nats, Homing) as stage:
        stage.channel.outcomes = [Rejected("no such pigeon")]
        await post(provisioned, notice())
        await emptied(provisioned)
    assert outcomes(stage, "failed") == 1
    assert await list_parked(provisioned) == []
    assert await left(provisioned, "INBOX_pigeon") == 0


async def test_rule_2_11_a_notice_waits_for_a_far_end_that_is_away(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with hosting(nats, Homing, delivery=DeliverySettings(delivery_pauses=(0.05,))) as stage:
        stage.channel.outcomes = [Unavailable("busy", retry_after=0.01), Unavailable("busy", retry_after=0.01)]
        await post(provisioned, notice())
        await emptied(provisioned)
    assert stage.channel.attempts == ["w1"] * 3
