"""Notices to our own people as text messages and as rings of their phones, with the simulator as the carrier."""

from typing import Any

from frontline.contract import subject
from frontline.contract.codec import encode
from frontline.contract.ids import AgentId, CustomerId, MessageId
from frontline.contract.message import ALOUD, NOTICE_PREFIX, OutboundKind, OutboundMessage, Recipient
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_phone.normalize import CHANNEL
from intake_phone.simulator.person import Person
from tests.integration.intake_phone.stage import AGENT, OURS, SUPPORT, Stage, answering, reply, until

TEXT = "A contact by chat is waiting for you in Support."


def notice(number: int = 1, **parts: Any) -> OutboundMessage:
    return reply(
        **{
            "id": MessageId(NOTICE_PREFIX + f"{number:031x}"),
            "kind": OutboundKind.NOTICE,
            "to": (Recipient(address=AGENT),),
            "customer": CustomerId(""),
            "author": AgentId(""),
            "text": TEXT,
            **parts,
        }
    )


async def post(stage: Stage, message: OutboundMessage) -> None:
    await stage.bus.publish(subject.outbound(CHANNEL, SUPPORT), encode(message))


async def test_rule_2_11_a_notice_is_one_text_message_and_nobody_asks_what_became_of_it(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        await post(stage, notice())
        await until(lambda: stage.exchange.texts)
        (text,) = stage.exchange.texts
        assert await stage.inbound() == []
    assert (text.to, text.sender, text.body) == (AGENT, OURS, TEXT)
    assert text.callback == ""


async def test_rule_2_11_a_notice_rings_the_agents_own_phone_and_says_what_waits(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        stage.exchange.phones[AGENT] = Person()
        await post(stage, notice(native={ALOUD: True}))
        await until(lambda: sum(TEXT in each for each in stage.heard) == 2)
        await until(lambda: stage.figure("frontline_deliveries_total", channel="phone", outcome="sent"))
        assert await stage.inbound() == []
    (call,) = stage.api.calls_made
    assert (call["To"], call["From"]) == (AGENT, OURS)
    assert stage.exchange.texts == []


async def test_rule_2_11_a_phone_that_nobody_picks_up_has_rung_once_and_holds_nothing_up(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        await post(stage, notice(1, native={ALOUD: True}))
        await post(stage, notice(2))
        await until(lambda: stage.exchange.texts)
        await until(lambda: any("rung no more" in each for each in stage.heard))
        assert await stage.inbound() == []
    assert len(stage.api.calls_made) == 1
