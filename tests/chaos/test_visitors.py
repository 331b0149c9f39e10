"""A visitor whose process dies and who does not come back has left: nobody is kept waiting for them."""

import os
import signal
import uuid
from pathlib import Path
from typing import Any

import aiohttp

from tests.e2e.running import Running, children, frontline, until

TEXT = "Are you there?"


async def test_a_visitor_who_closes_the_window_while_their_process_is_dead_has_left_once_it_is_back(
    tmp_path: Path,
) -> None:
    async with frontline(tmp_path / "data", FRONTLINE_CHAT_GONE_SECONDS="1") as running:
        url = running.up["chat"].rstrip("/") + "/chat/ws"
        async with running.session.ws_connect(url) as gone:
            await _say(gone, TEXT)
            await until(lambda: _is(running, "live"))
            os.kill(children(running)["intake-chat"], signal.SIGKILL)
        found = await until(lambda: _is(running, "left"), seconds=60)

        async def lines() -> list[str] | None:
            said = [item["text"] for item in await running.items(found["id"]) if item["kind"] != "event"]
            return said if len(said) >= 2 else None

        assert await until(lines) == [TEXT, "The visitor left the page."]


async def _say(socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
    await socket.send_json({"type": "hello", "v": 1, "inbox": "support"})
    await socket.send_json({"type": "message", "id": str(uuid.uuid4()), "text": text})
    while (await socket.receive_json(timeout=30))["type"] != "ack":
        pass


async def _is(running: Running, presence: str) -> dict[str, Any] | None:
    for contact in await running.contacts("&channel=chat"):
        if contact["presence"] == presence:
            return contact
    return None
