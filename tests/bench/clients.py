"""Senders of four channels for the benches. Requests are made beforehand and sent as bytes: the client
shares the machine.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlencode

import aiohttp
from twilio.request_validator import RequestValidator

from frontline.configuration.demo import DEMO
from frontline.supervisor.address import split, url
from intake_webhook.signature import key_of, signed
from tests.e2e.running import Running

P_contra = TypeVar("P_contra", contravariant=True)
P = TypeVar("P")

BARE_SMTP = """
import asyncio
from aiosmtpd.smtp import SMTP
class Discard:
    async def handle_DATA(self, server, session, envelope):
        return "250 taken"
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Discard(), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

TOKEN = "a token for the bench only"
SID = "AC" + "0" * 32
_SECRET = "whsec_" + base64.b64encode(b"a secret for benches only").decode()
_SHOP = '[[desk.inbox]]\nchannel = "webhook"\nid = "shop"\nname = "Shop"\naddress = "shop"\n\n'


def settings(folder: Path) -> dict[str, str]:
    """For `frontline up` with every channel that there is a sender for, and limits that no sender meets.

    Nothing is offered: agents who answer no offer are set away, and calls are not stored while nobody is on.
    """
    config = folder / "frontline.toml"
    inboxes = DEMO.replace("[[desk.agent]]", f"{_SHOP}[[desk.agent]]", 1)
    config.write_text(inboxes.replace("[[desk.inbox]]\n", "[[desk.inbox]]\noffer = false\n"))
    return {
        "FRONTLINE_CONFIG": str(config),
        "FRONTLINE_LOG_LEVEL": "warning",
        "FRONTLINE_TWILIO_ACCOUNT_SID": SID,
        "FRONTLINE_TWILIO_AUTH_TOKENS": TOKEN,
        "FRONTLINE_TWILIO_API": "http://127.0.0.1:9",  # nobody is rung
        "FRONTLINE_WEBHOOK_PORT": "0",
        "FRONTLINE_WEBHOOK_SECRETS": _SECRET,
        "FRONTLINE_CHAT_MESSAGES_PER_MINUTE": "1e9",
        "FRONTLINE_CHAT_MESSAGES_PER_MINUTE_PER_ADDRESS": "1e9",
        "FRONTLINE_CHAT_FRAMES_PER_MINUTE": "1e9",
        "FRONTLINE_CHAT_MAX_SOCKETS_PER_ADDRESS": "100000",
    }


def door(running: Running, channel: str, name: str = "http") -> str:
    """Where a channel of a started Frontline listens: `host:port`."""
    told = json.loads((running.data_dir / "run" / f"intake-{channel}.json").read_text())
    return str(told["listeners"][name]).removeprefix("http://")


@asynccontextmanager
async def bare(script: str) -> AsyncIterator[str]:
    """A handler of its own process that does nothing; gives its `host:port`."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        told = (await process.stdout.readline()).decode().strip()
        yield told if ":" in told else f"127.0.0.1:{told}"
    finally:
        process.kill()
        await process.wait()


class Mailer:
    """One SMTP session; every step is answered before the next."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, at: str) -> "Mailer":
        mailer = cls(*await asyncio.open_connection(*split(at)))
        await mailer._say(b"")
        await mailer._say(b"EHLO bench.example\r\n")
        return mailer

    async def send(self, mail: bytes) -> int:
        """Gives the last status: 250 when it was taken."""
        await self._say(b"MAIL FROM:<customer@one.example>\r\n")
        await self._say(b"RCPT TO:<support@frontline.example>\r\n")
        answer = await self._say(b"DATA\r\n")
        if not answer.startswith(b"354"):
            return int(answer[:3])
        return int((await self._say(mail))[:3])

    def close(self) -> None:
        self._writer.close()

    async def _say(self, line: bytes) -> bytes:
        self._writer.write(line)
        while (answer := await self._reader.readline())[3:4] == b"-":
            pass
        return answer


class Poster:
    """One HTTP connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, at: str) -> "Poster":
        return cls(*await asyncio.open_connection(*split(at)))

    async def send(self, request: bytes) -> int:
        """Gives the status."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        await self._reader.readexactly(length)
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


