"""Customers of four channels, each over its real transport. What one says belongs into one contact.

A customer sends again under the same id whatever was not acknowledged, and says the next thing only
after that. Addresses are looked up before each attempt: what was restarted listens elsewhere.
"""

import asyncio
import base64
import json
import random
import smtplib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp

from frontline.configuration.demo import DEMO
from frontline.supervisor.address import reachable, split, url
from intake_phone.simulator.account import SimulatedAccount
from intake_webhook.signature import key_of, signed
from tests.chaos.ledger import CutOff, Gone, Ledger, PutOff
from tests.e2e.running import Running, mail

Customer = Callable[[Running, Ledger, int], Awaitable[None]]

_SAYS = 3
_LONGEST_THOUGHT = 0.2
_ANSWER_SECONDS = 30.0
_SEE_SECONDS = 90.0
_BEFORE_REENTERING = 0.2
_NUMBER = "+12025550123"
_SECRET = "whsec_" + base64.b64encode(b"a secret for tests only!").decode()
_ACCOUNT = SimulatedAccount(sid="AC" + "0" * 32, token="a token for tests only")
_SHOP = '[[desk.inbox]]\nchannel = "webhook"\nid = "shop"\nname = "Shop"\naddress = "shop"\n\n'
BEGAN, ENDED = "the call", "its end"


def settings(folder: Path) -> dict[str, str]:
    """For `frontline up`: every channel that there is a customer for, and limits that none of them meets."""
    config = folder / "frontline.toml"
    config.write_text(DEMO.replace("[[desk.agent]]", f"{_SHOP}[[desk.agent]]", 1))
    return {
        "FRONTLINE_CONFIG": str(config),
        "FRONTLINE_WEBHOOK_PORT": "0",
        "FRONTLINE_WEBHOOK_SECRETS": _SECRET,
        "FRONTLINE_TWILIO_ACCOUNT_SID": _ACCOUNT.sid,
        "FRONTLINE_TWILIO_AUTH_TOKENS": _ACCOUNT.token,
        "FRONTLINE_TWILIO_API": "http://127.0.0.1:9",  # nobody is rung, and nothing is fetched
        "FRONTLINE_CHAT_MESSAGES_PER_MINUTE": "1e6",
        "FRONTLINE_CHAT_MESSAGES_PER_MINUTE_PER_ADDRESS": "1e6",
    }


async def mailing(running: Running, ledger: Ledger, number: int) -> None:
    """Mails that answer one another."""
    address = f"c{number}@ledger.example"
    former: list[str] = []
    for turn in range(_SAYS):
        own = f"<{number}.{turn}@ledger.example>"
        text = f"mail {number} says {turn}"
        more = {"In_Reply_To": former[-1], "References": " ".join(former)} if former else {}
        message = mail(f"Ledger {number}", text, message_id=own, sender=address, **more)

        async def attempt(message: Any = message) -> None:
            await asyncio.to_thread(_hand_over, running, message)

        await ledger.insist("email", address, text, attempt)
        former.append(own)
        await _think(ledger.chance)


async def calling(running: Running, ledger: Ledger, number: int) -> None:
    """A call, and texts from the same number after it."""
    address = f"+1202{5_560_000 + number}"
    about = {"From": address, "To": _NUMBER, "AccountSid": _ACCOUNT.sid}
    call = {**about, "CallSid": f"CA{number:032x}", "Direction": "inbound"}

    async def begin() -> None:
        answer = await _signed(running, "voice", {**call, "CallStatus": "ringing"})
        if "voice?asked=" in answer:
            raise PutOff("asked to hold the line")

    async def end() -> None:
        await _signed(running, "voice/status", {**call, "CallStatus": "completed", "CallDuration": "7"})

    await ledger.insist("phone", address, BEGAN, begin)
    await _think(ledger.chance)
    # Where nobody is on, a call is stored with what it leads to: its end at the latest.
    await ledger.insist("phone", address, ENDED, end)
    for turn in range(_SAYS - 1):
        text = f"phone {number} says {turn}"
        form = {**about, "MessageSid": f"SM{number:030x}{turn:02x}", "NumMedia": "0", "Body": text}

        async def write(form: Mapping[str, str] = form) -> None:
            await _signed(running, "messaging", form)

        await ledger.insist("phone", address, text, write)
        await _think(ledger.chance)


async def posting(running: Running, ledger: Ledger, number: int) -> None:
    """Webhooks about one order."""
    address = f"customer-{number}"
    key = key_of(_SECRET)
    assert key is not None
    for turn in range(_SAYS):
        text = f"webhook {number} says {turn}"
        body = json.dumps({"from": {"address": address}, "thread": f"order-{number}", "text": text}).encode()

        async def attempt(body: bytes = body, id_: str = f"{number}.{turn}") -> None:
            headers = signed([key], id_, datetime.now(UTC), body)
            await _post(f"{url(_where(running, 'webhook', 'http'))}/webhook/shop", body, headers)

        await ledger.insist("webhook", address, text, attempt)
        await _think(ledger.chance)


async def chatting(running: Running, ledger: Ledger, number: int) -> None:
    """A visitor who comes back after each loss of the connection, and sees all that they said in the end."""
    async with aiohttp.ClientSession() as session:
        visitor = _Visitor(running, session)
        while not visitor.address:
            try:
                await visitor.enter()
            except (PutOff, CutOff) as missed:
                ledger.cut_off[f"chat, saying hello: {missed}"] += 1
                await _think(ledger.chance)
        ids = [f"visitor-{number}-{turn}" for turn in range(_SAYS)]
        for turn, id_ in enumerate(ids):
            text = f"chat {number} says {turn}"

            async def attempt(id_: str = id_, text: str = text) -> None:
                await visitor.say(id_, text)

            await ledger.insist("chat", visitor.address, text, attempt)
            await _think(ledger.chance)
        await visitor.see(ids)


