"""A call and a text by `frontline phone simulate`, answered by an agent: all of it as processes, with no account."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import Running, frontline, until

CUSTOMER = "+12025550199"


async def simulate(running: Running, *arguments: str, **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "frontline", "phone", "simulate", *arguments,
        env={**os.environ, "FRONTLINE_DATA_DIR": str(running.data_dir), **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def printed(process: asyncio.subprocess.Process) -> str:
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def contact_with(running: Running, text: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        for contact in await running.contacts("&channel=phone"):
            if any(item["text"] == text for item in await running.items(contact["id"])):
                return contact
        return None

    found: dict[str, Any] = await until(there)
    return found


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def test_a_text_is_answered_and_a_missed_call_is_answered_by_text(data_dir: Path) -> None:
    async with frontline(data_dir) as running:
        writing = await simulate(running, "sms", "--from", CUSTOMER, "Where is my parcel?", "--wait", "50")
        contact = await contact_with(running, "Where is my parcel?")
        await running.post(f"/api/contacts/{contact['id']}/replies", {"text": "It comes today."})
        dialogue = await printed(writing)
        assert f"{CUSTOMER} reads: It comes today." in dialogue

        async def arrived() -> bool:
            items = await running.items(contact["id"])
            return any(item["direction"] == "out" and item["delivery"] == "delivered" for item in items)

        await until(arrived)

        calling = await simulate(
            running, "call", "--from", "+12025550188", "--pace", "0.02", "--press", "", "--press", "1",
            "--say", "Please call me back.",
        )  # fmt: skip
        assert "waits in the queue" in await printed(calling)
        missed = await contact_with(running, "Please call me back.")
        assert missed["id"] != contact["id"]

        async def complete() -> list[dict[str, Any]] | None:
            items = await running.items(missed["id"])
            return items if {"call", "voicemail"} <= {item["kind"] for item in items if item["text"]} else None

        items = await until(complete)
        assert any(item["attachments"] for item in items)
        await running.post(f"/api/contacts/{missed['id']}/replies", {"text": "We tried to reach you."})
        again = await simulate(running, "sms", "--from", "+12025550188", "Thank you.")
        await printed(again)
        assert (await contact_with(running, "Thank you."))["id"] == missed["id"], "one contact, call and texts"


async def test_the_simulator_does_not_run_in_production_and_says_when_nothing_listens(data_dir: Path) -> None:
    environ = {**os.environ, "FRONTLINE_DATA_DIR": str(data_dir), "FRONTLINE_PHONE_PORT": "1"}
    for more, code, said in (({"FRONTLINE_ENV": "production"}, 2, "production"), ({}, 1, "no phone channel")):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "frontline", "phone", "simulate", "sms", "--from", CUSTOMER, "Hello",
            env={**environ, **more}, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, err = await process.communicate()
        assert process.returncode == code
        assert said in err.decode()


PHONE_ONLY = """\
version = 1

[[desk]]
id = "support"
name = "Support"

[[desk.inbox]]
channel = "phone"
id = "support"
name = "Support"
address = "+12025550123"

[[desk.agent]]
id = "agent-1"
name = "Demo agent 1"
phone = "+12025550111"
available = true

[[policy]]
id = "standard"
first_response = "PT1H"
"""


async def test_a_call_is_answered_when_it_is_picked_up_and_who_asks_for_it_is_called_back_in_the_same_contact(
    data_dir: Path, tmp_path: Path
) -> None:
    """Hard case 49, over the whole way: a call is taken, which meets the clock; another is called back."""
    config = tmp_path / "desk.toml"
    config.write_text(PHONE_ONLY)
    async with frontline(data_dir, FRONTLINE_CONFIG=str(config)) as running:
        agent = ("--agent", "+12025550111", "--pace", "0.05")
        calling = await simulate(running, "call", "--from", CUSTOMER, *agent, "--hang-up-after", "120")
        taken = await contact_with(running, "The call was answered.")
        calling.terminate()
        await calling.wait()

        async def met() -> bool:
            shown = await running.get(f"/api/contacts/{taken['id']}")
            return [clock["outcome"] for clock in shown["clocks"] if clock["target"] == "first_response"] == ["met"]

        await until(met)
        await running.post(f"/api/contacts/{taken['id']}/resolve", {})

        back = await simulate(running, "call", "--from", "+12025550188", *agent, "--press", "2", "--stay", "1000")
        dialogue = await printed(back)
        assert "We will call you back as soon as it is your turn." in dialogue
        assert "customer at +12025550188 is connected" in dialogue
        called = await contact_with(running, "The call back is over.")
        assert called["id"] != taken["id"]
        texts = [item["text"] for item in await running.items(called["id"]) if item["kind"] == "call"]
        assert "The caller asks to be called back, and keeps their place." in texts
        assert "The customer was called back, and answered." in texts


async def test_who_hangs_up_while_an_agent_is_asked_is_offered_to_nobody_and_goes_on_in_writing(
    data_dir: Path, tmp_path: Path
) -> None:
    """Hard case 46: the caller leaves exactly while an agent is being reserved."""
    config = tmp_path / "desk.toml"
    config.write_text(PHONE_ONLY)
    async with frontline(data_dir, FRONTLINE_CONFIG=str(config)) as running:
        calling = await simulate(running, "call", "--from", CUSTOMER, "--pace", "0.02", "--hang-up-after", "100")
        offered = await until(lambda: running.contacts("&state=offered"))
        assert "hangs up" in await printed(calling)

        async def left() -> dict[str, Any] | None:
            contact: dict[str, Any] = await running.get(f"/api/contacts/{offered[0]['id']}")
            return contact if contact["presence"] == "left" and contact["state"] == "assigned" else None

        contact = await until(left)
        assert contact["offer"] is None
        assert (await running.get("/api/offers"))["items"] == []
        assert any(item["text"].startswith("Missed call") for item in await running.items(contact["id"]))
