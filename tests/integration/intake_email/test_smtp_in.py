"""Mail in by real SMTP: 250 means stored, anything else means not, and each inbox gets its own."""

import asyncio
import smtplib
import threading
from datetime import UTC, datetime

import pytest

from frontline.contract.message import Automation, ThreadEvidence
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.parked import list_parked
from intake_email import normalize, taking
from tests.integration.intake_email.stage import (
    ADDRESSES,
    SALES,
    SUPPORT,
    fixture,
    mail,
    receiving,
    reply,
    session,
    with_file,
)

NOON = datetime(2026, 5, 4, 12, 0, 0, 500_999, tzinfo=UTC)


async def test_a_mail_that_got_250_is_stored_with_its_original(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned, clock=lambda: NOON) as stage:
        await stage.send(mail())
        found = await stage.one()
        assert await stage.octets(found) == mail()
    assert found.inbox == SUPPORT
    assert found.sender.address == "one@customer.example"
    assert found.text == "It does not work."
    assert found.times.received == NOON.replace(microsecond=500_000)
    assert found.native["return_path"] == "one@customer.example"
    assert found.native["recipients"] == [ADDRESSES[SUPPORT]]


async def test_files_are_stored_before_the_message(nats: EmbeddedServer, provisioned: Bus) -> None:
    data = bytes(range(256)) * 3000
    raw = with_file(data).replace(b"\n", b"\r\n")
    async with receiving(nats, provisioned) as stage:
        await stage.send(raw)
        found = await stage.one()
        assert await stage.octets(found) == raw
        assert await stage.octets(found, 1) == data
    assert [(file.name, file.media_type) for file in found.attachments] == [("report.pdf", "application/pdf")]


async def test_a_mail_to_two_of_our_inboxes_is_one_message_in_each(nats: EmbeddedServer, provisioned: Bus) -> None:
    """Hard case 1: by one transaction, and by two as mail servers do it."""
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail(Message_ID="<both@customer.example>"), ADDRESSES[SUPPORT], ADDRESSES[SALES])
        await stage.send(mail(Message_ID="<each@customer.example>"), ADDRESSES[SUPPORT])
        await stage.send(mail(Message_ID="<each@customer.example>"), ADDRESSES[SALES])
        found = await stage.stored()
        assert {(each.inbox, each.native_id) for each in found} == {
            (inbox, native_id)
            for inbox in (SUPPORT, SALES)
            for native_id in ("<both@customer.example>", "<each@customer.example>")
        }
        assert len({each.id for each in found}) == len(found) == 4
        for each in found:
            assert await stage.octets(each)


async def test_two_addresses_of_one_inbox_are_one_message(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail(), "support@frontline.example", "Support+Billing@Frontline.Example")
        found = await stage.one()
    assert found.native["recipients"] == ["support@frontline.example", "support+billing@frontline.example"]


async def test_a_mail_without_an_id_that_comes_twice_is_one_message(nats: EmbeddedServer, provisioned: Bus) -> None:
    """Hard case 2."""
    async with receiving(nats, provisioned) as stage:
        for _ in range(3):
            await stage.send(mail(Message_ID=None))
        assert (await stage.one()).native_id.startswith("sha256:")


async def test_two_different_mails_with_one_id_are_both_kept(nats: EmbeddedServer, provisioned: Bus) -> None:
    """Hard case 3."""
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail("One.\r\n"))
        await stage.send(mail("Two.\r\n"))
        assert {each.text for each in await stage.stored()} == {"One.", "Two."}


async def test_a_forged_reference_is_no_token_and_a_real_one_is(nats: EmbeddedServer, provisioned: Bus) -> None:
    """Hard case 10, with the host's own keys: the sender who had our mail is told from the one who guesses."""
    async with receiving(nats, provisioned) as stage:
        sent = await stage.channel.deliver(reply())
        await stage.send(mail(Message_ID="<a@x.example>", In_Reply_To=sent.native_id))
        await stage.send(mail(Message_ID="<b@x.example>", In_Reply_To=f"<r1.{'a' * 20}@frontline.example>"))
        true, forged = await stage.stored()
    assert [key.value for key in true.thread if key.evidence == ThreadEvidence.TOKEN] == ["r1"]
    assert [key for key in forged.thread if key.evidence == ThreadEvidence.TOKEN] == []


async def test_a_bounce_has_no_sender_to_answer(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail(), sender="")
        found = await stage.one()
    assert found.native["return_path"] == ""
    assert found.automation == Automation.AUTO_REPLIED


async def test_who_is_copied_is_a_recipient_and_not_the_customer(nats: EmbeddedServer, provisioned: Bus) -> None:
    """Hard case 12."""
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail(Cc="Customer Two <two@customer.example>"), sender="two@customer.example")
        found = await stage.one()
    assert found.sender.address == "one@customer.example"
    assert [each.address for each in found.recipients if each.role == "cc"] == ["two@customer.example"]


