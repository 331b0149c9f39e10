"""Contacts that turn out to be one, and that turn out to be two again; and those that we begin."""

from frontline.contract.ids import ContactId
from frontline.contract.message import Presence, ThreadEvidence
from router.core.contact import ASSIGNED, MERGED, RESOLVED, WAITING_CUSTOMER
from router.core.event import ContactReopened
from router.core.event_clock import ClockStarted, ClockWithdrawn
from tests.unit.router_core.driver import Desk, settings
from tests.unit.router_core.live import ALL, CHAT


def two(desk: Desk) -> tuple[ContactId, ContactId]:
    return desk.opens("ann", binds=["ann"]), desk.opens("bob", binds=["bob"])


def test_what_is_written_to_a_merged_contact_comes_to_the_one_that_it_goes_on_in() -> None:
    desk = Desk(settings("a"))
    gone, stays = two(desk)
    assert desk.merge(gone, stays).refused is None
    assert desk.contact(gone).phase == MERGED
    later = desk.mail("ann", finds=[("ann", ThreadEvidence.REFERENCE)])
    desk.must(later)
    assert desk.state.contact_of(later.key) == stays


def test_a_merged_contact_takes_no_room_and_its_clocks_stop() -> None:
    desk = Desk(settings("a"))
    gone, stays = two(desk)
    desk.merge(gone, stays)
    assert [(event.contact, event.reason) for event in desk.told(ClockWithdrawn)] == [(gone, "merged")]
    (agent,) = desk.state.agents.values()
    assert (list(agent.held), agent.load) == ([stays], 10)


def test_a_chain_of_merges_leads_to_the_last_and_a_circle_is_refused() -> None:
    desk = Desk(settings("a"))
    (first, second), third = two(desk), desk.opens("cem")
    desk.merge(first, second)
    desk.merge(second, third)
    refused = desk.merge(third, first).refused
    assert refused is not None
    assert refused.conflict == "same_contact"
    later = desk.mail("ann", finds=[("ann", ThreadEvidence.REFERENCE)])
    desk.must(later)
    assert desk.state.contact_of(later.key) == third


def test_a_merge_can_be_undone_and_what_waited_for_an_answer_waits_again() -> None:
    desk = Desk(settings("a"))
    gone, stays = two(desk)
    desk.merge(gone, stays)
    desk.wait(minutes=5)
    assert desk.unmerge(gone).refused is None
    assert (desk.contact(gone).phase, desk.contact(gone).merged_into) == (ASSIGNED, None)
    again = desk.told(ClockStarted)[-1]
    assert (again.contact, again.at) == (gone, desk.now)
    later = desk.mail("ann", finds=[("ann", ThreadEvidence.REFERENCE)])
    desk.must(later)
    assert desk.state.contact_of(later.key) == gone


def test_a_contact_in_work_opens_the_resolved_one_that_it_is_merged_into() -> None:
    desk = Desk(settings("a"))
    gone, stays = two(desk)
    desk.resolve(stays)
    desk.merge(gone, stays)
    (reopened,) = desk.told(ContactReopened)
    assert (reopened.contact, reopened.rule) == (stays, "merged")


def test_a_chat_is_never_merged_away_from_its_visitor() -> None:
    desk = Desk(settings("a", inboxes=ALL))
    chat, mail = desk.opens("ann", inbox=CHAT, presence=Presence.LIVE), desk.opens("bob")
    refused = desk.merge(chat, mail).refused
    assert refused is not None
    assert refused.conflict == "live_channel"
    assert desk.merge(mail, chat).refused is None


def test_nothing_is_done_with_a_contact_that_goes_on_in_another() -> None:
    desk = Desk(settings("a"))
    gone, stays = two(desk)
    desk.merge(gone, stays)
    for step in (desk.resolve(gone), desk.transfer(gone, "a", to="a"), desk.change_lane(gone, "a", "vip")):
        assert step.refused is not None
        assert step.refused.conflict == "merged"
    assert desk.contact(stays).phase != RESOLVED


def test_a_contact_that_we_begin_waits_for_the_customer_without_a_clock_and_comes_back_to_who_wrote() -> None:
    desk = Desk(settings("a", "b"))
    contact = desk.write_first("ann", "b", keys=["ours"])
    assert desk.contact(contact).phase == WAITING_CUSTOMER
    assert desk.told(ClockStarted) == []
    desk.wait(hours=20)
    desk.must(desk.mail("ann", finds=[("ours", ThreadEvidence.TOKEN)]))
    assert desk.holder(contact) == "b"
    (clock,) = desk.told(ClockStarted)
    assert (clock.target, clock.at) == ("first_response", desk.now)
