"""E-mail under the contract kit: real SMTP in, a real mail server that takes replies."""

import asyncio
import email
import smtplib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from email import policy
from typing import ClassVar

import pytest
import pytest_asyncio

from frontline.testing.channel_contract import ChannelContract
from frontline.testing.driver import Answer, Listeners, Sent, Told
from intake_email.channel import EmailChannel
from tests.integration.intake_email.stage import Sink, fixture, sinking

ADDRESS = "support@frontline.example"
FROM = b"MAIL FROM:<one@customer.example>"
TO = b"RCPT TO:<support@frontline.example>"
COMMANDS = b"\r\n"
"""How a payload begins that is a conversation rather than a mail: one command a line."""


class MailFarEnd:
    """`frontline.testing.driver.FarEnd`: a mail server. It tells mails apart by their Message-ID."""

    ANSWERS: ClassVar = {Told.REFUSED: "550 5.1.1 nobody here", Told.TRY_AGAIN: "451 4.3.0 later"}

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def sent(self) -> list[Sent]:
        return [_sent(each.content) for each in self._sink.mails if isinstance(each.content, bytes)]

    def answer_next(self, told: Told) -> None:
        self._sink.answers.append(self.ANSWERS[told])


def _sent(raw: bytes) -> Sent:
    mail = email.message_from_bytes(raw, policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    files = tuple(part.get_content() for part in mail.iter_attachments())
    return Sent(mail["Message-ID"], body.get_content(), tuple(f if isinstance(f, bytes) else f.encode() for f in files))


class EmailDriver:
    """A customer's mail server."""

    secrets: ClassVar = ()
    address: ClassVar = ADDRESS
    payloads: ClassVar = tuple(
        fixture(f"{name}.eml") for name in ("plain", "alternative-gmail", "mixed-attachments", "no-message-id")
    )
    malformed: ClassVar = (
        COMMANDS + FROM + b"\r\nRCPT TO:<nobody@elsewhere.example>",
        COMMANDS + TO,
        COMMANDS + FROM + b"\r\nDATA",
        COMMANDS + b"MAIL FROM:<one@customer.example> SIZE=999999999",
    )
    limit: ClassVar = 512 * 1024
    grace: ClassVar = 0.5

    def __init__(self, sink: Sink) -> None:
        self.far_end = MailFarEnd(sink)
        self.settings = {
            "FRONTLINE_SMTP_PORT": "0",
            "FRONTLINE_SMTP_RELAY": sink.address,
            "FRONTLINE_SMTP_MAX_SIZE": str(self.limit),
            "FRONTLINE_SMTP_GRACE": str(self.grace),
        }

    async def send(self, listeners: Listeners, payload: bytes) -> Answer:
        if payload.startswith(COMMANDS):
            return await self._talk(listeners, [b"EHLO customer.example", *payload.split(b"\r\n")[1:]])
        return await asyncio.to_thread(self._send, _port(listeners), payload)

    def _send(self, port: int, mail: bytes) -> Answer:
        client = smtplib.SMTP("127.0.0.1", port, timeout=30)
        try:
            client.sendmail("one@customer.example", [ADDRESS], mail)
        except smtplib.SMTPRecipientsRefused as error:
            return _told(error.recipients[ADDRESS][0])
        except smtplib.SMTPResponseException as error:
            return _told(error.smtp_code)
        finally:
            client.close()  # without QUIT: what counts has been said
        return _told(250)

    async def _talk(self, listeners: Listeners, said: Sequence[bytes]) -> Answer:
        """Say one line after the other; what counts is the answer to the last."""
        reader, writer = await asyncio.open_connection("127.0.0.1", _port(listeners))
        try:
            code = await _code(reader)
            for line in said:
                writer.write(line + b"\r\n")
                code = await _code(reader)
            return _told(code)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def send_oversized(self, listeners: Listeners, size: int) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", _port(listeners))
        try:
            await _code(reader)
            for line in (b"EHLO customer.example", FROM, TO, b"DATA"):
                writer.write(line + b"\r\n")
                await _code(reader)
            piece = (b"a" * 70 + b"\r\n") * 1000
            for _ in range(size // len(piece)):
                writer.write(piece)
                await writer.drain()
            writer.write(b".\r\n")
            return _told(await _code(reader))
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def _port(listeners: Listeners) -> int:
    return int(listeners["smtp"].rpartition(":")[2])


async def _code(reader: asyncio.StreamReader) -> int:
    """Of the next answer, however many lines it has (RFC 5321, 4.2.1)."""
    while True:
        line = await reader.readuntil(b"\r\n")
        if line[3:4] != b"-":
            return int(line[:3])


def _told(code: int) -> Answer:
    kinds = {2: Told.ACCEPTED, 4: Told.TRY_AGAIN, 5: Told.REFUSED}
    return Answer(kinds[code // 100], str(code))


class TestEmail(ChannelContract):
    @pytest.fixture
    def channel(self) -> type[EmailChannel]:
        return EmailChannel

    @pytest_asyncio.fixture
    async def driver(self) -> AsyncIterator[EmailDriver]:
        async with sinking() as sink:
            yield EmailDriver(sink)
