"""The rota over the API: who is on, swaps, fairness, and the calendar to take along."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from frontline.configuration.model import Agent
from frontline.configuration.shift import WEEKDAYS, Shift
from frontline.contract.error import Unavailable
from frontline.contract.ids import AgentId
from frontline.runtime.bus import Bus
from router.api.entry import API
from router.core.command import ApplySettings
from router.core.event_people import RotaSwapped
from router.core.rota import turn_id
from router.desk.command_port import CommandRequest
from router.desk.settings import desk_settings
from router.rota.ics_in import shifts_of
from tests.integration.router_api.world import World, world
from tests.integration.router_desk.desk import AGENT, CONFIGURATION, EMAIL, SUPPORT, desk_on, events, mail, until

SECOND = AgentId("agent-2")
ROTA = f"/api/desks/{SUPPORT}/rota"


async def with_rota(there: World) -> None:
    """A second agent, and a shift around the clock that is the first one's."""
    desk = CONFIGURATION.desks[0]
    shift = Shift(id="on-call", days=WEEKDAYS, begins="00:00", ends="24:00", agents=(AGENT,))  # type: ignore[arg-type]
    more = msgspec.structs.replace(desk, agents=(*desk.agents, Agent(id=SECOND, name="Demo agent 2")), shifts=(shift,))
    configuration = msgspec.structs.replace(CONFIGURATION, version=2, desks=(more,))
    request = CommandRequest(command=ApplySettings(settings=desk_settings(configuration, more)))

    async def applied() -> bool:
        try:
            await there.app[API].commands.ask(SUPPORT, request)
        except Unavailable:  # the leader has decided its first things, and does not listen yet
            return False
        return True

    await until(applied)
    await until(lambda: there.index.read.rota(SUPPORT).duty == (AGENT,))


def today() -> str:
    return turn_id("on-call", datetime.now(UTC).date())


async def test_who_is_on_duty_and_the_turns_around_now_are_shown(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await with_rota(there)
        shown = (await there.client().get(ROTA)).body
        assert (shown["desk"], shown["on_duty"], shown["next"]) == (SUPPORT, [AGENT], None)
        assert today() in {turn["id"] for turn in shown["items"]}
        assert [share["agent"] for share in shown["fairness"]] == [AGENT, SECOND]
        assert shown["fairness"][1] == {"agent": SECOND, "turns": 0, "weekend_turns": 0, "hours": 0.0}


async def test_a_window_may_be_asked_for_and_fairness_is_of_that_window(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await with_rota(there)
        window: dict[str, Any] = {"since": "2026-03-06T00:00:00Z", "until": "2026-03-09T01:00:00+01:00"}
        shown = (await there.client().get(ROTA, **window)).body
        assert [turn["day"] for turn in shown["items"]] == ["2026-03-06", "2026-03-07", "2026-03-08"]
        assert shown["fairness"][0] == {"agent": AGENT, "turns": 3, "weekend_turns": 2, "hours": 72.0}


async def test_a_swap_holds_at_once_is_an_event_and_is_made_once(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await with_rota(there)
        agent, turn = there.client(), today()
        body = {"shift": turn, "with": SECOND}
        swapped = await agent.post(f"{ROTA}/swaps", body, key="k1")
        assert (swapped.status, swapped.body) == (201, {"shift": turn, "by": AGENT, "with": SECOND})
        assert (await agent.post(f"{ROTA}/swaps", body, key="k1")).body == swapped.body
        shown = (await agent.get(ROTA, seen=swapped.seq)).body
        assert shown["on_duty"] == [SECOND]
        (held,) = [item for item in shown["items"] if item["id"] == turn]
        assert held["agents"] == [SECOND]
        told = await events(provisioned, RotaSwapped)
        assert [(event.agent, event.to) for event in told] == [(AGENT, SECOND)]


async def test_a_swap_outlives_its_leader(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await with_rota(there)
        swapped = await there.client().post(f"{ROTA}/swaps", {"shift": today(), "with": SECOND})
        assert swapped.status == 201
    async with desk_on(provisioned, holder="two") as replica:
        await until(lambda: replica.leader is not None)
        assert replica.leader is not None
        assert replica.leader.loop.state.duty.agents == {SECOND}


async def test_a_swap_that_can_not_be_is_told_why(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await with_rota(there)
        agent = there.client()
        past = turn_id("on-call", (datetime.now(UTC) - timedelta(days=3)).date())
        asked = [(today(), AGENT), (past, SECOND), (today(), "ghost"), ("night.2026-03-02", SECOND), ("soon", SECOND)]
        answers = [await agent.post(f"{ROTA}/swaps", {"shift": turn, "with": other}) for turn, other in asked]
        told = [(answer.status, answer.body.get("conflict")) for answer in answers]
        assert told == [
            (409, "same_agent"),
            (409, "turn_over"),
            (409, "unknown_agent"),
            (404, "not_found"),
            (422, None),
        ]


async def test_a_desk_shows_who_is_on_what_they_have_and_how_long_it_takes(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await with_rota(there)
        await there.contact_from(mail("<1@one.example>"))
        await until(lambda: there.index.read.in_hand(SUPPORT) == {AGENT: 1})
        await there.client().put("/api/me/availability", {"state": "away"})
        await until(lambda: there.index.read.agents(SUPPORT)[AGENT].state == "away")
        await there.contact_from(mail("<2@two.example>"))
        await until(lambda: there.index.read.waiting(SUPPORT) == {EMAIL: 1})
        shown = (await there.client().get(f"/api/desks/{SUPPORT}")).body
        first, second = shown["people"]
        assert (first["agent"], first["state"], first["on_duty"], first["contacts"]) == (AGENT, "away", True, 1)
        assert (second["agent"], second["state"], second["on_duty"]) == (SECOND, "offline", True), "no shift names them"
        assert (shown["online"], shown["waiting"], shown["foretold"]) == (False, {EMAIL: 1}, None)
        assert (await there.client().get("/api/desks/sales")).status == 404


async def test_rule_2_12_the_rota_can_be_taken_along_as_a_calendar(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await with_rota(there)
        window: dict[str, Any] = {"since": "2026-03-06T00:00:00Z", "until": "2026-03-08T00:00:00Z"}
        answer = await there.client().get(f"{ROTA}.ics", **window)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        shifts, mistakes = shifts_of(answer.body, people={AGENT: "Demo agent 1"}, zone="UTC")
        assert mistakes == ()
        assert [override.day.isoformat() for shift in shifts for override in shift.overrides] == [
            "2026-03-06",
            "2026-03-07",
        ]


async def test_another_desks_rota_is_nobodys_business(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        found = [await agent.get("/api/desks/sales/rota"), await agent.get("/api/desks/sales/rota.ics")]
        found.append(await agent.post("/api/desks/sales/rota/swaps", {"shift": "a.2026-03-02", "with": SECOND}))
        assert [answer.status for answer in found] == [404, 404, 404]


async def test_a_window_that_makes_no_sense_is_refused(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        windows: list[dict[str, Any]] = [
            {"since": "tomorrow"},
            {"since": "2026-03-06T00:00:00"},
            {"since": "2026-03-06T00:00:00Z", "until": "2026-03-05T00:00:00Z"},
            {"since": "2020-03-06T00:00:00Z", "until": "2026-03-05T00:00:00Z"},
        ]
        assert [(await agent.get(ROTA, **window)).status for window in windows] == [422] * 4
