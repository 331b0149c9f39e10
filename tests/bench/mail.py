"""Durable mail intake against a bare aiosmtpd that discards, by the same client in one run, and where the time goes;
several processes on one port (more of them in `mail_processes`); and how long it takes from 250 to a decided contact.

Each figure is the median of several rounds in which all take turns. CPU is that of the receiving process alone.
"""

import asyncio
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import msgspec

from frontline.contract.channel import Inbox
from frontline.contract.ids import ChannelName, InboxId
from frontline.runtime.bus import Bus
from frontline.runtime.directory import directory_key
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.status import read_status
from frontline.runtime.topology import DIRECTORY, Limits, provision, topology
from frontline.testing.nats_server import DESKS, connected, nats_server
from tests.bench.mail_door import ADDRESS
from tests.bench.row import Row
from tests.e2e.running import Running, frontline, until

BYTES = 6_000
EMAIL = ChannelName("email")
_ROOM = Limits(inbox_bytes=1 << 30, log_bytes=64 << 20, outbox_bytes=64 << 20, object_bytes=2 << 30)
_TICKS = os.sysconf("SC_CLK_TCK")


class Door(NamedTuple):
    """Processes that take mail at one port."""

    port: int
    processes: tuple[asyncio.subprocess.Process, ...]
    figures: tuple[str, ...] = ()
    """Where each tells its figures (`host:port`), if it does."""

    def cpu(self) -> float:
        """Seconds so far, user and system."""
        return sum(cpu_of(process.pid) for process in self.processes)


class Round(NamedTuple):
    """Mails a second, and milliseconds of CPU a mail."""

    rate: float
    cpu: float


def run(*, quick: bool = False) -> list[Row]:
    return asyncio.run(_run(200 if quick else 1_000, rounds=1 if quick else 3))


async def _run(count: int, *, rounds: int) -> list[Row]:
    numbers = iter(range(10**9))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(nats_server(Path(folder) / "nats", token="bench"))
            bus = await stack.enter_async_context(connected(server))
            await prepare(bus)
            environ = {"FRONTLINE_NATS_URL": server.url, "FRONTLINE_NATS_TOKEN": server.token or ""}
            doors = {kind: await stack.enter_async_context(simple(kind)) for kind in ("bare", "protocol", "parse")}
            doors["whole"] = await stack.enter_async_context(whole(Path(folder), environ))
            doors["two"] = await stack.enter_async_context(whole(Path(folder), environ, processes=2))
            for door in doors.values():
                await send(door, 50, 10, numbers)
            for sessions in (1, 10, 50):
                kinds = ("bare", "whole") if sessions == 1 else ("bare", "protocol", "parse", "whole")
                found = await _compare({kind: doors[kind] for kind in kinds}, count, sessions, rounds, numbers)
                rows += _rows(found, sessions)
            found = await _compare({kind: doors[kind] for kind in ("whole", "two")}, count, 50, rounds, numbers)
            rows += [
                Row("mail: two processes on one port to one, rate", found["two"].rate / found["whole"].rate, "x"),
                Row("mail: two processes on one port to one, CPU a mail", found["two"].cpu / found["whole"].cpu, "x"),
            ]
        async with frontline(Path(folder) / "data") as running:
            door = Door(int(running.up["smtp"].rpartition(":")[2]), ())
            await send(door, count, 10, numbers)
            began = time.perf_counter()
            await until(lambda: _decided(running, count), seconds=120)
            took = time.perf_counter() - began
            rows.append(Row(f"mail: until all {count:,} were contacts, after the last 250", took, "s"))
    return rows


def _rows(found: Mapping[str, Round], sessions: int) -> list[Row]:
    bare, whole = found["bare"], found["whole"]
    rows = [
        Row(f"mail: taken in, stored, {sessions} sessions", whole.rate, "1/s"),
        Row(f"mail: bare aiosmtpd that discards, {sessions} sessions", bare.rate, "1/s"),
        Row(f"mail: taken in to discarded, {sessions} sessions", whole.rate / bare.rate, "x"),
        Row(f"mail: CPU of taken in, {sessions} sessions", whole.cpu, "ms/mail"),
        Row(f"mail: CPU of bare aiosmtpd, {sessions} sessions", bare.cpu, "ms/mail"),
        Row(f"mail: one core's mails, taken in to discarded, {sessions} sessions", bare.cpu / whole.cpu, "x"),
    ]
    if "parse" in found:
        protocol, parse = found["protocol"].cpu, found["parse"].cpu
        rows += [
            Row(f"mail: CPU of the protocol, {sessions} sessions", protocol, "ms/mail"),
            Row(f"mail: CPU of parsing, {sessions} sessions", parse - protocol, "ms/mail"),
            Row(f"mail: CPU of storing, {sessions} sessions", whole.cpu - parse, "ms/mail"),
            Row(f"mail: CPU of parsing and storing, {sessions} sessions", whole.cpu - protocol, "ms/mail"),
        ]
    return rows


async def _compare(
    doors: Mapping[str, Door], count: int, sessions: int, rounds: int, numbers: Iterator[int]
) -> dict[str, Round]:
    found: dict[str, list[Round]] = {kind: [] for kind in doors}
    for _ in range(rounds):
        for kind, door in doors.items():
            before = door.cpu()
            took = await send(door, count, sessions, numbers)
            found[kind].append(Round(count / took, (door.cpu() - before) / count * 1000))
    return {
        kind: Round(statistics.median(each.rate for each in those), statistics.median(each.cpu for each in those))
        for kind, those in found.items()
    }


