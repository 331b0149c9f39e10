"""Contacts that are split, and messages that are moved: over HTTP, and read as anybody reads them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from frontline.contract import cloudevent, subject
from frontline.contract.codec import encode
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryReceipt, DeliveryState, Times, idempotency_key, message_id
from frontline.contract.transcript import Direction, TranscriptItem, decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.metrics import Metrics
from frontline.runtime.reader import read
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import TRANSCRIPT
from router.desk.log_store import StreamLogStore
from router.index import writing
from router.index.follow import follow_log, follow_transcripts
from router.index.read_index import ReadIndex
from tests.integration.router_api.world import ACKNOWLEDGING, Client, World, world
from tests.integration.router_desk.desk import EMAIL, INBOX, SUPPORT, answers, mail, transcript, until

ONE, TWO, THREE = "<1@one.example>", "<2@one.example>", "<3@one.example>"


async def lines(agent: Client, contact: str, seen: int | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await agent.get(f"/api/contacts/{contact}/transcript", seen=seen)).body["items"]
    return found


async def texts(agent: Client, contact: str, seen: int | None = None) -> list[str]:
    """What was said, without what is told of the contact itself."""
    return [line["text"] for line in await lines(agent, contact, seen) if line["kind"] != "system"]


async def ids(agent: Client, contact: str, seen: int | None = None) -> list[str]:
    """As `texts`."""
    return [line["id"] for line in await lines(agent, contact, seen) if line["kind"] != "system"]


async def about_two_things(there: World, agent: Client) -> tuple[ContactId, int, MessageId]:
    """A contact with a question, its answer, and another question with its answer; where that begins, and that reply."""
    contact = await there.contact_from(mail(ONE, text="one"))
    answered = await agent.post(f"/api/contacts/{contact}/replies", {"text": "answer one"})
    assert len(await lines(agent, contact, answered.seq)) == 2, "or what comes next may be stored before it"
    await there.contact_from(mail(TWO, text="two", thread=(answers(ONE),)))
    written = await agent.post(f"/api/contacts/{contact}/replies", {"text": "answer two"})
    said = await lines(agent, contact, written.seq)
    assert [line["text"] for line in said] == ["one", "answer one", "two", "answer two"]
    return contact, said[2]["seq"], MessageId(written.body["id"])


async def test_a_contact_is_split_and_what_comes_later_goes_where_it_belongs(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        old, from_seq, _ = await about_two_things(there, agent)
        done = await agent.post(f"/api/contacts/{old}/split", {"from_seq": from_seq}, key="once")
        assert (done.status, done.body["origin"]) == (201, old)
        new = done.body["id"]
        assert await texts(agent, new, done.seq) == ["two", "answer two"]
        assert await texts(agent, old) == ["one", "answer one"]
        told = {
            contact: [line["text"] for line in await lines(agent, contact) if line["kind"] == "system"]
            for contact in (old, new)
        }
        assert told == {
            new: [f"Split off from contact {old} by agent-1."],
            old: [f"2 lines became a contact of their own: {new}. Split off by agent-1."],
        }
        here, origin = [(await agent.get(f"/api/contacts/{id_}")).body for id_ in (new, old)]
        assert (here["linked_to"], origin["linked_from"]) == (old, [new])
        assert here["why"][0]["text"] == f"split off from {old}, as agent-1 says"
        assert f"2 lines split off to {new}, as agent-1 says" in [why["text"] for why in origin["why"]]
        assert here["subject"] == origin["subject"]
        assert await there.contact_from(mail(THREE, text="three", thread=(answers(TWO),))) == new
        assert await there.contact_from(mail("<4@one.example>", text="four", thread=(answers(ONE),))) == old
        repeated = await agent.post(f"/api/contacts/{old}/split", {"from_seq": from_seq}, key="once")
        assert repeated.body == done.body
        merged = await agent.post(f"/api/contacts/{new}/merge", {"into": old})
        assert await texts(agent, old, merged.seq) == ["one", "answer one", "two", "answer two", "three", "four"]


async def test_the_clock_of_what_was_split_off_runs_since_it_was_asked(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        old = await there.contact_from(mail(ONE, text="one"))
        await there.contact_from(mail(TWO, text="two", thread=(answers(ONE),)))
        second = (await lines(agent, old))[1]
        done = await agent.post(f"/api/contacts/{old}/split", {"from_seq": second["seq"]})
        shown = (await agent.get(f"/api/contacts/{done.body['id']}", seen=done.seq)).body
        (clock,) = shown["clocks"]
        assert (clock["target"], clock["started_at"]) == ("first_response", second["at"])


async def test_what_became_of_a_reply_is_told_where_the_reply_is_now(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        old, from_seq, reply = await about_two_things(there, agent)
        await report(provisioned, reply, old, DeliveryState.SENT)

        async def is_known() -> bool:
            return any(line["kind"] == "receipt" for line in await lines(agent, old))

        await until(is_known)
        done = await agent.post(f"/api/contacts/{old}/split", {"from_seq": from_seq})
        new = done.body["id"]
        said = await lines(agent, new, done.seq)
        assert [(line["kind"], line["delivery"]) for line in said if line["direction"] != "in"][:-1] == [
            ("message", "sent"),
            ("receipt", "sent"),
        ]
        await report(provisioned, reply, old, DeliveryState.FAILED)

        async def is_told() -> bool:
            return [line["delivery"] for line in await lines(agent, new) if line["kind"] == "receipt"][1:] == ["failed"]

        await until(is_told)
        assert not any(line["kind"] == "receipt" for line in await lines(agent, old))


async def test_what_became_of_a_reply_that_stays_stays_with_it_also_if_it_came_later(
    provisioned: Bus, tmp_path: Path
) -> None:
    """Where its reply never was nobody would find it who erases the contact."""
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        old, from_seq, reply = await about_two_things(there, agent)
        first = MessageId((await lines(agent, old))[1]["id"])
        for each in (first, reply):
            await report(provisioned, each, old, DeliveryState.SENT)

        async def are_known() -> bool:
            return [line["kind"] for line in await lines(agent, old)].count("receipt") == 2

        await until(are_known)
        done = await agent.post(f"/api/contacts/{old}/split", {"from_seq": from_seq})
        about = {
            contact: [line["reply"] for line in await lines(agent, contact, done.seq) if line["kind"] == "receipt"]
            for contact in (old, ContactId(done.body["id"]))
        }
        assert list(about.values()) == [[first], [reply]]


async def test_what_acknowledged_a_message_is_where_that_is_and_goes_with_it_only(
    provisioned: Bus, tmp_path: Path
) -> None:
    """Where that message never was nobody would find it who erases the contact."""
    async with world(provisioned, tmp_path, **ACKNOWLEDGING) as there:
        agent = there.client()
        old = await there.contact_from(mail(ONE, text="one"))
        await there.contact_from(mail(TWO, text="two", thread=(answers(ONE),)))
        other = await there.contact_from(mail(THREE, text="three"))
        first, acknowledged, second = await ids(agent, old)
        await report(provisioned, MessageId(acknowledged), old, DeliveryState.SENT)

        async def is_known() -> bool:
            return len(await ids(agent, old)) == 4 and len(await ids(agent, other)) == 2

        await until(is_known)
        sent = (await ids(agent, old))[-1]
        alone = await agent.post(f"/api/contacts/{old}/messages/{acknowledged}/move", {"to": other})
        assert (alone.status, alone.body["conflict"]) == (409, "acknowledgement")
        third, told = await lines(agent, other)
        done = await agent.post(f"/api/contacts/{old}/messages/{first}/move", {"to": other})
        assert await ids(agent, other, done.seq) == [third["id"], told["id"], first, acknowledged, sent]
        assert await ids(agent, old) == [second]
        done = await agent.post(f"/api/contacts/{other}/split", {"from_seq": told["seq"]})
        assert await ids(agent, done.body["id"], done.seq) == [first, acknowledged, sent]
        assert await ids(agent, other) == [third["id"], told["id"]]


async def test_a_message_is_moved_to_another_contact_and_stands_there_once(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        old, _, _ = await about_two_things(there, agent)
        other = await there.contact_from(mail(THREE, text="three"))
        message = (await lines(agent, old))[2]
        path = f"/api/contacts/{old}/messages/{message['id']}/move"
        done = await agent.post(path, {"to": other}, key="once")
        assert (done.status, done.body) == (200, {"id": message["id"], "contact": other, "origin": old})
        assert await texts(agent, old, done.seq) == ["one", "answer one", "answer two"]
        assert await texts(agent, other, done.seq) == ["three", "two"]
        (moved,) = [line for line in await lines(agent, other) if line["id"] == message["id"]]
        assert {**moved, "seq": 0} == {**message, "seq": 0}
        assert moved["seq"] > message["seq"]
        again = await agent.post(path, {"to": other}, key="once")
        assert again.body == done.body
        back = await agent.post(f"/api/contacts/{other}/messages/{message['id']}/move", {"to": old})
        assert await texts(agent, old, back.seq) == ["one", "answer one", "answer two", "two"]
        assert await texts(agent, other) == ["three"]
        assert await there.contact_from(mail("<4@one.example>", text="four", thread=(answers(TWO),))) == old


async def test_an_index_that_is_built_again_shows_the_same(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        old, from_seq, _ = await about_two_things(there, agent)
        other = await there.contact_from(mail(THREE, text="three"))
        done = await agent.post(f"/api/contacts/{old}/split", {"from_seq": from_seq})
        new = done.body["id"]
        first = (await lines(agent, old))[0]["id"]
        moved = await agent.post(f"/api/contacts/{old}/messages/{first}/move", {"to": other})
        await there.index.wait_for(SUPPORT, moved.seq, 20)
        await there.index.wait_for_words(other, moved.seq, 20)
        async with rebuilt(there, tmp_path / "again") as index:
            for contact in (old, new, other):
                assert index.read.transcript(contact, 0, 100) == there.index.read.transcript(contact, 0, 100)
                assert index.read.said(contact) == there.index.read.said(contact)
                assert index.read.row(SUPPORT, contact) == there.index.read.row(SUPPORT, contact)
                assert index.read.subject(contact) == there.index.read.subject(contact)


async def test_the_customer_of_a_contact_does_not_see_what_another_customer_said(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        old, _, _ = await about_two_things(there, agent)
        other = await there.contact_from(mail(THREE, text="three", sender="kim@customer.example"))
        message = (await lines(agent, old))[2]["id"]
        await agent.post(f"/api/contacts/{old}/messages/{message}/move", {"to": other})
        await until(lambda: there.index.read.item(MessageId(message)).item.contact == other)  # type: ignore[union-attr]
        public = [item for item in await transcript(provisioned, other) if item.direction is Direction.IN]
        assert [item.text for item in public] == ["three", "two"]
        assert [item.text for item in await shown(provisioned, other)] == ["three"]


async def test_what_can_not_be_split_or_moved_says_why(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        contact = await there.contact_from(mail(ONE, text="one"))
        other = await there.contact_from(mail(TWO, text="two"))
        (line,) = await lines(agent, contact)
        split = f"/api/contacts/{contact}/split"

        async def says(path: str, body: Any) -> tuple[int, str]:
            refused = await agent.post(path, body)
            wrong = [mistake["at"] for mistake in refused.body.get("errors") or ()]
            return refused.status, refused.body.get("conflict") or "".join(wrong)

        assert await says(split, {"from_seq": line["seq"]}) == (409, "nothing_stays")
        assert await says(split, {"from_seq": line["seq"] + 100}) == (422, "$.from_seq")
        note = await agent.post(f"/api/contacts/{contact}/notes", {"text": "hm"})
        written = (await lines(agent, contact, note.seq))[1]
        assert await says(split, {"from_seq": written["seq"]}) == (409, "nothing_said")
        move = f"/api/contacts/{contact}/messages/{line['id']}/move"
        assert await says(move, {"to": other}) == (409, "nothing_stays")
        assert await says(move, {"to": "c-nowhere"}) == (422, "$.to")
        assert (await says(f"/api/contacts/{contact}/messages/m-nowhere/move", {"to": other}))[0] == 404
        merged = await agent.post(f"/api/contacts/{contact}/merge", {"into": other})
        await there.index.wait_for(SUPPORT, merged.seq, 20)
        assert await says(split, {"from_seq": line["seq"]}) == (409, "merged")
        assert await says(f"/api/contacts/{other}/split", {"from_seq": line["seq"]}) == (409, "merged")
        assert (await says("/api/contacts/c-nowhere/split", {"from_seq": 1}))[0] == 404


async def report(bus: Bus, reply: MessageId, contact: ContactId, state: DeliveryState) -> None:
    """As the channel does that delivered the reply when it was of `contact`."""
    receipt = receipt_of(reply, contact, state)
    head = cloudevent.headers(id=receipt.id, kind="delivery_receipt", source="/test", at=receipt.times.received)
    await bus.publish(subject.inbound(EMAIL, INBOX), encode(receipt), head)


def receipt_of(reply: MessageId, contact: ContactId, state: DeliveryState) -> DeliveryReceipt:
    key = idempotency_key(account="email:support", native_id=f"{reply} {state}", kind="receipt")
    times = Times(received=datetime.now(UTC))
    return DeliveryReceipt(
        id=message_id(key), key=key, channel=EMAIL, inbox=INBOX, reply=reply, contact=contact, state=state, times=times
    )


async def shown(bus: Bus, contact: ContactId) -> list[TranscriptItem]:
    """What the customer of a contact may be shown."""
    async with aclosing(read(bus, TRANSCRIPT, subject.transcript_public(contact))) as items:
        return [decode_item(stored.data) async for stored in items]


@asynccontextmanager
async def rebuilt(there: World, directory: Path) -> AsyncIterator[ReadIndex]:
    """An index that was thrown away and has read everything again."""
    index = ReadIndex(
        directory, "again", clock=lambda: datetime.now(UTC), metrics=Metrics("again"), log=logger("again")
    )
    nothing: Callable[[], None] = lambda: None
    followers = [
        asyncio.create_task(follow_log(index, SUPPORT, StreamLogStore(there.bus, SUPPORT), nothing)),
        asyncio.create_task(follow_transcripts(index, there.bus, nothing)),
    ]
    try:
        await index.wait_for(SUPPORT, there.index.log_position(SUPPORT).seq, 20)
        await until(lambda: index.position(writing.TRANSCRIPT).seq >= there.index.position(writing.TRANSCRIPT).seq)
        yield index
    finally:
        for follower in followers:
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower
        index.close()
