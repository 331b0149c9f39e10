"""How mail is handed to a relay that wants TLS and a name, over real SMTP."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.settings import Secret
from tests.integration.intake_email.stage import WRITTEN, Sink, receiving, reply, sinking

PASSWORD = "a password that nobody may see"


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed one for 127.0.0.1, and the context of a server that has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(WRITTEN - timedelta(days=3650))
        .not_valid_after(WRITTEN + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = folder / "relay.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return path, context


class Doorkeeper:
    """Lets one user in, and remembers how often somebody tried."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    def __call__(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.tried.append(mechanism)
        return AuthResult(success=(data.login, data.password) == (b"desk", PASSWORD.encode()))


@asynccontextmanager
async def implicit(context: ssl.SSLContext, **options: Any) -> AsyncIterator[Sink]:
    """A relay that speaks TLS from the first byte."""
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, hostname="sink.example", loop=loop, **options), "127.0.0.1", 0, ssl=context
    )
    sink.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()


def known(**more: Any) -> dict[str, Any]:
    return {"smtp_relay_user": "desk", "smtp_relay_password": Secret(PASSWORD), **more}


@pytest.mark.parametrize("ways", [("PLAIN",), ("LOGIN",), ("LOGIN", "PLAIN")])
async def test_a_relay_that_asks_is_told_who_we_are_behind_starttls(
    ways: Sequence[str], nats: EmbeddedServer, provisioned: Bus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, context = certificate(tmp_path)
    door = Doorkeeper()
    options = {"tls_context": context, "require_starttls": True, "authenticator": door, "auth_required": True}
    excluded = {"PLAIN", "LOGIN"} - set(ways)
    async with sinking(**options, auth_exclude_mechanism=excluded) as sink:
        settings = known(smtp_relay=sink.address, smtp_relay_tls="starttls", smtp_relay_ca=path)
        async with receiving(nats, provisioned, **settings) as stage:
            await stage.channel.deliver(reply())
    assert len(sink.mails) == 1
    assert set(door.tried) <= set(ways)
    assert PASSWORD not in caplog.text + repr(stage.channel._settings)


async def test_tls_may_stand_from_the_first_byte(nats: EmbeddedServer, provisioned: Bus, tmp_path: Path) -> None:
    path, context = certificate(tmp_path)
    door = Doorkeeper()
    async with implicit(context, authenticator=door, auth_require_tls=False) as sink:
        settings = known(smtp_relay=sink.address, smtp_relay_tls="implicit", smtp_relay_ca=path)
        async with receiving(nats, provisioned, **settings) as stage:
            await stage.channel.deliver(reply())
    assert len(sink.mails) == 1
    assert door.tried


async def test_a_relay_that_does_not_let_us_in_makes_the_reply_wait_and_the_operator_know(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    door = Doorkeeper()
    async with sinking(authenticator=door, auth_require_tls=False) as sink:
        settings = known(smtp_relay=sink.address, smtp_relay_password=Secret("wrong"))
        async with receiving(nats, provisioned, **settings) as stage:
            with pytest.raises(Unavailable) as told:
                await stage.channel.deliver(reply())
            assert stage.figure("frontline_email_relay_logins_failed_total") == 1
    assert sink.mails == []
    assert "wrong" not in told.value.detail


async def test_a_relay_without_starttls_gets_no_mail_where_it_must_have_it(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with (
        sinking() as sink,
        receiving(nats, provisioned, smtp_relay=sink.address, smtp_relay_tls="starttls") as stage,
    ):
        with pytest.raises(Unavailable):
            await stage.channel.deliver(reply())
    assert sink.mails == []


@pytest.mark.parametrize("way", ["starttls", "offered"])
async def test_a_relay_with_a_certificate_that_is_not_right_gets_no_mail(
    way: str, nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    _, context = certificate(tmp_path)
    async with sinking(tls_context=context) as sink:
        async with receiving(nats, provisioned, smtp_relay=sink.address, smtp_relay_tls=way) as stage:
            with pytest.raises(Unavailable):
                await stage.channel.deliver(reply())
        assert sink.mails == []
        async with receiving(nats, provisioned, smtp_relay=sink.address, smtp_relay_verify=False) as stage:
            await stage.channel.deliver(reply())
        assert len(sink.mails) == 1
