"""How long it will take, over the whole way: decided, shown to channels and agents, and held against what came."""

from pathlib import Path

import msgspec

from frontline.contract.deskview import DeskView, decode_desk_view
from frontline.contract.ids import ContactId
from frontline.contract.message import InboundMessage, Presence
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import DESKVIEW
from tests.integration.router_api.world import World, world
from tests.integration.router_desk.desk import AGENT, LIVE, SUPPORT, mail, until


def live(native_id: str) -> InboundMessage:
    return msgspec.structs.replace(mail(native_id, inbox=LIVE), presence=Presence.LIVE)


async def view(bus: Bus) -> DeskView | None:
    entry = await KeyValue(bus, DESKVIEW).get(SUPPORT)
    return None if entry is None else decode_desk_view(entry.value)


async def waits(there: World, contact: ContactId) -> dict[str, object] | None:
    found: dict[str, object] | None = (await there.client().get(f"/api/contacts/{contact}")).body["wait"]
    return found


async def test_rule_3_a_wait_is_shown_before_and_while_they_wait_and_its_error_is_published(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()

        async def shown() -> bool:
            return (found := await view(provisioned)) is not None and f"email.{LIVE}" in found.wait

        await until(shown)
        # Told before they come, one is offered to the only agent, the others wait behind them.
        asked, *others = [await there.contact_from(live(f"<{n}@one.example>")) for n in range(6)]

        async def in_line() -> bool:
            return (found := await waits(there, others[-1])) is not None and found["high"] is not None

        await until(in_line)
        found = await view(provisioned)
        assert found is not None
        assert found.contacts[asked].state == "offered"
        places = [found.contacts[contact].position for contact in others if found.contacts[contact].state == "waiting"]
        assert places == sorted(places)
        standing = found.contacts[others[-1]]
        assert standing.wait is not None
        assert standing.wait.high >= standing.wait.low
        told = (await agent.get(f"/api/desks/{SUPPORT}")).body
        assert told["wait"]["email"] == told["wait"][f"email.{LIVE}"]

        (offer, *_) = (await agent.get("/api/offers")).body["items"]
        await agent.post(f"/api/offers/{offer['id']}/accept", {})

        async def measured() -> bool:
            status = (await agent.get(f"/api/desks/{SUPPORT}")).body["foretold"]
            return bool(status is not None and status["waits"] >= 1)

        await until(measured)
        assert await waits(there, ContactId(offer["contact"])) is None, "they have somebody now"


async def test_rule_3_with_nobody_there_no_wait_is_told(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await there.client().put("/api/me/availability", {"state": "offline"})
        contact = await there.contact_from(live("<1@one.example>"))

        async def closed() -> bool:
            found = await view(provisioned)
            return found is not None and not found.online and contact in found.contacts

        await until(closed)
        found = await view(provisioned)
        assert found is not None
        assert (found.wait, found.opens_at) == ({}, None)
        assert await waits(there, contact) == {"position": 1, "low": None, "high": None}
        assert (await there.client().get(f"/api/desks/{SUPPORT}")).body["wait"] == {}


async def test_rule_3_the_desk_says_when_it_opens_again(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        until_then = "2099-01-01T00:00:00.000Z"
        await there.client().put("/api/me/availability", {"state": "away", "until": until_then})

        async def told() -> bool:
            status = await there.client().get(f"/api/desks/{SUPPORT}")
            return bool(status.body["opens_at"] == until_then)

        await until(told)
        (person,) = (await there.client().get(f"/api/desks/{SUPPORT}")).body["people"]
        assert (person["agent"], person["state"], person["until"]) == (AGENT, "away", until_then)