class Visitor:
    """One WebSocket, past its hello."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, token: str) -> None:
        self._socket = socket
        self.token = token

    @classmethod
    async def open(cls, client: aiohttp.ClientSession, at: str) -> "Visitor":
        """Comes again until the directory of inboxes has been read; a bare echo gives the hello back."""
        while True:
            socket = await client.ws_connect(f"{url(at)}/chat/ws")
            await socket.send_str('{"type":"hello","v":1,"inbox":"support"}')
            answer = await socket.receive()
            if answer.type is aiohttp.WSMsgType.TEXT and '"error"' not in answer.data:
                return cls(socket, json.loads(answer.data).get("token", ""))
            await socket.close()
            await asyncio.sleep(0.1)

    async def send(self, frame: str) -> int:
        """Gives 200 once it is acknowledged, or echoed."""
        await self._socket.send_str(frame)
        while True:
            answer = await self._socket.receive()
            assert answer.type is aiohttp.WSMsgType.TEXT, answer
            assert '"error"' not in answer.data, answer.data
            if '"type":"ack"' in answer.data or '"type":"message"' in answer.data:
                return 200

    async def close(self) -> None:
        await self._socket.close()


def mail(number: int, size: int = 6_000) -> bytes:
    """A multipart mail of about so many bytes, up to the dot that ends it."""
    message = EmailMessage()
    message["From"] = f"Customer {number} <c{number}@one.example>"
    message["To"] = "support@frontline.example"
    message["Subject"] = f"Bench {number}"
    message["Message-ID"] = f"<{number}@bench.example>"
    message.set_content(f"mail {number}\n" + "Plain words.\n" * (size // 39))
    message.add_alternative("<p>Plain words.</p>\n" * (size // 39), subtype="html")
    return message.as_bytes().replace(b"\n", b"\r\n") + b"\r\n.\r\n"


def frame(id_: str, text: str) -> str:
    return json.dumps({"type": "message", "id": id_, "text": text}, separators=(",", ":"))


def call(at: str, number: int, path: str = "voice") -> bytes:
    """A signed webhook about a call, as a request to `at`."""
    form = call_form(number)
    signature = RequestValidator(TOKEN).compute_signature(f"http://{at}/twilio/{path}", form)
    body = urlencode(form).encode()
    kind = "application/x-www-form-urlencoded"
    return _request(at, f"/twilio/{path}", body, {"X-Twilio-Signature": signature, "Content-Type": kind})


def call_form(number: int) -> dict[str, str]:
    """What Twilio sends with a call."""
    caller = f"+1202{5_550_000 + number % 1_000_000}"
    return {
        "AccountSid": SID,
        "ApiVersion": "2010-04-01",
        "CallSid": f"CA{number:032x}",
        "CallStatus": "ringing",
        "Called": "+12025550123",
        "CalledCity": "",
        "CalledCountry": "US",
        "Caller": caller,
        "CallerCity": "WASHINGTON",
        "CallerCountry": "US",
        "CallerName": "",
        "Direction": "inbound",
        "From": caller,
        "FromCity": "WASHINGTON",
        "FromCountry": "US",
        "To": "+12025550123",
        "ToCountry": "US",
    }


def post(at: str, number: int) -> bytes:
    """A signed webhook with a message, as a request to `at`."""
    key = key_of(_SECRET)
    assert key is not None
    body = json.dumps({"from": {"address": f"customer-{number}"}, "text": f"webhook {number}"}).encode()
    return _request(at, "/webhook/shop", body, signed([key], f"bench-{number}", datetime.now(UTC), body))


def _request(at: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nHost: {at}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all are not above."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class Sender(Protocol[P_contra]):
    async def send(self, payload: P_contra, /) -> int: ...


async def spend(senders: Sequence[Sender[P]], payloads: Iterable[P]) -> float:
    """Seconds until all are taken; each sender sends one after the other."""
    left = iter(payloads)

    async def work(sender: Sender[P]) -> None:
        for payload in left:
            status = await sender.send(payload)
            assert 200 <= status < 300, status

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for sender in senders:
            tasks.create_task(work(sender))
    return time.perf_counter() - began
