"""Chat under the contract kit: real WebSockets in; replies are lines of the transcript."""

import asyncio
import json
from contextlib import suppress
from typing import ClassVar

import pytest

from frontline.testing.channel_contract import ChannelContract
from frontline.testing.driver import Answer, Listeners, Told
from intake_chat.channel import ChatChannel
from tests.integration.intake_chat.raw import CLOSE, CONTINUED, TEXT, frame, handshake, read_frame

INBOX = "contract"
SECRET = "what a shop signs its customers with in tests"
_REFUSED = {1003, 1007, 1008, 1009}


def _message(number: int, text: str) -> bytes:
    return json.dumps({"type": "message", "id": f"client-{number:08}", "text": text}).encode()


class ChatDriver:
    """One visitor's browser, with a window for each message."""

    settings: ClassVar = {
        "FRONTLINE_CHAT_PORT": "0",
        "FRONTLINE_CHAT_IDENTITY_SECRETS": f"{INBOX}={SECRET}",
        "FRONTLINE_CHAT_MAX_FRAME": "65536",
        "FRONTLINE_CHAT_GRACE": "0.5",
    }
    secrets: ClassVar = (SECRET,)
    address: ClassVar = INBOX
    payloads: ClassVar = (
        _message(1, "My printer is on fire."),
        _message(2, "The one on the third floor – \u2068שלום\u2069 🙂\nSecond line."),
        _message(3, "x" * 8000),
    )
    malformed: ClassVar = (
        b"no json",
        b"{}",
        b'{"type":"nonsense"}',
        b'{"type":"message","id":"short","text":"a"}',
        b'{"type":"message","id":"client-00000009","text":5}',
        b'{"type":"message","id":"client-00000009","text":"\xff"}',
        b'{"type":"hello","v":1,"inbox":"contract"}',
        b'{"type":"message","id":"client-00000009","text":"","attachments":"all of them"}',
    )
    limit: ClassVar = 65536
    grace: ClassVar = 0.5

    def __init__(self) -> None:
        self._token = ""

    async def send(self, listeners: Listeners, payload: bytes) -> Answer:
        reader, writer = await self._hello(listeners)
        try:
            writer.write(frame(payload))
            return await _answer(reader)
        finally:
            await _gone(writer)

    async def send_oversized(self, listeners: Listeners, size: int) -> Answer:
        reader, writer = await self._hello(listeners)
        answering = asyncio.ensure_future(_answer(reader))
        try:
            piece = b"a" * 32768
            writer.write(frame(b'{"type":"message","id":"client-00000009","text":"', TEXT, last=False))
            with suppress(ConnectionError):
                for _ in range(size // len(piece)):
                    if answering.done():
                        break
                    writer.write(frame(piece, CONTINUED, last=False))
                    await writer.drain()
            return await answering
        finally:
            answering.cancel()
            await _gone(writer)

    async def _hello(self, listeners: Listeners) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await handshake(listeners["http"])
        hello = {"type": "hello", "v": 1, "inbox": INBOX, **({"token": self._token} if self._token else {})}
        writer.write(frame(json.dumps(hello).encode()))
        opcode, data = await read_frame(reader)
        if opcode == TEXT and (welcome := json.loads(data))["type"] == "welcome":
            self._token = welcome["token"]
            return reader, writer
        await _gone(writer)
        raise ConnectionError("not welcome")


async def _answer(reader: asyncio.StreamReader) -> Answer:
    """The acknowledgement, or the code that the socket is closed with."""
    while True:
        opcode, data = await read_frame(reader)
        if opcode == CLOSE:
            code = int.from_bytes(data[:2], "big")
            return Answer(Told.REFUSED if code in _REFUSED else Told.TRY_AGAIN, str(code))
        if opcode == TEXT:
            said = json.loads(data)
            if said["type"] == "ack":
                return Answer(Told.ACCEPTED, "ack")


async def _gone(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


class TestChat(ChannelContract):
    @pytest.fixture
    def channel(self) -> type[ChatChannel]:
        return ChatChannel

    @pytest.fixture
    def driver(self) -> ChatDriver:
        return ChatDriver()
