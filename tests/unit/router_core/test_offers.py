"""Live contacts are offered: one agent at a time, for so long, and never to nobody."""

from datetime import timedelta

import pytest

from frontline.contract.ids import AgentId, InboxId, OfferId
from router.core.advance import next_due
from router.core.command import ApplySettings, StartEpoch
from router.core.contact import ASSIGNED, OFFERED, RESOLVED, WAITING
from router.core.desk_settings import AgentSettings, InboxSettings
from router.core.event import (
    ContactAssigned,
    ContactOffered,
    OfferAccepted,
    OfferRejected,
    OfferRenewed,
    OfferTimedOut,
    OfferWithdrawn,
)
from router.core.event_people import AvailabilityChanged
from tests.unit.router_core.driver import EMAIL, NOON, SUPPORT, Desk, settings
from tests.unit.router_core.fingerprint import fingerprint

LIVE = [InboxSettings(channel=EMAIL, id=SUPPORT, cost=30, offer_for=timedelta(seconds=20))]
A = AgentId("a")


def desk_of(*agents: str | AgentSettings) -> Desk:
    return Desk(settings(*agents, inboxes=LIVE, within=None))


def asked(desk: Desk) -> list[str]:
    return [event.agent for event in desk.told(ContactOffered)]


def over(desk: Desk, seconds: float = 20, milliseconds: float = 1) -> None:
    """The time of whatever is offered now has passed."""
    desk.wait(seconds=seconds, milliseconds=milliseconds)
    desk.tick()


def refused(desk: Desk, offer: OfferId, agent: str = "a") -> str:
    step = desk.accept(offer, agent)
    assert step.refused is not None
    return step.refused.conflict


def test_a_live_contact_is_offered_to_the_longest_idle_agent_and_says_until_when() -> None:
    desk = desk_of("a", "b")
    contact = desk.opens()
    (offered,) = desk.told(ContactOffered)
    assert (offered.contact, offered.agent, offered.rule, offered.round) == (contact, "a", "longest_idle", 1)
    assert offered.expires_at == NOON + timedelta(seconds=20)
    assert desk.contact(contact).phase == OFFERED
    assert desk.told(ContactAssigned) == []


def test_an_accepted_offer_is_an_assignment() -> None:
    desk = desk_of("a", "b")
    contact = desk.opens()
    assert desk.accept(desk.offer(contact).id, "a").refused is None
    (assigned,) = desk.told(ContactAssigned)
    assert (assigned.contact, assigned.agent, assigned.via, assigned.rule) == (contact, "a", "offer", "longest_idle")
    assert (desk.contact(contact).phase, desk.holder(contact)) == (ASSIGNED, "a")
    assert desk.agrees_with_its_log()


def test_an_open_offer_holds_the_agents_capacity() -> None:
    desk = desk_of(AgentSettings(id=A, capacity=60, available=True))
    first, second, third = desk.opens(), desk.opens(), desk.opens()
    assert desk.contact(third).phase == WAITING
    desk.accept(desk.offer(first).id, "a")
    assert desk.contact(third).phase == WAITING
    desk.reject(desk.offer(second).id, "a")
    assert sum(desk.contact(contact).phase == OFFERED for contact in (second, third)) == 1


def test_a_rejected_offer_goes_to_the_next_agent_and_keeps_its_reason() -> None:
    desk = desk_of("a", "b")
    contact = desk.opens()
    desk.reject(desk.offer(contact).id, "a", "my line is bad")
    assert [event.reason for event in desk.told(OfferRejected)] == ["my line is bad"]
    assert desk.offer(contact).agent == "b"


def test_rule_2_6_an_offer_that_nobody_answered_goes_to_the_next_agent() -> None:
    desk = desk_of("a", "b")
    contact = desk.opens()
    over(desk)
    assert [(event.agent, event.at) for event in desk.told(OfferTimedOut)] == [("a", NOON + timedelta(seconds=20))]
    assert desk.offer(contact).agent == "b"
    assert desk.offer(contact).expires_at == desk.now + timedelta(seconds=20)
    assert desk.agrees_with_its_log()


