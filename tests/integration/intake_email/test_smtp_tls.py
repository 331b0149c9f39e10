"""Sessions under TLS: certificates, what is said before it, and mails that come through it."""

import asyncio
import smtplib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import CHANNELS, DESKS, SMALL, connected, nats_server
from tests.integration.intake_email.certificates import write_certificate
from tests.integration.intake_email.stage import ADDRESSES, SUPPORT, mail, receiving, session, until

EHLO = b"EHLO client.example\r\n"
FROM = b"MAIL FROM:<one@customer.example>\r\n"
LOOPS = pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])


def on(make_loop: Callable[[], asyncio.AbstractEventLoop], work: Callable[[], Awaitable[None]]) -> None:
    """Run a test on that kind of loop: processes have the one, tests the other."""

    async def run() -> None:
        await work()

    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(run())


def presented(port: int) -> bytes:
    """The certificate that we show; a mail goes through on the way."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.starttls(context=context)
        assert not client.has_extn("starttls")
        client.sendmail("one@customer.example", [ADDRESSES[SUPPORT]], mail())
        assert isinstance(client.sock, ssl.SSLSocket)
        return client.sock.getpeercert(binary_form=True) or b""


@LOOPS
def test_a_renewed_certificate_is_shown_without_a_restart(
    make_loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path
) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"

    async def work() -> None:
        async with nats_server(tmp_path / "nats") as server, connected(server) as bus:
            await provision(bus.nc.jetstream(), topology(CHANNELS, DESKS, SMALL))
            first = write_certificate(chain, key)
            async with receiving(server, bus, smtp_tls_certificate=chain, smtp_tls_key=key) as stage:
                assert await asyncio.to_thread(presented, stage.port) == first
                good = key.read_bytes()
                key.write_bytes(b"half of a ke")
                assert await asyncio.to_thread(presented, stage.port) == first
                assert stage.figure("frontline_email_certificate_failures_total") == 1
                key.write_bytes(good)
                second = write_certificate(chain, key)
                assert await asyncio.to_thread(presented, stage.port) == second != first
                await stage.one()

    on(make_loop, work)


@LOOPS
def test_a_large_mail_comes_through_tls(make_loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    raw = mail("A long line of words, and another.\r\n" * 40_000)

    def send(port: int) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            client.starttls(context=context)
            client.sendmail("one@customer.example", [ADDRESSES[SUPPORT]], raw)

    async def work() -> None:
        async with nats_server(tmp_path / "nats") as server, connected(server) as bus:
            await provision(bus.nc.jetstream(), topology(CHANNELS, DESKS, SMALL))
            write_certificate(chain, key)
            async with receiving(server, bus, smtp_tls_certificate=chain, smtp_tls_key=key) as stage:
                await asyncio.to_thread(send, stage.port)
                assert await stage.octets(await stage.one()) == raw

    on(make_loop, work)


async def tls_stage(tmp_path: Path, **settings: Any) -> dict[str, Any]:
    write_certificate(tmp_path / "chain.pem", tmp_path / "key.pem")
    return {"smtp_tls_certificate": tmp_path / "chain.pem", "smtp_tls_key": tmp_path / "key.pem", **settings}


async def test_what_is_said_in_the_clear_after_starttls_is_never_heard(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with (
        receiving(nats, provisioned, **await tls_stage(tmp_path)) as stage,
        session(stage.port, EHLO) as (reader, writer),
    ):
        writer.write(b"STARTTLS\r\n" + FROM)
        assert (await reader.read()).startswith(b"503 5.5.1 nothing may follow STARTTLS")
        assert stage.figure("frontline_email_sessions_ended_total", why="injection") == 1


async def test_where_tls_is_required_no_mail_comes_without_it(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with receiving(nats, provisioned, **await tls_stage(tmp_path, smtp_tls_required=True)) as stage:
        answers = await stage.talk(EHLO, FROM, b"NOOP\r\n")
        assert "STARTTLS" in answers[1]
        assert [answer[:9] for answer in answers[2:]] == ["530 5.7.0", "250 2.0.0"]


async def test_a_handshake_that_is_none_ends_the_session(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with (
        receiving(nats, provisioned, **await tls_stage(tmp_path)) as stage,
        session(stage.port, EHLO, b"STARTTLS\r\n") as (reader, writer),
    ):
        writer.write(b"MAIL FROM:<one@customer.example>\r\n" * 10)
        await reader.read()
        await until(lambda: stage.figure("frontline_email_sessions_ended_total", why="handshake") == 1)
