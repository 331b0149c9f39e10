"""Reading contacts over HTTP, as the desk decides upon real mails."""

from datetime import UTC, datetime
from pathlib import Path

from frontline.contract.codec import encode
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryReceipt, DeliveryState, Times, idempotency_key, message_id
from frontline.runtime.bus import Bus
from tests.integration.router_api.world import OTHER, World, world
from tests.integration.router_desk.desk import AGENT, EMAIL, INBOX, SUPPORT, answers, mail, until


async def test_a_mail_is_a_contact_in_the_documented_shape(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await there.contact_from(mail("<1@one.example>", text="The printer burns"))
        await until(lambda: _knows_who(there, id_))
        answer = await there.client().get(f"/api/contacts/{id_}")
        contact = answer.body
        assert answer.status == 200
        assert (contact["id"], contact["desk"], contact["inbox"], contact["channel"]) == (
            id_,
            "support",
            "support",
            "email",
        )
        assert (contact["state"], contact["lane"], contact["tags"]) == ("assigned", "normal", [])
        assert contact["assignment"]["agent"] == AGENT
        assert contact["assignment"]["via"] == "auto"
        assert [clock["target"] for clock in contact["clocks"]] == ["first_response"]
        assert contact["clocks"][0]["outcome"] is None
        [identity] = contact["customer"]["identities"]
        assert (identity["channel"], identity["address"], identity["status"]) == (
            "email",
            "customer@one.example",
            "claimed",
        )
        assert {contact[name] for name in ("offer", "wait", "language", "linked_to")} == {None}
        assert contact["why"][0]["rule"] == "longest_idle"
        assert answer.seq > 0


async def test_contacts_are_listed_filtered_and_paged(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        ids = [await there.contact_from(mail(f"<{n}@one.example>", text=f"word{n}")) for n in range(5)]
        agent = there.client()
        first = await agent.get("/api/contacts", limit=3)
        rest = await agent.get("/api/contacts", limit=3, cursor=first.body["next"])
        assert [item["id"] for item in first.body["items"] + rest.body["items"]] == ids[::-1]
        assert rest.body["next"] is None
        one = await agent.get("/api/contacts", q="word3")
        assert [item["id"] for item in one.body["items"]] == [ids[3]]
        assert (await agent.get("/api/contacts", state="resolved")).body == {"items": [], "next": None}
        both = await agent.ask("GET", "/api/contacts?state=assigned&state=waiting", headers={})
        assert len(both.body["items"]) == 5


async def test_a_transcript_has_both_sides_in_order_and_what_became_of_the_answer(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>", text="Hello"))
        reply = await agent.post(f"/api/contacts/{id_}/replies", {"text": "Hi"})
        lines = (await agent.get(f"/api/contacts/{id_}/transcript", seen=reply.seq)).body["items"]
        assert [(line["direction"], line["text"], line["delivery"]) for line in lines] == [
            ("in", "Hello", None),
            ("out", "Hi", "queued"),
        ]
        assert lines[0]["from"] == {"role": "customer", "name": "customer@one.example", "picture": None}
        assert lines[1]["from"] == {"role": "agent", "name": "Demo agent 1", "picture": None}
        assert (lines[0]["threaded_by"], lines[1]["id"]) == ("new", reply.body["id"])
        receipt = _sent(id_, reply.body["id"])
        await provisioned.publish("inbound.email.support", encode(receipt))
        await until(lambda: there.index.read.item(receipt.id) is not None)
        lines = (await agent.get(f"/api/contacts/{id_}/transcript", after=lines[0]["seq"])).body["items"]
        assert [(line["kind"], line["delivery"]) for line in lines] == [("message", "sent"), ("receipt", "sent")]
        assert lines[1]["reply"] == reply.body["id"]


async def test_a_transcript_is_read_on_from_where_the_last_page_ended(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>", text="1"))
        for n in range(2, 6):
            await there.contact_from(mail(f"<{n}@one.example>", text=str(n), thread=(answers("<1@one.example>"),)))
        texts, after = [], 0
        while after is not None:
            page = (await agent.get(f"/api/contacts/{id_}/transcript", after=after, limit=2)).body
            texts += [line["text"] for line in page["items"]]
            after = page["next"]
        assert texts == ["1", "2", "3", "4", "5"]


async def test_a_read_that_names_a_position_sees_that_write(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        for expected in ("resolved", "assigned") * 10:
            done = await agent.post(f"/api/contacts/{id_}/{'resolve' if expected == 'resolved' else 'reopen'}")
            seen = await agent.get(f"/api/contacts/{id_}", seen=done.seq)
            assert seen.body["state"] == expected
            assert seen.seq >= done.seq
            listed = await agent.get("/api/contacts", state=expected, seen=done.seq)
            assert [item["id"] for item in listed.body["items"]] == [id_]


async def test_a_desk_sees_its_own_contacts_only(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await there.contact_from(mail("<1@one.example>"))
        other = there.client(OTHER)
        assert (await other.get("/api/contacts")).body["items"] == []
        for path in (f"/api/contacts/{id_}", f"/api/contacts/{id_}/transcript"):
            assert (await other.get(path)).status == 404
        for path, body in (("replies", {"text": "x"}), ("notes", {"text": "x"}), ("resolve", {}), ("reopen", {})):
            assert (await other.post(f"/api/contacts/{id_}/{path}", body)).status == 404


async def test_an_index_that_starts_anew_answers_the_same(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await there.contact_from(mail("<1@one.example>"))
        noted = await there.client().post(f"/api/contacts/{id_}/notes", {"text": "psst"})
        before = await there.client().get(f"/api/contacts/{id_}/transcript", seen=noted.seq)
        await until(lambda: _knows_who(there, id_))
        contact = await there.client().get(f"/api/contacts/{id_}")
    async with world(provisioned, tmp_path / "elsewhere") as there:
        await until(lambda: len(there.index.read.transcript(id_, 0, 9)) == 2)
        await until(lambda: there.index.log_position(SUPPORT).seq >= noted.seq)
        await until(lambda: _knows_who(there, id_))
        assert (await there.client().get(f"/api/contacts/{id_}/transcript")).body == before.body
        again = await there.client().get(f"/api/contacts/{id_}")
        assert again.body == contact.body


def _knows_who(there: World, contact: ContactId) -> bool:
    row = there.index.read.row(SUPPORT, contact)
    return row is not None and there.index.read.customer(row.customer) is not None


def _sent(contact: str, reply: str) -> DeliveryReceipt:
    key = idempotency_key(account="email support", native_id=reply, kind="receipt sent")
    return DeliveryReceipt(
        id=message_id(key),
        key=key,
        channel=EMAIL,
        inbox=INBOX,
        reply=MessageId(reply),
        contact=ContactId(contact),
        state=DeliveryState.SENT,
        times=Times(received=datetime.now(UTC)),
    )