def test_an_offer_comes_due_in_the_millisecond_behind_its_time() -> None:
    desk = desk_of("a")
    desk.opens()
    assert next_due(desk.state) == NOON + timedelta(seconds=20, milliseconds=1)


def test_an_accept_in_the_last_millisecond_wins_and_in_the_next_one_loses() -> None:
    for late, conflict in ((0, None), (1, "timed_out")):
        desk = desk_of("a", "b")
        contact = desk.opens()
        offer = desk.offer(contact).id
        desk.wait(seconds=20, milliseconds=late)
        step = desk.accept(offer, "a")
        assert (step.refused and step.refused.conflict) == conflict
        assert len(desk.told(OfferAccepted)) + len(desk.told(OfferTimedOut)) == 1
        assert desk.agrees_with_its_log()


def test_whoever_loses_is_told_why() -> None:
    desk = desk_of("a", "b")
    contact = desk.opens()
    offer = desk.offer(contact).id
    assert refused(desk, offer, "b") == "not_yours"
    assert refused(desk, offer, "nobody") == "not_yours"
    assert refused(desk, OfferId("nowhere")) == "not_found"
    desk.accept(offer, "a")
    late = desk.reject(offer, "a")
    assert late.refused is not None
    assert late.refused.conflict == "accepted"
    assert refused(desk, offer, "b") == "not_yours"
    other = desk.opens()
    offer = desk.offer(other).id
    desk.reject(offer, "b")
    assert refused(desk, offer, "b") == "rejected"
    offer = desk.offer(other).id
    desk.resolve(other)
    assert refused(desk, offer, "a") == "withdrawn"


def test_the_same_answer_again_is_no_new_one() -> None:
    desk = desk_of("a", "b")
    first, second = desk.opens(), desk.opens()
    mine, theirs = desk.offer(first).id, desk.offer(second).id
    desk.accept(mine, "a")
    desk.reject(theirs, "b")
    before = fingerprint(desk.state)
    for step in (desk.accept(mine, "a"), desk.reject(theirs, "b")):
        assert (step.refused, step.commit) == (None, None)
    assert fingerprint(desk.state) == before


def test_an_answer_an_hour_late_is_answered_not_found() -> None:
    desk = desk_of("a")
    offer = desk.offer(desk.opens()).id
    desk.accept(offer, "a")
    desk.wait(hours=1)
    desk.opens()
    assert refused(desk, offer) == "not_found"
    assert desk.agrees_with_its_log()


def test_everybody_is_asked_before_anybody_twice_and_then_a_new_round_begins() -> None:
    desk = desk_of("a", "b", "c")
    contact = desk.opens()
    for _ in range(7):
        desk.reject(desk.offer(contact).id, desk.offer(contact).agent)
    assert asked(desk) == ["a", "b", "c", "a", "b", "c", "a", "b"]
    assert [event.round for event in desk.told(ContactOffered)] == [1, 1, 1, 2, 2, 2, 3, 3]
    assert desk.agrees_with_its_log()


def test_who_was_asked_comes_after_who_was_not_although_idle_for_longer() -> None:
    inboxes = [*LIVE, InboxSettings(channel=EMAIL, id=InboxId("mail"))]
    desk = Desk(settings("a", "b", inboxes=inboxes, within=None))
    contact = desk.opens()
    mail = desk.opens(inbox=inboxes[1].id)
    assert desk.holder(mail) == "b"
    desk.reject(desk.offer(contact).id, "a")
    assert desk.offer(contact).agent == "b"


def test_a_contact_that_everybody_rejects_is_never_dropped() -> None:
    desk = desk_of("a")
    contact = desk.opens()
    for _ in range(50):
        desk.reject(desk.offer(contact).id, "a")
    assert desk.contact(contact).phase == OFFERED


