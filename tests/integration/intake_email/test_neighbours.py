"""What ClamAV, rspamd and SpamAssassin say of a mail: the real ones, and ones that do not answer."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from frontline.contract.error import Unavailable
from intake_email.authenticity.examiner import Way
from intake_email.checked import EVERYTHING, Checked
from intake_email.checking import Checking
from intake_email.neighbours.clamd import Clamd
from intake_email.neighbours.rspamd import Rspamd
from intake_email.neighbours.spamd import Spamd
from intake_email.neighbours.word import NoWord
from intake_email.settings import EmailSettings
from tests.integration.intake_email.daemons import UNWANTED, VIRUS, clamd, needs, rspamd, spamd
from tests.integration.intake_email.dns_server import answering
from tests.integration.intake_email.stage import WRITTEN, mail
from tests.unit.intake_email.proofs import MAIL, ZONE, dkim_signed
from tests.unit.intake_email.test_sign import Quiet

WAY = Way(peer="192.0.2.1", hello="mx.customer.example", return_path="one@customer.example")
GOOD, BAD = b"octets of a file", b"octets " + VIRUS + b" of a file"
FEW_SECONDS = 60.0


def with_files(*files: bytes) -> bytes:
    parts = [
        b"--x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=file.bin\r\n\r\n" + base64.b64encode(file) + b"\r\n"
        for file in files
    ]
    head = b"From: one@customer.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    return head + b"".join(parts) + b"--x--\r\n"


async def looked(raw: bytes, *files: bytes, quiet: Quiet | None = None, **settings: Any) -> Checked:
    quiet = quiet or Quiet()
    checking = Checking(EmailSettings(email_neighbour_timeout=FEW_SECONDS, **settings), quiet, quiet)
    return await checking.look(raw, files, WAY, WRITTEN)


@needs("clamd", "clamav-daemon")
async def test_a_file_with_a_virus_is_told_from_the_others() -> None:
    async with clamd() as place:
        assert await looked(with_files(GOOD), GOOD, email_clamd=place) == Checked()
        found = await looked(with_files(GOOD, BAD), GOOD, BAD, email_clamd=place)
        assert (found.virus, found.infected) == ("Frontline-Test-Signature.UNOFFICIAL", (2,))


@needs("clamd", "clamav-daemon")
async def test_a_virus_that_is_in_no_file_is_anywhere() -> None:
    async with clamd() as place:
        found = await looked(mail(f"Look: {VIRUS.decode()}\r\n"), GOOD, email_clamd=place)
        assert found.infected == (EVERYTHING,)


@needs("clamd", "clamav-daemon")
async def test_what_the_scanner_does_not_look_at_is_not_said_to_be_clean() -> None:
    async with clamd(most="100K") as place:
        with pytest.raises(NoWord):
            await Clamd(place, FEW_SECONDS).scan(b"x" * 1_000_000)
        found = await looked(b"x" * 1_000_000, email_clamd=place)
        assert found.unchecked
        assert not found.virus


@needs("clamd", "clamav-daemon")
async def test_a_large_mail_is_looked_at_while_it_comes_in() -> None:
    quiet = Quiet()
    filler = b"0123456789 abcdef\r\n" * 20_000
    async with clamd() as place, answering(ZONE) as zone:
        settings = EmailSettings(
            email_clamd=place, email_authenticity="own", email_dns_servers=(zone.address,),
            email_authenticity_budget=FEW_SECONDS, email_neighbour_timeout=FEW_SECONDS,
        )  # fmt: skip
        for body, virus in ((filler, ""), (filler + VIRUS + b"\r\n" + filler, "Frontline-Test-Signature.UNOFFICIAL")):
            raw = dkim_signed(MAIL + body)
            look = Checking(settings, quiet, quiet).begin()
            for at in range(0, len(raw), 50_001):
                await look.feed(raw[at : at + 50_001])
            found = await look.finish(WAY, WRITTEN)
            look.close()
            assert (found.virus, found.infected) == (virus, (EVERYTHING,) if virus else ())
            assert found.verified
            assert {(each.method, each.result) for each in found.evidence} >= {("dkim", "pass"), ("spf", "pass")}


@needs("rspamd", "rspamd")
async def test_rspamd_says_how_likely_a_mail_is_unwanted(tmp_path: Path) -> None:
    async with rspamd(tmp_path) as url:
        wanted = (await looked(mail(), email_rspamd=url)).spam
        unwanted = (await looked(mail(UNWANTED.decode() + "\r\n"), email_rspamd=url)).spam
    assert wanted is not None
    assert unwanted is not None
    assert (wanted.by, wanted.likely, unwanted.likely, unwanted.limit) == ("rspamd", False, True, 15)
    assert "GTUBE" in unwanted.names


@needs("spamd", "spamd")
async def test_spamassassin_says_how_likely_a_mail_is_unwanted() -> None:
    async with spamd() as place:
        wanted = (await looked(mail(), email_spamd=place)).spam
        unwanted = (await looked(mail(UNWANTED.decode() + "\r\n"), email_spamd=place)).spam
    assert wanted is not None
    assert unwanted is not None
    assert (wanted.by, wanted.likely, unwanted.likely) == ("spamassassin", False, True)
    assert (unwanted.score, unwanted.limit, unwanted.names) == (50, 5, ("OWN_TEST_RULE",))


@asynccontextmanager
async def saying(answer: bytes | None) -> AsyncIterator[tuple[str, int]]:
    """A neighbour that says `answer` whatever it hears, or nothing at all."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is None:
            await reader.read()
        else:
            await reader.read(100)
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield "127.0.0.1", int(server.sockets[0].getsockname()[1])


