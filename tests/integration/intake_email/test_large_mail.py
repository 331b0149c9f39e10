"""A large mail is stored while it comes in, and never lies in memory whole."""

import asyncio
import base64
import gc
import tracemalloc
from collections.abc import Iterator
from itertools import repeat

import pytest

from frontline.contract.error import Unavailable
from frontline.contract.message import ObjectRef
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.objects import Objects
from frontline.runtime.topology import MIB, Limits, provision, topology
from intake_email.incoming import LARGE_COST
from tests.integration.intake_email.stage import ADDRESSES, SALES, SUPPORT, Stage, receiving, session, until

LINE = base64.b64encode(bytes(range(57))) + b"\r\n"
HEAD = (
    b"From: Customer One <one@customer.example>\r\nTo: support@frontline.example\r\nSubject: A large file\r\n"
    b"Message-ID: <large@customer.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
    b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=report.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n"
)
END = b"--b--\r\n"
START = (b"EHLO client.example\r\n", b"MAIL FROM:<one@customer.example>\r\n")


def pieces(megabytes: int) -> Iterator[bytes]:
    yield HEAD
    yield from repeat(LINE * 840, megabytes * 16)
    yield END


async def hand_over(stage: Stage, megabytes: int, *to: str) -> str:
    """The answer to a mail of that size, which lies in memory nowhere on this side either."""
    recipients = (f"RCPT TO:<{address}>\r\n".encode() for address in to or (ADDRESSES[SUPPORT],))
    async with session(stage.port, *START, *recipients, b"DATA\r\n") as (reader, writer):
        for piece in pieces(megabytes):
            writer.write(piece)
            await writer.drain()
        writer.write(b".\r\n")
        return (await reader.readline()).decode()


async def kept(bus: Bus, bucket: str) -> int:
    """Messages in the stream of a bucket: each chunk and each name is one."""
    return (await bus.nc.jetstream().stream_info(f"OBJ_{bucket}")).state.messages


async def size_and_digest(bus: Bus, ref: ObjectRef | None) -> int:
    """How many octets are kept; reading checks them against the digest."""
    assert ref is not None
    size = 0
    async for chunk in Objects(bus).get(ref):
        size += len(chunk)
    return size


