"""Settings come by the log, only ever newer, and what people said at run time outlives them."""

from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import AgentId, InboxId
from router.core.command import ApplySettings
from router.core.desk_settings import (
    AgentSettings,
    DeskSettings,
    InboxSettings,
    PolicySettings,
    RingSettings,
    TargetSettings,
)
from router.core.event import ContactAssigned, ContactUnassigned
from router.core.settings import faults
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk, settings

AGES = timedelta(days=9_999_999)
"""From now on, that is behind the last instant that there is."""


def test_settings_that_are_not_newer_are_refused() -> None:
    desk = Desk(settings("a", version=3))
    for version in (2, 3):
        step = desk.ask(ApplySettings(settings=settings("b", version=version)))
        assert step.refused is not None
        assert step.refused.conflict == "older_version"
    assert list(desk.state.agents) == ["a"]


def test_a_desk_without_settings_knows_no_inbox() -> None:
    desk = Desk()
    step = desk.ask(desk.mail())
    assert step.refused is not None
    assert step.refused.conflict == "unknown_inbox"


def test_the_work_of_an_agent_who_left_goes_back_to_the_front_of_its_lane() -> None:
    desk = Desk(settings(AgentSettings(id=AgentId("a"), capacity=20, available=True)))
    held = [desk.opens(), desk.opens()]
    waiting = desk.opens(at=desk.now - timedelta(minutes=30))
    desk.must_apply(settings("nobody-else", version=2))
    assert [event.contact for event in desk.told(ContactUnassigned)] == held
    assert {(event.rule, event.front) for event in desk.told(ContactUnassigned)} == {("agent_removed", True)}
    assert [event.contact for event in desk.told(ContactAssigned)[2:]] == [*held, waiting]
    assert list(desk.state.agents) == ["nobody-else"]
    assert desk.agrees_with_its_log()


def test_an_agent_with_more_work_than_a_commit_can_tell_leaves_over_several() -> None:
    everything = AgentSettings(id=AgentId("a"), capacity=1000, available=True)
    desk = Desk(settings(everything), limit=30)
    held = [desk.opens() for _ in range(100)]
    desk.must_apply(settings(version=2))
    assert len(desk.state.leaving) == 1
    while desk.state.leaving:
        desk.tick()
    assert [event.contact for event in desk.told(ContactUnassigned)] == held
    assert desk.state.agents == {}
    assert desk.agrees_with_its_log()


def test_an_agent_who_left_and_still_holds_work_can_do_nothing() -> None:
    desk = Desk(settings("a"), limit=1)
    desk.opens(at=desk.now)
    while desk.tick():
        pass
    desk.must_apply(settings(version=2))
    step = desk.available("a")
    assert step.refused is not None
    assert step.refused.conflict == "unknown_agent"


def test_an_agent_who_is_named_again_before_the_work_was_taken_keeps_it() -> None:
    desk = Desk(settings("a"), limit=1)
    contact = desk.opens()
    while desk.tick():
        pass
    desk.must_apply(settings(version=2))
    assert set(desk.state.leaving) == {"a"}
    desk.must_apply(settings("a", version=3))
    assert desk.holder(contact) == "a"
    assert desk.told(ContactUnassigned) == []
    assert desk.agrees_with_its_log()


def test_what_an_agent_said_survives_a_reload_and_a_new_agent_starts_as_configured() -> None:
    desk = Desk(settings("a"))
    desk.available("a", "away")
    desk.must_apply(settings("a", "b", version=2))
    states = {agent.id: agent.state for agent in desk.state.agents.values()}
    assert states == {"a": "away", "b": "available"}


def test_a_new_agent_gets_what_waits() -> None:
    desk = Desk(settings())
    contact = desk.opens()
    desk.must_apply(settings("a", version=2))
    assert desk.holder(contact) == "a"


def test_a_new_skill_opens_what_waited_for_it() -> None:
    inboxes = [InboxSettings(channel=EMAIL, id=SUPPORT, skills=("french",))]
    desk = Desk(settings("a", inboxes=inboxes))
    contact = desk.opens()
    french = AgentSettings(id=AgentId("a"), skills=("french",), available=True)
    desk.must_apply(settings(french, version=2, inboxes=inboxes))
    assert desk.holder(contact) == "a"


def test_a_capacity_lowered_below_the_load_takes_nothing_away_and_gives_nothing_more() -> None:
    desk = Desk(settings("a"))
    held = [desk.opens() for _ in range(3)]
    desk.must_apply(settings(AgentSettings(id=AgentId("a"), capacity=10, available=True), version=2))
    waiting = desk.opens()
    for contact in held[:2]:
        desk.resolve(contact)
        assert desk.holder(waiting) is None
    desk.resolve(held[2])
    assert desk.holder(waiting) == "a"


def test_a_contact_keeps_the_cost_and_skills_that_it_came_with() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens()
    dear = [InboxSettings(channel=EMAIL, id=SUPPORT, cost=50, skills=("french",))]
    desk.must_apply(settings("a", version=2, inboxes=dear))
    desk.resolve(contact)
    assert desk.state.agents[AgentId("a")].load == 0


