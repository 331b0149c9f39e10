"""Text messages: in with their files, out once, and what became of them."""

import asyncio
from datetime import UTC, datetime

import pytest

from frontline.contract.codec import encode
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import ContactId, InboxId, MessageId
from frontline.contract.message import Attachment, DeliveryState, Recipient
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.objects import Objects, one
from intake_phone.rest import NoAnswer
from intake_phone.simulator.account import new_sid
from intake_phone.simulator.exchange import HookFailed, Stored
from tests.integration.intake_phone.stage import OURS, PATIENCE, SUPPORT, THEIRS, answering, reply, until

NOON = datetime(2026, 5, 4, 12, 0, 0, 500_999, tzinfo=UTC)


async def test_a_text_that_was_taken_is_stored_with_its_original(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone, clock=lambda: NOON) as stage:
        native_id = await stage.exchange.text_in(THEIRS, OURS, "Where is my parcel? ✉")
        (found,) = await stage.stored()
        original = await stage.octets(found, 0)
    assert (found.inbox, found.native_id, found.text) == (SUPPORT, native_id, "Where is my parcel? ✉")
    assert found.sender.address == THEIRS
    assert found.times.received == NOON.replace(microsecond=500_000)
    assert b"Where+is+my+parcel" in original


async def test_a_text_that_comes_twice_is_one_message(nats: EmbeddedServer, phone: Bus) -> None:
    """Hard case 44: a signed request is replayed."""
    async with answering(nats, phone) as stage:
        for _ in range(3):
            await stage.exchange.text_in(THEIRS, OURS, "Once", MessageSid="SM" + "a" * 32)
        assert len(await stage.stored()) == 1


async def test_pictures_that_are_not_there_at_first_are_fetched_with_our_credentials(
    nats: EmbeddedServer, phone: Bus
) -> None:
    """Hard case 52."""
    first, second = Stored(b"\x89PNG" * 5000, "image/png", missing=2), Stored(b"%PDF", "application/pdf")
    async with answering(nats, phone) as stage:
        await stage.exchange.text_in(THEIRS, OURS, "See", media=[first, second])
        (found,) = await stage.stored()
        assert await stage.octets(found, 1) == first.data
        assert await stage.octets(found, 2) == second.data
    assert [(file.name, file.media_type) for file in found.attachments] == [
        ("image-1.png", "image/png"),
        ("application-2.pdf", "application/pdf"),
    ]
    assert found.flaw == ""


