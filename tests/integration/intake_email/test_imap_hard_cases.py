"""The cases 4 to 9 and 31 of those that mail readers get wrong, by their numbers, against a real Dovecot."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from frontline.contract.ids import ChannelName
from frontline.contract.message import InboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.checkpoints import ChannelCheckpoints
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.reader import read
from intake_email.imap_checkpoint import Checkpoint
from intake_email.imap_client import ImapClient
from tests.integration.intake_email.daemons import needs
from tests.integration.intake_email.dovecot import ACCEPTED, PASSWORD, USER, Dovecot, dovecot, eventually, installed
from tests.integration.intake_email.reading import comes_to, compared, numbered, reading, taken
from tests.integration.intake_email.stage import Stage

pytestmark = needs("dovecot", "dovecot-imapd")
_SIDES = ("there", "held")


def subjects(found: list[InboundMessage]) -> list[str]:
    return sorted(each.subject for each in found)


def repeated(stage: Stage) -> float:
    return stage.figure("frontline_intake_messages_total", channel="email", outcome="repeated")


async def forgotten(bus: Bus) -> None:
    """As after a crash before anything was noted: what is stored stays, and so do the flags."""
    js = bus.nc.jetstream()
    await js.purge_stream("KV_CHECKPOINTS")


async def consumed(bus: Bus) -> None:
    """As after the desk took everything, and it was deleted there with its originals."""
    for stream in ("INBOX_email", "OBJ_ORIGINALS", "OBJ_ATTACHMENTS"):
        await bus.nc.jetstream().purge_stream(stream)


async def originals(bus: Bus) -> int:
    return len([item async for item in read(bus, "OBJ_ORIGINALS", "$O.ORIGINALS.M.>")])


async def all_seen(box: Dovecot) -> bool:
    return all(b"\\Seen" in flags for flags in box.flags().values())


async def test_hard_case_4_a_crash_after_storing_and_before_the_flag_costs_nothing(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with dovecot() as box:
        box.lay([numbered(1), numbered(2)])
        async with reading(nats, provisioned, box, mailbox={"after": "nothing"}) as stage:
            await comes_to(stage, 2)
        await forgotten(provisioned)
        assert not await all_seen(box)
        async with reading(nats, provisioned, box) as stage:
            await compared(stage, 2)
            assert await all_seen(box)
            assert subjects(await stage.stored()) == ["Number 1", "Number 2"]
            assert repeated(stage) == 2


async def test_hard_case_4_a_crash_after_the_flag_and_before_it_was_noted_costs_nothing(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with dovecot() as box:
        box.lay([numbered(1), numbered(2)])
        async with reading(nats, provisioned, box) as stage:
            await compared(stage, 2)
        assert await all_seen(box)
        await forgotten(provisioned)
        async with reading(nats, provisioned, box) as stage:
            await compared(stage, 2)
            assert subjects(await stage.stored()) == ["Number 1", "Number 2"]


async def test_hard_case_4_a_flag_that_was_set_before_anything_was_stored_costs_nothing(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with dovecot() as box:
        box.lay([numbered(1)])
        with box.client() as client:
            client.uid("STORE", "1", "+FLAGS", "(\\Seen \\Answered)")
        async with reading(nats, provisioned, box) as stage:
            assert subjects(await comes_to(stage, 1)) == ["Number 1"]


async def test_hard_case_5_after_days_without_nats_every_mail_is_taken_in(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with dovecot() as box, reading(nats, provisioned, box) as stage:
        await compared(stage, 0)
        await nats.kill()
        for days in range(5):
            box.lay([numbered(days)], accepted=ACCEPTED - timedelta(days=5 - days))

        async def away() -> bool:
            return bool(stage.figure("frontline_nats_connected") == 0)

        await eventually(away)
        await nats.start()

        async def back() -> bool:
            return provisioned.connected

        await eventually(back)
        assert subjects(await comes_to(stage, 5)) == [f"Number {number}" for number in range(5)]
        await compared(stage, 5)


async def test_hard_case_6_under_a_new_uidvalidity_all_is_read_again_and_nothing_is_doubled(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    with installed() as box:
        box.lay([numbered(number, Message_ID=None if number == 2 else f"<{number}@x.example>") for number in range(3)])
        async with box.serving(), reading(nats, provisioned, box) as stage:
            await compared(stage, 3)
        box.forget_uids()
        box.lay([numbered(3)])
        # So that nothing but our own notes can tell that they were here.
        await consumed(provisioned)
        async with box.serving(), reading(nats, provisioned, box) as stage:
            await compared(stage, 4)
            assert subjects(await stage.stored()) == ["Number 3"]
            assert taken(stage, "known") == 3
            assert repeated(stage) == 0
            assert await originals(provisioned) == 1
            with box.client() as client:
                assert client.response("UIDVALIDITY")[1] == [b"4102444800"]


async def test_hard_case_6_what_another_client_expunges_while_we_fetch_takes_no_other_mail_along(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with dovecot() as box:
        box.lay([numbered(number) for number in range(120)])
        async with reading(nats, provisioned, box, imap_reconcile=0.3) as stage:
            await comes_to(stage, 5)
            with box.client() as client:
                client.uid("STORE", "1:3,60:90", "+FLAGS.SILENT", "(\\Deleted)")
                client.expunge()
            left = {f"Number {uid - 1}" for uid in box.flags()}
            assert len(left) == 86
            await compared(stage, 86)
            found = subjects(await stage.stored())
            assert left <= set(found)
            assert len(found) == len(set(found))


async def test_hard_case_7_a_mail_that_somebody_has_read_first_is_taken_in(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with dovecot() as box:
        box.lay([numbered(1), numbered(2)])
        with box.client() as client:
            client.uid("FETCH", "1", "(BODY[])")
        async with reading(nats, provisioned, box) as stage:
            assert subjects(await comes_to(stage, 2)) == ["Number 1", "Number 2"]


async def test_hard_case_8_a_mail_that_nobody_can_read_holds_up_no_other(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    broken = b"\xff\x00 no mail\r\n" + b"Content-Type: multipart/mixed; boundary=\r\n\r\n" + bytes(range(256)) * 20
    async with dovecot() as box:
        box.lay([broken, numbered(1)])
        async with reading(nats, provisioned, box) as stage:
            first, second = await comes_to(stage, 2)
            assert first.flaw
            assert second.subject == "Number 1"
            await compared(stage, 2)


async def test_hard_case_8_a_mail_that_can_not_be_stored_holds_up_no_other(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    """Here one at which the virus scanner breaks, where no mail may be stored that it has not seen."""

    async def scan(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"INSTREAM\0")
            seen = b""
            while size := int.from_bytes(await reader.readexactly(4), "big"):
                seen += await reader.readexactly(size)
            writer.write(b"stream: OK\0" if b"Number 1" not in seen else b"")
        writer.close()

    scanner = await asyncio.start_server(scan, "127.0.0.1", 0)
    port = scanner.sockets[0].getsockname()[1]
    async with dovecot() as box:
        box.lay([numbered(1), numbered(2), numbered(3)])
        given = {"email_clamd": f"127.0.0.1:{port}", "email_clamd_required": True}
        async with reading(nats, provisioned, box, **given) as stage:
            assert subjects(await comes_to(stage, 2)) == ["Number 2", "Number 3"]
            assert taken(stage, "put_off") >= 1, "and again at each look"

            async def told() -> bool:
                figures = (stage.figure(f"frontline_email_imap_mails_{name}", mailbox="support-box") for name in _SIDES)
                return tuple(figures) == (3, 2)

            await eventually(told)
            assert b"\\Seen" not in box.flags()[1]
    scanner.close()


async def test_hard_case_9_all_of_5001_unread_mails_are_found_page_by_page(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with dovecot() as box:
        box.lay(b"Subject: %d\r\n\r\n" % number for number in range(5001))
        client = await ImapClient.connect("127.0.0.1", box.port, None, 60)
        try:
            await client.log_in(USER, PASSWORD)
            await client.select("INBOX")
            checkpoint = Checkpoint(ChannelCheckpoints(provisioned, ChannelName("email")), "box", "INBOX")
            await checkpoint.open(client.validity)
            found: list[int] = []
            while True:
                # Page 2 is asked for after page 1 was marked as read, and noted.
                page = [uid async for uids in client.pages() for uid in await checkpoint.unsettled(uids)][:1250]
                if not page:
                    break
                there = await client.lying(page)
                assert [mail.uid for mail in there] == page
                await client.mark_seen(page)
                await checkpoint.note({uid: uid.to_bytes(8, "big") for uid in page})
                found += page
            assert found == list(range(1, 5002))
        finally:
            await client.close()


async def test_hard_case_31_a_deleted_conversation_does_not_come_back(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot() as box:
        box.lay([numbered(1)])
        async with reading(nats, provisioned, box, imap_reconcile=0.2) as stage:
            await compared(stage, 1)
            await consumed(provisioned)
            looked = "frontline_email_imap_looked_at_timestamp_seconds"
            before: float = stage.figure(looked, mailbox="support-box")

            async def looked_again() -> bool:
                return bool(stage.figure(looked, mailbox="support-box") > before)

            await eventually(looked_again)
        async with reading(nats, provisioned, box) as stage:
            await compared(stage, 1)
            await asyncio.to_thread(box.append, numbered(2))
            assert subjects(await comes_to(stage, 1)) == ["Number 2"]
            assert await originals(provisioned) == 1
