"""Taking messages in: `receive` on a real server."""

import asyncio
from datetime import UTC, datetime

import pytest

from frontline.contract.channel import Receive
from frontline.contract.codec import decode_inbound
from frontline.contract.error import Reason, Rejected, Unavailable
from frontline.contract.ids import InboxId, MessageId
from frontline.contract.message import DeliveryReceipt, DeliveryState, ObjectRef, Times
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.parked import list_parked
from tests.integration.runtime.stage import (
    LOFT,
    PIGEON,
    Desk,
    Pigeon,
    announce,
    hosting,
    left,
    message,
    until,
)

ORIGINAL = ObjectRef(bucket="ORIGINALS", name="m/0", size=1, sha256="0" * 64)


async def test_receive_returns_only_once_the_message_is_stored(nats: EmbeddedServer, provisioned: Bus) -> None:
    await announce(provisioned)
    async with hosting(nats) as stage:
        await stage.host.receive(message())
        stored = await Desk(provisioned).take()
    assert decode_inbound(stored.data) == message()
    assert stored.subject == "inbound.pigeon.loft"
    assert stored.headers["Nats-Msg-Id"] == stored.headers["ce-id"] == message().id
    assert stored.headers["ce-type"] == "frontline.inbound_message.v1"
    assert stored.headers["ce-source"] == "/frontline/pigeon/loft"
    assert stored.headers["ce-time"] == "2026-05-04T12:00:00Z"
    assert stored.headers["traceparent"].startswith("00-")
    assert stage.figure("frontline_intake_messages_total", channel="pigeon", outcome="accepted") == 1
    assert stage.figure("frontline_intake_accept_seconds_count", channel="pigeon") == 1


async def test_a_repeat_is_accepted_and_stored_once(nats: EmbeddedServer, provisioned: Bus) -> None:
    await announce(provisioned)
    async with hosting(nats) as stage:
        await asyncio.gather(*(stage.host.receive(message()) for _ in range(5)))
        await stage.host.receive(message())
    assert await left(provisioned, "INBOX_pigeon") == 1
    assert stage.figure("frontline_intake_messages_total", channel="pigeon", outcome="repeated") == 5


async def test_a_receipt_goes_the_same_way(nats: EmbeddedServer, provisioned: Bus) -> None:
    await announce(provisioned)
    receipt = DeliveryReceipt(
        id=MessageId("d1"),
        key="k",
        channel=PIGEON,
        inbox=LOFT,
        reply=MessageId("r1"),
        contact=message().id,  # type: ignore[arg-type]
        state=DeliveryState.READ,
        times=Times(received=datetime(2026, 5, 4, tzinfo=UTC)),
    )
    async with hosting(nats) as stage:
        await stage.host.receive(receipt)
        stored = await Desk(provisioned).take()
    assert decode_inbound(stored.data) == receipt
    assert stored.headers["ce-type"] == "frontline.delivery_receipt.v1"


