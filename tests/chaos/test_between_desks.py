"""A router may die at any instant of a hand-over between desks: each contact goes over once, with its clocks."""

import asyncio
import os
import random
import signal
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from frontline.configuration.demo import DEMO
from tests.e2e.desks import SALES
from tests.e2e.running import Running, children, frontline, mail, mail_sink, until

ROUNDS = 4
AT_ONCE = 4
SEED = int(os.environ.get("FRONTLINE_SEED", "1"))
_OF_SALES = 4
"""Their number among the agents that a running Frontline names."""


@pytest.mark.timeout(300)
async def test_kill_9_amid_hand_overs_leaves_each_contact_at_the_other_desk_once_and_with_its_clocks(
    tmp_path: Path,
) -> None:
    chance = random.Random(SEED)
    config = tmp_path / "desks.toml"
    config.write_text(DEMO.replace("[[policy]]", SALES + "\n[[policy]]", 1))
    async with (
        mail_sink() as sink,
        frontline(tmp_path / "data", FRONTLINE_CONFIG=str(config), FRONTLINE_SMTP_RELAY=sink.address) as running,
    ):
        for number in range(ROUNDS * AT_ONCE):
            message = mail(f"Order {number}", f"This is {number}.", message_id=f"<{number}@one.example>")
            await asyncio.to_thread(running.send, message)
        before = await until(lambda: _all(running, 1))
        left = sorted(before)
        while left:
            handing = [asyncio.create_task(_hand_over(running, left.pop())) for _ in range(AT_ONCE)]
            await asyncio.sleep(chance.uniform(0, 0.06))  # any instant will do
            await _kill_router(running)
            await asyncio.gather(*handing)
        assert await until(lambda: _all(running, _OF_SALES), seconds=60) == before
        await until(lambda: _none(running))

        for contact in before:
            await running.post(f"/api/contacts/{contact}/replies", {"text": f"About {contact}."}, agent=_OF_SALES)
        mails = await sink.have(len(before))
        said = Counter(str(each.get_payload(0) if each.is_multipart() else each.get_payload()) for each in mails)
        assert all(sum(f"About {contact}." in text for text in said.elements()) == 1 for contact in before)


async def _hand_over(running: Running, contact: str) -> None:
    """Ask for it under one key until there is an answer, as a console does."""
    while True:
        url = f"{running.up['router']}/api/contacts/{contact}/transfer"
        headers = running.agent() | {"Idempotency-Key": f"over-{contact}"}
        try:
            async with running.session.post(url, json={"desk": "sales"}, headers=headers) as response:
                if response.status == 200:
                    return
                said: dict[str, Any] = await response.json()
                if response.status == 404 and "at desk sales now" in said["detail"]:
                    return
                assert response.status == 503, said
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.05)  # as whoever is told to come again


async def _kill_router(running: Running) -> None:
    dead = children(running)["router"]
    os.kill(dead, signal.SIGKILL)

    async def back() -> bool:
        return children(running).get("router", dead) != dead

    await until(back, seconds=60)


async def _all(running: Running, agent: int) -> dict[str, Any] | None:
    """When an answer to each contact of this agent's desk is due, once all are there with their words."""
    try:
        listed = (await running.get("/api/contacts?limit=100", agent=agent))["items"]
    except (aiohttp.ClientError, AssertionError):
        return None
    due = {
        contact["id"]: [clock["due_at"] for clock in contact["clocks"] if clock["target"] == "first_response"]
        for contact in listed
        if contact["subject"]
    }
    return due if len(due) == ROUNDS * AT_ONCE and all(due.values()) else None


async def _none(running: Running) -> bool:
    return not (await running.get("/api/contacts"))["items"]


async def test_a_visitor_goes_on_in_the_same_chat_when_its_router_dies_while_it_is_handed_to_another_desk(
    tmp_path: Path,
) -> None:
    config = tmp_path / "desks.toml"
    config.write_text(DEMO.replace("[[policy]]", SALES + "\n[[policy]]", 1))
    async with (
        frontline(tmp_path / "data", FRONTLINE_CONFIG=str(config)) as running,
        running.session.ws_connect(running.up["chat"].rstrip("/") + "/chat/ws") as socket,
    ):
        await socket.send_json({"type": "hello", "v": 1, "inbox": "support"})
        await _say(socket, "Do you sell ladders?")
        (contact,) = await until(running.contacts)
        handing = asyncio.create_task(_hand_over(running, contact["id"]))
        await _kill_router(running)
        await handing
        await until(lambda: _listed(running, contact["id"]), seconds=60)
        path = f"/api/contacts/{contact['id']}"
        await running.post(f"{path}/replies", {"text": "We do."}, agent=_OF_SALES)
        assert await _read(socket, "We do.") == "Demo agent 9"
        await _say(socket, "One, please.")

        async def complete() -> list[str] | None:
            items = (await running.get(f"{path}/transcript", agent=_OF_SALES))["items"]
            said = [item["text"] for item in items if item["kind"] == "message"]
            return said if len(said) >= 3 else None

        assert await until(complete) == ["Do you sell ladders?", "We do.", "One, please."]
        assert not await running.contacts()


async def _say(socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
    """Returns once it is stored."""
    await socket.send_json({"type": "message", "id": str(uuid.uuid4()), "text": text})
    while (await socket.receive_json(timeout=30))["type"] != "ack":
        pass


async def _read(socket: aiohttp.ClientWebSocketResponse, text: str) -> str:
    """Wait until the visitor sees that; gives by whom."""
    while True:
        frame = await socket.receive_json(timeout=60)
        if frame["type"] == "message" and frame["text"] == text:
            return str(frame["from"]["name"])


async def _listed(running: Running, contact: str) -> bool:
    try:
        listed = (await running.get("/api/contacts", agent=_OF_SALES))["items"]
    except (aiohttp.ClientError, AssertionError):
        return False
    return [each["id"] for each in listed] == [contact]
