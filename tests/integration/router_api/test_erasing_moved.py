"""Rule 1.10 and lines that were moved: an erasure reaches each contact that they were in, whichever of them is erased."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from frontline.contract import cloudevent, subject
from frontline.contract.codec import encode
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryReceipt, DeliveryState, Times, idempotency_key, message_id
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem, decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.erasing import erase
from frontline.runtime.reader import read
from frontline.runtime.topology import KEYS, OUTBOX, TRANSCRIPT_PUBLIC
from router.core.event import IndexFloorRaised
from router.core.event_move import MessagesTaken
from router.desk.erasing_contacts import erase_contacts
from router.desk.erasing_moved import NOTHING
from tests.integration.router_api.test_erasing import (
    ADDRESS,
    AT_ONCE,
    WORDS,
    a_long_story,
    all_is_erased,
    none_is_left,
    traces,
    written,
)
from tests.integration.router_api.world import ACKNOWLEDGING, World, world
from tests.integration.router_desk.desk import (
    EMAIL,
    INBOX,
    SIGNER,
    SUPPORT,
    all_transcripts,
    answers,
    commits,
    left_in_inbox,
    mail,
    transcript,
    until,
)

ITEM = TranscriptItem(
    id=MessageId("m0"),
    contact=ContactId("c0"),
    at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    kind=ItemKind.MESSAGE,
    direction=Direction.IN,
    author=Author(role="customer"),
    channel=EMAIL,
    inbox=INBOX,
)


async def lines(there: World, contact: ContactId) -> list[TranscriptItem]:
    return [said.item for said in there.index.read.transcript(contact, 0, 100)]


async def texts(bus: Bus, contact: ContactId) -> list[str]:
    """What people and we said in a contact, as it is stored; without what is told of the contact itself."""
    return [item.text for item in await transcript(bus, contact) if item.kind is not ItemKind.SYSTEM]


async def public(bus: Bus) -> set[str]:
    copies = read(bus, TRANSCRIPT_PUBLIC, "transcript.>")
    return {decode_item(stored.data).text.partition("\n")[0] async for stored in copies}


async def moved(there: World, origin: ContactId, message: MessageId, to: ContactId) -> None:
    """Moved, and shown there."""
    done = await there.client().post(f"/api/contacts/{origin}/messages/{message}/move", {"to": to})
    assert done.status == 200, done.body
    await until(lambda: (said := there.index.read.item(message)) is not None and said.item.contact == to)


async def somebody(there: World, number: int, *texts: str) -> ContactId:
    """A contact of another customer, who said these."""
    contact, first = None, f"<{number}@other.example>"
    for n, text in enumerate(texts):
        thread = (answers(first),) if n else ()
        native = f"<{number}.{n}@other.example>" if n else first
        contact = await there.contact_from(
            mail(native, sender=f"other{number}@other.example", text=text, thread=thread)
        )
    assert contact is not None
    return contact


async def reported(there: World, reply: MessageId, contact: ContactId) -> None:
    key = idempotency_key(account="email:support", native_id=f"{reply} sent", kind="receipt")
    receipt = DeliveryReceipt(
        id=message_id(key),
        key=key,
        channel=EMAIL,
        inbox=INBOX,
        reply=reply,
        contact=contact,
        state=DeliveryState.SENT,
        detail=f"taken for {ADDRESS}",
        times=Times(received=datetime.now(UTC)),
    )
    head = cloudevent.headers(id=receipt.id, kind="delivery_receipt", source="/test", at=receipt.times.received)
    await there.bus.publish(subject.inbound(EMAIL, INBOX), encode(receipt), head)
    await until(lambda: there.index.read.item(receipt.id) is not None)


async def test_rule_1_10_not_one_byte_is_left_of_an_erased_customer_whose_lines_were_split_off_and_moved(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, **AT_ONCE, **ACKNOWLEDGING) as there:
        agent = there.client()
        one = await somebody(there, 1, "One writes", "One's zyxophone")
        two = await somebody(there, 2, "Two writes")
        await erase(
            provisioned, OUTBOX, [item.seq async for item in read(provisioned, OUTBOX, "outbound.>")]
        )  # delivered
        contact, customer = await a_long_story(there, lines=5)
        more = await written(provisioned, "<4@secret.example>", thread=(answers("<1@secret.example>"),))
        assert await there.contact_from(more) == contact
        said = {line.id: line for line in await lines(there, contact)}
        reply = next(line for line in said.values() if line.author.role == "agent" and line.kind is ItemKind.MESSAGE)
        acknowledgement = next(line for line in said.values() if line.author.role == "system")
        first, second, *_ = [line for line in said.values() if line.author.role == "customer"]
        await reported(there, reply.id, contact)
        from_seq = next(each.seq for each in there.index.read.transcript(contact, 0, 100) if each.item.id == second.id)
        done = await agent.post(f"/api/contacts/{contact}/split", {"from_seq": from_seq})
        assert done.status == 201
        new = ContactId(done.body["id"])
        await there.index.wait_for(SUPPORT, done.seq, 20)
        await moved(there, new, second.id, one)
        await moved(there, one, second.id, two)
        await moved(there, new, reply.id, two)
        misplaced = next(line for line in await lines(there, one) if line.text == "One's zyxophone")
        await moved(there, one, misplaced.id, contact)  # `two` gives nothing: no trail leads there
        await moved(there, contact, first.id, two)
        await until(lambda: (it := there.index.read.item(acknowledgement.id)) is not None and it.item.contact == two)
        assert {line.kind for line in await lines(there, two)} >= {ItemKind.MESSAGE, ItemKind.RECEIPT}
        assert len([text for text in await texts(provisioned, two) if WORDS in text]) == 3
        asked = await agent.post(f"/api/customers/{customer}/erase")
        assert asked.status == 202
        await until(lambda: all_is_erased(provisioned), 60)
        await none_is_left(tmp_path)
        assert [text.partition("\n")[0] for text in await texts(provisioned, one)] == [
            "One writes",
            "We have received your message.",
        ]
        assert [text.partition("\n")[0] for text in await texts(provisioned, two)] == [
            "Two writes",
            "We have received your message.",
        ]
        assert await public(provisioned) == {"One writes", "Two writes", "We have received your message."}
        shown = [line.text.partition("\n")[0] for line in await lines(there, two) if line.kind is not ItemKind.SYSTEM]
        assert shown == ["Two writes", "We have received your message."]
        assert {item.contact for item in await all_transcripts(provisioned)} == {one, two}
        await until(lambda: keys_are_left_to_the_buckets(provisioned), 30)
        again = await written(provisioned, "<2@secret.example>", thread=(answers("<1@secret.example>"),))
        later = {"Nats-Msg-Id": "after the broker forgot it"}
        await provisioned.publish(subject.inbound(EMAIL, INBOX), encode(again), later)

        async def taken() -> bool:
            return await left_in_inbox(provisioned) == 0

        await until(taken)
        await none_is_left(tmp_path)
    await nats.stop()
    assert traces(tmp_path) == []


async def keys_are_left_to_the_buckets(bus: Bus) -> bool:
    """Until then the desk itself knows where a message was moved to: a repeat so young does not come past the broker."""
    said = await commits(bus)
    last = max(commit.index for commit in said if any(isinstance(event, MessagesTaken) for event in commit.events))
    return any(isinstance(event, IndexFloorRaised) and event.index >= last for each in said for event in each.events)


async def test_rule_1_10_an_erased_contact_takes_along_what_acknowledged_it_also_after_a_split_right_behind_that_message(
    provisioned: Bus, tmp_path: Path
) -> None:
    """The acknowledgement has the customer's address and subject; what was split off stays."""
    async with world(provisioned, tmp_path, **AT_ONCE, **ACKNOWLEDGING) as there:
        contact = await somebody(there, 1, "One writes", "One writes again")
        _, acknowledgement, *_ = there.index.read.transcript(contact, 0, 100)
        agent = there.client()
        done = await agent.post(f"/api/contacts/{contact}/split", {"from_seq": acknowledgement.seq})
        new = ContactId(done.body["id"])
        await there.index.wait_for(SUPPORT, done.seq, 20)
        await there.index.wait_for_words(new, done.seq, 20)
        await agent.post(f"/api/contacts/{contact}/erase")
        await until(lambda: all_is_erased(provisioned), 60)
        assert await texts(provisioned, new) == ["One writes again"]
        assert await public(provisioned) == {"One writes again"}
        assert {item.contact for item in await all_transcripts(provisioned)} == {new}


