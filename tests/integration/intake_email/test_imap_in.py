"""Mail from a mailbox on a real Dovecot: how it comes in, and what is done with it there."""

import asyncio

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.intake_email.daemons import needs
from tests.integration.intake_email.dovecot import ACCEPTED, dovecot, eventually
from tests.integration.intake_email.reading import QUICK, comes_to, compared, numbered, reading, taken
from tests.integration.intake_email.stage import receiving, with_file

pytestmark = needs("dovecot", "dovecot-imapd")


async def test_what_lies_there_is_taken_in_and_marked_as_seen(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot() as box:
        box.lay([numbered(1), numbered(2)])
        async with reading(nats, provisioned, box) as stage:
            found = await comes_to(stage, 2)
            assert [each.subject for each in found] == ["Number 1", "Number 2"]
            assert found[0].inbox == "support"
            assert found[0].times.accepted == ACCEPTED
            assert await stage.octets(found[0]) == numbered(1)

            async def seen() -> bool:
                return all(b"\\Seen" in flags for flags in box.flags().values())

            await eventually(seen)


async def test_a_mail_that_comes_while_we_listen_is_taken_in_at_once(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot() as box, reading(nats, provisioned, box, imap_idle=1000.0, imap_reconcile=1000.0) as stage:
        for number in (1, 2):
            await asyncio.to_thread(box.append, numbered(number))
            assert len(await comes_to(stage, number)) == number


async def test_a_mail_is_moved_to_the_folder_that_the_settings_name(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot() as box:
        box.lay([numbered(1), numbered(2)])
        async with reading(nats, provisioned, box, mailbox={"after": "move", "move_to": "Für uns"}) as stage:
            await comes_to(stage, 2)

            async def moved() -> bool:
                return not box.flags()

            await eventually(moved)
            assert len(box.flags('"F&APw-r uns"')) == 2


async def test_without_move_and_uidplus_a_copy_is_made_and_nothing_is_expunged(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    """An EXPUNGE takes everything away that anybody has marked as deleted."""
    async with dovecot(more="imap_capability = IMAP4rev1 AUTH=PLAIN") as box:
        box.lay([numbered(1), numbered(2)])
        with box.client() as client:
            client.uid("STORE", "2", "+FLAGS", "(\\Deleted)")
        async with reading(nats, provisioned, box, mailbox={"after": "move", "move_to": "Done"}) as stage:
            await comes_to(stage, 2)
            await compared(stage, 2)
            assert len(box.flags("Done")) == 2
            assert all(b"\\Deleted" in flags for flags in box.flags().values())
            assert len(box.flags()) == 2


async def test_without_move_what_was_taken_in_is_expunged_by_its_uid(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot(more="imap_capability = IMAP4rev1 UIDPLUS AUTH=PLAIN") as box:
        box.lay([numbered(1)])
        async with reading(nats, provisioned, box, mailbox={"after": "move", "move_to": "Done"}) as stage:
            await comes_to(stage, 1)

            async def moved() -> bool:
                return not box.flags()

            await eventually(moved)
            assert len(box.flags("Done")) == 1


async def test_several_folders_and_mailboxes_are_read(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot() as box:
        box.lay([numbered(1)])
        box.lay([numbered(2)], "Web form")
        both = (box.mailbox(), box.mailbox(name="forms", folders=("Web form",), inbox="sales"))
        async with receiving(nats, provisioned, imap_mailboxes=both, **QUICK) as stage:
            found = {(each.subject, each.inbox) for each in await comes_to(stage, 2)}
            assert found == {("Number 1", "support"), ("Number 2", "sales")}


async def test_a_mailbox_that_catches_all_goes_to_the_inboxes_of_its_recipients(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with dovecot() as box:
        box.lay(
            [
                numbered(1, Delivered_To="sales+offer@frontline.example"),
                numbered(2, Cc="sales@frontline.example"),
                numbered(3, To="nobody@elsewhere.example"),
            ]
        )
        async with reading(nats, provisioned, box, mailbox={"by_recipient": True}) as stage:
            found = sorted((each.subject[-1], each.inbox) for each in await comes_to(stage, 4))
            assert found == [("1", "sales"), ("2", "sales"), ("2", "support"), ("3", "support")]


async def test_a_server_without_idle_is_asked_now_and_then(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with (
        dovecot(more="imap_capability = IMAP4rev1 AUTH=PLAIN") as box,
        reading(nats, provisioned, box, imap_reconcile=1000.0) as stage,
    ):
        await compared(stage, 0)
        await asyncio.to_thread(box.append, numbered(1))
        assert len(await comes_to(stage, 1)) == 1


async def test_a_large_mail_is_stored_piece_by_piece_as_it_is(nats: EmbeddedServer, provisioned: Bus) -> None:
    raw = with_file(bytes(range(256)) * 8000).replace(b"\n", b"\r\n")
    async with dovecot() as box:
        box.lay([raw, numbered(2)])
        async with reading(nats, provisioned, box) as stage:
            first, _ = await comes_to(stage, 2)
            assert await stage.octets(first) == raw
            assert await stage.octets(first, 1) == bytes(range(256)) * 8000
            assert first.times.accepted == ACCEPTED


async def test_a_mail_that_is_too_large_is_shown_by_its_beginning_and_told_once(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    raw = with_file(bytes(256) * 2000).replace(b"\n", b"\r\n")
    async with dovecot() as box:
        box.lay([raw, numbered(2)])
        async with reading(nats, provisioned, box, smtp_max_size=300_000, imap_reconcile=0.3) as stage:
            first, second = await comes_to(stage, 2)
            assert "300000" in first.flaw
            assert "UID 1 of the mailbox support-box" in first.flaw
            assert first.text.strip() == "See the file."
            assert second.subject == "Number 2"
            await compared(stage, 2)
            assert taken(stage, "too_large") == 1
            assert stage.figure("frontline_parked_total", service="intake-email", reason="flawed") == 1


async def test_mail_from_before_the_named_instant_is_left_alone(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot() as box:
        box.lay([numbered(1)])
        box.lay([numbered(2)], accepted=ACCEPTED.replace(hour=12))
        async with reading(nats, provisioned, box, mailbox={"since": ACCEPTED.replace(hour=12)}) as stage:
            (found,) = await comes_to(stage, 1)
            assert found.subject == "Number 2"
            await compared(stage, 1)


async def test_a_connection_that_breaks_is_made_again(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot() as box, reading(nats, provisioned, box) as stage:
        await compared(stage, 0)
        with box.client() as client:
            client.append("INBOX", "", None, numbered(1))
        await comes_to(stage, 1)
        box.kick()
        await asyncio.to_thread(box.append, numbered(2))
        assert len(await comes_to(stage, 2)) == 2


async def test_one_of_two_replicas_reads_and_the_other_goes_on_when_it_is_gone(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with dovecot() as box:
        box.lay([numbered(1)])
        async with reading(nats, provisioned, box) as other:
            async with reading(nats, provisioned, box) as one:
                await comes_to(one, 1)

                async def counted() -> bool:
                    return sorted([taken(one, "taken"), taken(other, "taken")]) == [0, 1]

                await eventually(counted)
            await asyncio.to_thread(box.append, numbered(2))
            assert len(await comes_to(other, 2)) == 2