async def test_an_unreadable_mail_is_kept_and_shown_to_a_person(nats: EmbeddedServer, provisioned: Bus) -> None:
    raw = fixture("multipart-without-parts.eml")
    async with receiving(nats, provisioned) as stage:
        await stage.send(raw)
        found = await stage.one()
        parked = await list_parked(provisioned)
        assert await stage.octets(found) == raw
    assert found.flaw == "a multipart without parts"
    assert [each.note.reason for each in parked] == ["flawed"]


async def test_octets_that_no_mail_should_have_come_through_whole(nats: EmbeddedServer, provisioned: Bus) -> None:
    raw = (
        mail(Message_ID="<odd@x.example>")
        + b"\xff\xfe bare\nline feeds\n.\nand a long line "
        + b"x" * 5000
        + b"\r\n..dots\r\n"
    )
    async with receiving(nats, provisioned) as stage:
        answers = await stage.talk(
            b"EHLO x\r\n",
            b"MAIL FROM:<one@customer.example> BODY=8BITMIME\r\n",
            b"RCPT TO:<support@frontline.example>\r\n",
            b"DATA\r\n",
            raw.replace(b"\r\n.", b"\r\n..") + b".\r\n",
        )
        assert answers[-1].startswith("250")
        assert await stage.octets(await stage.one()) == raw


async def test_many_senders_at_once_are_all_served(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        mails = [mail(f"Text {number}.\r\n", Message_ID=f"<{number}@customer.example>") for number in range(60)]
        await asyncio.gather(*(stage.send(each) for each in mails))
        found = await stage.stored()
    assert {each.text for each in found} == {f"Text {number}." for number in range(60)}


async def test_several_mails_come_over_one_session(nats: EmbeddedServer, provisioned: Bus) -> None:
    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            for number in range(3):
                raw = mail(Message_ID=f"<{number}@customer.example>")
                client.sendmail("one@customer.example", [ADDRESSES[SUPPORT]], raw)

    async with receiving(nats, provisioned) as stage:
        await asyncio.to_thread(send, stage.port)
        assert len(await stage.stored()) == 3


@pytest.mark.parametrize("lines", [1, 20_000])
async def test_a_client_that_does_not_wait_for_answers_is_served(
    lines: int, nats: EmbeddedServer, provisioned: Bus
) -> None:
    raw = mail("".join(f"line {number}\r\n" for number in range(lines)))
    said = (
        b"EHLO x\r\nMAIL FROM:<one@customer.example>\r\nRCPT TO:<support@frontline.example>\r\nDATA\r\n",
        raw + b".\r\nNOOP\r\nQUIT\r\n",
    )
    async with receiving(nats, provisioned) as stage, session(stage.port) as (reader, writer):
        writer.write(b"".join(said))
        answers = (await reader.read()).split(b"\r\n")
        assert [answer[:3] for answer in answers[-7:]] == [b"250", b"250", b"354", b"250", b"250", b"221", b""]
        assert await stage.octets(await stage.one()) == raw


async def test_international_addresses_are_taken(nats: EmbeddedServer, provisioned: Bus) -> None:
    raw = mail(From="Größe <größe@customer.example>")
    async with receiving(nats, provisioned) as stage:
        answers = await stage.talk(
            b"EHLO x\r\n",
            "MAIL FROM:<größe@customer.example> SMTPUTF8\r\n".encode(),
            b"RCPT TO:<support@frontline.example>\r\n",
            b"DATA\r\n",
            raw + b".\r\n",
        )
        assert answers[-1].startswith("250")
        found = await stage.one()
    assert (found.sender.address, found.sender.name) == ("größe@customer.example", "Größe")
    assert found.native["return_path"] == "größe@customer.example"


async def test_the_same_mail_from_many_sessions_at_once_is_one_message(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await asyncio.gather(*(stage.send(mail()) for _ in range(10)))
        await stage.one()


@pytest.mark.parametrize("name", ["alternative-gmail", "html-hostile", "charset-iso-2022-jp-unlabelled"])
async def test_a_mail_of_the_corpus_comes_through(name: str, nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await stage.send(fixture(f"{name}.eml"))
        assert await stage.octets(await stage.one()) == fixture(f"{name}.eml")


async def test_a_large_mail_is_read_beside_the_loop_and_a_small_one_on_it(
    nats: EmbeddedServer, provisioned: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[bool] = []

    def noted(raw: bytes) -> normalize.Mail:
        threads.append(threading.current_thread() is threading.main_thread())
        return normalize.read(raw)

    monkeypatch.setattr(taking, "read", noted)
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail())
        await stage.send(with_file(b"x" * 100_000).replace(b"\n", b"\r\n"))
    assert threads == [True, False]
