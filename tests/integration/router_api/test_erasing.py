"""Rule 1.10, hard case 81: of an erased customer nothing is left on any disk, and the figures stay."""

import base64
import quopri
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from frontline.contract import subject
from frontline.contract.codec import encode
from frontline.contract.draft import Draft
from frontline.contract.erasure import ERASED, Name
from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId, CustomerId, MessageId
from frontline.contract.message import Attachment, Identity, InboundMessage, Recipient
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.journal import Journal
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.objects import CHUNK, Objects, one
from frontline.runtime.parked import park
from frontline.runtime.reader import read
from frontline.runtime.topology import ATTACHMENTS, CUSTOMERS, KEYS, ORIGINALS, OUTBOX, PARKED, THREADS
from frontline.testing.nats_server import connected
from router.core.event import ContactOpened, ReplyQueued
from router.core.event_clock import ClockMet
from router.core.event_erased import ContactErased
from tests.integration.router_api.world import Unreachable, World, world
from tests.integration.router_desk.desk import (
    EMAIL,
    INBOX,
    SUPPORT,
    all_transcripts,
    answers,
    events,
    killed_and_started,
    left_in_inbox,
    mail,
    send_in,
    until,
)

ADDRESS = "wilhelmina.quist@secret.example"
NAME = "Wilhelmina Quist-Überschär"
WORDS = "The zyxophone burns in Kœnigsforst"
NOTED = "Sounds upset about her zyxophone"
SECRETS = (ADDRESS, NAME, WORDS, NOTED, "zyxophone", "Wilhelmina", "Quist")
AT_ONCE: dict[str, Any] = {"erase_again_after": timedelta(0)}


def traces(folder: Path) -> list[str]:
    """Where any of it stands, in any of the forms that mail and JSON give it."""
    forms = {form for secret in SECRETS for form in _forms(secret)}
    found = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # the server makes files anew while we look
            data = path.read_bytes() if path.is_file() else b""
            found += [f"{form!r} in {path.relative_to(folder)}" for form in forms if form in data]
    return found


async def none_is_left(folder: Path) -> None:
    """Soon: files are written to and cut off behind what the server and the index have answered."""
    with suppress(TimeoutError):
        await until(lambda: traces(folder) == [])
    assert traces(folder) == []


def _forms(secret: str) -> set[bytes]:
    data = secret.encode()
    shifted = {base64.b64encode(b"." * shift + data)[4:-4] for shift in range(3)}
    forms = {data, quopri.encodestring(data), msgspec.json.encode(secret)[1:-1], data.lower(), *shifted}
    return {form for form in forms if len(form) >= 5}


async def written(bus: Bus, native_id: str, **more: Any) -> InboundMessage:
    """A mail of the customer's with its original and a file, as an intake stores them."""
    message = mail(native_id, sender=ADDRESS, text=f"{WORDS}\n" * 40, **more)
    raw = f"From: {NAME} <{ADDRESS}>\r\n\r\n".encode() + base64.encodebytes(message.text.encode() * 800)
    assert len(raw) > CHUNK
    objects = Objects(bus)
    original = await objects.put(ORIGINALS, f"{message.id}/0", one(raw))
    file = await objects.put(ATTACHMENTS, f"{message.id}/0", one(quopri.encodestring(message.text.encode())))
    return msgspec.structs.replace(
        message,
        sender=Identity(channel=EMAIL, address=ADDRESS, name=NAME),
        subject=WORDS,
        html=f"<p>{WORDS}</p>",
        original=original,
        attachments=(Attachment(name=f"{NAME}.txt", media_type="text/plain", content=file),),
    )


async def a_long_story(there: World, *, lines: int = 4) -> tuple[ContactId, CustomerId]:
    """Everything that may be stored of a customer, in every place where it is; `lines` are expected in the contact."""
    bus = there.bus
    first = await written(bus, "<1@secret.example>")
    contact = await there.contact_from(msgspec.structs.replace(first, sender=Identity(channel=EMAIL, address=ADDRESS)))
    assert (
        await there.contact_from(await written(bus, "<2@secret.example>", thread=(answers("<1@secret.example>"),)))
        == contact
    )
    agent = there.client()
    file = {"name": "a.txt", "media_type": "text/plain", "content": base64.b64encode(WORDS.encode() * 9).decode()}
    assert (
        await agent.post(f"/api/contacts/{contact}/replies", {"text": f"On {WORDS}", "attachments": [file]})
    ).status == 201
    assert (await agent.post(f"/api/contacts/{contact}/notes", {"text": NOTED})).status == 201
    row = there.index.read.row(SUPPORT, contact)
    assert row is not None
    await _leftovers(bus, contact)
    await until(lambda: len(there.index.read.transcript(contact, 0, 10)) == lines)
    await until(lambda: (found := there.index.read.customer(row.customer)) is not None and found.name == NAME)
    return contact, row.customer


