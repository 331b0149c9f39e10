"""How an agent is told of what waits for them is theirs to say, at run time, and never stands in the log."""

from pathlib import Path
from typing import Any

import msgspec

from frontline.configuration.model import Configuration
from frontline.configuration.notify import Notices, Notify
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.reader import read
from frontline.runtime.topology import PREFERENCES, Personal, topology
from tests.integration.router_api.world import CONFIGURATION, OTHER, world
from tests.integration.router_desk.desk import AGENT, INBOX, commits

PATH = "/api/me/notifications"
MINE: dict[str, Any] = {
    "ways": ["push", "mail"],
    "mail": "me@people.example",
    "sms": "",
    "ring": "",
    "about": ["offer", "alarm"],
    "zone": "Europe/Berlin",
    "quiet": ["mon-sun 00:00-24:00"],
    "alarm_when_quiet": True,
}


def telling(notify: Notify = Notify(), *, lead: bool = False) -> Configuration:  # noqa: B008 - frozen
    """The usual desk, which tells by mail; its agent is told by the configuration as `notify` says."""
    support, *others = CONFIGURATION.desks
    agents = tuple(msgspec.structs.replace(agent, notify=notify, lead=lead) for agent in support.agents)
    desk = msgspec.structs.replace(support, agents=agents, notices=Notices(mail=INBOX))
    return msgspec.structs.replace(CONFIGURATION, desks=(desk, *others))


async def test_rule_2_11_the_configuration_holds_until_an_agent_says_otherwise_and_then_their_own_word_does(
    provisioned: Bus, tmp_path: Path
) -> None:
    given = Notify(ways=("mail",), mail="configured@people.example")
    async with world(provisioned, tmp_path / "one", configuration=telling(given, lead=True)) as there:
        agent = there.client()
        before = (await agent.get(PATH)).body
        assert (before["ways"], before["mail"], before["own"]) == (["mail"], "configured@people.example", False)
        assert (before["can"], before["lead"], before["quiet_now"]) == (["push", "mail"], True, False)
        said = await agent.put(PATH, MINE)
        assert said.status == 200
        assert {name: said.body[name] for name in MINE} == MINE
        assert (said.body["own"], said.body["quiet_now"]) == (True, True)
        assert said.body["changes_at"] is None
        assert (await agent.get(PATH)).body == said.body
    async with world(provisioned, tmp_path / "two", configuration=telling(given)) as there:
        after = (await there.client().get(PATH)).body
        assert (after["mail"], after["own"]) == ("me@people.example", True), "it survives a restart"
        assert (await there.client(OTHER).get(PATH)).body["own"] is False, "it is nobody else's"


async def test_rule_2_11_an_agent_who_takes_their_word_back_is_told_as_configured_and_their_address_is_gone(
    provisioned: Bus, tmp_path: Path
) -> None:
    given = Notify(ways=("mail",), mail="configured@people.example")
    async with world(provisioned, tmp_path, configuration=telling(given)) as there:
        agent = there.client()
        assert (await agent.put(PATH, MINE)).status == 200
        gone = await agent.ask("DELETE", PATH, headers={})
        assert (gone.status, gone.body["mail"], gone.body["own"]) == (200, "configured@people.example", False)
        assert (await agent.get(PATH)).body == gone.body
        stored = [stored.data async for stored in read(provisioned, f"KV_{PREFERENCES}", f"$KV.{PREFERENCES}.>")]
        assert stored == [b""]


async def test_rule_2_11_an_address_is_kept_beside_the_log_and_marked_as_personal(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, configuration=telling()) as there:
        assert (await there.client().put(PATH, MINE)).status == 200
        entry = await KeyValue(provisioned, PREFERENCES).get(AGENT)
        assert entry is not None
        assert b"me@people.example" in entry.value
        assert "me@people.example" not in str(await commits(provisioned))
    (bucket,) = [each for each in topology([], []).buckets if each.name == PREFERENCES]
    assert bucket.personal is Personal.YES


async def test_rule_2_11_what_makes_no_sense_is_refused_with_every_mistake(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path, configuration=telling()) as there:
        wrong = {
            "ways": ["mail", "sms", "ring"],
            "mail": "Support+one@frontline.example",
            "sms": "12",
            "zone": "Mars/Olympus",
            "quiet": ["mon-fri 20:00-07:00", "nights"],
        }
        refused = await there.client().put(PATH, wrong)
        assert refused.status == 422
        assert {mistake["at"] for mistake in refused.body["errors"]} == {
            "$.mail",
            "$.sms",
            "$.zone",
            "$.quiet[1]",
            "$.ways[1]",
            "$.ways[2]",
        }
        unknown = await there.client().put(PATH, {"ways": ["pigeon"], "colour": "red"})
        assert {mistake["at"] for mistake in unknown.body["errors"]} == {"$.ways[0]", "$.colour"}
        assert (await there.client().get(PATH)).body["own"] is False
        assert (await there.stranger().get(PATH)).status == 401
