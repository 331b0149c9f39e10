"""`GET /api/live`: everything that the desk decides, once and in order, over reconnects too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import WSMsgType

from frontline.contract.ids import AgentId
from frontline.runtime.bus import Bus
from frontline.runtime.signing import agent_token
from tests.integration.router_api.world import OTHER, World, world
from tests.integration.router_desk.desk import AGENT, LIVE, SIGNER, SUPPORT, mail


@asynccontextmanager
async def watching(
    there: World, after: int | None = None, agent: AgentId = AGENT
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    path = "/api/live" if after is None else f"/api/live?after={after}"
    async with there.session.ws_connect(path) as ws:
        await ws.send_json({"type": "hello", "token": agent_token(SIGNER, agent, 1)})
        yield ws


async def next_frame(ws: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    async with asyncio.timeout(60):
        frame: dict[str, Any] = await ws.receive_json()
        return frame


async def frames_to(ws: aiohttp.ClientWebSocketResponse, event: str) -> list[dict[str, Any]]:
    """All frames up to the first `event`, and those of its own commit."""
    frames = []
    while True:
        frames.append(await next_frame(ws))
        if any(frame["event"] == event for frame in frames) and not frames[-1].get("more"):
            return frames


def contacts_in(frames: list[dict[str, Any]]) -> set[str]:
    """What a desk decides of itself, every few seconds, is of none."""
    return {frame["contact"] for frame in frames if "contact" in frame}


async def test_a_watcher_is_told_what_the_desk_decides_and_can_read_it_at_once(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there, watching(there) as ws:
        started = await next_frame(ws)
        assert (started["event"], started["agent"], started["data"]) == ("Started", AGENT, {"resumed": False})
        contact = await there.contact_from(mail("<1@one.example>", inbox=LIVE))
        # What the desk decides of itself, such as that it has taken its inboxes, may be told before, or have been.
        frames = [frame for frame in await frames_to(ws, "ContactOffered") if "contact" in frame]
        kinds = [frame["event"] for frame in frames]
        assert kinds == ["ContactOpened", "MessageReceived", "ClockStarted", "ContactOffered"]
        assert {frame["contact"] for frame in frames} == {contact}
        assert {frame["seq"] for frame in frames} == {frames[0]["seq"]}
        assert [frame.get("more", False) for frame in frames] == [True, True, True, False]
        assert (frames[-1]["agent"], frames[-1]["data"]["offer"]) == (AGENT, f"{contact}.1")
        shown = await there.client().get("/api/offers")
        assert [offer["contact"] for offer in shown.body["items"]] == [contact]


async def test_rule_1_9_who_is_to_be_told_of_a_breach_is_told_in_the_feed_and_the_contact_says_so(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there, watching(there) as ws:
        letter = mail("<1@one.example>")
        yesterday = msgspec.structs.replace(letter.times, received=letter.times.received - timedelta(days=1))
        contact = await there.contact_from(msgspec.structs.replace(letter, times=yesterday))
        (told,) = [frame for frame in await frames_to(ws, "Escalated") if frame["event"] == "Escalated"]
        assert told["contact"] == contact
        assert told["data"] == {"target": "first_response", "fraction": 1.0, "agents": [AGENT]}
        shown = await there.client().get(f"/api/contacts/{contact}", seen=told["seq"])
        assert f"first_response breached: {AGENT} told" in [why["text"] for why in shown.body["why"]]


async def test_a_watcher_who_comes_again_is_told_what_was_decided_meanwhile(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        async with watching(there) as ws:
            await next_frame(ws)
            await there.contact_from(mail("<1@one.example>"))
            seen = (await frames_to(ws, "ContactAssigned"))[-1]["seq"]
        second = await there.contact_from(mail("<2@one.example>"))
        async with watching(there, seen) as ws:
            started = await next_frame(ws)
            assert (started["seq"], started["data"]) == (seen, {"resumed": True})
            assert contacts_in(await frames_to(ws, "ContactAssigned")) == {second}
            third = await there.contact_from(mail("<3@one.example>"))
            assert contacts_in(await frames_to(ws, "ContactAssigned")) == {third}


async def test_a_watcher_who_was_away_for_too_long_is_told_to_start_anew(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await there.contact_from(mail("<1@one.example>"))
    async with world(provisioned, tmp_path) as there:  # what the file held, nobody was told
        shown = there.index.log_position(SUPPORT).seq
        async with watching(there, 1) as ws:
            started = await next_frame(ws)
            assert started["data"] == {"resumed": False}
            assert started["seq"] >= shown


async def test_a_watcher_without_a_token_is_told_nothing(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        for hello in ('{"type":"hello","token":"wrong"}', '{"type":"hello"}', "nonsense", "[]", "[" * 4000):
            async with there.session.ws_connect("/api/live") as ws:
                await ws.send_str(hello)
                message = await ws.receive()
                assert (message.type, ws.close_code) == (WSMsgType.CLOSE, 1008)
        async with there.session.get("/api/live?after=x") as response:
            assert response.status == 422


async def test_a_watcher_is_told_of_their_own_desk_only(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there, watching(there, agent=OTHER) as other, watching(there) as ws:
        await next_frame(other)
        await next_frame(ws)
        await there.contact_from(mail("<1@one.example>"))
        await frames_to(ws, "ContactAssigned")
        reading = asyncio.create_task(other.receive())
        await asyncio.wait((reading,), timeout=0.2)
        assert not reading.done()
        reading.cancel()


async def test_watchers_are_told_when_the_process_ends(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there, watching(there) as ws:
        await next_frame(ws)
        ending = asyncio.create_task(there.app.shutdown())
        async with asyncio.timeout(60):
            while (message := await ws.receive()).type is WSMsgType.TEXT:
                pass  # that the desk has taken its inboxes may be told until then
        assert (message.type, ws.close_code) == (WSMsgType.CLOSE, 1001)
        await ending
