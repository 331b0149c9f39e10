"""The channel under the contract kit, over real HTTP on both sides."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import ClassVar

import pytest
import pytest_asyncio

from frontline.testing.channel_contract import ChannelContract
from frontline.testing.driver import Answer, Listeners, Sent
from frontline.testing.http_ends import HttpFarEnd, http_far_end, post, post_endlessly
from intake_webhook.channel import WebhookChannel
from intake_webhook.signature import ID, key_of, signed

SECRET = "whsec_" + base64.b64encode(b"a secret for tests only, old").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"a secret for tests only, new").decode()
INBOX = "contract"


def said(text: str, **more: object) -> bytes:
    return json.dumps({"from": {"address": "one@customer.example"}, "text": text, **more}).encode()


class WebhookDriver:
    """A system that posts messages and is posted replies. A payload's id is its own hash."""

    secrets: ClassVar = (SECRET, OLD_SECRET)
    address: ClassVar = "webhook"
    payloads: ClassVar = (
        said("It does not work.", subject="The printer", thread="case-7", sent="2026-05-04T11:59:00+02:00"),
        said("Grüße – 你好 🙂", language="de"),
    )
    malformed: ClassVar = (b"{", b"[]", b"[" * 10_000, said("no sender").replace(b"address", b"adress"), b"\xff\xfe")
    limit: ClassVar = 64 * 1024
    grace: ClassVar = 0.5

    def __init__(self, far_end: HttpFarEnd) -> None:
        self.far_end = far_end
        self.settings = {
            "FRONTLINE_WEBHOOK_PORT": "0",
            "FRONTLINE_WEBHOOK_SECRETS": f"{SECRET}, {OLD_SECRET}",
            "FRONTLINE_WEBHOOK_REPLIES": f"{INBOX}={far_end.url}",
            "FRONTLINE_WEBHOOK_MAX_SIZE": str(self.limit),
            "FRONTLINE_WEBHOOK_GRACE": str(self.grace),
        }

    async def send(self, listeners: Listeners, payload: bytes) -> Answer:
        return await post(self._url(listeners), payload, self._headers(payload))

    async def send_oversized(self, listeners: Listeners, size: int) -> Answer:
        return await post_endlessly(self._url(listeners), size, self._headers(b""))

    def _url(self, listeners: Listeners) -> str:
        return f"{listeners['http']}/webhook/{INBOX}"

    def _headers(self, payload: bytes) -> dict[str, str]:
        key = key_of(OLD_SECRET)
        assert key is not None
        return signed([key], f"n{payload.hex()[-40:]}", datetime.now(UTC), payload)


def taken(body: bytes, headers: Mapping[str, str]) -> Sent:
    """A reply as the far end reads it."""
    return Sent(headers[ID], json.loads(body)["text"])


class TestWebhook(ChannelContract):
    @pytest.fixture
    def channel(self) -> type[WebhookChannel]:
        return WebhookChannel

    @pytest_asyncio.fixture
    async def driver(self) -> AsyncIterator[WebhookDriver]:
        async with http_far_end(taken) as far_end:
            yield WebhookDriver(far_end)