async def test_an_unknown_inbox_is_refused_until_the_router_says_that_it_is_there(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    attic = InboxId("attic")
    async with hosting(nats) as stage:
        with pytest.raises(Rejected) as caught:
            await stage.host.receive(message(inbox=attic))
        assert caught.value.reason is Reason.UNKNOWN_INBOX
        assert stage.host.inboxes.by_address("attic@frontline.example") is None
        await announce(provisioned, attic, "attic@frontline.example")
        await until(lambda: stage.host.inboxes.by_id(attic))
        await stage.host.receive(message(inbox=attic))
        found = stage.host.inboxes.by_address(" Attic@Frontline.EXAMPLE ")
    assert found is not None
    assert (found.inbox, found.desk) == ("attic", "support")
    assert await left(provisioned, "INBOX_pigeon") == 1


async def test_nothing_is_refused_for_good_before_the_directory_has_been_read(nats: EmbeddedServer, bus: Bus) -> None:
    """There are no streams yet: a sender who is told 'no such inbox' now would never come back."""
    async with hosting(nats, wait=False) as stage:
        await until(lambda: stage.service.bus.connected and stage.made)
        host = stage.made[0].host
        with pytest.raises(Unavailable):
            host.inboxes.by_address("loft@frontline.example")
        with pytest.raises(Unavailable):
            await host.receive(message())
        assert "directory" in stage.service.health.unready()


async def test_nothing_is_refused_for_good_before_the_router_has_written_the_directory(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    """An empty directory is one that nobody has written yet."""
    async with hosting(nats, wait=False) as stage:
        await until(lambda: stage.service.bus.connected and stage.made)
        host = stage.made[0].host
        with pytest.raises(Unavailable):
            host.inboxes.by_address("loft@frontline.example")
        await announce(provisioned)
        await until(lambda: not stage.service.health.unready().get("directory"))
        assert host.inboxes.by_address("nobody@frontline.example") is None


async def test_a_message_that_says_another_channel_is_a_bug_and_not_stored(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await announce(provisioned)
    async with hosting(nats) as stage:
        with pytest.raises(ValueError, match="channel"):
            await stage.host.receive(message(channel="email"))
    assert stage.figure("frontline_intake_messages_total", channel="pigeon", outcome="bug") == 1


async def test_with_nats_away_receive_says_so_at_once_and_works_again_without_a_restart(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    """The acknowledgement deadline is an hour: only a lost connection can answer within the test's time."""
    await announce(provisioned)
    async with hosting(nats, ack_deadline=3600) as stage:
        await stage.host.receive(message(1))
        nats.pause()
        hanging = [asyncio.ensure_future(stage.host.receive(message(n))) for n in range(2, 12)]
        await asyncio.sleep(0)
        await nats.kill()
        for outcome in await asyncio.gather(*hanging, return_exceptions=True):
            assert isinstance(outcome, Unavailable)
            assert not outcome.full
        with pytest.raises(Unavailable):
            await stage.host.receive(message(12))
        assert "nats" in stage.service.health.unready()
        await nats.start()
        await until(lambda: not stage.service.health.unready())
        for number in range(1, 13):
            await stage.host.receive(message(number))
        await provisioned.wait_connected()
        assert await left(provisioned, "INBOX_pigeon") == 12


async def test_a_server_that_does_not_answer_becomes_unavailable_at_the_deadline(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await announce(provisioned)
    async with hosting(nats, ack_deadline=0.2) as stage:
        nats.pause()
        with pytest.raises(Unavailable):
            await stage.host.receive(message(1))
        nats.resume()

        async def taken() -> bool:
            try:
                await stage.host.receive(message(1))
            except Unavailable:  # the machine itself may not answer within so short a deadline
                return False
            return True

        while not await taken():
            pass
    assert await left(provisioned, "INBOX_pigeon") == 1


async def test_a_full_stream_pushes_back_and_takes_again_when_there_is_room(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await announce(provisioned)
    js = provisioned.nc.jetstream()
    config = (await js.stream_info("INBOX_pigeon")).config
    await js.update_stream(config.evolve(max_bytes=4096))
    async with hosting(nats) as stage:
        numbers = iter(range(100))

        async def fill() -> None:
            for number in numbers:
                await stage.host.receive(message(number))

        with pytest.raises(Unavailable) as caught:
            await fill()
        stored = await left(provisioned, "INBOX_pigeon")
        assert caught.value.full
        assert stage.figure("frontline_intake_messages_total", channel="pigeon", outcome="full") == 1
        await Desk(provisioned).take()
        await stage.host.receive(message(stored))
    assert 0 < stored == await left(provisioned, "INBOX_pigeon")


async def test_a_message_with_a_flaw_is_stored_and_a_copy_is_parked_for_a_look(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await announce(provisioned)
    flawed = message(flaw="the charset is unknown", original=ORIGINAL)
    async with hosting(nats) as stage:
        await stage.host.receive(flawed)
        await stage.host.receive(flawed)
    (item,) = await list_parked(provisioned)
    assert (item.note.service, item.note.reason, item.note.subject) == (
        "intake-pigeon",
        "flawed",
        "inbound.pigeon.loft",
    )
    assert item.note.ids == {"message": flawed.id, "inbox": "loft"}
    assert item.note.error == "the charset is unknown"
    assert decode_inbound(item.payload) == flawed
    assert await left(provisioned, "INBOX_pigeon") == 1


async def test_a_huge_message_travels_shortened_and_is_shown_to_a_person(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await announce(provisioned)
    huge = message(text="word " * 1_000_000, html="<p>" * 1_000_000, original=ORIGINAL)
    async with hosting(nats) as stage:
        await stage.host.receive(huge)
        stored = decode_inbound((await Desk(provisioned).take()).data)
    assert stored.text.startswith("word word")  # type: ignore[union-attr]
    assert "text cut" in stored.flaw  # type: ignore[union-attr]
    assert stored.original == ORIGINAL  # type: ignore[union-attr]
    assert len(await list_parked(provisioned)) == 1


async def test_a_huge_message_without_an_original_is_refused_and_not_cut(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await announce(provisioned)
    async with hosting(nats) as stage:
        with pytest.raises(Rejected) as caught:
            await stage.host.receive(message(text="word " * 1_000_000))
        assert caught.value.reason is Reason.TOO_LARGE
    assert await left(provisioned, "INBOX_pigeon") == 0


class Fainting(Pigeon):
    """Serves, fails, serves again, returns, serves for good."""

    async def serve(self, receive: Receive) -> None:
        if self.served == 1:
            self.served += 1
            self.host.listening("loft", "127.0.0.1:7")
            return
        if self.served == 0:
            self.served += 1
            raise OSError("the loft is on fire")
        await super().serve(receive)


async def test_a_plug_in_that_fails_or_returns_is_served_again_and_not_ready_meanwhile(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await announce(provisioned)
    async with hosting(nats, Fainting, wait=False) as stage:
        await until(lambda: stage.figure("frontline_failures_total", service="intake-pigeon", where="serve") == 1)
        assert stage.service.health.unready()["listening"] == "the channel has stopped serving"
        await until(lambda: stage.figure("frontline_failures_total", service="intake-pigeon", where="serve") == 2)
        assert stage.service.status.listeners == {}
        await until(lambda: not stage.service.health.unready())
        assert stage.service.status.listeners == {"loft": "127.0.0.1:7"}


class Draining(Pigeon):
    """Told to stop, takes in what is in hand."""

    async def serve(self, receive: Receive) -> None:
        self.host.listening("loft", "127.0.0.1:7")
        try:
            await asyncio.Event().wait()
        finally:
            await receive(message(1))
            await receive(message(2))


async def test_what_a_channel_has_in_hand_when_it_is_told_to_stop_is_still_stored(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await announce(provisioned)
    async with hosting(nats, Draining) as stage:
        await until(lambda: stage.host.inboxes.by_id(LOFT))
    assert await left(provisioned, "INBOX_pigeon") == 2


async def test_an_unreadable_entry_of_the_directory_leaves_the_inbox_as_it_was(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    await announce(provisioned)
    async with hosting(nats) as stage:
        await provisioned.publish("$KV.DIRECTORY.pigeon.loft", b"\xff not json")
        await announce(provisioned, InboxId("dovecote"), "dovecote@frontline.example")
        await until(lambda: stage.host.inboxes.by_id(InboxId("dovecote")))
        assert stage.host.inboxes.by_id(LOFT) is not None
        await provisioned.publish("$KV.DIRECTORY.pigeon.loft", b"", {"KV-Operation": "DEL"})
        await until(lambda: stage.host.inboxes.by_id(LOFT) is None)
        assert stage.host.inboxes.by_address("loft@frontline.example") is None
    assert stage.figure("frontline_failures_total", service="intake-pigeon", where="directory") == 1


async def test_a_signature_for_one_channel_says_nothing_in_another(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with hosting(nats) as stage:
        assert stage.host.sign("thread", b"x") == stage.host.sign("thread", b"x")
        assert stage.host.sign("thread", b"x") != stage.host.sign("other", b"x")
        assert stage.host.sign("thread", b"x") != stage.service.signer.sign("thread", b"x")