class _Visitor:
    """One browser: it keeps its token."""

    def __init__(self, running: Running, session: aiohttp.ClientSession) -> None:
        self._running = running
        self._session = session
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._token = ""
        self._cursor = 0
        self._shown: Counter[str] = Counter()

    @property
    def address(self) -> str:
        return self._token.split(".")[1] if self._token else ""

    async def enter(self) -> None:
        try:
            self._socket = await self._session.ws_connect(f"{url(_where(self._running, 'chat', 'http'))}/chat/ws")
            hello = {"type": "hello", "v": 1, "inbox": "support", "cursor": self._cursor}
            await self._socket.send_str(json.dumps(hello | ({"token": self._token} if self._token else {})))
        except (aiohttp.ClientError, OSError) as error:
            raise CutOff(type(error).__name__) from error
        self._token = (await self._next("welcome"))["token"]

    async def say(self, id_: str, text: str) -> None:
        if self._socket is None or self._socket.closed:
            await self.enter()
        assert self._socket is not None
        try:
            await self._socket.send_str(json.dumps({"type": "message", "id": id_, "text": text}))
        except (aiohttp.ClientError, OSError) as error:
            self._socket = None
            raise CutOff(type(error).__name__) from error
        while (await self._next("ack"))["id"] != id_:
            pass

    async def see(self, ids: Sequence[str]) -> None:
        """Return once each of them has been shown, by a cursor over all connections; none may be shown twice."""
        try:
            async with asyncio.timeout(_SEE_SECONDS):
                while not self._shown.keys() >= set(ids):
                    await self._look()
        except TimeoutError as error:
            raise Gone(f"of {ids} a visitor was shown {dict(self._shown)}") from error
        if self._shown != Counter(ids):
            raise Gone(f"a visitor was shown {dict(self._shown)}")
        assert self._socket is not None
        await self._socket.close()

    async def _look(self) -> None:
        """Take one more line, coming back first if need be."""
        try:
            if self._socket is None or self._socket.closed:
                await self.enter()
            await self._next("message")
        except (PutOff, CutOff):
            await asyncio.sleep(_BEFORE_REENTERING)  # as the widget does, not a wait for a result

    async def _next(self, kind: str) -> dict[str, Any]:
        """The next frame of that kind; the end of the socket is told as what its code says."""
        assert self._socket is not None
        async with asyncio.timeout(_SEE_SECONDS):
            while True:
                msg = await self._socket.receive()
                if msg.type is not aiohttp.WSMsgType.TEXT:
                    await self._socket.close()
                    code = self._socket.close_code
                    if code in {1012, 1013}:
                        raise PutOff(str(code))
                    if code not in {None, 1006}:
                        raise Gone(f"a visitor was sent away with {code}")
                    raise CutOff
                frame: dict[str, Any] = json.loads(msg.data)
                if frame["type"] == "message":
                    self._cursor = frame["seq"]
                    self._shown[frame["id"]] += 1
                if frame["type"] == kind:
                    return frame
                if frame["type"] == "error" and frame["code"] != "unavailable":
                    raise Gone(f"a visitor was told {frame}")


def _hand_over(running: Running, message: Any) -> None:
    host, port = split(reachable(_where(running, "email", "smtp")))
    try:
        with smtplib.SMTP(host, port, timeout=_ANSWER_SECONDS) as client:
            client.send_message(message)
    except smtplib.SMTPRecipientsRefused as refused:
        raise _smtp(min(code for code, _ in refused.recipients.values())) from refused
    except smtplib.SMTPServerDisconnected as lost:
        raise CutOff from lost
    except smtplib.SMTPResponseException as refused:
        raise _smtp(refused.smtp_code) from refused
    except OSError as lost:
        raise CutOff from lost


def _smtp(code: int) -> Exception:
    """By -1 smtplib means a connection that ended in the middle of an answer."""
    if code == -1:
        return CutOff()
    return PutOff(str(code)) if 400 <= code < 500 else Gone(f"a mail server would give up after {code}")


async def _signed(running: Running, path: str, form: Mapping[str, str]) -> str:
    """Post it as the carrier does; gives what was answered."""
    target = f"{url(_where(running, 'phone', 'http'))}/twilio/{path}"
    headers = {
        "X-Twilio-Signature": _ACCOUNT.sign(target, form),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return await _post(target, urlencode(form).encode(), headers)


async def _post(target: str, body: bytes, headers: Mapping[str, str]) -> str:
    """Over a connection of its own."""
    try:
        async with (
            asyncio.timeout(_ANSWER_SECONDS),
            aiohttp.ClientSession() as session,
            session.post(target, data=body, headers=headers) as response,
        ):
            said = await response.text()
            status = response.status
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise CutOff from error
    if status == 503:
        raise PutOff(str(status))
    if not 200 <= status < 300:
        raise Gone(f"a sender would give up: {status} {said}")
    return said


def _where(running: Running, channel: str, name: str) -> str:
    """Where the channel listens now, by its own word."""
    try:
        told = json.loads((running.data_dir / "run" / f"intake-{channel}.json").read_text())
    except FileNotFoundError as error:
        raise CutOff("it is being started") from error
    address = told["listeners"].get(name)
    if address is None:
        raise CutOff("it does not listen yet")
    return str(address)


async def _think(chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(0, _LONGEST_THOUGHT))  # how quickly a customer writes, not a wait for a result


CUSTOMERS: Mapping[str, Customer] = {
    "email": mailing,
    "chat": chatting,
    "phone": calling,
    "webhook": posting,
}
