"""Signed voice webhooks against a bare aiohttp form handler, by the same client in one run; and what a
signature costs, ours against that of Twilio's own library.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from twilio.request_validator import RequestValidator

from intake_phone.signature import is_signed
from tests.bench.clients import TOKEN, Poster, bare, call, call_form, door, settings, spend
from tests.bench.row import Row
from tests.e2e.running import frontline

BARE = """
import asyncio
from aiohttp import web
async def answer(request):
    await request.post()
    return web.Response(text="<Response/>", content_type="text/xml")
async def main():
    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
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
AT_ONCE = 32


def run(*, quick: bool = False) -> list[Row]:
    return [*_signatures(2_000 if quick else 20_000), *asyncio.run(_webhooks(500 if quick else 4_000))]


def _signatures(count: int) -> list[Row]:
    url, form = "https://phone.frontline.example/twilio/voice", call_form(1)
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
    with tempfile.TemporaryDirectory() as folder:
        async with bare(BARE) as floor, frontline(Path(folder) / "data", **settings(Path(folder))) as running:
            phone = door(running, "phone")
            await _post(phone, [call(phone, number) for number in range(100)])
            taken = count / await _post(phone, [call(phone, number) for number in range(100, 100 + count)])
            waiting = count / await _post(phone, [call(phone, 100, "voice/wait?inbox=support")] * count)
            parsed = count / await _post(floor, [call(floor, number) for number in range(count)])
    return [
        Row("phone: calls taken, signed and stored", taken, "1/s"),
        Row("phone: wait pages, signed", waiting, "1/s"),
        Row("phone: bare aiohttp that parses the form", parsed, "1/s"),
        Row("phone: calls taken to bare", taken / parsed, "x"),
        Row("phone: wait pages to bare", waiting / parsed, "x"),
    ]


async def _post(at: str, requests: Sequence[bytes]) -> float:
    """Seconds to have all answered, so many at once."""
    posters = [await Poster.open(at) for _ in range(AT_ONCE)]
    seconds = await spend(posters, requests)
    for poster in posters:
        poster.close()
    return seconds
