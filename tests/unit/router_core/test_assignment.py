"""Who gets what: capacity, skills, lanes, idleness, and nobody waiting whom somebody may take."""

from datetime import timedelta

import pytest

from frontline.contract.ids import AgentId, InboxId
from frontline.contract.message import ThreadEvidence
from router.core.contact import WAITING
from router.core.desk_settings import AgentSettings, InboxSettings
from router.core.event import ContactAssigned
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk, settings


def inbox(name: str, *, cost: int = 10, lane: str = "normal", skills: tuple[str, ...] = ()) -> InboxSettings:
    return InboxSettings(channel=EMAIL, id=InboxId(name), cost=cost, lane=lane, skills=skills)


def agent(name: str, *skills: str, capacity: int = 100, available: bool = True) -> AgentSettings:
    return AgentSettings(id=AgentId(name), capacity=capacity, skills=skills, available=available)


def test_a_contact_goes_to_an_available_agent_at_once_and_says_why() -> None:
    desk = Desk(settings(agent("a", available=False), agent("b")))
    contact = desk.opens()
    (assigned,) = desk.told(ContactAssigned)
    assert (assigned.contact, assigned.agent, assigned.via, assigned.rule) == (contact, "b", "auto", "longest_idle")


def test_the_agent_who_is_idle_for_longest_comes_first() -> None:
    desk = Desk(settings("a", "b", "c"))
    assert [desk.holder(desk.opens()) for _ in range(6)] == ["a", "b", "c", "a", "b", "c"]


def test_an_agent_who_comes_back_queues_up_behind_those_who_were_there() -> None:
    desk = Desk(settings("a", "b"))
    desk.available("a", "away")
    desk.available("a", "available")
    assert [desk.holder(desk.opens()) for _ in range(3)] == ["b", "a", "b"]


def test_nobody_gets_more_than_their_capacity() -> None:
    desk = Desk(settings(agent("a", capacity=20), agent("b", capacity=15)))
    held = [desk.holder(desk.opens()) for _ in range(5)]
    assert held == ["a", "b", "a", None, None]


def test_a_freed_agent_gets_the_contact_that_has_waited_longest() -> None:
    desk = Desk(settings(agent("a", capacity=10)))
    first = desk.opens()
    second = desk.opens()
    desk.wait(seconds=1)
    third = desk.opens()
    desk.resolve(first)
    assert (desk.holder(second), desk.holder(third)) == ("a", None)


def test_lanes_come_before_deadlines_and_deadlines_before_arrival() -> None:
    lanes = ["low", "normal", "vip", "improvement", "security"]
    desk = Desk(settings(agent("a", capacity=10), inboxes=[inbox(lane, lane=lane) for lane in lanes]))
    desk.opens(inbox=InboxId("low"))
    waiting = [desk.opens(inbox=InboxId(lane)) for lane in lanes]
    earlier = desk.opens(inbox=InboxId("normal"), at=desk.now - timedelta(minutes=1))
    got = []
    while holding := next(iter(desk.state.agents[AgentId("a")].held), None):
        got.append(holding)
        desk.resolve(holding)
    low, normal, vip, improvement, security = waiting
    assert got[1:] == [security, improvement, vip, earlier, normal, low]


def test_a_contact_whose_clock_was_met_while_it_waited_makes_way_for_those_with_a_deadline() -> None:
    desk = Desk(settings(agent("a", capacity=10)))
    holding = desk.opens()
    answered, urgent = desk.opens(), desk.opens()
    desk.reply(answered)
    desk.resolve(holding)
    assert (desk.holder(answered), desk.holder(urgent)) == (None, "a")


def test_only_those_with_all_the_skills_are_given_a_contact() -> None:
    inboxes = [inbox("plain"), inbox("french-billing", skills=("french", "billing"))]
    desk = Desk(settings(agent("a", "french"), agent("b", "billing", "french"), agent("c"), inboxes=inboxes))
    special = InboxId("french-billing")
    assert [desk.holder(desk.opens(inbox=special)) for _ in range(2)] == ["b", "b"]
    assert desk.holder(desk.opens(inbox=InboxId("plain"))) == "a"


def test_what_nobody_can_do_waits_and_holds_nobody_up() -> None:
    desk = Desk(settings("a", inboxes=[inbox("plain"), inbox("klingon", lane="vip", skills=("klingon",))]))
    stuck = desk.opens(inbox=InboxId("klingon"))
    assert desk.holder(desk.opens(inbox=InboxId("plain"))) == "a"
    assert desk.contact(stuck).phase == WAITING


