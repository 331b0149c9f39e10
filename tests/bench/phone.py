"""Signed voice webhooks against a bare aiohttp form handler, by the same client in one run; and what a
signature costs, ours against that of Twilio's own library.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from intake_phone.signature import is_signed
from tests.bench.row import Row
from tests.e2e.running import frontline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

BARE = """
import asyncio
from aiohttp import web
async def answer(request):
    await request.post()
    return web.Response(text="<Response/>", content_type="text/xml")
async def main():
    app = web.Application()
    app.router.add_post("/twilio/voice", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
try:
    import uvloop
    uvloop.run(main())
except ImportError:
    asyncio.run(main())
"""
TOKEN = "a token for the bench only"
SID = "AC" + "0" * 32
AT_ONCE = 32


def run(*, quick: bool = False) -> list[Row]:
    return [*_signatures(2_000 if quick else 20_000), *asyncio.run(_webhooks(500 if quick else 4_000))]


def _signatures(count: int) -> list[Row]:
    url, form = "https://phone.frontline.example/twilio/voice", _form(1)
    validator = RequestValidator(TOKEN)
    signature, pairs = validator.compute_signature(url, form), list(form.items())
    began = time.perf_counter()
    for _ in range(count):
        assert is_signed(url, pairs, signature, (TOKEN,))
    ours = (time.perf_counter() - began) / count
    began = time.perf_counter()
    for _ in range(count):
        assert validator.validate(url, form, signature)
    theirs = (time.perf_counter() - began) / count
    return [
        Row("phone: check of a signature", ours * 1e6, "us"),
        Row("phone: the same by Twilio's library", theirs * 1e6, "us"),
        Row("phone: its cost to ours", theirs / ours, "x"),
    ]


async def _webhooks(count: int) -> list[Row]:
    account = {"FRONTLINE_TWILIO_ACCOUNT_SID": SID, "FRONTLINE_TWILIO_AUTH_TOKENS": TOKEN}
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            bare = await stack.enter_async_context(_bare())
            running = await stack.enter_async_context(frontline(Path(folder) / "data", **account))
            port = int(running.up["phone"].rpartition(":")[2])
            await _post(port, "voice", range(100))
            taken = count / await _post(port, "voice", range(100, 100 + count))
            waiting = count / await _post(port, "voice/wait?inbox=support", [100] * count)
            parsed = count / await _post(bare, "voice", range(count))
    return [
        Row("phone: calls taken, signed and stored", taken, "1/s"),
        Row("phone: wait pages, signed", waiting, "1/s"),
        Row("phone: bare aiohttp that parses the form", parsed, "1/s"),
        Row("phone: calls taken to bare", taken / parsed, "x"),
        Row("phone: wait pages to bare", waiting / parsed, "x"),
    ]


@asynccontextmanager
async def _bare() -> "AsyncIterator[int]":
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BARE, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def _post(port: int, path: str, numbers: "Sequence[int]") -> float:
    """Seconds to have all answered, so many at once. Requests are made beforehand and sent as bytes:
    the client shares the machine.
    """
    requests = iter([_request(port, path, number) for number in numbers])
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(_session(port, requests))
    return time.perf_counter() - began


async def _session(port: int, requests: "Iterator[bytes]") -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.partition(b"\r\n")[0], head
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()


def _request(port: int, path: str, number: int) -> bytes:
    host, form = f"127.0.0.1:{port}", _form(number)
    signature = RequestValidator(TOKEN).compute_signature(f"http://{host}/twilio/{path}", form)
    body = urlencode(form).encode()
    head = (
        f"POST /twilio/{path} HTTP/1.1\r\nHost: {host}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _form(number: int) -> dict[str, str]:
    """What Twilio sends with a call."""
    return {
        "AccountSid": SID,
        "ApiVersion": "2010-04-01",
        "CallSid": f"CA{number:032x}",
        "CallStatus": "ringing",
        "Called": "+12025550123",
        "CalledCity": "",
        "CalledCountry": "US",
        "Caller": f"+1202{5550000 + number % 10000}",
        "CallerCity": "WASHINGTON",
        "CallerCountry": "US",
        "CallerName": "",
        "Direction": "inbound",
        "From": f"+1202{5550000 + number % 10000}",
        "FromCity": "WASHINGTON",
        "FromCountry": "US",
        "To": "+12025550123",
        "ToCountry": "US",
    }
