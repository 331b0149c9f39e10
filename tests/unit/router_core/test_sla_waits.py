"""Rule 1.3: what a contact's wait for others does to its clocks, and how it ends."""

from datetime import timedelta

import pytest

from frontline.contract.message import Automation, DeliveryState, ThreadEvidence
from router.core.command import WaitFor
from router.core.desk_settings import TargetSettings
from router.core.event import ContactAssigned, WaitEnded
from router.core.event_clock import ClockResumed
from tests.unit.router_core.sla_desk import (
    CUSTOMER,
    FIRST,
    HOUR,
    OFFICE,
    RESOLUTION,
    THIRD_PARTY,
    PromisingDesk,
    at,
    promising,
    target,
)


@pytest.fixture
def desk() -> PromisingDesk:
    return PromisingDesk(promising())


def test_rule_1_3_the_policy_says_which_states_pause_which_targets() -> None:
    only_third = target("next_response", HOUR, pause_in=(THIRD_PARTY,))
    desk = PromisingDesk(promising(FIRST, only_third, RESOLUTION))
    contact = desk.asks()
    desk.reply(contact)
    desk.asks_again()
    desk.waits(contact)
    assert not desk.running(contact, "next_response").paused
    desk.waits(contact, THIRD_PARTY)
    assert desk.running(contact, "next_response").paused
    assert desk.running(contact, "resolution").paused
    desk.waits(contact)
    assert not desk.running(contact, "next_response").paused
    assert desk.running(contact, "resolution").paused


def test_rule_1_3_a_wait_ends_by_itself_at_the_time_that_was_said(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.since("2026-03-02 10:00").waits(contact, until=at("2026-03-03 10:00"))
    assert desk.holder(contact) is None
    desk.lives_on("2026-03-03 12:00")
    (ended,) = desk.told(WaitEnded)
    assert (ended.at, ended.rule) == (at("2026-03-03 10:00"), "until")
    assert desk.due(contact, "resolution") == at("2026-03-04 00:00")
    assert desk.holder(contact) == "a"


def test_rule_1_3_an_automatic_answer_ends_no_wait_and_a_person_does(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.waits(contact)
    desk.must(desk.mail(automation=Automation.AUTO_REPLIED, finds=[("thread", ThreadEvidence.REFERENCE)]))
    assert desk.contact(contact).phase == CUSTOMER
    desk.asks_again()
    assert desk.told(WaitEnded)[0].rule == "message"
    assert desk.told(ContactAssigned)[-1].contact == contact


def test_rule_1_3_a_wait_for_an_answer_to_what_did_not_arrive_is_over(desk: PromisingDesk) -> None:
    contact = desk.asks()
    reply = desk.reply(contact)
    desk.waits(contact)
    desk.delivery(contact, reply, DeliveryState.FAILED)
    assert [ended.rule for ended in desk.told(WaitEnded)] == ["delivery_failed"]
    assert desk.running(contact, "first_response").running


def test_rule_1_3_an_agent_takes_a_contact_back_from_waiting(desk: PromisingDesk) -> None:
    contact = desk.asks()
    desk.waits(contact)
    assert desk.reopen(contact).refused is None
    assert [ended.agent for ended in desk.told(WaitEnded)] == ["a"]
    assert desk.holder(contact) == "a"


def test_rule_1_3_what_can_t_be_waited_for_is_refused_and_says_why(desk: PromisingDesk) -> None:
    contact = desk.asks()
    agent = desk.holder(contact)
    assert agent is not None

    def refused(state: str, until: str | None = None) -> str:
        step = desk.ask(WaitFor(contact=contact, agent=agent, state=state, until=at(until) if until else None))
        assert step.refused is not None
        return step.refused.conflict

    assert refused("waiting_godot") == "unknown_state"
    assert refused(CUSTOMER, "2026-03-02 08:00") == "not_in_future"
    desk.resolve(contact)
    assert refused(CUSTOMER) == "already_resolved"


def test_rule_1_3_a_wait_gives_the_agent_their_capacity_back_and_the_contact_returns_to_who_knows_it() -> None:
    desk = PromisingDesk(promising(agents=("a", "b")))
    contact = desk.asks()
    holder = desk.holder(contact)
    assert holder is not None
    desk.waits(contact)
    assert desk.state.agents[holder].load == 0
    desk.opens("bob")
    desk.asks_again()
    assert desk.holder(contact) == holder


def test_many_waits_that_end_at_once_are_told_in_commits_that_fit() -> None:
    opens = tuple(TargetSettings(target="resolution", within=timedelta(days=30), pause_in=(CUSTOMER,)) for _ in "1")
    desk = PromisingDesk(promising(*opens, calendar=OFFICE))
    contacts = [desk.opens(f"c{n}") for n in range(40)]
    for contact in contacts:
        desk.waits(contact, until=at("2026-03-03 09:00"))
    desk.now = at("2026-03-03 10:00")
    commits = []
    while events := desk.tick():
        commits.append(events)
    assert sum(isinstance(event, ClockResumed) for events in commits for event in events) == len(contacts)
    assert len(commits) > 1
    assert all(sum(len(getattr(event, "intervals", ())) for event in events) < 3000 for events in commits)