def test_a_small_contact_passes_a_large_one_for_which_there_is_no_room() -> None:
    desk = Desk(settings(agent("a", capacity=30), inboxes=[inbox("small"), inbox("large", cost=30, lane="vip")]))
    first = desk.opens(inbox=InboxId("small"))
    large, small = desk.opens(inbox=InboxId("large")), desk.opens(inbox=InboxId("small"))
    assert (desk.holder(large), desk.holder(small)) == (None, "a")
    desk.resolve(small)
    desk.resolve(first)
    assert desk.holder(large) == "a"


def test_one_agent_at_eight_in_the_morning_works_through_the_night_in_order() -> None:
    desk = Desk(settings(agent("a", capacity=10, available=False)))
    night = []
    for _ in range(300):
        night.append(desk.opens())
        desk.wait(seconds=1)
    desk.available("a")
    for contact in night:
        assert desk.holder(contact) == "a"
        desk.resolve(contact)


@pytest.mark.parametrize("away", ["away", "offline"])
def test_an_agent_who_goes_keeps_their_mail_and_gets_no_more(away: str) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens()
    desk.available("a", away)
    later = desk.opens()
    assert (desk.holder(contact), desk.holder(later)) == ("a", None)
    desk.available("a", "available")
    assert desk.holder(later) == "a"


def test_away_until_an_instant_ends_by_itself_at_that_instant() -> None:
    desk = Desk(settings("a"))
    back = desk.now + timedelta(minutes=30)
    desk.available("a", "away", back)
    contact = desk.opens()
    desk.wait(minutes=45)
    events = desk.tick()
    assert events[1].at == back  # a warning came due in the same instant, and goes first
    assert desk.state.agents[AgentId("a")].until is None
    assert desk.holder(contact) == "a"


def test_available_until_an_instant_ends_in_away() -> None:
    desk = Desk(settings("a"))
    desk.available("a", "available", desk.now + timedelta(minutes=30))
    desk.wait(minutes=30)
    desk.tick()
    assert desk.holder(desk.opens()) is None
    assert desk.state.agents[AgentId("a")].state == "away"


def test_a_changed_mind_takes_the_former_end_away() -> None:
    desk = Desk(settings("a"))
    desk.available("a", "away", desk.now + timedelta(minutes=30))
    desk.available("a", "away")
    desk.wait(hours=1)
    assert desk.tick() == ()
    assert desk.state.agents[AgentId("a")].state == "away"


def test_saying_the_same_again_is_no_event() -> None:
    desk = Desk(settings("a"))
    assert desk.available("a", "available").commit is None


def test_a_state_that_there_is_not_and_an_end_that_has_passed_are_refused() -> None:
    desk = Desk(settings("a"))
    for step, conflict in (
        (desk.available("a", "asleep"), "unknown_state"),
        (desk.available("a", "away", desk.now), "not_in_future"),
    ):
        assert step.refused is not None
        assert step.refused.conflict == conflict


def test_a_reopened_contact_comes_after_those_who_waited_before_it() -> None:
    desk = Desk(settings(agent("a", capacity=10), within=None))
    first = desk.opens(binds=["id-1"])
    desk.resolve(first)
    holding, waiting = desk.opens(), desk.opens()
    desk.must(desk.mail(finds=[("id-1", ThreadEvidence.REFERENCE)]))
    desk.resolve(holding)
    assert (desk.holder(waiting), desk.holder(first)) == ("a", None)


def test_inboxes_share_the_agents_of_the_desk() -> None:
    desk = Desk(settings(agent("a", capacity=20), inboxes=[inbox("one"), inbox("two")]))
    assert desk.holder(desk.opens(inbox=InboxId("one"))) == "a"
    assert desk.holder(desk.opens(inbox=InboxId("two"))) == "a"
    assert desk.holder(desk.opens(inbox=InboxId("one"))) is None
    assert SUPPORT not in {where for _, where in desk.state.inboxes}


def test_a_freed_agent_takes_the_first_over_all_the_lines_that_they_may_take_from() -> None:
    skills = ["french", "german", "dutch"]
    inboxes = [inbox(skill, skills=(skill,), cost=5 * cost) for cost, skill in enumerate(skills, start=1)]
    desk = Desk(settings(agent("a", *skills, capacity=15, available=False), inboxes=inboxes))
    waiting = []
    for skill in ("german", "dutch", "french"):
        waiting.append(desk.opens(inbox=InboxId(skill)))
        desk.wait(seconds=1)
    desk.available("a")
    assert [desk.holder(contact) for contact in waiting] == ["a", None, "a"]
    desk.resolve(waiting[2])
    desk.resolve(waiting[0])
    assert desk.holder(waiting[1]) == "a"
    assert desk.state.agents[AgentId("a")].load == 15
