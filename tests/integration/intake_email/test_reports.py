"""Bounces and receipts by real SMTP: they reach the reply that they are about, and nobody's contact (hard case 20)."""

import hashlib

import msgspec
import pytest

from frontline.contract.channel import ORIGINALS
from frontline.contract.codec import decode_inbound
from frontline.contract.ids import ContactId
from frontline.contract.message import DeliveryReceipt, DeliveryState, InboundMessage, ObjectRef
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.objects import Objects
from frontline.runtime.reader import read
from frontline.runtime.topology import THREADS
from tests.chunks import whole
from tests.integration.intake_email.stage import ADDRESSES, SUPPORT, Stage, fixture, mail, receiving, reply, sinking

CONTACT = ContactId("c1")
COUNTED = "frontline_email_mail_reports_total"
FAILED = "Final-Recipient: rfc822; one@customer.example\r\nAction: failed\r\nStatus: 5.1.1"
DELAYED = "Final-Recipient: rfc822; one@customer.example\r\nAction: delayed\r\nStatus: 4.4.1"


def report(returned: bytes, status: str = FAILED) -> bytes:
    """What the customer's mail server sends back of `returned`."""
    head = (
        "From: MAILER-DAEMON@mx.customer.example\r\nTo: support@frontline.example\r\nSubject: Undelivered\r\n"
        "Message-ID: <dsn@mx.customer.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="dsn"\r\n\r\n'
        "--dsn\r\n\r\nNo.\r\n--dsn\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.customer.example\r\n\r\n{status}\r\n\r\n--dsn\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    return head.encode() + returned + b"\r\n--dsn--\r\n"


async def inbound(stage: Stage) -> list[InboundMessage | DeliveryReceipt]:
    return [decode_inbound(item.data) async for item in read(stage.bus, "INBOX_email", "inbound.email.>")]


async def originals(stage: Stage) -> list[str]:
    """The names of the originals that are kept."""
    metas = [item.data async for item in read(stage.bus, f"OBJ_{ORIGINALS}", f"$O.{ORIGINALS}.M.>")]
    return [msgspec.json.decode(meta)["name"] for meta in metas]


async def kept(stage: Stage, name: str, raw: bytes) -> bool:
    ref = ObjectRef(bucket=ORIGINALS, name=name, size=len(raw), sha256=hashlib.sha256(raw).hexdigest())
    return await whole(Objects(stage.bus).get(ref)) == raw


async def known(stage: Stage) -> None:
    """What the router does when a reply is decided: its id leads to its contact."""
    await KeyValue(stage.bus, THREADS).put(stage.service.signer.key_hash("reply", "r1"), CONTACT.encode())


@pytest.mark.parametrize("status,state", [(FAILED, DeliveryState.FAILED), (DELAYED, DeliveryState.UNKNOWN)])
async def test_a_bounce_becomes_a_receipt_of_the_reply_and_no_contact(
    nats: EmbeddedServer, provisioned: Bus, status: str, state: DeliveryState
) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        await known(stage)
        await stage.channel.deliver(reply())
        raw = report(sink.raw(), status)
        await stage.send(raw, sender="")
        (found,) = await inbound(stage)
        assert isinstance(found, DeliveryReceipt)
        assert (found.reply, found.contact, found.state) == ("r1", CONTACT, state)
        assert "one@customer.example" in found.detail
        assert await kept(stage, f"{found.id}/0", raw)
        assert stage.figure(COUNTED, kind="bounce", outcome=state) == 1


async def test_a_bounce_that_comes_twice_is_one_receipt(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with sinking() as sink, receiving(nats, provisioned, smtp_relay=sink.address) as stage:
        await known(stage)
        await stage.channel.deliver(reply())
        for _ in range(2):
            await stage.send(report(sink.raw()), sender="")
        assert len({found.key for found in await inbound(stage)}) == 1


@pytest.mark.parametrize(
    "name", ["bounce-without-original", "bounce-with-a-forged-token", "bounce-postfix-unknown-user"]
)
async def test_a_bounce_of_no_reply_of_ours_is_kept_and_counted_and_makes_no_contact(
    nats: EmbeddedServer, provisioned: Bus, name: str
) -> None:
    """Without the original, with a token that somebody made up, with one of another deployment (its key is not ours)."""
    raw = fixture(f"{name}.eml")
    async with receiving(nats, provisioned) as stage:
        await stage.send(raw, sender="")
        assert await inbound(stage) == []
        (name_of_it,) = await originals(stage)
        assert await kept(stage, name_of_it, raw)
        assert stage.figure(COUNTED, kind="bounce", outcome="unbound") == 1


async def test_a_person_who_writes_of_a_bounce_is_a_contact(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await stage.send(fixture("person-forwards-a-bounce.eml"))
        await stage.send(mail("The mail could not be delivered: 550 5.1.1 User unknown.\r\n"), ADDRESSES[SUPPORT])
        assert len(await stage.stored()) == 2