def test_rule_2_6_an_agent_who_misses_two_in_a_row_is_set_away_and_the_log_says_why() -> None:
    desk = desk_of("a")
    contact = desk.opens()
    over(desk)
    assert desk.state.agents[A].state == "available"
    over(desk)
    (away,) = desk.told(AvailabilityChanged)
    assert (away.agent, away.state, away.reason, away.until) == ("a", "away", "missed_offers", None)
    assert desk.contact(contact).phase == WAITING
    desk.available("a")
    assert desk.offer(contact).agent == "a"
    assert desk.agrees_with_its_log()


def test_an_answer_between_two_misses_keeps_the_agent_available() -> None:
    accepting, rejecting = desk_of("a"), desk_of("a")
    for desk in (accepting, rejecting):
        desk.opens()
        over(desk)
    accepting.accept(next(iter(accepting.state.offers)), "a")
    accepting.opens()
    rejecting.reject(next(iter(rejecting.state.offers)), "a")
    for desk in (accepting, rejecting):
        over(desk)
        assert len(desk.told(OfferTimedOut)) == 2
        assert desk.state.agents[A].state == "available"


def test_who_goes_away_loses_the_offer_to_the_next_and_is_told_so() -> None:
    for state in ("away", "offline"):
        desk = desk_of("a", "b")
        contact = desk.opens()
        offer = desk.offer(contact).id
        desk.available("a", state)
        assert [(event.agent, event.reason) for event in desk.told(OfferWithdrawn)] == [("a", "agent_away")]
        assert desk.offer(contact).agent == "b"
        assert refused(desk, offer) == "withdrawn"


def test_who_is_set_away_by_the_clock_loses_the_offer_too() -> None:
    desk = desk_of("a", "b")
    desk.available("a", "available", desk.now + timedelta(seconds=5))
    contact = desk.opens()
    desk.wait(seconds=5)
    desk.tick()
    assert [event.reason for event in desk.told(OfferWithdrawn)] == ["agent_away"]
    assert desk.offer(contact).agent == "b"


def test_the_offer_of_an_agent_who_was_removed_goes_to_the_next() -> None:
    desk = desk_of("a", "b")
    contact = desk.opens()
    desk.must_apply(settings("b", version=2, inboxes=LIVE, within=None))
    assert [event.reason for event in desk.told(OfferWithdrawn)] == ["agent_removed"]
    assert desk.offer(contact).agent == "b"
    assert list(desk.state.agents) == ["b"]
    assert desk.agrees_with_its_log()


def test_an_agent_with_offers_and_work_who_is_removed_leaves_over_several_commits() -> None:
    desk = Desk(settings("a", inboxes=LIVE, within=None), limit=1)
    held, offered = desk.opens(), desk.opens()
    while desk.tick():
        pass
    desk.accept(desk.offer(held).id, "a")
    desk.must_apply(settings(version=2, inboxes=LIVE, within=None))
    while desk.tick():
        pass
    assert {desk.contact(contact).phase for contact in (held, offered)} == {WAITING}
    assert desk.state.agents == {}
    assert desk.agrees_with_its_log()


def test_a_resolved_contact_is_offered_no_more_and_a_reopened_one_first_to_who_knows_it() -> None:
    desk = desk_of("a", "b")
    contact = desk.opens()
    desk.accept(desk.offer(contact).id, "a")
    desk.resolve(contact)
    desk.reopen(contact)
    (_, again) = desk.told(ContactOffered)
    assert (again.agent, again.rule) == ("a", "last_agent")
    desk.resolve(contact)
    assert desk.contact(contact).phase == RESOLVED
    assert [event.reason for event in desk.told(OfferWithdrawn)] == ["resolved"]
    over(desk)
    assert desk.told(OfferTimedOut) == []