async def test_a_picture_that_never_comes_does_not_cost_the_words(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        await stage.exchange.text_in(THEIRS, OURS, "See", media=[Stored(b"x", "image/png", missing=99)])
        (found,) = await stage.stored()
    assert found.text == "See"
    assert found.flaw == "1 of its files could not be fetched"
    assert stage.figure("frontline_parked_total", service="intake-phone", reason="flawed") == 1


async def test_a_number_that_is_not_ours_is_refused(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        with pytest.raises(HookFailed, match="404"):
            await stage.exchange.text_in(THEIRS, "+12025550999", "Hello?")
        assert await stage.stored() == []


async def test_a_text_while_nats_is_away_is_stored_when_it_is_back(nats: EmbeddedServer, phone: Bus) -> None:
    """The sender is told to come again; what was taken in hand is kept up, and is one message in the end."""
    async with answering(nats, phone, phone_answer_seconds=0.3, ack_deadline=0.5) as stage:
        nats.pause()
        with pytest.raises(HookFailed, match="503"):
            await stage.exchange.text_in(THEIRS, OURS, "Still there?", MessageSid="SM" + "b" * 32)
        nats.resume()
        await stage.have(1)

        async def comes_again() -> bool:
            try:
                await stage.exchange.text_in(THEIRS, OURS, "Still there?", MessageSid="SM" + "b" * 32)
            except HookFailed:  # a loaded machine may not answer in so short a time either
                return False
            return True

        while not await comes_again():
            pass
        assert len(await stage.stored()) == 1


async def test_a_number_of_a_messaging_service_may_stand_for_the_service(nats: EmbeddedServer, phone: Bus) -> None:
    """Hard case 43: a pool of numbers."""
    service = "MG" + "c" * 32
    async with answering(nats, phone, addresses={SUPPORT: service}) as stage:
        await stage.exchange.text_in(THEIRS, "+12025550777", "To the pool", MessagingServiceSid=service)
        (found,) = await stage.stored()
        await stage.made[0].deliver(reply())
        await until(lambda: stage.exchange.texts)
    assert found.inbox == SUPPORT
    assert stage.exchange.texts[0].sender == service


async def test_whatsapp_comes_in_and_goes_out_under_the_number_that_it_knows(nats: EmbeddedServer, phone: Bus) -> None:
    """Hard case 51: Mexican numbers are told both ways, and are one customer."""
    async with answering(nats, phone) as stage:
        for address in ("whatsapp:+5215512345678", "whatsapp:+525512345678"):
            await stage.exchange.text_in(address, f"whatsapp:{OURS}", "Hola", ProfileName="Customer One")
        first, second = await stage.stored()
        await stage.made[0].deliver(reply(to=(Recipient(address=first.sender.address),)))
        await until(lambda: stage.exchange.texts)
    assert first.sender == second.sender
    assert first.sender.name == "Customer One"
    assert (stage.exchange.texts[0].to, stage.exchange.texts[0].sender) == (
        "whatsapp:+5215512345678",
        f"whatsapp:{OURS}",
    )


async def test_a_reply_goes_out_and_its_way_is_told(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        stage.exchange.statuses = ("queued", "sent", "delivered", "read")
        delivered = await stage.made[0].deliver(reply())
        await until(lambda: stage.figure("frontline_intake_messages_total", channel="phone", outcome="accepted") >= 3)
        receipts = await stage.receipts()
    assert [(text.to, text.sender, text.body) for text in stage.exchange.texts] == [
        (THEIRS, OURS, "We are on our way.")
    ]
    assert delivered.native_id == stage.exchange.texts[0].sid
    assert [each.state for each in receipts] == [DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ]
    assert {(each.reply, each.contact, each.inbox) for each in receipts} == {("r1", "c1", SUPPORT)}


@pytest.mark.parametrize(
    "told,kept",
    [
        (("delivered", "sent", "delivered", "sent"), ["delivered"]),
        (("sent", "sent", "delivered", "delivered"), ["sent", "delivered"]),
        (("read", "delivered", "sent"), ["read"]),
        (("failed", "delivered", "sent"), ["failed"]),
        (("accepted", "queued", "sending"), []),
    ],
)
async def test_late_doubled_and_shuffled_statuses_change_nothing_that_is_settled(
    nats: EmbeddedServer, phone: Bus, told: tuple[str, ...], kept: list[str]
) -> None:
    """Hard case 45."""
    async with answering(nats, phone) as stage:
        message = new_sid("SM")
        for status in told:
            form = {"MessageSid": message, "MessageStatus": status, "ErrorCode": "30005" if status == "failed" else ""}
            answered, _ = await stage.hook("messaging/status?reply=r1&contact=c1&inbox=support", form)
            assert answered == 204
        receipts = await stage.receipts()
    assert [str(each.state) for each in receipts] == kept
    assert all(("no such number" in each.detail) == (each.state == "failed") for each in receipts)


async def test_whatsapp_a_day_after_the_customer_wrote_fails_with_what_to_do_instead(
    nats: EmbeddedServer, phone: Bus
) -> None:
    """Hard case 53: refused at once, or told by a callback later."""
    later = {"MessageSid": new_sid("SM"), "MessageStatus": "failed", "ErrorCode": "63016"}
    async with answering(nats, phone) as stage:
        stage.api.refusals.append((400, 63016, "Failed to send freeform message because you are outside the window"))
        with pytest.raises(Rejected, match=r"24 hours after .*: answer by SMS or mail"):
            await stage.made[0].deliver(reply(to=(Recipient(address=f"whatsapp:{THEIRS}"),)))
        await stage.hook("messaging/status?reply=r2&contact=c1&inbox=support", later)
        (failed,) = await stage.receipts()
    assert failed.state is DeliveryState.FAILED
    assert "answer by SMS or mail (Twilio 63016)" in failed.detail


async def test_what_twilio_refuses_is_refused_and_what_is_busy_is_put_off(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        deliver = stage.made[0].deliver
        stage.api.refusals += [(400, 63016, "outside the window"), (429, 20429, "too many"), (401, 20003, "no")]
        with pytest.raises(Rejected, match="63016"):
            await deliver(reply())
        for _ in range(2):
            with pytest.raises(Unavailable):
                await deliver(reply())
        stage.api.refusals.append((500, 0, "broken"))
        with pytest.raises(NoAnswer):
            await deliver(reply())
        assert stage.exchange.texts == []


@pytest.mark.parametrize(
    "parts",
    [
        {"text": "x" * 1601},
        {"text": ""},
        {"to": (Recipient(address="withheld:CA" + "0" * 32),)},
        {"to": (Recipient(address="sip:one@customer.example"),)},
        {"to": (Recipient(address=THEIRS), Recipient(address=OURS))},
        {"inbox": InboxId("gone")},
    ],
)
async def test_what_can_not_go_as_a_text_is_refused(nats: EmbeddedServer, phone: Bus, parts: dict[str, object]) -> None:
    async with answering(nats, phone) as stage:
        with pytest.raises(Rejected):
            await stage.made[0].deliver(reply(**parts))
        assert stage.exchange.texts == []


async def test_a_file_of_a_reply_can_be_fetched_by_its_link_and_by_no_other(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        ref = await Objects(phone).put("ATTACHMENTS", "r1/1", one(b"\x89PNG" * 50_000))
        file = Attachment(name="map.png", media_type="image/png", content=ref)
        await stage.made[0].deliver(reply(attachments=(file,)))
        await until(lambda: stage.exchange.texts)
        (url,) = stage.exchange.texts[0].media
        async with stage.exchange.session.get(url) as response:
            assert (response.status, response.content_type) == (200, "image/png")
            assert await response.read() == b"\x89PNG" * 50_000
        async with stage.exchange.session.get(url[:-4] + "AAAA") as response:
            assert response.status == 404


async def test_a_reply_through_the_host_is_sent_and_recorded(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        stage.exchange.statuses = ("delivered",)
        sent = reply(id=MessageId("r7"), contact=ContactId("c7"))
        await phone.publish("outbound.phone.support", encode(sent), {"Nats-Msg-Id": sent.id})
        async with asyncio.timeout(PATIENCE), stage.exchange.arrived:
            await stage.exchange.arrived.wait_for(lambda: stage.exchange.texts)
        await until(
            lambda: (
                stage.figure("frontline_deliveries_total", channel="phone", outcome="sent")
                or stage.figure("frontline_deliveries_total", channel="phone", outcome="delivered")
            )
        )
    assert len(stage.exchange.texts) == 1