async def _leftovers(bus: Bus, contact: ContactId) -> None:
    """What was set aside or never sent."""
    unread = f"Return-Path: <{ADDRESS}>\r\nnothing that can be read of {NAME}".encode()
    more: dict[str, Any] = {"origin": "inbound.email.support", "at": datetime.now(UTC)}
    await park(bus, service="intake-email", reason="malformed", payload=unread, error=f"from {ADDRESS}", **more)
    await park(
        bus,
        service="router",
        reason="poison",
        payload=encode(await written(bus, "<3@secret.example>")),
        error="",
        **more,
    )
    item = TranscriptItem(
        id=MessageId("rneversent"),
        contact=contact,
        at=datetime.now(UTC),
        kind=ItemKind.MESSAGE,
        direction=Direction.OUT,
        author=Author(role="agent"),
        channel=EMAIL,
        inbox=INBOX,
        text=WORDS,
        recipients=(Recipient(address=ADDRESS),),
    )
    await bus.publish(subject.draft(SUPPORT), encode(Draft(item=item)))


async def all_is_erased(bus: Bus, *, passes: int = 2) -> bool:
    noted = [each.erasure for each in await Journal(bus).all() if each.name.desk == SUPPORT]
    return bool(noted) and all(each.passes >= passes and (each.done is not None or passes < 2) for each in noted)


