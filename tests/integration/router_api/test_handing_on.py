"""Contacts that are handed on, that become one, and that we begin."""

from pathlib import Path

from frontline.runtime.bus import Bus
from tests.integration.router_api.world import world
from tests.integration.router_desk.desk import AGENT, answers, mail, outbox, until


async def test_a_contact_is_taken_by_name_and_says_so(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        await agent.put("/api/me/availability", {"state": "away"})
        contact = await there.contact_from(mail("<1@one.example>"))
        done = await agent.post(f"/api/contacts/{contact}/transfer", {"agent": AGENT})
        assert (done.status, done.body) == (200, {"id": contact, "done": "transferred"})
        after = (await agent.get(f"/api/contacts/{contact}", seen=done.seq)).body
        assert (after["assignment"]["agent"], after["assignment"]["via"]) == (AGENT, "direct")


async def test_a_transfer_that_can_not_be_says_why(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        contact = await there.contact_from(mail("<1@one.example>"))
        unknown = await agent.post(f"/api/contacts/{contact}/transfer", {"skill": "welsh"})
        assert (unknown.status, unknown.body["conflict"]) == (409, "unknown_skill")
        both = await agent.post(f"/api/contacts/{contact}/transfer", {"skill": "welsh", "agent": AGENT})
        assert both.status == 422


async def test_the_same_key_for_another_colleague_lane_or_contact_is_refused_and_not_answered_as_done(
    provisioned: Bus, tmp_path: Path
) -> None:
    """All of these are answered alike: what is in the answer does not tell them apart."""
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        first = await there.contact_from(mail("<1@one.example>"))
        second = await there.contact_from(mail("<2@one.example>"))
        third = await there.contact_from(mail("<3@one.example>"))
        seen = 0
        for path, body, other in (
            (f"/api/contacts/{first}/transfer", {"agent": AGENT}, {"desk": "sales"}),
            (f"/api/contacts/{first}/lane", {"lane": "vip", "reason": "one"}, {"lane": "vip", "reason": "two"}),
            (f"/api/contacts/{first}/merge", {"into": second}, {"into": third}),
        ):
            done = await agent.post(path, body, key=path)
            again = await agent.post(path, body, key=path)
            assert (done.status, again.status, again.body) == (200, 200, done.body)
            seen = done.seq
            refused = await agent.post(path, other, key=path)
            assert (refused.status, refused.body["type"]) == (422, "urn:frontline:problem:key-reused")
        assert (await agent.get(f"/api/contacts/{first}", seen=seen)).body["merged_into"] == second


async def test_merged_contacts_are_read_as_one_and_can_be_two_again(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        first = await there.contact_from(mail("<1@one.example>", text="first"))
        second = await there.contact_from(mail("<2@one.example>", text="second"))
        merged = await agent.post(f"/api/contacts/{first}/merge", {"into": second})
        shown = (await agent.get(f"/api/contacts/{first}", seen=merged.seq)).body
        assert (shown["state"], shown["merged_into"]) == ("closed", second)
        later = await there.contact_from(mail("<3@one.example>", text="third", thread=(answers("<1@one.example>"),)))
        assert later == second
        lines = (await agent.get(f"/api/contacts/{second}/transcript")).body["items"]
        assert [line["text"] for line in lines] == ["first", "second", "third"]
        apart = await agent.post(f"/api/contacts/{first}/unmerge", {})
        again = (await agent.get(f"/api/contacts/{first}", seen=apart.seq)).body
        assert (again["state"] in ("waiting", "assigned"), again["merged_into"]) == (True, None)
        lines = (await agent.get(f"/api/contacts/{second}/transcript")).body["items"]
        assert [line["text"] for line in lines] == ["second", "third"]


async def test_we_write_first_and_the_answer_comes_into_the_same_contact(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        asked = {"inbox": "support", "to": "kim@customer.example", "subject": "Your order", "text": "It is ready."}
        written = await agent.post("/api/contacts", asked, key="once")
        assert written.status == 201
        repeated = await agent.post("/api/contacts", asked, key="once")
        assert repeated.body == written.body
        contact = written.body["contact"]
        shown = (await agent.get(f"/api/contacts/{contact}", seen=written.seq)).body
        assert (shown["state"], shown["clocks"]) == ("waiting_customer", [])

        async def is_sent() -> bool:
            return len(await outbox(provisioned)) == 1

        await until(is_sent)
        (letter,) = await outbox(provisioned)
        assert (letter.to[0].address, letter.subject, letter.text) == (
            "kim@customer.example",
            "Your order",
            "It is ready.",
        )
        await until(lambda: there.index.read.customer(letter.customer) is not None)
        assert (await agent.get(f"/api/contacts/{contact}")).body["customer"]["identities"][0]["address"] == letter.to[
            0
        ].address


async def test_to_write_first_takes_an_inbox_that_there_is(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        body = {"inbox": "nowhere", "to": "kim@customer.example", "text": "Hello"}
        refused = await there.client().post("/api/contacts", body)
        assert refused.status == 422