@pytest.mark.parametrize("answer", [b"", b"\0", b"x" * 100_000, b"stream: OK", b"HTTP/1.1 200 OK\r\n\r\n{}", b"\xff\0"])
async def test_a_neighbour_that_talks_nonsense_has_no_word(answer: bytes) -> None:
    for way in (Clamd, Spamd):
        async with saying(answer) as place:
            with pytest.raises(NoWord):
                await (way(place, 5).scan(mail()) if way is Clamd else way(place, 5).score(mail()))  # type: ignore[union-attr]
    async with saying(answer) as (host, port):
        with pytest.raises(NoWord):
            await Rspamd(f"http://{host}:{port}", 5).score(mail())


async def test_neighbours_that_do_not_answer_are_not_waited_for_and_the_mail_says_so() -> None:
    quiet = Quiet()
    async with saying(None) as (host, port):
        settings = EmailSettings(
            email_clamd=f"{host}:{port}", email_spamd=f"{host}:{port}", email_rspamd=f"http://{host}:{port}",
            email_neighbour_timeout=0.1,
        )  # fmt: skip
        found = await Checking(settings, quiet, quiet).look(mail(), (), WAY, WRITTEN)
    assert [why.partition(" ")[0] for why in found.unchecked] == ["rspamd", "spamd", "clamd"]
    assert (found.spam, found.virus) == (None, "")
    assert quiet.said.count("neighbours_silent") == 3


async def test_where_the_operator_wants_every_mail_looked_at_it_is_put_off_until_the_scanner_is_back() -> None:
    async with saying(b"") as (host, port):
        pass
    with pytest.raises(Unavailable):
        await looked(mail(), email_clamd=f"{host}:{port}", email_clamd_required=True)


async def test_without_neighbours_nothing_is_looked_at() -> None:
    assert await looked(mail()) == Checked()


async def test_a_bug_in_asking_costs_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Rspamd, "score", fails)
    quiet = Quiet()
    found = await looked(mail(), quiet=quiet, email_rspamd="http://127.0.0.1:9")
    assert found.unchecked == ("a score could not be had",)
    assert {"failures", "mail.score_failed"} <= set(quiet.said)
