"""Mail servers and tools that others wrote hand their mail to us."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from frontline.contract.channel import Receive
from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_email import taking
from tests.integration.intake_email import postfix
from tests.integration.intake_email.certificates import write_certificate
from tests.integration.intake_email.stage import ADDRESSES, SALES, SUPPORT, mail, receiving

needs_swaks = pytest.mark.skipif(not shutil.which("swaks"), reason="apt-get install --yes swaks")
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="apt-get install --yes openssl")


async def run(*arguments: str | Path, given: bytes = b"") -> tuple[int, str]:
    """Exit code and output of a program."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(given)
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")


@needs_swaks
@pytest.mark.parametrize("how", [(), ("--pipeline",), ("--body", "x" * 5000)])
async def test_swaks_hands_over_a_mail(how: tuple[str, ...], nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        to = ("--server", f"127.0.0.1:{stage.port}", "--to", ADDRESSES[SUPPORT], "--from", "one@customer.example")
        code, said = await run("swaks", *to, *how)
        assert code == 0, said
        assert "250 2.0.0 stored as" in said
        await stage.one()


@needs_swaks
async def test_swaks_hears_of_each_recipient(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        to = ("--to", f"nobody@frontline.example,{ADDRESSES[SUPPORT]}", "--from", "one@customer.example")
        _, said = await run("swaks", "--server", f"127.0.0.1:{stage.port}", *to)
        assert "550 5.1.1 nobody here has this address" in said
        assert "250 2.0.0 stored as" in said


@needs_openssl
async def test_openssl_speaks_to_us_through_starttls(nats: EmbeddedServer, provisioned: Bus, tmp_path: Path) -> None:
    write_certificate(tmp_path / "chain.pem", tmp_path / "key.pem")
    said = "MAIL FROM:<one@customer.example>\nRCPT TO:<support@frontline.example>\nDATA\n"
    given = (said + mail().decode().replace("\r\n", "\n") + ".\nQUIT\n").encode()
    async with receiving(
        nats, provisioned, smtp_tls_certificate=tmp_path / "chain.pem", smtp_tls_key=tmp_path / "key.pem"
    ) as stage:
        where = ("-connect", f"127.0.0.1:{stage.port}", "-starttls", "smtp", "-crlf", "-quiet", "-ign_eof")
        _, heard = await run("openssl", "s_client", *where, given=b"EHLO client.example\n" + given)
        assert "250 2.0.0 stored as" in heard, heard
        assert (await stage.one()).text == "It does not work."


@postfix.needed
@postfix.as_root
async def test_postfix_relays_to_us_through_tls_and_one_wrong_recipient_costs_the_other_nothing(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    write_certificate(tmp_path / "chain.pem", tmp_path / "key.pem")
    raw = mail("Größe und ein Punkt:\r\n.\r\n..zwei\r\n", Subject="Größe")
    async with (
        receiving(
            nats,
            provisioned,
            smtp_tls_certificate=tmp_path / "chain.pem",
            smtp_tls_key=tmp_path / "key.pem",
            smtp_tls_required=True,
        ) as stage,
        postfix.postfix(f"smtp:[127.0.0.1]:{stage.port}", smtp_tls_security_level="encrypt") as relay,
    ):
        await relay.submit(raw, ADDRESSES[SUPPORT], "nobody@frontline.example")
        assert "250 2.0.0 stored as" in await relay.became(ADDRESSES[SUPPORT], "sent")
        assert "550 5.1.1" in await relay.became("nobody@frontline.example", "bounced")
        found = next(each for each in await stage.stored() if each.subject == "Größe")
        assert found.text == "Größe und ein Punkt:\n.\n..zwei"


@postfix.needed
@postfix.as_root
async def test_postfix_hears_of_each_recipient_by_lmtp_and_sends_again_to_who_had_no_room(
    nats: EmbeddedServer, provisioned: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = [SALES]
    each = taking.Taking.each

    async def crowded(self: taking.Taking, raw: bytes, way: taking.Way, receive: Receive) -> Any:
        async def refusing(message: Any) -> None:
            if message.inbox in full:
                raise Unavailable("no room", full=True)
            await receive(message)

        return await each(self, raw, way, refusing)

    monkeypatch.setattr(taking.Taking, "each", crowded)
    async with (
        receiving(nats, provisioned, lmtp_port=0, smtp_full_pause=0.001) as stage,
        postfix.postfix(
            f"lmtp:inet:{stage.service.status.listeners['lmtp']}",
            minimal_backoff_time="1s",
            queue_run_delay="1s",
            lmtp_destination_recipient_limit="10",
        ) as relay,
    ):
        await relay.submit(mail(), ADDRESSES[SUPPORT], ADDRESSES[SALES])
        assert "250 2.0.0 stored as" in await relay.became(ADDRESSES[SUPPORT], "sent")
        assert "452 4.3.1 no room" in await relay.became(ADDRESSES[SALES], "deferred")
        assert [found.inbox for found in await stage.stored()] == [SUPPORT]
        full.clear()
        await relay.became(ADDRESSES[SALES], "sent")
        assert sorted(found.inbox for found in await stage.stored()) == [SALES, SUPPORT]


@postfix.needed
@pytest.mark.parametrize("how", [(), ("-d",), ("-L",)])
async def test_smtp_source_s_load_is_all_stored(how: tuple[str, ...], nats: EmbeddedServer, provisioned: Bus) -> None:
    """One mail a connection, all over the same connections, and by LMTP."""
    async with receiving(nats, provisioned, lmtp_port=0) as stage:
        where = stage.service.status.listeners["lmtp" if "-L" in how else "smtp"]
        load = ("-s", "10", "-m", "100", "-l", "6000", "-f", "one@customer.example", "-t", ADDRESSES[SUPPORT])
        code, said = await run("smtp-source", *how, *load, f"inet:{where}")
        assert code == 0, said
        assert len(await stage.stored()) == 100
