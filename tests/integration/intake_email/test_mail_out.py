"""Replies out, by a real relay and into the local mailbox."""

import asyncio
import base64
import email
import email.policy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from frontline.contract import subject
from frontline.contract.codec import decode_inbound, encode
from frontline.contract.error import Reason, Rejected, Unavailable
from frontline.contract.ids import InboxId, MessageId
from frontline.contract.message import Attachment, OutboundKind, Recipient, ThreadEvidence, ThreadRef
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.objects import Objects, one
from frontline.runtime.reader import follow, read
from intake_email.authenticity.lookup import question
from tests.integration.intake_email.stage import ADDRESSES, SUPPORT, Stage, mail, receiving, reply, sinking
from tests.unit.intake_email.proofs import ED_KEY, RSA_PEM, ZONE, looking
from tests.unit.intake_email.test_dkim import judged
from tests.unit.intake_email.test_sign import pem

ONE = Recipient(address="one@customer.example", name="Customer One")
TWO = Recipient(address="two@customer.example", role="cc")


async def attached(bus: Bus, data: bytes) -> Attachment:
    ref = await Objects(bus).put("ATTACHMENTS", "r1/1", one(data))
    return Attachment(name="report.pdf", media_type="application/pdf", content=ref)


async def test_a_reply_reaches_the_relay_with_the_fields_of_an_answer(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        done = await stage.channel.deliver(
            reply(to=(ONE, TWO), thread=(ThreadRef(native_id="<first@customer.example>"),))
        )
        (envelope,) = sink.mails
    assert envelope.mail_from == ADDRESSES[SUPPORT]
    assert envelope.rcpt_tos == [ONE.address, TWO.address]
    found = email.message_from_bytes(sink.raw(), policy=email.policy.default)
    assert found["Message-ID"] == done.native_id
    assert found["In-Reply-To"] == "<first@customer.example>"
    assert found["From"] == '"Demo agent 1 (Support)" <support@frontline.example>'
    assert found["Cc"] == TWO.address


async def test_the_customers_answer_finds_the_reply(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        await stage.channel.deliver(reply())
        sent = email.message_from_bytes(sink.raw())
        await stage.send(mail(In_Reply_To=sent["Message-ID"], References=sent["Message-ID"]))
        found = await stage.one()
    assert [(key.kind, key.value) for key in found.thread if key.evidence == ThreadEvidence.TOKEN] == [("reply", "r1")]


async def test_a_repeat_is_the_same_mail(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        assert stage.channel.repeatable
        file = await attached(provisioned, b"octets")
        for _ in range(2):
            await stage.channel.deliver(reply(attachments=(file,), html="<p>x</p>"))
    first, second = (envelope.content for envelope in sink.mails)
    assert first == second


async def test_a_large_file_is_streamed_to_the_relay(nats: EmbeddedServer, provisioned: Bus) -> None:
    data = bytes(range(256)) * 16_000
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        await stage.channel.deliver(reply(attachments=(await attached(provisioned, data),)))
    found = email.message_from_bytes(sink.raw(), policy=email.policy.default)
    (file,) = found.iter_attachments()
    assert file.get_content() == data


@pytest.mark.parametrize("text", [".", "..\n.\n", ".\r\n.\r\nQUIT", "a\n.b\n"])
async def test_dots_do_not_end_a_mail(text: str, nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        await stage.channel.deliver(reply(text=text))
    found = email.message_from_bytes(sink.raw(), policy=email.policy.default)
    assert found.get_content().split() == text.split()


@pytest.mark.parametrize(
    "answer,error,reason",
    [
        ("554 5.7.1 spam for one@customer.example", Rejected, Reason.MALFORMED),
        ("552 5.3.4 too big", Rejected, Reason.TOO_LARGE),
        ("451 4.3.0 later", Unavailable, None),
        ("421 4.3.2 stopping", Unavailable, None),
        ("530 5.7.0 log in first", Unavailable, None),
    ],
)
async def test_the_relays_answer_says_who_must_act(
    answer: str, error: type[Rejected | Unavailable], reason: Reason | None, nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        sink.answers = [answer]
        with pytest.raises((Rejected, Unavailable)) as told:
            await stage.channel.deliver(reply())
    assert isinstance(told.value, error)
    assert "customer.example" not in told.value.detail
    assert answer[:3] in told.value.detail
    assert getattr(told.value, "reason", None) == reason


async def test_a_recipient_whom_the_relay_refuses_for_good_does_not_keep_the_mail_from_the_others(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        sink.refused = {TWO.address: "550 5.1.1 unknown"}
        done = await stage.channel.deliver(reply(to=(ONE, TWO)))
        assert done.detail == "recipient 2 of 2 was refused: 550 5.1.1"
        assert [envelope.rcpt_tos for envelope in sink.mails] == [[ONE.address]]
        assert stage.figure("frontline_email_recipients_refused_total") == 1


async def test_a_recipient_who_may_be_served_later_delays_all_so_that_nobody_is_served_twice(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        sink.refused = {TWO.address: "450 4.2.1 busy"}
        with pytest.raises(Unavailable):
            await stage.channel.deliver(reply(to=(ONE, TWO)))
        assert sink.mails == []


async def test_when_all_recipients_are_refused_the_reply_is(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        sink.refused = {each.address: "550 5.1.1 unknown" for each in (ONE, TWO)}
        for to in ((ONE,), (ONE, TWO)):
            with pytest.raises(Rejected):
                await stage.channel.deliver(reply(to=to))


async def test_without_the_relay_the_reply_waits(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink:
        pass
    async with receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        with pytest.raises(Unavailable):
            await stage.channel.deliver(reply())


@pytest.mark.parametrize("silent", [b"", b"220 relay.example ESMTP\r\n", b"554 go away\r\n"])
async def test_a_relay_that_does_not_speak_smtp_makes_the_reply_wait(
    silent: bytes, nats: EmbeddedServer, provisioned: Bus
) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(silent)
        if silent.startswith(b"220"):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, receiving(nats, provisioned, smtp_relay=f"127.0.0.1:{port}", smtp_relay_timeout=0.2) as stage:
        with pytest.raises(Unavailable):
            await stage.channel.deliver(reply())


async def test_an_address_that_the_relay_can_not_carry_is_refused(nats: EmbeddedServer, provisioned: Bus) -> None:
    to = (Recipient(address="größe@customer.example"),)
    async with sinking(enable_SMTPUTF8=False) as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        with pytest.raises(Rejected):
            await stage.channel.deliver(reply(to=to))
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        await stage.channel.deliver(reply(to=to))
        assert sink.mails[0].rcpt_tos == ["größe@customer.example"]


async def test_a_reply_from_an_inbox_that_is_gone_is_refused(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with receiving(nats, provisioned, mailbox_dir=tmp_path) as stage:
        with pytest.raises(Rejected):
            await stage.channel.deliver(reply(inbox=InboxId("gone")))


async def test_a_file_that_is_out_of_reach_makes_the_reply_wait_and_sends_nothing(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    file = await attached(provisioned, b"octets")
    gone = Attachment(
        name="x", media_type="a/b", content=type(file.content)(bucket="ATTACHMENTS", name="no", size=1, sha256="")
    )
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        with pytest.raises(Unavailable):
            await stage.channel.deliver(reply(attachments=(file, gone)))
        assert sink.mails == []
    async with receiving(nats, provisioned, mailbox_dir=tmp_path / "box") as stage:
        with pytest.raises(Unavailable):
            await stage.channel.deliver(reply(attachments=(file, gone)))
        assert list((tmp_path / "box").iterdir()) == []


async def test_the_local_mailbox_holds_one_file_a_mail(nats: EmbeddedServer, provisioned: Bus, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "mailbox"
    async with receiving(nats, provisioned, data_dir=tmp_path / "data") as stage:
        file = await attached(provisioned, b"octets")
        done = await stage.channel.deliver(reply(attachments=(file,)))
        await stage.channel.deliver(reply(attachments=(file,)))
        await stage.channel.deliver(reply(id=MessageId("r2")))
    assert sorted(path.name for path in folder.iterdir()) == ["20260504T120000-r1.eml", "20260504T120000-r2.eml"]
    raw = (folder / "20260504T120000-r1.eml").read_bytes()
    assert done.native_id.encode() in raw
    assert base64.b64encode(b"octets") in raw


async def test_a_mailbox_that_can_not_be_written_makes_the_reply_wait(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    async with receiving(nats, provisioned, mailbox_dir=tmp_path / "file" / "mailbox") as stage:
        with pytest.raises(Unavailable):
            await stage.channel.deliver(reply())


async def test_a_reply_in_the_outbox_is_delivered_and_a_receipt_comes_back(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        message = reply()
        await provisioned.publish(
            subject.outbound(message.channel, message.inbox), encode(message), {"Nats-Msg-Id": message.id}
        )
        receipt = await first_receipt(stage)
    assert (receipt.reply, receipt.state) == ("r1", "sent")
    assert receipt.native_id == email.message_from_bytes(sink.raw())["Message-ID"]


async def test_what_became_of_each_recipient_is_told_to_the_contact(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        sink.refused = {TWO.address: "550 5.1.1 two@customer.example is unknown"}
        message = reply(to=(ONE, TWO))
        await provisioned.publish(
            subject.outbound(message.channel, message.inbox), encode(message), {"Nats-Msg-Id": message.id}
        )
        receipt = await first_receipt(stage)
    assert (receipt.state, receipt.detail) == ("sent", "recipient 2 of 2 was refused: 550 5.1.1")


async def test_two_machines_that_answer_each_other_stop_by_count(nats: EmbeddedServer, provisioned: Bus) -> None:
    """Hard cases 18 and 19: whatever their mails say of themselves."""
    async with sinking() as sink:
        settings: dict[str, Any] = {"smtp_relay": sink.address, "email_automatic_per_day": 3}
        async with receiving(nats, provisioned, **settings) as stage:
            states = []
            for number in range(5):
                message = reply(id=MessageId(f"r{number}"), kind=OutboundKind.ACKNOWLEDGEMENT)
                states.append((await stage.channel.deliver(message)).state)
                if number == 0:
                    assert (await stage.channel.deliver(message)).state == "sent"  # a repeat is the same mail
            assert states == ["sent", "sent", "sent", "failed", "failed"]
            assert stage.figure("frontline_email_automatic_mails_held_back_total", kind="acknowledgement") == 2
            assert (await stage.channel.deliver(reply(id=MessageId("r9")))).state == "sent"
    automatic = [mail for mail in sink.mails if b"Auto-Submitted: auto-replied" in mail.content]  # type: ignore[operator]
    assert len(automatic) == 4
    assert len(sink.mails) == 5


async def test_rule_4_4_the_count_is_of_all_processes_and_outlives_each(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink:
        settings: dict[str, Any] = {"smtp_relay": sink.address, "email_automatic_per_day": 3}

        async def acknowledged(stage: Stage, number: int) -> str:
            message = reply(id=MessageId(f"r{number}"), kind=OutboundKind.ACKNOWLEDGEMENT)
            return (await stage.channel.deliver(message)).state

        async with (
            receiving(nats, provisioned, **settings) as one,
            receiving(nats, provisioned, **settings) as two,
        ):
            states = await asyncio.gather(*(acknowledged((one, two)[number % 2], number) for number in range(8)))
            assert sorted(states) == ["failed"] * 5 + ["sent"] * 3
        allowed = next(number for number, state in enumerate(states) if state == "sent")
        async with receiving(nats, provisioned, **settings) as again:
            assert await acknowledged(again, allowed) == "sent", "a repeat is the same mail"
            assert await acknowledged(again, 9) == "failed"
        assert len(sink.mails) == 4
    kept = [item async for item in read(provisioned, "KV_CHECKPOINTS", "$KV.CHECKPOINTS.email.automatic.>")]
    assert len(kept) == 1
    assert ONE.address.encode() not in kept[0].data, "an HMAC stands for the address"


async def test_a_mail_is_signed_as_it_leaves_with_its_files(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    (tmp_path / "r._domainkey.frontline.example.pem").write_bytes(RSA_PEM)
    (tmp_path / "e._domainkey.frontline.example.pem").write_bytes(pem(ED_KEY))
    settings: dict[str, Any] = {"dkim_keys": tmp_path, "email_reply_tokens": True}
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address, **settings) as stage:
        await stage.channel.deliver(reply(attachments=(await attached(provisioned, bytes(range(256)) * 2000),)))
    found = judged(sink.raw(), looking({question(f"{key}._domainkey.frontline.example"): ZONE[question(
        f"{key}._domainkey.customer.example")] for key in "re"}))  # fmt: skip
    assert [finding.result for finding in found] == ["pass", "pass"]


async def first_receipt(stage: Stage) -> Any:
    stored: AsyncIterator[Any] = follow(
        stage.bus, "INBOX_email", "inbound.email.>", "nothing.is.republished", recheck=0.05
    )
    async with asyncio.timeout(30):
        async for items in stored:
            if items:
                return decode_inbound(items[0].data)
    raise AssertionError