async def test_rule_1_10_what_was_moved_out_of_an_erased_contact_stays_with_its_files_until_its_customer_is_erased(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        agent = there.client()
        one = await somebody(there, 1, "One writes")
        contact, customer = await a_long_story(there)
        second = [line for line in await lines(there, contact) if line.author.role == "customer"][1]
        await moved(there, contact, second.id, one)
        await agent.post(f"/api/contacts/{contact}/erase")
        await until(lambda: all_is_erased(provisioned), 60)
        (kept,) = [item for item in await all_transcripts(provisioned) if item.id == second.id]
        assert kept.contact == one
        assert [line.id for line in await lines(there, one) if WORDS in line.text] == [second.id]
        for file in kept.attachments:
            assert (await agent.get(f"/api/objects/{file.content.bucket}/{file.content.name}")).status == 200
        known = [item.data async for item in read(provisioned, f"KV_{KEYS}", f"$KV.{KEYS}.>")]
        assert any(second.id.encode() in value and one.encode() in value for value in known)
        await agent.post(f"/api/customers/{customer}/erase")
        await until(lambda: all_is_erased(provisioned), 60)
        await none_is_left(tmp_path)
        assert await texts(provisioned, one) == ["One writes"]


async def test_rule_1_10_copies_are_followed_over_any_number_of_moves_without_a_read_index(provisioned: Bus) -> None:
    """Where the log was purged and the index built again since, the lines themselves still name where they were."""
    path = [ContactId(name) for name in ("c1", "c2", "c3", "c4")]
    line = msgspec.structs.replace(ITEM, id=MessageId("m1"), contact=path[0])
    other = msgspec.structs.replace(ITEM, id=MessageId("m2"))
    for moves, (contact, before) in enumerate(zip(path, [None, *path], strict=False)):
        here = msgspec.structs.replace(line, contact=contact, moved=moves, moved_from=before)
        kept = msgspec.structs.replace(other, id=MessageId(f"m2{contact}"), contact=contact)
        told = msgspec.structs.replace(other, id=MessageId(f"d{contact}"), contact=contact, reply=line.id)
        await provisioned.publish(subject.transcript_public(contact), encode(here))
        await provisioned.publish(subject.transcript_public(contact), encode(kept))
        await provisioned.publish(subject.transcript_internal(contact), encode(told))

    async def copied() -> bool:
        return len([each async for each in read(provisioned, TRANSCRIPT_PUBLIC, "transcript.>")]) == 2 * len(path)

    await until(copied)
    await erase_contacts(provisioned, SIGNER, SUPPORT, [path[-1]], NOTHING)
    left = [item.id for item in await all_transcripts(provisioned)]
    assert left == ["m2c1", "m2c2", "m2c3"]
    copies = [decode_item(each.data).id async for each in read(provisioned, TRANSCRIPT_PUBLIC, "transcript.>")]
    assert copies == left
