"""A stop costs no mail: what is in hand is finished, everybody else is asked to come again."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from frontline.contract.channel import Receive
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_email import taking
from tests.integration.intake_email.stage import PATIENCE, mail, receiving, session

LINES = (
    b"EHLO client.example\r\n",
    b"MAIL FROM:<one@customer.example>\r\n",
    b"RCPT TO:<support@frontline.example>\r\n",
)


async def test_a_mail_in_hand_is_finished_and_stored(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with (
        receiving(nats, provisioned) as stage,
        session(stage.port, *LINES, b"DATA\r\n") as (reader, writer),
        session(stage.port, *LINES) as (idle, _),
    ):
        stage.service.stopping.set()
        assert (await idle.readline()).startswith(b"421 4.3.2")
        assert await idle.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", stage.port)
        writer.write(mail() + b".\r\n")
        assert (await reader.readline()).startswith(b"250 2.0.0")
        assert (await reader.readline()).startswith(b"421 4.3.2")
        assert await reader.read() == b""
        async with asyncio.timeout(PATIENCE):
            await stage.main
        await stage.one()


async def test_a_mail_that_is_being_stored_gets_its_answer(
    nats: EmbeddedServer, provisioned: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing, go_on = asyncio.Event(), asyncio.Event()
    each = taking.Taking.each

    async def held(self: taking.Taking, raw: bytes, way: taking.Way, receive: Receive) -> Any:
        storing.set()
        await go_on.wait()
        return await each(self, raw, way, receive)

    monkeypatch.setattr(taking.Taking, "each", held)
    async with (
        receiving(nats, provisioned) as stage,
        session(stage.port, *LINES, b"DATA\r\n") as (reader, writer),
    ):
        writer.write(mail() + b".\r\n")
        await storing.wait()
        stage.service.stopping.set()
        go_on.set()
        assert (await reader.readline()).startswith(b"250 2.0.0")
        await stage.one()


async def test_a_sender_who_does_not_finish_is_cut_off_after_the_grace(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with (
        receiving(nats, provisioned, smtp_grace=0.1) as stage,
        session(stage.port, *LINES, b"DATA\r\n") as (reader, writer),
    ):
        writer.write(b"Subject: half\r\n")
        stage.service.stopping.set()
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        async with asyncio.timeout(PATIENCE):
            await stage.main
        assert await stage.stored() == []
        assert stage.figure("frontline_email_sessions_cut_off_total") == 1


async def test_it_serves_again_after_it_has_stopped(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail())
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail())
        await stage.one()
