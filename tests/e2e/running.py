"""A whole Frontline as a user runs it: `frontline up` as a process, real clients, a mail sink of ours."""

import asyncio
import json
import os
import signal
import smtplib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

import aiohttp
from aiosmtpd.smtp import SMTP, Envelope, Session

READY_SECONDS = 60


@dataclass(slots=True)
class Running:
    """A started `frontline up`."""

    process: asyncio.subprocess.Process
    data_dir: Path
    session: aiohttp.ClientSession

    @property
    def up(self) -> dict[str, Any]:
        """What it says of itself now; a service that was restarted may have moved to another port."""
        said: dict[str, Any] = json.loads((self.data_dir / "up.json").read_text())
        return said

    def agent(self, number: int = 1) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.up['agents'][number - 1]['token']}"}

    async def get(self, path: str, *, agent: int = 1, seq: str | None = None) -> Any:
        """The JSON behind a path of the API. With `seq`, as of that write at least."""
        headers = self.agent(agent) | ({"X-Frontline-Seq": seq} if seq else {})
        async with self.session.get(self.up["router"] + path, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def post(self, path: str, body: Mapping[str, Any], *, agent: int = 1, key: str | None = None) -> Any:
        headers = self.agent(agent) | ({"Idempotency-Key": key} if key else {})
        async with self.session.post(self.up["router"] + path, json=body, headers=headers) as response:
            assert response.status in (200, 201), await response.text()
            return await response.json()

    async def contacts(self, query: str = "") -> list[dict[str, Any]]:
        """All contacts, over all pages."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.get(f"/api/contacts?limit=100{query}" + (f"&cursor={cursor}" if cursor else ""))
            found += page["items"]
            if not page["next"]:
                return found
            cursor = page["next"]

    async def contact(self, subject: str) -> dict[str, Any]:
        """The contact about `subject`, once its words and its agent are there."""

        async def there() -> dict[str, Any] | None:
            known = [contact for contact in await self.contacts() if contact["subject"] == subject]
            return known[0] if known and known[0]["customer"]["identities"] and known[0]["assignment"] else None

        found: dict[str, Any] = await until(there)
        return found

    async def items(self, contact: str) -> list[dict[str, Any]]:
        """The transcript of a contact as it is now."""
        listed: list[dict[str, Any]] = (await self.get(f"/api/contacts/{contact}/transcript"))["items"]
        return listed

    def send(self, message: EmailMessage) -> None:
        """Hand a mail over by SMTP; returns after 250. Raises what smtplib raises."""
        host, port = self.up["smtp"].rsplit(":", 1)
        with smtplib.SMTP(host, int(port), timeout=30) as client:
            client.send_message(message)

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 60)


@asynccontextmanager
async def frontline(data_dir: Path, **environ: str) -> AsyncIterator[Running]:
    """`frontline up` on free ports with `environ` on top, until the end of the block."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("FRONTLINE_")}
    env |= {
        "FRONTLINE_DATA_DIR": str(data_dir),
        "FRONTLINE_ROUTER_PORT": "0",
        "FRONTLINE_CHAT_PORT": "0",
        "FRONTLINE_PHONE_PORT": "0",
        "FRONTLINE_SMTP_PORT": "0",
        **environ,
    }
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "output.log").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "frontline", "up", env=env, stdout=output, stderr=output, start_new_session=True
        )
    try:
        await _ready(process, data_dir)
        async with aiohttp.ClientSession() as session:
            yield Running(process, data_dir, session)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 60)
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                raise


async def _ready(process: asyncio.subprocess.Process, data_dir: Path) -> None:
    told = data_dir / "up.json"
    async with asyncio.timeout(READY_SECONDS):
        while not told.exists():
            assert process.returncode is None, (data_dir / "output.log").read_text()
            await asyncio.sleep(0.05)


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 60) -> Any:
    """Look again and again until there is something; gives it. The other side is another process."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(0.05)


@dataclass(slots=True)
class MailSink:
    """An SMTP server of the test's own; holds what it was given."""

    address: str = ""
    mails: list[Message] = field(default_factory=list)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        async with self._arrived:
            self.mails.append(message_from_bytes(envelope.content))
            self._arrived.notify_all()
        return "250 taken"

    async def have(self, count: int) -> list[Message]:
        async with asyncio.timeout(60), self._arrived:
            await self._arrived.wait_for(lambda: len(self.mails) >= count)
        return self.mails


@asynccontextmanager
async def mail_sink() -> AsyncIterator[MailSink]:
    sink = MailSink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, loop=loop), "127.0.0.1", 0)
    sink.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield sink
    finally:
        server.close()


def mail(
    subject: str, text: str, *, message_id: str, sender: str = "customer@one.example", **headers: str
) -> EmailMessage:
    """A mail of a customer to the demo's inbox."""
    message = EmailMessage()
    message["From"] = f"Customer One <{sender}>"
    message["To"] = "support@frontline.example"
    message["Subject"] = subject
    message["Message-ID"] = message_id
    message["Date"] = "Sun, 22 Nov 2026 10:00:00 +0000"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def children(running: Running) -> dict[str, int]:
    """The processes that a running Frontline supervises, by name."""
    return {name: pid for name, pid in running.up["pids"].items() if name != "up"}
