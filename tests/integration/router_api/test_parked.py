"""What could not be processed, over HTTP: seen, released or dropped by the desk that it belongs to."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from frontline.contract import subject
from frontline.contract.error import Unavailable
from frontline.runtime import parked
from frontline.runtime.bus import Bus
from frontline.runtime.reader import read
from tests.integration.router_api.world import OTHER, world
from tests.integration.router_desk.desk import EMAIL, INBOX


async def park(bus: Bus, n: int, origin: str = "", **ids: str) -> str:
    origin = origin or subject.outbound(EMAIL, INBOX)
    number = await parked.park(
        bus,
        service="intake-email",
        reason="refused",
        origin=origin,
        payload=b"item %d" % n,
        error="550 no such person",
        at=datetime.now(UTC),
        ids=ids,
        original_headers={"Nats-Msg-Id": f"r{n}"},
    )
    return str(number)


async def outgoing(bus: Bus) -> list[bytes]:
    return [stored.data async for stored in read(bus, "OUTBOX", subject.outbound_all(EMAIL))]


async def test_a_desk_sees_what_came_on_or_was_to_go_out_on_its_inboxes(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        mine = await park(there.bus, 1, reply="r1")
        await park(there.bus, 2, "inbound.pigeon.loft")
        about = await park(there.bus, 3, "draft.support")
        listed = await there.client().get("/api/parked")
        assert [item["id"] for item in listed.body["items"]] == [mine, about]
        item = listed.body["items"][0]
        assert (item["service"], item["reason"], item["error"]) == ("intake-email", "refused", "550 no such person")
        assert (item["subject"], item["ids"], item["size"]) == ("outbound.email.support", {"reply": "r1"}, 6)
        [theirs] = (await there.client(OTHER).get("/api/parked")).body["items"]
        assert theirs["subject"] == "inbound.pigeon.loft"


async def test_the_list_goes_on_where_it_ended(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        ids = [await park(there.bus, n) for n in range(5)]
        seen: list[str] = []
        query: dict[str, Any] = {}
        while True:
            page = (await there.client().get("/api/parked", limit=2, **query)).body
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            query = {"cursor": page["next"]}
        assert seen == ids


async def test_a_released_item_goes_on_its_way_once(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await park(there.bus, 1)
        agent = there.client()
        done = await agent.post(f"/api/parked/{id_}/release", {}, key="k")
        assert (done.status, done.body) == (200, {"id": id_, "done": "released"})
        again = await agent.post(f"/api/parked/{id_}/release", {}, key="k")
        assert (again.status, again.body) == (200, done.body)
        assert await outgoing(there.bus) == [b"item 1"]
        assert (await agent.post(f"/api/parked/{id_}/release", {})).status == 404
        assert (await agent.get("/api/parked")).body["items"] == []


async def test_a_dropped_item_is_gone(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await park(there.bus, 1)
        agent = there.client()
        assert (await agent.post(f"/api/parked/{id_}/drop", {})).status == 422
        done = await agent.post(f"/api/parked/{id_}/drop", {"reason": "spam"}, key="k")
        assert done.body == {"id": id_, "done": "dropped"}
        assert (await agent.post(f"/api/parked/{id_}/drop", {"reason": "spam"}, key="k")).body == done.body
        assert await outgoing(there.bus) == []
        assert await parked.list_parked(there.bus) == []


async def test_a_key_that_was_used_for_another_item_is_refused(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        one, two = await park(there.bus, 1), await park(there.bus, 2)
        agent = there.client()
        assert (await agent.post(f"/api/parked/{one}/drop", {"reason": "spam"}, key="k")).status == 200
        for path, body in (
            (f"{two}/drop", {"reason": "spam"}),
            (f"{one}/drop", {"reason": "ham"}),
            (f"{two}/release", {}),
        ):
            assert (await agent.post(f"/api/parked/{path}", body, key="k")).status == 422
        assert len(await parked.list_parked(there.bus)) == 1


async def test_a_release_that_a_crash_cut_off_is_finished_by_its_repeat(
    provisioned: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await park(there.bus, 1)

        async def dies(*_: object) -> bool:
            raise Unavailable("the process died here")

        with monkeypatch.context() as patched:
            patched.setattr(parked, "release", dies)
            assert (await agent.post(f"/api/parked/{id_}/release", {}, key="k")).status == 503
        assert (await agent.post(f"/api/parked/{id_}/release", {}, key="k")).body == {"id": id_, "done": "released"}
        assert await outgoing(there.bus) == [b"item 1"]


async def test_another_desks_item_is_not_there(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await park(there.bus, 1)
        other = there.client(OTHER)
        assert (await other.post(f"/api/parked/{id_}/release", {})).status == 404
        assert (await other.post(f"/api/parked/{id_}/drop", {"reason": "x"}, key="k")).status == 404
        for id_ in ("0", "999", "x", "-1", "9" * 40):
            assert (await there.client().post(f"/api/parked/{id_}/release", {})).status == 404
        assert len(await parked.list_parked(there.bus)) == 1
