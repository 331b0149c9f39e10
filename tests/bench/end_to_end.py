"""From a customer's message to a contact that is stored and decided upon, at 200 new contacts a second
over four channels: how long each takes, and how long bare handlers take to answer the same senders.

Senders keep their pace whatever the answers do, and a message's time begins when it was due. A contact
is seen when its words are told of (`live.*.pub`, once stored) and the desk's event about it, too.
"""

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path

import aiohttp
import msgspec
from nats.aio.msg import Msg

from frontline.contract import subject
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.core.event import MessageReceived
from tests.bench import chat, phone
from tests.bench.clients import (
    BARE_SMTP,
    Mailer,
    Poster,
    Sender,
    Visitor,
    bare,
    call,
    door,
    frame,
    mail,
    percentile,
    post,
    settings,
)
from tests.bench.row import Row
from tests.e2e.running import frontline, until

PACE = 200.0
CHANNELS = ("email", "chat", "phone", "webhook")
CONNECTIONS = 32
"""Of each channel, and taken in turn; every visitor has one of their own."""
WARM = 40


class _Line(msgspec.Struct):
    id: str
    native_id: str = ""


class _Decided(msgspec.Struct):
    data: dict[str, object]


class Watch:
    """When each message was seen: by the id that its sender gave it."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._decided_at: dict[str, float] = {}
        self._stored: dict[str, float] = {}
        self.seen: dict[str, float] = {}
        self._line = msgspec.json.Decoder(_Line)
        self._event = msgspec.json.Decoder(_Decided)

    async def stored(self, msg: Msg) -> None:
        now, line = time.perf_counter(), self._line.decode(msg.data)
        self._names[line.id] = line.native_id.strip("<>")
        self._stored[line.id] = now
        self._see(line.id)

    async def decided(self, msg: Msg) -> None:
        now = time.perf_counter()
        message = str(self._event.decode(msg.data).data["message"])
        self._decided_at[message] = now
        self._see(message)

    def _see(self, message: str) -> None:
        if message in self._stored and message in self._decided_at:
            self.seen.setdefault(self._names[message], max(self._stored[message], self._decided_at[message]))


class Load:
    """Messages that are new contacts, each with the one who sends it and the id that it goes by."""

    def __init__(self) -> None:
        self._free: Mapping[str, asyncio.Queue[Sender[bytes]]] = {name: asyncio.Queue() for name in CHANNELS}
        self._messages: list[tuple[str, str, bytes | str, Visitor | None]] = []
        self.due: dict[str, float] = {}
        self.answered: dict[str, float] = {}

    async def make(self, doors: Mapping[str, str], client: aiohttp.ClientSession, numbers: Sequence[int]) -> None:
        """Open what is needed to send messages of these numbers, and make them."""
        for _ in range(CONNECTIONS):
            self._free["email"].put_nowait(await Mailer.open(doors["email"]))
            for name in ("phone", "webhook"):
                self._free[name].put_nowait(await Poster.open(doors[name]))
        for number, name in zip(numbers, cycle(CHANNELS), strict=False):
            if name == "email":
                self._messages.append((name, f"{number}@bench.example", mail(number), None))
            elif name == "phone":
                self._messages.append((name, f"CA{number:032x}", call(doors[name], number), None))
            elif name == "webhook":
                self._messages.append((name, f"bench-{number}", post(doors[name], number), None))
            else:
                id_, visitor = f"visit-{number:09}", await Visitor.open(client, doors[name])
                self._messages.append((name, id_, frame(id_, f"chat {number}"), visitor))

    async def send(self) -> float:
        """At the pace; returns when all are answered, and gives when it began."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number, message in enumerate(self._messages):
                due = began + number / PACE
                await asyncio.sleep(due - time.perf_counter())
                self.due[message[1]] = due
                tasks.create_task(self._send(*message))
        return began

    def by_channel(self, seen: Mapping[str, float]) -> dict[str, list[float]]:
        """Seconds from due to seen, by channel."""
        taken = defaultdict(list)
        for channel, id_, _, _ in self._messages:
            taken[channel].append(seen[id_] - self.due[id_])
        return dict(taken)

    async def _send(self, channel: str, id_: str, payload: bytes | str, visitor: Visitor | None) -> None:
        if visitor is not None:
            assert isinstance(payload, str)
            status = await visitor.send(payload)
        else:
            assert isinstance(payload, bytes)
            sender = await self._free[channel].get()
            status = await sender.send(payload)
            self._free[channel].put_nowait(sender)
        assert 200 <= status < 300, (channel, status)
        self.answered[id_] = time.perf_counter()


def run(*, quick: bool = False) -> list[Row]:
    return asyncio.run(_run(1_000 if quick else 6_000))


async def _run(count: int) -> list[Row]:
    bus, watch = Bus(name="bench", ack_deadline=5.0), Watch()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        running = await stack.enter_async_context(frontline(folder / "data", **settings(folder)))
        await bus.connect(running.up["nats"])
        stack.push_async_callback(bus.close)
        tag = str(MessageReceived.__struct_config__.tag)
        await bus.nc.subscribe(subject.live(), cb=watch.stored)
        await bus.nc.subscribe(subject.event(DeskId(running.up["desk"]), tag), cb=watch.decided)
        doors = {name: door(running, name, "smtp" if name == "email" else "http") for name in CHANNELS}
        await _sent(doors, client, range(count, count + WARM), watch)
        load = await _sent(doors, client, range(count), watch)
        last = max(watch.seen.values()) - min(load.due.values())
        ours, answered = load.by_channel(watch.seen), load.by_channel(load.answered)
        await running.stop()
        floor = Load()
        parsed = await stack.enter_async_context(bare(phone.BARE))
        bare_doors = {
            "email": await stack.enter_async_context(bare(BARE_SMTP)),
            "chat": await stack.enter_async_context(bare(chat.BARE)),
            "phone": parsed,
            "webhook": parsed,
        }
        await floor.make(bare_doors, client, range(count))
        await floor.send()
        theirs = floor.by_channel(floor.answered)
    rows = [Row("end to end: contacts a second, until the last is decided", count / last, "1/s")]
    rows += _percentiles("sent to stored and decided", {"all": _all(ours), **ours})
    rows += _percentiles("sent to accepted", {"all": _all(answered)})
    rows += _percentiles("sent to answered by bare handlers", {"all": _all(theirs)})
    ratio = percentile(_all(ours), 0.5) / percentile(_all(theirs), 0.5)
    return [*rows, Row("end to end: decided to answered by bare handlers, p50", ratio, "x")]


def _all(taken: Mapping[str, list[float]]) -> list[float]:
    return [seconds for each in taken.values() for seconds in each]


def _percentiles(what: str, taken: Mapping[str, list[float]]) -> list[Row]:
    return [
        Row(f"end to end: {what}, {channel}, p{share * 100:.0f}", percentile(values, share) * 1000, "ms")
        for channel, values in taken.items()
        for share in (0.5, 0.99)
    ]


async def _sent(doors: Mapping[str, str], client: aiohttp.ClientSession, numbers: Sequence[int], watch: Watch) -> Load:
    """All of them sent, and seen."""
    load = Load()
    await load.make(doors, client, numbers)
    await load.send()

    async def all_seen() -> bool:
        return load.due.keys() <= watch.seen.keys()

    await until(all_seen, seconds=120)
    return load