async def test_rule_1_10_not_one_byte_of_an_erased_customer_is_left_on_any_disk(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        other = await there.contact_from(mail("<9@one.example>", text="Somebody else's words"))
        contact, customer = await a_long_story(there)
        await until(lambda: {trace.split("/")[0].rpartition(" ")[2] for trace in traces(tmp_path)} >= {"nats", "index"})
        said = await there.client().post(f"/api/customers/{customer}/erase")
        assert (said.status, said.body) == (202, {"id": customer, "done": "erased"})
        await until(lambda: all_is_erased(provisioned), 60)
        await none_is_left(tmp_path)
        shown = await there.client().get(f"/api/contacts/{contact}", seen=said.seq)
        assert (shown.body["state"], shown.body["subject"], shown.body["customer"]["name"]) == ("erased", "", "")
        assert [clock["outcome"] for clock in shown.body["clocks"]] == ["met"]
        words = await there.client().get(f"/api/contacts/{contact}/transcript")
        assert words.body["items"] == []
        assert (await there.client().get("/api/contacts", q="zyxophone")).body["items"] == []
    assert [item.contact for item in await all_transcripts(provisioned)] == [other]
    assert len(await events(provisioned, ClockMet)) == 1, "what was counted stays"
    assert len(await events(provisioned, ReplyQueued)) == 1
    await nats.stop()
    assert traces(tmp_path) == []


async def test_rule_1_10_a_customer_who_was_erased_and_writes_again_is_somebody_new(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        contact, customer = await a_long_story(there)
        await there.client().post(f"/api/customers/{customer}/erase")
        again = mail("<7@secret.example>", sender=ADDRESS, text="Hello again", thread=(answers("<1@secret.example>"),))
        fresh = await there.contact_from(again)
        row = there.index.read.row(SUPPORT, fresh)
        assert row is not None
        assert fresh != contact
        assert row.customer != customer
        assert row.linked_to is None
        await until(lambda: all_is_erased(provisioned), 60)
        assert there.index.read.history(SUPPORT, fresh, row.customer) == ()
        later = await there.contact_from(mail("<8@secret.example>", sender=ADDRESS, text="And again"))
        again_row = there.index.read.row(SUPPORT, later)
        assert again_row is not None
        assert again_row.customer == row.customer, "who is new is known from then on"

        async def is_kept() -> bool:
            return await KeyValue(provisioned, CUSTOMERS).get(f"person.{row.customer}") is not None

        await until(is_kept)


async def test_case_37_an_erased_message_that_is_fetched_again_stays_erased_with_its_files(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        contact, customer = await a_long_story(there)
        await there.client().post(f"/api/customers/{customer}/erase")
        await until(lambda: all_is_erased(provisioned), 60)
        for native_id in ("<1@secret.example>", "<2@secret.example>"):
            message = await written(provisioned, native_id)
            later = {"Nats-Msg-Id": f"after the broker forgot {native_id}"}
            await provisioned.publish(subject.inbound(EMAIL, INBOX), encode(message), later)

        async def taken() -> bool:
            return await left_in_inbox(provisioned) == 0

        await until(taken)
        assert await all_transcripts(provisioned) == []
        assert len(await events(provisioned, ContactOpened)) == 1
        await none_is_left(tmp_path)
        assert there.index.read.transcript(contact, 0, 10) == []


async def test_case_37_files_that_are_stored_again_with_a_message_that_the_broker_knows_go_with_the_second_pass(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, erase_again_after=timedelta(hours=3)) as there:
        _, customer = await a_long_story(there)
        await there.client().post(f"/api/customers/{customer}/erase")
        await until(lambda: all_is_erased(provisioned, passes=1), 60)
        await none_is_left(tmp_path)
        await send_in(provisioned, await written(provisioned, "<1@secret.example>"))
        await until(lambda: traces(tmp_path) != [])
    async with world(provisioned, tmp_path / "again", **AT_ONCE):
        await until(lambda: all_is_erased(provisioned), 60)
        await none_is_left(tmp_path)


async def test_nothing_leads_to_an_erased_contact_and_no_reply_to_it_is_sent_any_more(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        contact, _ = await a_long_story(there)

        async def is_put_out() -> bool:
            return await _count(provisioned, OUTBOX, "outbound.>") == 1

        await until(is_put_out)
        said = await there.client().post(f"/api/contacts/{contact}/erase")
        assert said.status == 202
        await until(lambda: all_is_erased(provisioned), 60)
        assert await _count(provisioned, OUTBOX, "outbound.>") == 0
        assert await _count(provisioned, "DRAFTS", "draft.>") == 0
        for bucket in (THREADS, KEYS):
            values = [item.data async for item in read(provisioned, f"KV_{bucket}", f"$KV.{bucket}.>")]
            assert values
            assert all(contact.encode() not in value and ERASED.encode() in value for value in values)
        assert [told.agent for told in await events(provisioned, ContactErased)] == ["agent-1"]
        refused = await there.client().post(f"/api/contacts/{contact}/replies", {"text": "Hello?"})
        assert refused.status in {409, 422}


async def test_only_who_may_erases_and_only_what_their_desk_has(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        contact = await there.contact_from(mail("<1@one.example>"))
        row = there.index.read.row(SUPPORT, contact)
        assert row is not None
        other = there.client("agent-9")  # type: ignore[arg-type]
        for path in (f"/api/contacts/{contact}/erase", f"/api/customers/{row.customer}/erase"):
            assert (await other.post(path)).status == 403
        for path in ("/api/contacts/c0/erase", "/api/customers/u0/erase"):
            assert (await there.client().post(path)).status == 404
        assert await events(provisioned, ContactErased) == []


async def test_what_comes_back_with_a_restored_store_is_erased_again(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    """A backup is older than the erasure; the journal that was kept is not."""
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        contact, customer = await a_long_story(there)
        kept = [(f"transcript.{contact}.pub", encode(item)) for item in await all_transcripts(provisioned)]
        person = await KeyValue(provisioned, CUSTOMERS).get(f"person.{customer}")
        assert person is not None
        kept.append((f"$KV.{CUSTOMERS}.person.{customer}", person.value))
        await there.client().post(f"/api/customers/{customer}/erase")
        await until(lambda: all_is_erased(provisioned), 60)
    for on, data in kept:
        await provisioned.publish(on, data)
    await until(lambda: traces(tmp_path / "nats") != [])
    async with connected(nats, "again") as bus, world(bus, tmp_path / "again", **AT_ONCE):
        await none_is_left(tmp_path / "nats")
        assert await _count(provisioned, PARKED, "parked.>") == 0


async def test_an_erasure_survives_the_end_of_the_server_and_of_the_router_in_the_middle_of_it(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        _, customer = await a_long_story(there)
        await there.client().post(f"/api/customers/{customer}/erase")
        await killed_and_started(nats, provisioned)
    async with world(provisioned, tmp_path, **AT_ONCE):
        await until(lambda: _calmly(provisioned), 60)
        await none_is_left(tmp_path)


async def _calmly(bus: Bus) -> bool:
    try:
        return await all_is_erased(bus)
    except Unavailable:
        return False


async def test_an_erasure_that_was_noted_elsewhere_is_decided_and_carried_out(provisioned: Bus, tmp_path: Path) -> None:
    """By an operator, another desk, or from the journal of before a restore."""
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        contact, customer = await a_long_story(there)
        assert await Journal(provisioned).ask_for(Name(SUPPORT, "customer", customer), datetime.now(UTC))
        await until(lambda: all_is_erased(provisioned), 60)
        await none_is_left(tmp_path)
        assert [told.contact for told in await events(provisioned, ContactErased)] == [contact]
        assert not await Journal(provisioned).ask_for(Name(SUPPORT, "customer", customer), datetime.now(UTC))


async def test_an_erasure_that_its_desk_has_not_answered_is_carried_out_there_as_at_all_other_desks(
    provisioned: Bus, tmp_path: Path
) -> None:
    """Or it would be half done: nobody may ask again."""
    async with world(provisioned, tmp_path, commands=lambda _: Unreachable()) as there:
        contact = await there.contact_from(mail("<1@one.example>"))
        assert (await there.client().post(f"/api/contacts/{contact}/erase")).status == 503
        await until(lambda: all_is_erased(provisioned, passes=1))
        assert [told.contact for told in await events(provisioned, ContactErased)] == [contact]


async def _count(bus: Bus, stream: str, on: str) -> int:
    return len([item async for item in read(bus, stream, on)])
