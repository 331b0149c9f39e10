"""Notices to our own people by mail: over a real relay, and nothing that comes back becomes a contact."""

import email
import email.policy
from typing import Any

import pytest

from frontline.contract import subject
from frontline.contract.codec import encode
from frontline.contract.ids import AgentId, CustomerId, MessageId
from frontline.contract.message import NOTICE_PREFIX, OutboundKind, OutboundMessage, Recipient
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_email.normalize import CHANNEL
from tests.integration.intake_email.stage import ADDRESSES, SUPPORT, Stage, mail, receiving, reply, sinking, until
from tests.integration.intake_email.test_reports import report

OURS = "me@people.example"


def notice(number: int = 1, **parts: Any) -> OutboundMessage:
    return reply(
        **{
            "id": MessageId(NOTICE_PREFIX + f"{number:031x}"),
            "kind": OutboundKind.NOTICE,
            "to": (Recipient(address=OURS),),
            "customer": CustomerId(""),
            "author": AgentId(""),
            "author_name": "Help desk",
            "subject": "A contact by email is waiting for you in Support.",
            "text": "A contact by email is waiting for you in Support.\nhttps://desk.example/#c1",
            **parts,
        }
    )


async def post(stage: Stage, message: OutboundMessage) -> None:
    await stage.bus.publish(subject.outbound(CHANNEL, SUPPORT), encode(message))


async def test_rule_2_11_a_notice_is_a_mail_that_no_machine_answers(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with (
        sinking() as sink,
        receiving(nats, provisioned, smtp_relay=sink.address, email_reply_tokens=True, email_quote=True) as stage,
    ):
        await post(stage, notice())
        await until(lambda: sink.mails)
        (envelope,) = sink.mails
        assert await stage.stored() == []
    assert envelope.rcpt_tos == [OURS]
    found = email.message_from_bytes(sink.raw(), policy=email.policy.default)
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["X-Auto-Response-Suppress"] == "All"
    assert found["Subject"] == "A contact by email is waiting for you in Support."
    assert found["From"] == '"Help desk (Support)" <support@frontline.example>'
    assert found["List-Unsubscribe"] is None, "it is no list: they turn it off in the console"
    assert (found["Reply-To"], found["In-Reply-To"]) == (None, None)
    assert found.get_content().split() == notice().text.split()


async def test_rule_2_11_a_storm_of_notices_is_no_business_of_the_limit_for_automatic_mail(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    """How often one of us is told is the desk's to say, and it has said so before."""
    async with (
        sinking() as sink,
        receiving(nats, provisioned, smtp_relay=sink.address, email_automatic_per_day=1) as stage,
    ):
        for number in range(3):
            await post(stage, notice(number))
        await until(lambda: len(sink.mails) == 3)


@pytest.mark.parametrize("what", ["bounce", "away"])
async def test_rule_2_11_what_mail_systems_answer_to_a_notice_is_no_contact(
    nats: EmbeddedServer, provisioned: Bus, what: str
) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        await post(stage, notice())
        await until(lambda: sink.mails)
        sent = sink.raw()
        about = email.message_from_bytes(sent)["Message-ID"]
        if what == "bounce":
            await stage.send(report(sent), sender="")
        else:
            away = mail("I am away.\r\n", From=OURS, Auto_Submitted="auto-replied", In_Reply_To=about, References=about)
            await stage.send(away, sender=OURS)
            assert stage.figure("frontline_email_answers_to_notices_total") == 1
        assert await stage.stored() == []
        await stage.send(mail("I had a look.\r\n", From=OURS, Message_ID="<me@people.example>", In_Reply_To=about))
        (person,) = await stage.stored()
    assert person.text.strip() == "I had a look.", "what a person writes is never lost"


async def test_rule_2_11_no_notice_goes_to_an_inbox_of_ours(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        await post(stage, notice(to=(Recipient(address=ADDRESSES[SUPPORT]),)))
        await until(lambda: stage.figure("frontline_deliveries_total", channel="email", outcome="failed"))
        assert sink.mails == []
