"""Phone under the contract kit: signed webhooks in, the simulator's REST API out."""

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
import pytest_asyncio

from frontline.testing.channel_contract import ChannelContract
from frontline.testing.driver import Answer, Listeners, Sent, Told
from intake_phone.channel import PhoneChannel
from intake_phone.simulator.account import SimulatedAccount
from intake_phone.simulator.api import Api
from intake_phone.simulator.exchange import Exchange
from tests.integration.intake_phone.stage import twilio

ADDRESS = "+12025550123"
ACCOUNT = SimulatedAccount(sid="AC" + "1" * 32, token="the new token")


def text(number: int, **changed: str) -> bytes:
    """An SMS as Twilio posts it."""
    sid = f"SM{number:032x}"
    form = {
        "AccountSid": ACCOUNT.sid,
        "ApiVersion": "2010-04-01",
        "MessageSid": sid,
        "SmsSid": sid,
        "From": f"+1202555{number:04}",
        "To": ADDRESS,
        "Body": f"Where is my parcel {number}? \u2709",
        "NumMedia": "0",
        "FromCity": "",
        **changed,
    }
    return urlencode(form).encode()


class Carriers:
    """`frontline.testing.driver.FarEnd`: what the simulator was asked to send."""

    ANSWERS: ClassVar = {Told.REFUSED: (400, 21610, "opted out"), Told.TRY_AGAIN: (429, 20429, "too many")}

    def __init__(self, exchange: Exchange, api: Api) -> None:
        self._exchange = exchange
        self._api = api

    def sent(self) -> list[Sent]:
        return [Sent(each.sid, each.body, tuple(each.files)) for each in self._exchange.texts]

    def answer_next(self, told: Told) -> None:
        self._api.refusals.append(self.ANSWERS[told])


class PhoneDriver:
    """Twilio, as far as text messages go."""

    secrets: ClassVar = (ACCOUNT.token, "the old token")
    address: ClassVar = ADDRESS
    payloads: ClassVar = tuple(text(number) for number in (101, 102, 103))
    malformed: ClassVar = (
        text(1, To="+12025550999"),
        text(1, MessageSid="../../x"),
        text(1, MessageSid=""),
        b"",
        b"Body=%FF%FE",
        "&".join(f"a{n}=1" for n in range(600)).encode(),
    )
    limit: ClassVar = 64 * 1024
    grace: ClassVar = 0.5

    def __init__(self, exchange: Exchange, api: Api) -> None:
        self.far_end = Carriers(exchange, api)
        self._session = exchange.session
        self.settings = {
            "FRONTLINE_PHONE_PORT": "0",
            "FRONTLINE_TWILIO_ACCOUNT_SID": ACCOUNT.sid,
            "FRONTLINE_TWILIO_AUTH_TOKENS": f"{ACCOUNT.token},the old token",
            "FRONTLINE_TWILIO_API": exchange.api,
            "FRONTLINE_PHONE_MAX_BODY": str(self.limit),
            "FRONTLINE_PHONE_GRACE": str(self.grace),
        }

    async def send(self, listeners: Listeners, payload: bytes) -> Answer:
        url = f"http://{listeners['http']}/twilio/messaging"
        form = dict(parse_qsl(payload.decode("utf-8", "surrogateescape"), keep_blank_values=True, errors="replace"))
        headers = {"X-Twilio-Signature": ACCOUNT.sign(url, form), "Content-Type": "application/x-www-form-urlencoded"}
        return await self._post(url, payload, headers)

    async def send_oversized(self, listeners: Listeners, size: int) -> Answer:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"Body="
            for _ in range(size // 4096):
                yield b"a" * 4096
                await asyncio.sleep(0)

        headers = {"X-Twilio-Signature": "AAAA", "Content-Type": "application/x-www-form-urlencoded"}
        return await self._post(f"http://{listeners['http']}/twilio/messaging", pieces(), headers)

    async def _post(self, url: str, data: bytes | AsyncIterator[bytes], headers: dict[str, str]) -> Answer:
        timeout = aiohttp.ClientTimeout(total=30)
        async with self._session.post(url, data=data, headers=headers, timeout=timeout) as response:
            kinds = {2: Told.ACCEPTED, 4: Told.REFUSED, 5: Told.TRY_AGAIN}
            return Answer(kinds[response.status // 100], str(response.status))


class TestPhone(ChannelContract):
    @pytest.fixture
    def channel(self) -> type[PhoneChannel]:
        return PhoneChannel

    @pytest_asyncio.fixture
    async def driver(self) -> AsyncIterator[PhoneDriver]:
        async with asyncio.TaskGroup() as tasks, twilio(tasks) as (exchange, api):
            exchange.statuses = ()
            yield PhoneDriver(exchange, api)
