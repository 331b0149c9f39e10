"""`frontline up` with the real services; how it behaves with others is in tests/integration/supervisor."""

import asyncio
import os
import signal
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest

from frontline.configuration.own import OWN
from frontline.contract import subject
from frontline.contract.codec import encode
from frontline.contract.ids import ContactId
from frontline.contract.transcript import decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.reader import read
from frontline.runtime.topology import TRANSCRIPT
from tests.e2e.running import Running, frontline, until


def a_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "customer@one.example"
    mail["To"] = "support@frontline.example"
    mail["Subject"] = "Leak"
    mail["Message-ID"] = "<1@one.example>"
    mail.set_content("It drips.\n")
    return mail


async def command(running: Running, *arguments: str) -> str:
    """What a command prints that is run beside `running`."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FRONTLINE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "frontline", *arguments,
        env=environ | {"FRONTLINE_DATA_DIR": str(running.data_dir)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_every_process_killed_hard_comes_back_and_mail_goes_on(tmp_path: Path) -> None:
    async with frontline(tmp_path / "data") as running:
        for name in ("nats-server", "intake-email", "router"):
            pid = running.up["pids"][name]
            os.kill(pid, signal.SIGKILL)

            async def anew(name: str = name, pid: int = pid) -> bool:
                return bool(running.up["pids"][name] != pid)

            await until(anew)
        await until(lambda: sent(running))
        leak = await running.contact("Leak")
        assert [contact["id"] for contact in await running.contacts()] == [leak["id"]]


async def sent(running: Running) -> bool:
    try:
        await asyncio.to_thread(running.send, a_mail())
    except OSError:  # 4xx among them: a sender tries again
        return False
    return True


async def test_the_local_mailbox_does_not_start_in_production(tmp_path: Path) -> None:
    config = tmp_path / "frontline.toml"
    config.write_text(OWN)
    with pytest.raises(AssertionError, match="FRONTLINE_SMTP_RELAY: must be set in production"):
        async with frontline(tmp_path / "data", FRONTLINE_ENV="production", FRONTLINE_CONFIG=str(config)):
            pass


async def test_a_replay_mends_what_the_transcript_shows_and_makes_no_second_contact(tmp_path: Path) -> None:
    async with frontline(tmp_path / "data") as running:
        await asyncio.to_thread(running.send, a_mail())
        (contact,) = await until(running.contacts)
        (item,) = await until(lambda: transcript(running, contact["id"]))
        await misread(running, contact["id"])
        await until(lambda: shows(running, contact["id"], "It d"))
        assert "changed: text" in await command(running, "replay", item["id"])
        await until(lambda: shows(running, contact["id"], "It drips.\n"))
        assert len(await transcript(running, contact["id"])) == 1
        assert [each["id"] for each in await running.contacts()] == [contact["id"]]
        assert "same" in await command(running, "replay", "--since", "2020-01-01")


async def transcript(running: Running, contact: str) -> list[dict[str, Any]]:
    found = (await running.get(f"/api/contacts/{contact}/transcript"))["items"]
    return [item for item in found if item["direction"] == "in"]


async def shows(running: Running, contact: str, text: str) -> bool:
    return [item["text"].strip() for item in await transcript(running, contact)] == [text.strip()]


async def misread(running: Running, contact: str) -> None:
    """Have the transcript show the message as a former version of the parser might have read it."""
    bus = Bus(name="test")
    await bus.connect(running.up["nats"])
    where = subject.transcript_public(ContactId(contact))
    (stored,) = [stored async for stored in read(bus, TRANSCRIPT, where)]
    item = msgspec.structs.replace(decode_item(stored.data), text="It d", revision=1)
    await bus.publish(where, encode(item))
    await bus.close()
