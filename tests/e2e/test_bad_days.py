"""What a sender sees when something behind the door is away, full, or can't make sense of it."""

import asyncio
import smtplib
from pathlib import Path

import nats as nats_client
import pytest

from frontline.runtime.embedded import EmbeddedServer
from tests.e2e.running import Running, children, frontline, mail, until

BROKEN = (
    b"From: customer@one.example\r\nContent-Type: multipart/mixed; boundary=there\r\n\r\nnothing of a mail \xff\x80\r\n"
)

SMALL = {f"FRONTLINE_{what}_MIB": "16" for what in ("INBOX", "LOG", "OUTBOX", "OBJECT")}
"""A server that is somebody else's has to have room for what the streams may take."""


async def test_with_nats_away_smtp_says_451_and_recovers_without_a_restart(
    nats: EmbeddedServer, tmp_path: Path
) -> None:
    async with frontline(tmp_path / "data", FRONTLINE_NATS_URL=nats.url, **SMALL) as running:
        before = children(running)
        await nats.kill()
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            await asyncio.to_thread(running.send, mail("One", "Hello", message_id="<1@one.example>"))
        assert refused.value.smtp_code == 451
        await nats.start()

        async def taken() -> bool:
            try:
                await asyncio.to_thread(running.send, mail("One", "Hello", message_id="<1@one.example>"))
            except (smtplib.SMTPException, OSError):
                return False
            return True

        assert await until(taken)
        assert (await running.contact("One"))["state"] == "assigned"
        assert children(running) == before


async def test_with_its_stream_full_smtp_says_452(tmp_path: Path) -> None:
    async with frontline(tmp_path / "data") as running:
        await _fill_inbox(running)
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            await asyncio.to_thread(running.send, mail("One", "Hello", message_id="<1@one.example>"))
        assert refused.value.smtp_code == 452


async def test_a_mail_that_cannot_be_parsed_is_kept_parked_and_visible(tmp_path: Path) -> None:
    async with frontline(tmp_path / "data") as running:
        host, port = running.up["smtp"].rsplit(":", 1)

        def send() -> None:
            with smtplib.SMTP(host, int(port), timeout=30) as client:
                client.sendmail("customer@one.example", ["support@frontline.example"], BROKEN)

        await asyncio.to_thread(send)
        [contact] = await until(running.contacts)
        [item] = await until(lambda: running.items(contact["id"]))
        assert item["original"] is not None
        async with running.session.get(running.up["router"] + item["original"], headers=running.agent()) as response:
            assert b"nothing of a mail" in await response.read()
        [parked] = (await running.get("/api/parked"))["items"]
        assert parked["reason"] == "flawed"


async def _fill_inbox(running: Running) -> None:
    """Lower the stream's limit below one message: as full as can be."""
    client = await nats_client.connect(running.up["nats"])
    try:
        js = client.jetstream()
        info = await js.stream_info("INBOX_email")
        assert info.config is not None
        info.config.max_bytes = 1
        await js.update_stream(info.config)
    finally:
        await client.close()
