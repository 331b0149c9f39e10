"""What follows from routing rules: lane, skills, policy; only ids reach the desk."""

from datetime import timedelta

import msgspec

from frontline.contract.ids import AgentId
from router.core.desk_settings import AgentSettings, PolicySettings, RuleSettings, TargetSettings
from router.core.event import ContactOpened
from tests.unit.router_core.driver import Desk, settings


def desk_with(*rules: RuleSettings) -> Desk:
    plain = settings("a", AgentSettings(id=AgentId("b"), skills=("network",), available=True))
    gold = PolicySettings(
        id="gold",
        version=1,
        calendar="always",
        targets=(TargetSettings(target="first_response", within=timedelta(minutes=10)),),
    )
    return Desk(msgspec.structs.replace(plain, rules=rules, policies=(*plain.policies, gold)))


def opened(desk: Desk, *rules: str) -> ContactOpened:
    desk.must(msgspec.structs.replace(desk.mail(), rules=rules))
    return desk.told(ContactOpened)[-1]


def test_the_first_rule_that_names_a_lane_decides_on_it_and_skills_add_up() -> None:
    desk = desk_with(
        RuleSettings(id="one", skills=("network",)),
        RuleSettings(id="two", lane="vip"),
        RuleSettings(id="three", lane="low"),
    )
    event = opened(desk, "three", "two", "one")
    assert (event.rules, event.lane, event.skills) == (("one", "two", "three"), "vip", ("network",))
    assert desk.holder(event.contact) == "b"


def test_a_rule_may_put_a_contact_under_another_policy() -> None:
    desk = desk_with(RuleSettings(id="one", policy="gold"))
    event = opened(desk, "one")
    clock = desk.clock(event.contact)
    assert (clock.policy, clock.due_at - clock.started_at) == ("gold", timedelta(minutes=10))


def test_a_rule_that_the_log_does_not_know_says_nothing() -> None:
    event = opened(desk_with(), "unheard-of")
    assert (event.rules, event.lane) == ((), "normal")
