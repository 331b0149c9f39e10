"""Mails, chat messages and signed calls a second until each is stored and decided upon, one channel
after the other, each against a bare handler by the same client in the same run.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from nats.js.api import StreamState

from frontline.contract import subject
from frontline.contract.ids import ChannelName
from frontline.runtime.bus import Bus
from tests.bench import chat, phone
from tests.bench.clients import BARE_SMTP, Mailer, P, Poster, Sender, Visitor, bare, call, door, frame, settings, spend
from tests.bench.clients import mail as mail_of
from tests.bench.row import Row
from tests.e2e.running import Running, frontline

SESSIONS = 10
AT_ONCE = 32
WORDS = "Plain words of a customer, as long as a chat message is. " * 2


def run(*, quick: bool = False) -> list[Row]:
    return asyncio.run(_run(1 if quick else 5))


async def _run(times: int) -> list[Row]:
    bus = Bus(name="bench", ack_deadline=5.0)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            frontline(Path(folder) / "data", **settings(Path(folder))) as running,
            bare(BARE_SMTP) as no_mail,
            bare(chat.BARE) as no_chat,
            bare(phone.BARE) as no_phone,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client,
        ):
            await bus.connect(running.up["nats"])
            try:
                return [
                    *await _mails(running, bus, no_mail, 300 * times),
                    *await _messages(running, bus, no_chat, client, 2_000 * times),
                    *await _calls(running, bus, no_phone, 800 * times),
                ]
            finally:
                await bus.close()


async def _mails(running: Running, bus: Bus, no_mail: str, count: int) -> list[Row]:
    at = door(running, "email", "smtp")
    ours = [await Mailer.open(at) for _ in range(SESSIONS)]
    theirs = [await Mailer.open(no_mail) for _ in range(SESSIONS)]
    mails = [mail_of(number) for number in range(count)]
    stored, decided = await _decided(bus, "email", ours, mails)
    floor = await spend(theirs, mails)
    for session in (*ours, *theirs):
        session.close()
    return _rows("mails", f"{SESSIONS} sessions", "aiosmtpd that discards", count, stored, decided, floor)


async def _messages(running: Running, bus: Bus, no_chat: str, client: aiohttp.ClientSession, count: int) -> list[Row]:
    at = door(running, "chat")
    ours = [await Visitor.open(client, at) for _ in range(AT_ONCE)]
    theirs = [await Visitor.open(client, no_chat) for _ in range(AT_ONCE)]
    frames = [frame(f"decided-{number:06}", WORDS) for number in range(count)]
    stored, decided = await _decided(bus, "chat", ours, frames)
    floor = await spend(theirs, frames)
    for visitor in (*ours, *theirs):
        await visitor.close()
    return _rows("chat messages", f"{AT_ONCE} visitors", "aiohttp echo", count, stored, decided, floor)


async def _calls(running: Running, bus: Bus, no_phone: str, count: int) -> list[Row]:
    at = door(running, "phone")
    ours = [await Poster.open(at) for _ in range(AT_ONCE)]
    theirs = [await Poster.open(no_phone) for _ in range(AT_ONCE)]
    stored, decided = await _decided(bus, "phone", ours, [call(at, number) for number in range(count)])
    floor = await spend(theirs, [call(no_phone, number) for number in range(count)])
    for poster in (*ours, *theirs):
        poster.close()
    return _rows("signed calls", f"{AT_ONCE} at once", "aiohttp that parses the form", count, stored, decided, floor)


async def _decided(bus: Bus, channel: str, senders: Sequence[Sender[P]], payloads: Sequence[P]) -> tuple[float, float]:
    """Seconds until all were taken, and until the desk had decided upon the last of them."""
    before = await _state(bus, channel)
    began = time.perf_counter()
    stored = await spend(senders, payloads)
    while (now := await _state(bus, channel)).messages:
        await asyncio.sleep(0.01)
    assert now.last_seq - before.last_seq == len(payloads), "each was stored once"
    return stored, time.perf_counter() - began


async def _state(bus: Bus, channel: str) -> StreamState:
    return (await bus.nc.jetstream().stream_info(subject.inbox_stream(ChannelName(channel)))).state


def _rows(what: str, how: str, handler: str, count: int, stored: float, decided: float, floor: float) -> list[Row]:
    return [
        Row(f"decided: {what} taken and stored, {how}", count / stored, "1/s"),
        Row(f"decided: {what} stored and decided, {how}", count / decided, "1/s"),
        Row(f"decided: {what} by bare {handler}", count / floor, "1/s"),
        Row(f"decided: {what} decided to bare", floor / decided, "x"),
    ]