def test_an_inbox_says_anew_how_long_a_contact_is_kept_for_an_agent_and_nobody_else_waits_otherwise() -> None:
    agent = AgentSettings(id=AgentId("a"), available=True, capacity=10)
    short = InboxSettings(channel=EMAIL, id=SUPPORT, sticky_for=timedelta(minutes=1))
    long = InboxSettings(channel=EMAIL, id=SUPPORT, sticky_for=timedelta(minutes=5))
    desk = Desk(settings(agent, inboxes=[short]))
    desk.opens("holds")
    kept, plain = desk.opens("known", knows="a"), desk.opens("plain")
    place = desk.contact(plain).place
    assert place is not None
    assert desk.contact(kept).moment == desk.now + timedelta(minutes=1)
    desk.must_apply(settings(agent, inboxes=[long], version=2))
    assert desk.contact(kept).moment == desk.now + timedelta(minutes=5)
    assert desk.contact(plain).place is place


def test_an_inbox_that_was_taken_out_leaves_its_contacts_in_hand() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens()
    desk.must_apply(settings("a", version=2, inboxes=[InboxSettings(channel=EMAIL, id=InboxId("other"))]))
    assert desk.resolve(contact).refused is None
    desk.reopen(contact)
    assert desk.holder(contact) == "a"


@pytest.mark.parametrize(
    "broken, fault",
    [
        ({"agents": (AgentSettings(id=AgentId("a")), AgentSettings(id=AgentId("a")))}, "agent a is there twice"),
        ({"agents": (AgentSettings(id=AgentId("a"), capacity=-1),)}, "capacity below 0"),
        ({"inboxes": (InboxSettings(channel=EMAIL, id=SUPPORT),) * 2}, "inbox support of email is there twice"),
        ({"inboxes": (InboxSettings(channel=EMAIL, id=SUPPORT, lane="fast"),)}, "no lane is called fast"),
        ({"inboxes": (InboxSettings(channel=EMAIL, id=SUPPORT, cost=0),)}, "costs 1 unit at least"),
        ({"inboxes": (InboxSettings(channel=EMAIL, id=SUPPORT, policy="x"),)}, "there is no policy x"),
        ({"policies": (PolicySettings(id="standard", version=1, calendar="moon"),)}, "there is no calendar moon"),
        ({"inboxes": (InboxSettings(channel=EMAIL, id=SUPPORT, handling=timedelta(0)),)}, "takes some whole"),
        ({"inboxes": (InboxSettings(channel=EMAIL, id=SUPPORT, offer_for=AGES),)}, "an offer holds for some"),
        ({"inboxes": (InboxSettings(channel=EMAIL, id=SUPPORT, wrap_up=AGES),)}, "times are whole milliseconds"),
        ({"inboxes": (InboxSettings(channel=EMAIL, id=SUPPORT, sticky_for=AGES),)}, "times are whole milliseconds"),
        ({"rings": (RingSettings(), RingSettings(after=AGES))}, "what is waited for"),
        ({"age_after": AGES}, "what is waited for"),
        ({"alarm_after": AGES}, "what is waited for"),
        ({"reopen_for": AGES}, "what is waited for"),
        ({"transfer_within": AGES}, "what is waited for"),
        ({"offline_grace": AGES}, "the grace of those who went offline"),
    ],
)
def test_settings_that_no_desk_can_work_by_are_refused_and_say_why(broken: dict[str, object], fault: str) -> None:
    desk = Desk(settings("a"))
    step = desk.ask(ApplySettings(settings=msgspec.structs.replace(settings("a", version=2), **broken)))
    assert step.refused is not None
    assert step.refused.conflict == "invalid_settings"
    assert fault in step.refused.detail


@pytest.mark.parametrize(
    "target, fault",
    [
        (TargetSettings(target="last_words", within=timedelta(hours=1)), "no target is called last_words"),
        (TargetSettings(target="resolution", within=timedelta(0)), "whole milliseconds"),
        (TargetSettings(target="resolution", within=timedelta(microseconds=1500)), "whole milliseconds"),
        (TargetSettings(target="resolution", within=timedelta(1), warn_at=(1.0,)), "between 0 and 1"),
    ],
)
def test_targets_that_no_clock_can_keep_are_found(target: TargetSettings, fault: str) -> None:
    policy = PolicySettings(id="p", version=1, calendar="always", targets=(target,))
    (found,) = faults(DeskSettings(version=1, policies=(policy,)))
    assert fault in found


def test_every_fault_is_told_at_once() -> None:
    wrong = DeskSettings(
        version=1,
        agents=(AgentSettings(id=AgentId("a"), capacity=-1),),
        inboxes=(InboxSettings(channel=EMAIL, id=SUPPORT, lane="fast", cost=0),),
        policies=(PolicySettings(id="p", version=1, calendar="moon"),) * 2,
    )
    assert len(faults(wrong)) == 7
