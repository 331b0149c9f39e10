"""Sessions: proxies, LMTP, clients in a hurry and slow ones, and how much of everything one may take."""

import asyncio
import socket
import struct
from typing import Any, cast

import pytest

from frontline.contract.channel import Receive
from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_email import taking
from intake_email.proxy import HEAD, SIGNATURE
from tests.integration.intake_email.daemons import free_port
from tests.integration.intake_email.stage import SALES, SUPPORT, Stage, mail, receiving, session, until

EHLO = b"EHLO client.example\r\n"
FROM = b"MAIL FROM:<one@customer.example>\r\n"
TO = b"RCPT TO:<support@frontline.example>\r\n"
TO_SALES = b"RCPT TO:<sales@frontline.example>\r\n"


async def proxied(stage: Stage, header: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    writer.write(header + EHLO + FROM + TO + b"DATA\r\n" + mail() + b".\r\nQUIT\r\n")
    heard = (await reader.read()).split(b"\r\n")
    writer.close()
    return heard


@pytest.mark.parametrize(
    "header,peer",
    [
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n", "192.0.2.7"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (
            SIGNATURE + HEAD.pack(0x21, 0x21, 36) + socket.inet_pton(socket.AF_INET6, "2001:db8::7") + bytes(20),
            "2001:db8::7",
        ),
        (SIGNATURE + HEAD.pack(0x20, 0, 0), "127.0.0.1"),
    ],
)
async def test_a_proxy_of_ours_tells_who_is_behind_it(
    header: bytes, peer: str, nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with receiving(nats, provisioned, smtp_proxy_networks=("127.0.0.0/8",)) as stage:
        assert (await proxied(stage, header))[-3].startswith(b"250 2.0.0 stored")
        assert (await stage.one()).native["peer"] == peer


async def test_a_proxy_that_names_nobody_is_dropped(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned, smtp_proxy_networks=("127.0.0.0/8",)) as stage:
        assert await proxied(stage, b"") == [b""]
        assert await proxied(stage, SIGNATURE + HEAD.pack(0x21, 0x11, 4) + bytes(4)) == [b""]
        assert stage.figure("frontline_email_sessions_ended_total", why="proxy_refused") == 2
        assert await stage.stored() == []


async def test_from_anybody_else_the_proxy_protocol_is_no_mail(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned, smtp_proxy_networks=("192.0.2.0/24",)) as stage:
        answers = await stage.talk(b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n", EHLO, FROM, TO)
        assert answers[1].startswith("500 5.5.1")
        await stage.send(mail())
        assert (await stage.one()).native["peer"] == "127.0.0.1"


async def test_by_lmtp_each_recipient_has_an_answer(
    nats: EmbeddedServer, provisioned: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = taking.Taking.each

    async def crowded(self: taking.Taking, raw: bytes, way: taking.Way, receive: Receive) -> Any:
        async def refusing(message: Any) -> None:
            if message.inbox == SALES:
                raise Unavailable("no room", full=True)
            await receive(message)

        return await each(self, raw, way, refusing)

    monkeypatch.setattr(taking.Taking, "each", crowded)
    async with receiving(nats, provisioned, lmtp_port=0) as stage:
        port = int(stage.service.status.listeners["lmtp"].rpartition(":")[2])
        said = (
            b"LHLO client.example\r\n",
            FROM,
            TO,
            b"RCPT TO:<nobody@frontline.example>\r\n",
            TO_SALES,
            TO,
            b"DATA\r\n",
        )
        async with session(port, *said) as (reader, writer):
            writer.write(mail() + b".\r\n")
            answers = [(await reader.readline()).decode()[:9] for _ in range(3)]
        assert answers == ["250 2.0.0", "452 4.3.1", "250 2.0.0"]
        assert (await stage.one()).inbox == SUPPORT
        async with session(port) as (reader, writer):
            writer.write(EHLO + b"LHLO x\r\nDATA\r\nQUIT\r\n")
            heard = (await reader.read()).decode().split("\r\n")
            assert heard[0].startswith("500 5.5.1")
            assert heard[-3].startswith("503 5.5.1")
        assert (await stage.talk(b"LHLO x\r\n"))[1].startswith("500 5.5.1")


async def test_an_inbox_that_is_full_is_refused_before_the_mail_is_sent_and_its_neighbour_is_not(
    nats: EmbeddedServer, provisioned: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = taking.Taking.each

    async def crowded(self: taking.Taking, raw: bytes, way: taking.Way, receive: Receive) -> Any:
        if SALES in way.inboxes:
            return {SALES: Unavailable("no room", full=True)}
        return await each(self, raw, way, receive)

    monkeypatch.setattr(taking.Taking, "each", crowded)
    async with receiving(nats, provisioned, smtp_full_pause=600.0) as stage:
        await stage.talk(EHLO, FROM, TO_SALES, b"DATA\r\n", mail() + b".\r\n")
        answers = await stage.talk(EHLO, FROM, TO_SALES, TO, b"DATA\r\n", mail() + b".\r\n")
        assert [answer[:9] for answer in answers[3:5]] == ["452 4.3.1", "250 2.1.5"]
        assert answers[-1].startswith("250")
        assert (await stage.one()).inbox == SUPPORT


@pytest.mark.parametrize(
    "line",
    [
        b"NOOP\n",
        b"NOOP\r\r\n",
        b"NO\rOP\r\n",
        b"NOOP \0\r\n",
        b"NOOP x\nMAIL FROM:<two@customer.example>\r\n",
        b"NOOP " + b"x" * 5000 + b"\r\n",
        b"NOOP " + b"x" * 500_000 + b"\r\n",
    ],
)
async def test_a_command_line_that_is_none_is_refused(line: bytes, nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage, session(stage.port, EHLO) as (reader, writer):
        writer.write(line + b"QUIT\r\n")
        heard = (await reader.read()).split(b"\r\n")
        assert heard[0].startswith(b"500 5.5.")
        assert heard[-2].startswith(b"221 2.0.0")


async def test_paths_have_brackets(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        said = (b"MAIL FROM:one@customer.example\r\n", FROM, b"RCPT TO:support@frontline.example\r\n", b"DATA\r\n")
        answers = await stage.talk(EHLO, *said)
        assert [answer[:9] for answer in answers[2:]] == ["501 5.5.4", "250 2.1.0", "501 5.5.4", "503 5.5.1"]


async def test_a_header_over_the_limit_is_refused(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned, smtp_max_header=2000) as stage:
        raw = mail(X_Long="x" * 3000)
        answers = await stage.talk(
            EHLO, FROM, TO, b"DATA\r\n", raw + b".\r\n", FROM, TO, b"DATA\r\n", mail() + b".\r\n"
        )
        assert answers[5].startswith("552 5.3.4 fields larger than 2000 octets")
        assert answers[-1].startswith("250")


async def test_one_address_has_so_many_sessions_and_others_theirs(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(
        nats, provisioned, smtp_max_sessions_per_peer=1, smtp_proxy_networks=("127.0.0.0/8",)
    ) as stage:
        lines = [b"PROXY TCP4 192.0.2.%d 198.51.100.1 1 25\r\n" % number for number in (7, 7, 8)]
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
            writer.write(lines[0])
            assert (await reader.readline()).startswith(b"220")
            assert (await proxied(stage, lines[1]))[0].startswith(b"421 4.7.0 too many sessions of yours")
            assert (await proxied(stage, lines[2]))[0].startswith(b"220")
            writer.close()
            while not (await proxied(stage, lines[1]))[0].startswith(b"220"):
                pass


async def test_too_many_errors_end_a_session(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with (
        receiving(nats, provisioned, smtp_max_errors=3) as stage,
        session(stage.port, EHLO, FROM) as (reader, writer),
    ):
        writer.write(b"RCPT TO:<guess@frontline.example>\r\n" * 10)
        heard = (await reader.read()).split(b"\r\n")
        assert [line[:9] for line in heard] == [b"550 5.1.1"] * 4 + [b"421 4.7.0", b""]
        assert stage.figure("frontline_email_sessions_ended_total", why="too_many_errors") == 1


async def test_too_many_commands_without_a_mail_end_a_session(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with (
        receiving(nats, provisioned, smtp_max_commands=5) as stage,
        session(stage.port, EHLO, FROM, TO, b"DATA\r\n", mail() + b".\r\n") as (reader, writer),
    ):
        writer.write(b"RSET\r\n" * 10)
        heard = (await reader.read()).split(b"\r\n")
        assert [line[:9] for line in heard] == [b"250 2.0.0"] * 5 + [b"421 4.7.0", b""]


async def test_a_slow_client_is_waited_for(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage, session(stage.port) as (reader, writer):
        for octet in EHLO + FROM + TO + b"DATA\r\n" + mail() + b".\r\nQUIT\r\n":
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0)
        assert b"250 2.0.0 stored as" in await reader.read()
        assert await stage.octets(await stage.one()) == mail()


async def test_a_client_that_says_all_at_once_hears_all_at_once(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage, session(stage.port) as (reader, writer):
        one = FROM + TO + b"RCPT TO:<nobody@frontline.example>\r\nDATA\r\n"
        writer.write(EHLO + (one + mail() + b".\r\n") * 3 + b"QUIT\r\n")
        writer.write_eof()
        heard = [line[:3] for line in (await reader.read()).split(b"\r\n") if line[3:4] == b" "]
        assert heard == [b"250", *[b"250", b"250", b"550", b"354", b"250"] * 3, b"221"]
        await stage.one()


async def test_a_client_that_does_not_listen_is_let_go(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned, smtp_idle_timeout=0.5, smtp_max_commands=10**9) as stage:
        _, writer = await asyncio.open_connection("127.0.0.1", stage.port, limit=1)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.transport.set_write_buffer_limits(high=1 << 30)
        writer.write(EHLO * 200_000)
        await until(lambda: stage.figure("frontline_email_sessions_ended_total", why="timeout") == 1)
        writer.transport.abort()


async def test_a_mail_whose_answer_was_not_heard_comes_again_and_is_one_message(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    """Hard case 30: the sender gives up after DATA, though we have the mail."""
    async with receiving(nats, provisioned) as stage:
        for _ in range(3):
            async with session(stage.port, EHLO, FROM, TO, b"DATA\r\n") as (_, writer):
                writer.write(mail() + b".\r\n")
                await writer.drain()
        await until(lambda: stage.figure("frontline_email_mails_total", inboxes="1") == 3)
        await stage.send(mail())
        await stage.one()


async def test_a_mail_that_has_come_whole_is_stored_though_its_sender_is_gone(
    nats: EmbeddedServer, provisioned: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    each = taking.Taking.each

    async def held(self: taking.Taking, raw: bytes, way: taking.Way, receive: Receive) -> Any:
        begun.set()
        await go_on.wait()
        return await each(self, raw, way, receive)

    monkeypatch.setattr(taking.Taking, "each", held)
    async with receiving(nats, provisioned) as stage:
        async with session(stage.port, EHLO, FROM, TO, b"DATA\r\n") as (_, writer):
            writer.write(mail() + b".\r\n")
            await begun.wait()
            # Not even an orderly end: the connection is reset.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        await until(lambda: stage.figure("frontline_email_sessions_ended_total", why="lost") == 1)
        go_on.set()
        await until(lambda: stage.figure("frontline_email_mails_total", inboxes="1") == 1)
        await stage.one()


async def test_a_client_that_breaks_off_in_its_mail_leaves_nothing(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        async with session(stage.port, EHLO, FROM, TO, b"DATA\r\n") as (_, writer):
            writer.write(mail())
            await writer.drain()
        await until(lambda: stage.figure("frontline_email_sessions_ended_total", why="lost") == 1)
        assert await stage.stored() == []


async def test_several_processes_share_a_port(nats: EmbeddedServer, provisioned: Bus) -> None:
    shared = cast("Any", {"smtp_port": free_port(), "smtp_share_port": True})
    async with receiving(nats, provisioned, **shared) as one, receiving(nats, provisioned, **shared):
        for number in range(20):
            await one.send(mail(Message_ID=f"<{number}@customer.example>"))
        assert len(await one.stored()) == 20
        assert 0 < one.figure("frontline_email_mails_total", inboxes="1") < 20


async def test_it_helps_no_one_to_ask_for_what_is_not_here(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        said = (
            b"AUTH PLAIN AGEAYg==\r\n",
            b"VRFY support\r\n",
            b"EXPN all\r\n",
            b"HELP\r\n",
            b"STARTTLS\r\n",
            b"LHLO x\r\n",
        )
        answers = await stage.talk(EHLO, *said)
        assert "AUTH" not in answers[1]
        assert [answer[:9] for answer in answers[2:]] == [
            "502 5.5.1",
            "252 2.5.2",
            "502 5.5.1",
            "214 2.0.0",
            "503 5.5.1",
            "500 5.5.1",
        ]