async def test_a_large_mail_is_kept_whole_and_takes_little_memory(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await hand_over(stage, 1)  # whatever is loaded at the first one
        gc.collect()
        tracemalloc.start()
        try:
            assert (await hand_over(stage, 12)).startswith("250 2.0.0")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        found = next(each for each in await stage.stored() if each.original and each.original.size > 2 * MIB)
        original = await size_and_digest(provisioned, found.original)
        (file,) = found.attachments
        assert await size_and_digest(provisioned, file.content) == 12 * 16 * 840 * 57
    assert original == sum(map(len, pieces(12)))
    assert (found.text, file.name, file.media_type) == ("See the file.", "report.pdf", "application/pdf")
    assert peak < LARGE_COST


async def test_a_large_original_read_again_is_the_same_message(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await hand_over(stage, 1)
        first = await stage.one()
        assert first.original is not None
        assert await stage.channel.parse_again(first.original, first.native) == first
        assert await size_and_digest(provisioned, first.attachments[0].content) == 16 * 840 * 57


async def test_a_large_mail_that_comes_twice_is_one_message_and_one_original(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with receiving(nats, provisioned) as stage:
        await hand_over(stage, 1)
        before = await kept(provisioned, "ORIGINALS"), await kept(provisioned, "ATTACHMENTS")
        await hand_over(stage, 1)
        await stage.one()
        assert before == (await kept(provisioned, "ORIGINALS"), await kept(provisioned, "ATTACHMENTS"))


async def test_a_large_mail_to_two_inboxes_is_kept_for_each(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await hand_over(stage, 1, ADDRESSES[SUPPORT], ADDRESSES[SALES])
        found = await stage.stored()
        assert len({each.original.name for each in found if each.original}) == 2
        for each in found:
            assert await size_and_digest(provisioned, each.original) == sum(map(len, pieces(1)))
            assert await size_and_digest(provisioned, each.attachments[0].content) == 16 * 840 * 57


async def test_a_client_that_disappears_in_its_mail_leaves_nothing_behind(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with receiving(nats, provisioned) as stage:
        async with session(stage.port, *START, b"RCPT TO:<support@frontline.example>\r\n", b"DATA\r\n") as (_, writer):
            for piece in (HEAD, *repeat(LINE * 840, 32)):
                writer.write(piece)
                await writer.drain()
            while not await kept(provisioned, "ORIGINALS"):
                await asyncio.sleep(0.01)
            writer.transport.abort()
        await until(lambda: stage.figure("frontline_email_sessions_ended_total", why="lost") == 1)
        while await kept(provisioned, "ORIGINALS") or await kept(provisioned, "ATTACHMENTS"):
            await asyncio.sleep(0.01)
        assert await stage.stored() == []


async def test_a_mail_that_grows_too_large_is_refused_and_leaves_nothing_behind(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    """Hard case 29: the sender says nothing of the size beforehand."""
    async with receiving(nats, provisioned, smtp_max_size=2 * MIB) as stage:
        assert (await hand_over(stage, 3)).startswith("552 5.3.4 larger than 2097152 octets")
        assert stage.figure("frontline_email_smtp_refusals_total", code="552") == 1
        assert await stage.stored() == []
        assert (await kept(provisioned, "ORIGINALS"), await kept(provisioned, "ATTACHMENTS")) == (0, 0)


async def test_a_store_that_fills_up_in_the_middle_is_452_and_the_next_mail_is_taken(
    nats: EmbeddedServer, bus: Bus
) -> None:
    limits = Limits(inbox_bytes=MIB, log_bytes=MIB, outbox_bytes=MIB, object_bytes=2 * MIB)
    await provision(bus.nc.jetstream(), topology(["email"], ["support"], limits))  # type: ignore[list-item]
    async with receiving(nats, bus, smtp_full_pause=0.001) as stage:
        assert (await hand_over(stage, 4)).startswith("452 4.3.1")
        assert await stage.stored() == []
        while await kept(bus, "ORIGINALS"):
            await asyncio.sleep(0.01)
        assert (await hand_over(stage, 1)).startswith("250 2.0.0")


@pytest.mark.parametrize("smtp_max_in_hand", [LARGE_COST])
async def test_a_large_mail_beside_another_waits_for_its_turn(
    smtp_max_in_hand: int, nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with (
        receiving(nats, provisioned, smtp_max_in_hand=smtp_max_in_hand) as stage,
        session(stage.port, *START, b"RCPT TO:<support@frontline.example>\r\n", b"DATA\r\n") as (reader, writer),
    ):
        for piece in (HEAD, *repeat(LINE * 840, 8)):
            writer.write(piece)
            await writer.drain()
        while not await kept(provisioned, "ORIGINALS"):
            await asyncio.sleep(0.01)
        assert (await hand_over(stage, 1)).startswith("452 4.3.1")
        writer.write(END + b".\r\n")
        assert (await reader.readline()).startswith(b"250")
        assert (await hand_over(stage, 1)).startswith("250")


async def test_with_the_bus_gone_in_the_middle_the_sender_comes_again(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with (
        receiving(nats, provisioned) as stage,
        session(stage.port, *START, b"RCPT TO:<support@frontline.example>\r\n", b"DATA\r\n") as (reader, writer),
    ):
        for piece in (HEAD, *repeat(LINE * 840, 8)):
            writer.write(piece)
            await writer.drain()
        await nats.kill()
        await until(lambda: not stage.service.bus.connected)
        for piece in (*repeat(LINE * 840, 40), END, b".\r\n"):
            writer.write(piece)
            await writer.drain()
        assert (await reader.readline()).startswith(b"451 4.3.0")
        with pytest.raises(Unavailable):
            await Objects(stage.service.bus).begin("ORIGINALS").name("x")
