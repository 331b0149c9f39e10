"""Durable mail intake against a bare aiosmtpd that discards, by the same client in one run; and how
long it takes from 250 to a decided contact.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.row import Row
from tests.e2e.running import Running, frontline, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

BARE = """
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
BYTES = 6_000


def run(*, quick: bool = False) -> list[Row]:
    return asyncio.run(_run(200 if quick else 1_000))


async def _run(count: int) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        async with _bare() as bare, frontline(Path(folder) / "data") as running:
            door = int(running.up["smtp"].rpartition(":")[2])
            await _send(door, 20, 1, 0)
            sent = 20
            for sessions in (1, 10, 50):
                discarded = count / await _send(bare, count, sessions, sent)
                taken = count / await _send(door, count, sessions, sent)
                sent += count
                rows += [
                    Row(f"mail: taken in, stored, {sessions} sessions", taken, "1/s"),
                    Row(f"mail: bare aiosmtpd that discards, {sessions} sessions", discarded, "1/s"),
                    Row(f"mail: taken in to discarded, {sessions} sessions", taken / discarded, "x"),
                ]
            began = time.perf_counter()
            await until(lambda: _decided(running, sent), seconds=120)
            rows.append(
                Row(f"mail: until all {sent:,} were contacts, after the last 250", time.perf_counter() - began, "s")
            )
    return rows


async def _decided(running: Running, count: int) -> bool:
    return len(await running.contacts()) >= count


@asynccontextmanager
async def _bare() -> "AsyncIterator[int]":
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BARE, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def _send(port: int, count: int, sessions: int, first: int) -> float:
    """Seconds to have `count` mails taken, by so many sessions at once."""
    mails = iter([_mail(number) for number in range(first, first + count)])
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(sessions):
            tasks.create_task(_session(port, mails))
    return time.perf_counter() - began


async def _session(port: int, mails: "Iterator[bytes]") -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say(line: bytes) -> bytes:
        writer.write(line)
        while (answer := await reader.readline())[3:4] == b"-":
            pass
        return answer

    await say(b"")
    await say(b"EHLO bench.example\r\n")
    for mail in mails:
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
