"""Replies, notes, resolving, availability: decided by a real desk, once each."""

import asyncio
import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from frontline.contract import subject
from frontline.contract.ids import DeskId
from frontline.contract.transcript import ItemKind
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.objects import Objects
from frontline.runtime.reader import Stored, read
from frontline.runtime.topology import THREADS
from router.api.port import Commands
from router.core.event import ContactResolved, NoteAdded, ReplyQueued
from router.desk.command_port import CommandReply, CommandRequest
from tests.chunks import whole
from tests.integration.router_api.world import Unreachable, world
from tests.integration.router_desk.desk import (
    AGENT,
    SIGNER,
    SUPPORT,
    answers,
    events,
    mail,
    outbox,
    send_in,
    transcript,
    until,
)


async def drafts(bus: Bus) -> Sequence[bytes]:
    return [stored.data async for stored in read(bus, "DRAFTS", subject.draft(SUPPORT))]


async def test_a_reply_goes_out_to_the_customer_and_refers_to_the_conversation(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>", sender="ann@one.example"))
        first = await agent.post(f"/api/contacts/{id_}/replies", {"text": "Hi", "cc": "bob@one.example"})
        assert first.status == 201
        assert first.body["contact"] == id_
        await agent.get(f"/api/contacts/{id_}/transcript", seen=first.seq)
        second = await agent.post(f"/api/contacts/{id_}/replies", {"text": "And", "html": "<b onclick=x()>And</b>"})
        await agent.get(f"/api/contacts/{id_}/transcript", seen=second.seq)
        await until(lambda: _count(there.bus, 2))
        one, two = await outbox(there.bus)
        assert (one.id, one.text, one.author, one.author_name) == (first.body["id"], "Hi", AGENT, "Demo agent 1")
        assert [(to.address, to.role) for to in one.to] == [("ann@one.example", "to"), ("bob@one.example", "cc")]
        assert [ref.native_id or ref.reply for ref in one.thread] == ["<1@one.example>"]
        assert [ref.native_id or ref.reply for ref in two.thread] == ["<1@one.example>", one.id]
        assert two.html == "<b>And</b>"


async def test_a_reply_at_once_waits_for_the_words_that_say_where_to(
    provisioned: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The log tells of a contact before its words stand in the transcript: who is quick sees it in between.
    async with world(provisioned, tmp_path) as there:
        take_items, here = there.index.take_items, asyncio.Event()

        async def late(batch: Sequence[Stored]) -> None:
            await here.wait()
            await take_items(batch)

        monkeypatch.setattr(there.index, "take_items", late)
        agent = there.client()
        await send_in(there.bus, mail("<1@one.example>", sender="ann@one.example"))

        async def listed() -> bool:
            return bool((await agent.get("/api/contacts")).body["items"])

        await until(listed)
        id_ = (await agent.get("/api/contacts")).body["items"][0]["id"]
        reply = asyncio.create_task(agent.post(f"/api/contacts/{id_}/replies", {"text": "Hi"}))
        await until(lambda: bool(there.index._waiting._waiters))
        here.set()
        assert (await reply).status == 201
        await until(lambda: _count(there.bus, 1))
        (sent,) = await outbox(there.bus)
        assert [to.address for to in sent.to] == ["ann@one.example"]
        assert [ref.native_id for ref in sent.thread] == ["<1@one.example>"]


async def test_an_answer_to_our_reply_finds_the_contact_by_the_replys_key(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await there.contact_from(mail("<1@one.example>"))
        reply = await there.client().post(f"/api/contacts/{id_}/replies", {"text": "Hi"})
        key = SIGNER.key_hash("reply", reply.body["id"])
        await until(lambda: _is_bound(there.bus, key, id_))


async def test_the_same_key_and_body_is_one_reply_and_one_answer(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        path = f"/api/contacts/{id_}/replies"
        tries = await asyncio.gather(*(agent.post(path, {"text": "Hi"}, key="k-1") for _ in range(5)))
        late = await agent.ask(
            "POST",
            path,
            headers={"Idempotency-Key": "k-1", "Content-Type": "application/json"},
            data=b'{ "text":"Hi" }',
        )
        assert {answer.status for answer in (*tries, late)} == {201}
        assert len({answer.body["id"] for answer in (*tries, late)}) == 1
        assert all(answer.seq > 0 for answer in (*tries, late))
        await until(lambda: _count(there.bus, 1))
        assert len(await events(there.bus, ReplyQueued)) == 1


async def test_without_a_key_the_same_words_again_are_another_reply(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await there.contact_from(mail("<1@one.example>"))
        for _ in range(2):
            await there.client().post(f"/api/contacts/{id_}/replies", {"text": "Hi"})
        assert len(await events(there.bus, ReplyQueued)) == 2


async def test_the_same_key_for_another_request_is_refused(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        assert (await agent.post(f"/api/contacts/{id_}/notes", {"text": "one"}, key="k")).status == 201
        for path, body in (("notes", {"text": "two"}), ("replies", {"text": "one"}), ("resolve", {})):
            refused = await agent.post(f"/api/contacts/{id_}/{path}", body, key="k")
            assert refused.status == 422
            assert refused.body["type"] == "urn:frontline:problem:key-reused"
        assert (await agent.put("/api/me/availability", {"state": "away"}, key="k")).status == 422
        assert len(await events(there.bus, NoteAdded)) == 1
        assert await events(there.bus, ReplyQueued) == []
        assert await events(there.bus, ContactResolved) == []


async def test_a_repeat_whose_first_answer_was_lost_gets_that_answer(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path, commands=Deaf) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        lost = await agent.post(f"/api/contacts/{id_}/replies", {"text": "Hi"}, key="k")
        assert (lost.status, lost.headers["Retry-After"]) == (503, "1")
        again = await agent.post(f"/api/contacts/{id_}/replies", {"text": "Hi"}, key="k")
        assert again.status == 201
        [queued] = await events(there.bus, ReplyQueued)
        assert again.body["id"] == queued.reply


async def test_a_note_is_for_agents_only(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        note = await agent.post(f"/api/contacts/{id_}/notes", {"text": "psst"})
        assert note.status == 201
        lines = (await agent.get(f"/api/contacts/{id_}/transcript", seen=note.seq)).body["items"]
        assert (lines[1]["kind"], lines[1]["direction"], lines[1]["delivery"]) == ("note", "internal", None)
        public = [stored.data async for stored in read(there.bus, "TRANSCRIPT", subject.transcript_public(id_))]
        assert not any(b"psst" in data for data in public)
        assert await outbox(there.bus) == []


async def test_files_go_with_a_reply_and_can_be_fetched_by_who_may(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        data = bytes(range(256)) * 3000
        files = [
            {"name": "plan äö.pdf", "media_type": "application/pdf", "content": base64.b64encode(data).decode()},
            {"name": "x.html", "media_type": "text/html", "content": base64.b64encode(b"<script>").decode()},
        ]
        reply = await agent.post(f"/api/contacts/{id_}/replies", {"text": "See", "attachments": files})
        assert reply.status == 201
        lines = (await agent.get(f"/api/contacts/{id_}/transcript", seen=reply.seq)).body["items"]
        pdf, html = lines[1]["attachments"]
        assert (pdf["name"], pdf["media_type"], pdf["size"]) == ("plan äö.pdf", "application/pdf", len(data))
        fetched = await agent.get(pdf["url"])
        assert (fetched.status, fetched.body) == (200, data)
        await until(lambda: _count(there.bus, 1))
        [out] = await outbox(there.bus)
        assert await whole(Objects(there.bus).get(out.attachments[0].content)) == data
        shown = await agent.get(html["url"])
        assert shown.headers["Content-Type"] == "application/octet-stream"


async def test_a_picture_of_a_reply_is_shown_by_its_html_and_by_nothing_else(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await there.contact_from(mail("<1@one.example>"))
        picture = {"name": "a.png", "media_type": "image/png", "content": "aW1hZ2U=", "content_id": "a@desk"}
        html = '<p>See <img src="cid:a@desk"><img src="javascript:alert(1)"></p><script>alert(1)</script>'
        body = {"text": "See", "html": html, "attachments": [picture]}
        assert (await there.client().post(f"/api/contacts/{id_}/replies", body)).status == 201
        await until(lambda: _count(there.bus, 1))
        [out] = await outbox(there.bus)
        assert out.html == '<p>See <img src="cid:a@desk"><img></p>'
        assert [(each.content_id, each.inline) for each in out.attachments] == [("a@desk", True)]
        picture["content_id"] = "a>\r\nBcc: x"
        assert (await there.client().post(f"/api/contacts/{id_}/replies", body)).status == 422


async def test_the_files_of_a_repeated_reply_are_stored_once(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        body = {"text": "See", "attachments": [{"name": "a", "content": base64.b64encode(b"x" * 300_000).decode()}]}
        first = await agent.post(f"/api/contacts/{id_}/replies", body, key="k")
        await agent.get(f"/api/contacts/{id_}/transcript", seen=first.seq)
        before = (await there.bus.nc.jetstream().stream_info("OBJ_ATTACHMENTS")).state.last_seq
        again = await agent.post(f"/api/contacts/{id_}/replies", body, key="k")
        assert (again.status, again.body) == (201, first.body)
        assert (await there.bus.nc.jetstream().stream_info("OBJ_ATTACHMENTS")).state.last_seq == before


async def test_a_reply_that_can_not_be_is_told_everything_that_is_wrong(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        path = f"/api/contacts/{id_}/replies"
        for body, wrong in (
            ({}, {"$.text"}),
            ({"text": "  "}, {"$.text"}),
            ({"text": "x", "channel": "pigeon"}, {"$.channel"}),
            ({"text": "x", "channel": "email", "to": []}, {"$.to"}),
            ({"text": 5, "colour": "red", "cc": ["a\n"]}, {"$.text", "$.colour"}),
            ({"text": "x", "to": "a@one.example\r\nBcc: b@one.example"}, {"$.to"}),
        ):
            answer = await agent.post(path, body)
            assert answer.status == 422
            assert {error["at"] for error in answer.body["errors"]} == wrong
        assert await drafts(there.bus) == []


async def test_resolving_twice_is_told_what_happened_instead(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        done = await agent.post(f"/api/contacts/{id_}/resolve", {})
        assert (done.status, done.body) == (200, {"id": id_, "done": "resolved"})
        again = await agent.post(f"/api/contacts/{id_}/resolve")
        assert (again.status, again.body["conflict"]) == (409, "already_resolved")
        assert (await agent.post(f"/api/contacts/{id_}/reopen", {})).body == {"id": id_, "done": "reopened"}
        assert (await agent.post(f"/api/contacts/{id_}/reopen", {})).body["conflict"] == "not_resolved"


async def test_resolving_again_with_its_key_is_answered_as_before(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        first = await agent.post(f"/api/contacts/{id_}/resolve", {}, key="k")
        again = await agent.post(f"/api/contacts/{id_}/resolve", {}, key="k")
        assert (again.status, again.body) == (first.status, first.body)


async def test_an_agent_says_whether_they_want_work(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        assert (await agent.get("/api/me/availability")).body == {"state": "available", "until": None, "reason": ""}
        until_ = datetime.now(UTC) + timedelta(hours=1)
        set_ = await agent.put("/api/me/availability", {"state": "away", "until": until_.isoformat()})
        assert set_.status == 200
        assert set_.body["state"] == "away"
        shown = await agent.get("/api/me/availability", seen=set_.seq)
        assert shown.body == set_.body
        assert (
            datetime.fromisoformat(shown.body["until"])
            <= until_
            < datetime.fromisoformat(shown.body["until"]) + timedelta(milliseconds=1)
        )
        id_ = await there.contact_from(mail("<1@one.example>"))
        assert (await agent.get(f"/api/contacts/{id_}")).body["state"] == "waiting"
        back = await agent.put("/api/me/availability", {"state": "available"})
        assert (await agent.get(f"/api/contacts/{id_}", seen=back.seq)).body["state"] == "assigned"


async def test_a_time_that_makes_no_sense_is_refused(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        for when in ("tomorrow", "2020-01-01T00:00:00Z", "2120-01-01T00:00:00"):
            answer = await there.client().put("/api/me/availability", {"state": "away", "until": when})
            assert answer.status == 422
            assert [error["at"] for error in answer.body["errors"]] == ["$.until"]
        wrong = await there.client().put("/api/me/availability", {"state": "asleep"})
        assert [error["at"] for error in wrong.body["errors"]] == ["$.state"]


async def test_a_desk_without_a_leader_asks_to_come_again(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path, commands=lambda _: Unreachable()) as there:
        id_ = await there.contact_from(mail("<1@one.example>"))
        for path, body in (("replies", {"text": "x"}), ("notes", {"text": "x"}), ("resolve", {}), ("reopen", {})):
            answer = await there.client().post(f"/api/contacts/{id_}/{path}", body)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_the_customers_answer_and_the_agents_reply_stay_in_one_transcript(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        reply = await agent.post(f"/api/contacts/{id_}/replies", {"text": "Hi"})
        again = await there.contact_from(mail("<2@one.example>", thread=(answers("<1@one.example>"),)))
        assert again == id_
        await agent.get(f"/api/contacts/{id_}/transcript", seen=reply.seq)
        kinds = [item.kind for item in await transcript(there.bus, id_)]
        assert kinds == [ItemKind.MESSAGE] * 3
        contact = (await agent.get(f"/api/contacts/{id_}", seen=reply.seq)).body
        assert contact["clocks"][0]["outcome"] == "met"


class Deaf:
    """Commands whose first answer gets lost on its way back."""

    def __init__(self, real: Commands) -> None:
        self._real = real
        self._heard = False

    async def ask(self, desk: DeskId, request: CommandRequest) -> CommandReply:
        reply = await self._real.ask(desk, request)
        if not self._heard:
            self._heard = True
            await Unreachable().ask(desk, request)
        return reply


async def _count(bus: Bus, wanted: int) -> bool:
    return len(await outbox(bus)) == wanted


async def _is_bound(bus: Bus, key: str, contact: str) -> bool:
    entry = await KeyValue(bus, THREADS).get(key)
    return entry is not None and entry.value.decode() == contact
