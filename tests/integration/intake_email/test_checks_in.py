"""What is found out about a mail on its way in, as it is stored: by real SMTP, a real DNS and a real scanner."""

from typing import Any

import pytest

from frontline.contract.message import Evidence, IdentityStatus, ObjectRef
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_email.authenticity.lookup import question
from tests.integration.intake_email.daemons import VIRUS, clamd, needs
from tests.integration.intake_email.dns_server import answering
from tests.integration.intake_email.stage import mail, receiving
from tests.integration.intake_email.test_neighbours import BAD, GOOD, with_files
from tests.unit.intake_email.proofs import MAIL, ZONE, dkim_signed

FILLER = b"0123456789abcdef" * 30_000
LOCAL = {**ZONE, question("customer.example"): (b"v=spf1 ip4:127.0.0.1 -all",)}


@pytest.mark.parametrize(
    "body", [b"", b"A long line of words, as people write them.\r\n" * 9000], ids=["small", "large"]
)
async def test_a_sender_is_verified_only_when_their_domain_stands_behind_the_mail(
    body: bytes, nats: EmbeddedServer, provisioned: Bus
) -> None:
    """Hard case 22."""
    async with answering(LOCAL) as zone:
        settings: dict[str, Any] = {"email_authenticity": "own", "email_dns_servers": (zone.address,)}
        async with receiving(nats, provisioned, email_authenticity_budget=30.0, **settings) as stage:
            await stage.send(dkim_signed(MAIL + body))
            await stage.send(MAIL.replace(b"<first@", b"<2@") + body, sender="somebody@attacker.example")
            true, spoofed = await stage.stored()
            assert true.original is not None
            again = await stage.channel.parse_again(true.original, true.native)
    assert true.sender.status is IdentityStatus.VERIFIED
    assert Evidence(method="dkim", result="pass", detail="customer.example") in true.sender.evidence
    assert (spoofed.sender.address, spoofed.sender.status) == ("one@customer.example", IdentityStatus.CLAIMED)
    assert Evidence(method="dmarc", result="fail", detail="customer.example; policy reject") in spoofed.sender.evidence
    assert again.sender == true.sender


async def test_nobody_is_verified_where_nobody_looks(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await stage.send(b"Authentication-Results: localhost; dmarc=pass\r\n" + dkim_signed())
        found = await stage.one()
    assert (found.sender.status, found.sender.evidence) == (IdentityStatus.CLAIMED, ())


@needs("clamd", "clamav-daemon")
async def test_a_file_with_a_virus_is_kept_from_agents_and_the_mail_is_not_lost(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    raw = with_files(GOOD, BAD)
    async with clamd() as place, receiving(nats, provisioned, email_clamd=place) as stage:
        await stage.send(raw)
        found = await stage.one()
        assert [file.name for file in found.attachments] == ["file.bin", "file.bin.txt"]
        assert await stage.octets(found, 1) == GOOD
        assert VIRUS not in await stage.octets(found, 2)
        assert b"Frontline-Test-Signature" in await stage.octets(found, 2)
        assert await stage.octets(found) == raw
        assert "virus found" in found.flaw
        assert found.withheld == "Frontline-Test-Signature.UNOFFICIAL"
        assert found.native["checked"]["virus"] == "Frontline-Test-Signature.UNOFFICIAL"
        again = await stage.channel.parse_again(_original(found.original), found.native)
        assert again.attachments == found.attachments


@needs("clamd", "clamav-daemon")
async def test_nothing_of_a_large_mail_with_a_virus_comes_to_an_agent(nats: EmbeddedServer, provisioned: Bus) -> None:
    raw = with_files(FILLER, FILLER[:-1000] + BAD)
    async with clamd() as place, receiving(nats, provisioned, email_clamd=place) as stage:
        await stage.send(raw)
        found = await stage.one()
        assert [file.name for file in found.attachments] == ["file.bin.txt", "file.bin.txt"]
        assert {file.content.size < 1000 for file in found.attachments} == {True}
        assert "Taken out" in found.text
        assert await stage.octets(found) == raw


@needs("clamd", "clamav-daemon")
async def test_a_text_with_a_virus_is_not_shown(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with clamd() as place, receiving(nats, provisioned, email_clamd=place) as stage:
        await stage.send(mail(f"Look: {VIRUS.decode()}\r\n"))
        found = await stage.one()
    assert VIRUS.decode() not in found.text + found.reply_text + found.html
    assert "Taken out" in found.reply_text


async def test_a_mail_that_nobody_could_scan_is_taken_and_says_so_or_is_put_off(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    settings: dict[str, Any] = {"email_clamd": "/nowhere/clamd.socket"}
    async with receiving(nats, provisioned, **settings) as stage:
        await stage.send(mail())
        assert "clamd gave no answer" in (await stage.one()).native["checked"]["unchecked"][0]
    async with receiving(nats, provisioned, email_clamd_required=True, **settings) as stage:
        for raw in (mail(Message_ID="<2@x>"), with_files(FILLER)):
            answers = await stage.talk(
                b"EHLO x\r\n", b"MAIL FROM:<one@customer.example>\r\n", b"RCPT TO:<support@frontline.example>\r\n",
                b"DATA\r\n", raw + b"\r\n.\r\n",
            )  # fmt: skip
            assert answers[-1].startswith("451 ")
        assert len(await stage.stored()) == 1


def _original(ref: ObjectRef | None) -> ObjectRef:
    assert ref is not None
    return ref