def test_an_offer_is_accepted_even_if_the_capacity_was_lowered_meanwhile() -> None:
    desk = desk_of("a")
    contact = desk.opens()
    lower = AgentSettings(id=A, capacity=10, available=True)
    desk.must_apply(settings(lower, version=2, inboxes=LIVE, within=None))
    assert desk.accept(desk.offer(contact).id, "a").refused is None
    assert desk.holder(contact) == "a"
    assert desk.agrees_with_its_log()


def test_what_is_offered_to_somebody_is_not_given_to_them_over_a_capacity_that_was_lowered_meanwhile() -> None:
    """Seed 146 of the desk's simulation: the offer was withdrawn, and there was no room then for what it had kept."""
    desk = desk_of("a")
    contact = desk.opens()
    lower = AgentSettings(id=A, capacity=10, available=True)
    desk.must_apply(settings(lower, version=2, inboxes=LIVE, within=None))
    step = desk.transfer(contact, "a", to="a")
    assert step.refused is not None
    assert step.refused.conflict == "no_room"
    assert desk.accept(desk.offer(contact).id, "a").refused is None
    assert desk.agrees_with_its_log()


def test_a_contact_keeps_its_place_while_it_is_offered() -> None:
    desk = desk_of(AgentSettings(id=A, capacity=30, available=True))
    first = desk.opens()
    later = desk.opens()
    desk.reject(desk.offer(first).id, "a")
    assert (desk.contact(first).phase, desk.contact(later).phase) == (OFFERED, WAITING)


def test_the_desks_downtime_is_nobodys_miss() -> None:
    desk = desk_of("a", "b")
    contact = desk.opens()
    desk.wait(minutes=10)
    assert [type(event) for event in desk.another_leads()] == [OfferRenewed]
    assert desk.told(OfferTimedOut) == []
    offer = desk.offer(contact)
    assert (offer.agent, offer.expires_at) == ("a", desk.now + timedelta(seconds=20))
    assert next_due(desk.state) == offer.expires_at + timedelta(milliseconds=1)
    assert desk.accept(offer.id, "a").refused is None
    assert desk.agrees_with_its_log()


def test_a_new_epoch_without_offers_has_nothing_to_say() -> None:
    desk = desk_of("a")
    assert desk.ask(StartEpoch()).commit is None


def test_what_came_due_before_the_desk_went_down_has_come_due() -> None:
    desk = Desk(settings("a", "b", inboxes=LIVE, within=None), limit=1)
    desk.opens()
    while desk.tick():
        pass
    desk.wait(seconds=30)
    desk.opens()  # one event a commit: the time-out is recorded, and what follows from it still to come
    assert desk.told(OfferTimedOut) != []
    desk.another_leads()
    while desk.tick():
        pass
    assert desk.agrees_with_its_log()


@pytest.mark.parametrize("seconds", [0, -1, 0.0001])
def test_an_offer_time_that_is_none_is_a_fault_of_the_settings(seconds: float) -> None:
    wrong = [InboxSettings(channel=EMAIL, id=SUPPORT, offer_for=timedelta(seconds=seconds))]
    desk = Desk()
    step = desk.ask(ApplySettings(settings=settings("a", inboxes=wrong)))
    assert step.refused is not None
    assert "an offer holds for some whole milliseconds" in step.refused.detail


def test_an_offer_whose_time_is_over_is_not_answered_though_its_end_is_still_behind_what_a_full_commit_left() -> None:
    desk = Desk(settings("a", "b", inboxes=LIVE), limit=2)
    contact = desk.opens()
    while next_due(desk.state) == desk.state.now:
        desk.tick()
    offer = desk.offer(contact)
    for _ in range(4):  # their breaches and rings are due before the offer's end
        desk.opens(at=NOON - timedelta(hours=2))
    desk.wait(hours=3)
    assert refused(desk, offer.id) == "timed_out"
    assert desk.told(OfferAccepted) == []
