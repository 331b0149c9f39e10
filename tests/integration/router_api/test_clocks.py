"""Waits, promises and lanes over HTTP, and how a contact's clocks explain themselves."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from frontline.runtime.bus import Bus
from router.index.row import stamp
from tests.integration.router_api.world import world
from tests.integration.router_desk.desk import SUPPORT, mail, until


def ahead(**by: float) -> str:
    return stamp(datetime.now(UTC) + timedelta(**by))


async def test_a_contact_waits_for_the_customer_and_comes_back_when_they_write(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>", text="The printer burns"))
        till = ahead(days=2)
        waits = await agent.post(f"/api/contacts/{id_}/wait", {"for": "customer", "until": till})
        assert (waits.status, waits.body) == (200, {"id": id_, "state": "waiting_customer", "until": till})
        shown = (await agent.get(f"/api/contacts/{id_}", seen=waits.seq)).body
        assert shown["state"] == "waiting_customer"
        assert shown["why"][-1]["text"].startswith(f"waits for the customer until {till}: said by")
        listed = await agent.get("/api/contacts", state="waiting_customer")
        assert [contact["id"] for contact in listed.body["items"]] == [id_]
        back = await agent.post(f"/api/contacts/{id_}/reopen")
        assert (await agent.get(f"/api/contacts/{id_}", seen=back.seq)).body["state"] == "assigned"


async def test_a_promise_is_a_note_and_a_clock_that_the_next_reply_meets(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>", text="When?"))
        due_at = ahead(hours=30)
        promise = {"due_at": due_at, "text": "A price for the new printer"}
        made = await agent.post(f"/api/contacts/{id_}/promise", promise, key="once")
        again = await agent.post(f"/api/contacts/{id_}/promise", promise, key="once")
        assert (made.status, again.body) == (201, made.body)
        shown = (await agent.get(f"/api/contacts/{id_}", seen=made.seq)).body
        [clock] = [clock for clock in shown["clocks"] if clock["target"] == "follow_up"]
        assert (clock["due_at"], clock["outcome"], clock["paused"]) == (due_at, None, False)
        assert [due["fraction"] for due in clock["warnings"]] == [0.5, 0.8]
        assert clock["intervals"] == [[clock["started_at"], due_at]]
        lines = (await agent.get(f"/api/contacts/{id_}/transcript", seen=made.seq)).body["items"]
        assert [(line["kind"], line["text"]) for line in lines][-1] == (
            "note",
            f"Promised for {due_at}: A price for the new printer",
        )
        reply = await agent.post(f"/api/contacts/{id_}/replies", {"text": "It is 99."})
        clocks = (await agent.get(f"/api/contacts/{id_}", seen=reply.seq)).body["clocks"]
        assert {clock["target"]: clock["outcome"] for clock in clocks} == {"first_response": "met", "follow_up": "met"}


async def test_another_lane_is_shown_with_its_reason(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>", text="Urgent"))
        moved = await agent.post(f"/api/contacts/{id_}/lane", {"lane": "vip", "reason": "the minister"})
        assert (moved.status, moved.body) == (200, {"id": id_, "lane": "vip"})
        await until(lambda: there.index.read.row(SUPPORT, id_).lane == "vip")  # type: ignore[union-attr]


async def test_what_can_t_be_waited_for_or_promised_is_refused_with_every_reason(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>", text="Hello"))
        past, local = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00"
        wrong = [
            ("wait", {"for": "godot"}),
            ("wait", {"for": "customer", "until": past}),
            ("wait", {}),
            ("promise", {"due_at": local, "text": "x"}),
            ("promise", {"due_at": ahead(days=1), "text": "  "}),
            ("promise", {"due_at": "tomorrow", "text": "x"}),
            ("lane", {"lane": "gold", "reason": "x"}),
        ]
        for route, body in wrong:
            assert (await agent.post(f"/api/contacts/{id_}/{route}", body)).status == 422, (route, body)
        done = await agent.post(f"/api/contacts/{id_}/resolve")
        await agent.get(f"/api/contacts/{id_}", seen=done.seq)
        late = await agent.post(f"/api/contacts/{id_}/wait", {"for": "customer"})
        assert (late.status, late.body["conflict"]) == (409, "already_resolved")
        far = await agent.post(f"/api/contacts/{id_}/promise", {"due_at": "2999-01-01T00:00:00Z", "text": "x"})
        assert (far.status, far.body["conflict"]) == (409, "not_in_future")
