"""A configuration that is changed while everything runs: one signal, no process is started again."""

import asyncio
import os
import signal
import smtplib
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path
from typing import Any

from frontline.contract.ids import AgentId
from frontline.runtime.signing import Signer, agent_token
from tests.e2e.running import Running, frontline, until

BEFORE = """
version = 1
[[desk]]
id = "support"
[[desk.inbox]]
channel = "email"
id = "support"
address = "support@frontline.example"
[[desk.inbox]]
channel = "email"
id = "sales"
address = "sales@frontline.example"
[[desk.agent]]
id = "agent-1"
name = "Demo agent 1"
available = true
[[desk]]
id = "sales"
[[desk.agent]]
id = "agent-2"
name = "Demo agent 2"
available = true
[[policy]]
id = "standard"
first_response = "PT4H"
"""

SALES = """[[desk.inbox]]
channel = "email"
id = "sales"
address = "sales@frontline.example"
"""


def after(version: int) -> str:
    """Sales has its inbox now, under another address, and a new agent."""
    moved = SALES.replace("sales@", "offers@")
    agent = '[[desk.agent]]\nid = "agent-3"\nname = "Demo agent 3"\n'
    changed = BEFORE.replace(SALES, "").replace('[[desk]]\nid = "sales"\n', f'[[desk]]\nid = "sales"\n{moved}{agent}')
    return changed.replace("version = 1", f"version = {version}")


def a_mail(to: str, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "customer@one.example"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{subject}@one.example>"
    mail.set_content("Hello\n")
    return mail


async def logged(running: Running, *words: str) -> bool:
    """Whether the router has said it, all in one line."""
    lines = (running.data_dir / "log" / "router.log").read_text().splitlines()
    return any(all(word in line for word in words) for line in lines)


async def asked_by(running: Running, agent: str, path: str) -> tuple[int, Any]:
    """What the API answers an agent whom the file has named since everything was started."""
    secret = (running.data_dir / "secret").read_text().strip()
    token = agent_token(Signer(secret.encode()), AgentId(agent), 1)
    async with running.session.get(
        running.up["router"] + path, headers={"Authorization": f"Bearer {token}"}
    ) as response:
        return response.status, await response.json()


async def accepted(running: Running, mail: EmailMessage) -> bool:
    """Whether the intake takes it: it learns of a new address a moment later."""
    try:
        await asyncio.to_thread(running.send, mail)
    except smtplib.SMTPRecipientsRefused:
        return False
    return True


async def test_a_changed_file_is_taken_over_at_a_signal_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "desks.toml"
    file.write_text(BEFORE)
    async with frontline(tmp_path / "data", FRONTLINE_CONFIG=str(file)) as running:
        pids = running.up["pids"]
        running.send(a_mail("sales@frontline.example", "Before"))
        kept = await running.contact("Before")

        file.write_text(after(2).replace('channel = "email"', 'channel = "email"\nlane = "fast"'))
        os.kill(pids["up"], signal.SIGHUP)
        await until(lambda: logged(running, "configuration.mistake", "desks.toml:"))
        await until(lambda: logged(running, '"outcome":"mistaken"'))
        assert not await logged(running, "configuration.taken_over")

        file.write_text(after(2))
        os.kill(pids["up"], signal.SIGHUP)
        await until(lambda: logged(running, "configuration.taken_over"))
        await until(lambda: accepted(running, a_mail("offers@frontline.example", "After")))

        async def at_sales() -> bool:
            status, page = await asked_by(running, "agent-3", "/api/contacts")
            return status == HTTPStatus.OK and [each["subject"] for each in page["items"]] == ["After"]

        await until(at_sales)
        await running.post(f"/api/contacts/{kept['id']}/replies", {"text": "Still ours"}, key="k1")
        assert running.up["pids"] == pids