async def _decided(running: Running, count: int) -> bool:
    return len(await running.contacts()) >= count


async def prepare(bus: Bus) -> None:
    """What `frontline nats provision` and the router do."""
    await provision(bus.nc.jetstream(), topology([EMAIL], DESKS, _ROOM))
    inbox = Inbox(channel=EMAIL, inbox=InboxId("support"), desk="support", address=ADDRESS)
    await KeyValue(bus, DIRECTORY).put(directory_key(EMAIL, inbox.inbox), msgspec.json.encode(inbox))


@asynccontextmanager
async def simple(kind: str, *, processes: int = 1) -> AsyncIterator[Door]:
    """What `mail_door` has, once or several times at one port."""
    started: list[asyncio.subprocess.Process] = []
    port = 0
    try:
        for _ in range(processes):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.mail_door", kind, str(port), stdout=asyncio.subprocess.PIPE
            )
            started.append(process)
            assert process.stdout is not None
            port = int(await process.stdout.readline())
        yield Door(port, tuple(started))
    finally:
        for process in started:
            process.kill()
            await process.wait()


@asynccontextmanager
async def whole(folder: Path, environ: Mapping[str, str], *, processes: int = 1) -> AsyncIterator[Door]:
    """The e-mail intake as it is run, once or several times at one port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started: list[asyncio.subprocess.Process] = []
    try:
        for number in range(processes):
            status = folder / f"status-{port}-{number}.json"
            env = {name: value for name, value in os.environ.items() if not name.startswith("FRONTLINE_")} | {
                "FRONTLINE_SECRET": "a secret for the bench only",
                "FRONTLINE_STATUS_FILE": str(status),
                "FRONTLINE_DATA_DIR": str(folder),
                "FRONTLINE_SMTP_PORT": str(port),
                "FRONTLINE_SMTP_SHARE_PORT": "true",
                "FRONTLINE_LOG_LEVEL": "error",
                **environ,
            }
            started.append(
                await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "frontline", "channel", "run", "email", env=env
                )
            )
            async with asyncio.timeout(60):
                while not (status.exists() and b"smtp" in status.read_bytes()):
                    await asyncio.sleep(0.05)
        told = [read_status(folder / f"status-{port}-{number}.json") for number in range(processes)]
        yield Door(port, tuple(started), tuple(each.ops for each in told if each is not None))
    finally:
        for process in started:
            process.terminate()
            await process.wait()


def cpu_of(process: int) -> float:
    """Seconds of CPU that a process has had: to the nanosecond where the kernel tells that of each thread, else in
    ticks, by proc(5).
    """
    with suppress(FileNotFoundError):
        threads = Path(f"/proc/{process}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def send_at(door: Door, count: int, sessions: int, rate: float, numbers: Iterator[int]) -> None:
    """Have `count` mails taken, `rate` of them each second, by so many sessions in turn. One that is late is sent at
    once; the next ones keep to their time.
    """
    mails = [_mail(next(numbers)) for _ in range(count)]
    began = asyncio.get_running_loop().time() + 0.2
    async with asyncio.TaskGroup() as tasks:
        for number in range(sessions):
            due = [(began + at / rate, mails[at]) for at in range(number, count, sessions)]
            tasks.create_task(_timed_session(door.port, due))


async def send(door: Door, count: int, sessions: int, numbers: Iterator[int]) -> float:
    """Seconds to have `count` mails taken, by so many sessions at once."""
    mails = iter([_mail(next(numbers)) for _ in range(count)])
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(sessions):
            tasks.create_task(_session(door.port, _in_turn(mails)))
    return time.perf_counter() - began


async def _timed_session(port: int, due: list[tuple[float, bytes]]) -> None:
    loop = asyncio.get_running_loop()
    waiting = asyncio.Queue[bytes | None]()
    for at, mail in due:
        loop.call_at(at, waiting.put_nowait, mail)
    loop.call_at(due[-1][0] + 0.001, waiting.put_nowait, None)

    async def each() -> AsyncIterator[bytes]:
        while (mail := await waiting.get()) is not None:
            yield mail

    await _session(port, each())


async def _in_turn(mails: Iterator[bytes]) -> AsyncIterator[bytes]:
    """As many as there are, for whoever asks first."""
    for mail in mails:
        yield mail


async def _session(port: int, mails: AsyncIterator[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say(line: bytes) -> bytes:
        writer.write(line)
        while (answer := await reader.readline())[3:4] == b"-":
            pass
        return answer

    await say(b"")
    await say(b"EHLO bench.example\r\n")
    async for mail in mails:
        await say(b"MAIL FROM:<customer@one.example>\r\n")
        await say(b"RCPT TO:<support@frontline.example>\r\n")
        await say(b"DATA\r\n")
        answer = await say(mail)
        assert answer.startswith(b"250"), answer
    writer.write(b"QUIT\r\n")
    writer.close()


def _mail(number: int) -> bytes:
    mail = EmailMessage()
    mail["From"] = f"Customer {number} <c{number}@one.example>"
    mail["To"] = "support@frontline.example"
    mail["Subject"] = f"Bench {number}"
    mail["Message-ID"] = f"<{number}@bench.example>"
    mail.set_content("Plain words.\n" * (BYTES // 39))
    mail.add_alternative("<p>Plain words.</p>\n" * (BYTES // 39), subtype="html")
    return mail.as_bytes().replace(b"\n", b"\r\n") + b"\r\n.\r\n"
