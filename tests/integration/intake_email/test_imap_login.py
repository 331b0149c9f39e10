"""How a mailbox is entered: TLS in both ways, passwords, and OAuth 2 by XOAUTH2, all on a real Dovecot."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from intake_email.imap_client import ImapError, Refused
from intake_email.imap_login import Login
from intake_email.imap_settings import ImapMailbox
from tests.integration.intake_email.daemons import needs
from tests.integration.intake_email.dovecot import USER, Dovecot, dovecot

pytestmark = [needs("dovecot", "dovecot-imapd"), needs("openssl", "openssl")]

TOKEN = "a-token-for-tests"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=imap.frontline.example", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(chain)],
        check=True, capture_output=True,
    )  # fmt: skip
    return chain, key


async def entered(box: Dovecot, **parts: Any) -> int:
    """How many mails the inbox has, for one who has logged in."""
    client = await Login(box.mailbox(**parts), 30).enter()
    try:
        await client.select("INBOX")
        return client.exists
    finally:
        await client.close()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_server_whose_certificate_is_right_is_entered_by_tls(tls: str, certificate: tuple[Path, Path]) -> None:
    async with dovecot(certificate=certificate) as box:
        box.lay([b"Subject: 1\r\n\r\n"])
        port = box.tls_port if tls == "implicit" else box.port
        assert await entered(box, tls=tls, port=port, ca=certificate[0]) == 1


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_server_whose_certificate_nobody_knows_learns_no_password(
    tls: str, certificate: tuple[Path, Path]
) -> None:
    async with dovecot(certificate=certificate) as box:
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            await entered(box, tls=tls, port=box.tls_port if tls == "implicit" else box.port)
        assert "Login:" not in (box.folder / "log").read_text()


async def test_a_wrong_password_is_said_to_be_refused_and_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("very wrong")
    async with dovecot() as box:
        with pytest.raises(Refused) as refused:
            await entered(box, password_file=wrong)
    assert refused.value.code == "AUTHENTICATIONFAILED"
    assert "very wrong" not in str(refused.value)


async def test_a_server_that_knows_only_login_is_entered_as_well(tmp_path: Path) -> None:
    async with dovecot(more="imap_capability = IMAP4rev1 IDLE") as box:
        (box.folder / "passwd").write_text(f"{USER}:plain\n")
        plain = tmp_path / "plain"
        plain.write_text("plain\n")
        assert await entered(box, password_file=plain) == 0


@asynccontextmanager
async def authority() -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """Who gives tokens, and tells Dovecot whose they are; its address, and what it was asked."""
    asked: list[dict[str, str]] = []

    async def token(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        asked.append(form)
        if form.get("client_secret") == "wrong":
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"access_token": TOKEN, "expires_in": 3600, "refresh_token": "the-next-one"})

    async def info(request: web.Request) -> web.Response:
        right = request.query.get("access_token") == TOKEN
        return web.json_response({"email": USER} if right else {"error": "invalid_token"}, status=200 if right else 400)

    app = web.Application()
    app.add_routes([web.post("/token", token), web.get("/info", info)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}", asked
    finally:
        await runner.cleanup()


async def test_a_token_that_a_program_prints_opens_the_mailbox() -> None:
    async with authority() as (address, _), dovecot(tokens=f"{address}/info") as box:
        printing = (sys.executable, "-c", f"print({TOKEN!r})")
        assert await entered(box, password_file=None, token_command=printing) == 0


async def test_a_wrong_token_is_refused_and_not_repeated_in_the_error() -> None:
    async with authority() as (address, _), dovecot(tokens=f"{address}/info") as box:
        with pytest.raises(Refused) as refused:
            await entered(box, password_file=None, token_command=(sys.executable, "-c", "print('another')"))
    assert "another" not in str(refused.value)


async def test_a_program_that_prints_no_token_is_said_to(tmp_path: Path) -> None:
    async with authority() as (address, _), dovecot(tokens=f"{address}/info") as box:
        with pytest.raises(ImapError, match="token_command printed no token"):
            await entered(box, password_file=None, token_command=(sys.executable, "-c", "raise SystemExit(1)"))


async def test_a_token_is_fetched_by_the_refresh_token_once_for_many_logins(tmp_path: Path) -> None:
    refresh = tmp_path / "refresh"
    refresh.write_text("the-first-one\n")
    async with authority() as (address, asked), dovecot(tokens=f"{address}/info") as box:
        parts = {"password_file": None, "token_url": f"{address}/token", "client_id": "us"}
        login = Login(box.mailbox(**parts, refresh_token_file=refresh, scope="imap"), 30)
        for client in await asyncio.gather(login.enter(), login.enter()):
            await client.close()
        expected = {"client_id": "us", "grant_type": "refresh_token", "refresh_token": "the-first-one", "scope": "imap"}
        assert asked == [expected]


async def test_a_client_that_has_a_secret_only_gets_its_token_by_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("ours")
    async with authority() as (address, asked), dovecot(tokens=f"{address}/info") as box:
        parts: dict[str, Any] = {"password_file": None, "token_url": f"{address}/token", "client_id": "us"}
        assert await entered(box, **parts, client_secret_file=secret) == 0
        assert asked == [{"client_id": "us", "grant_type": "client_credentials", "client_secret": "ours"}]
        secret.write_text("wrong")
        with pytest.raises(ImapError, match="HTTP 401"):
            await entered(box, **parts, client_secret_file=secret)


def test_no_secret_stands_in_what_is_shown_of_a_mailbox(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("very secret")
    box = ImapMailbox(name="box", host="imap.frontline.example", user=USER, password_file=file, inbox="support")
    assert box.mistakes() == []
    assert "very secret" not in repr(box)
    assert "very secret" not in repr(vars(Login(box, 1)))
