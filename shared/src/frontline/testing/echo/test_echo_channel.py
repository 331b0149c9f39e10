"""The channel under the contract kit, over real HTTP on both sides."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
import pytest_asyncio

from frontline.testing.channel_contract import ChannelContract
from frontline.testing.driver import Answer, Listeners, Sent
from frontline.testing.echo.channel import EchoChannel
from frontline.testing.http_ends import HttpFarEnd, http_far_end, post, post_endlessly

TOKEN = "a token for tests only"  # noqa: S105 - it says so
INBOX = "contract"
"""The id that the kit gives to the inbox with the driver's address."""


def said(number: int, text: str) -> bytes:
    return json.dumps({"id": f"n{number}", "from": "one@customer.example", "text": text}).encode()


class EchoDriver:
    """`frontline.testing.driver.DeliveringDriver`."""

    secrets: ClassVar = (TOKEN,)
    address: ClassVar = "contract"
    payloads: ClassVar = (said(1, "It does not work."), said(2, "Grüße – 你好 🙂"))
    malformed: ClassVar = (b"{", b"[]", b'{"id": "n3"}', b"\xff\xfe", said(4, "no sender").replace(b"one@", b"\0\xff"))
    limit: ClassVar = 64 * 1024
    grace: ClassVar = 0.5

    def __init__(self, far_end: HttpFarEnd) -> None:
        self.far_end = far_end
        self.settings = {
            "FRONTLINE_ECHO_PORT": "0",
            "FRONTLINE_ECHO_TOKEN": TOKEN,
            "FRONTLINE_ECHO_URL": far_end.url,
            "FRONTLINE_ECHO_MAX_SIZE": str(self.limit),
            "FRONTLINE_ECHO_GRACE": str(self.grace),
        }

    async def send(self, listeners: Listeners, payload: bytes) -> Answer:
        return await post(self._url(listeners), payload, self._headers())

    async def send_oversized(self, listeners: Listeners, size: int) -> Answer:
        return await post_endlessly(self._url(listeners), size, self._headers())

    def _url(self, listeners: Listeners) -> str:
        return f"{listeners['http']}/echo/{INBOX}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKEN}"}


def taken(body: bytes, headers: Mapping[str, str]) -> Sent:
    """A reply as the far end reads it."""
    return Sent(headers["Idempotency-Key"], json.loads(body)["text"])


@asynccontextmanager
async def driving() -> AsyncIterator[EchoDriver]:
    async with http_far_end(taken) as far_end:
        yield EchoDriver(far_end)


class TestEcho(ChannelContract):
    @pytest.fixture
    def channel(self) -> type[EchoChannel]:
        return EchoChannel

    @pytest_asyncio.fixture
    async def driver(self) -> AsyncIterator[EchoDriver]:
        async with driving() as driver:
            yield driver
