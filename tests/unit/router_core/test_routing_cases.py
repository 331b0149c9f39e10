"""Cases of routing that other systems get wrong, by their numbers in the design's list (54 to 66)."""

from datetime import timedelta

import msgspec

from frontline.contract.ids import AgentId, ContactId, InboxId, OfferId
from frontline.contract.message import MessageKind, Presence
from router.core.contact import OFFERED, WAITING
from router.core.desk_settings import InboxSettings, RingSettings
from router.core.event import ContactAssigned, ContactOffered, OfferAccepted, OfferRenewed, RingOpened
from tests.unit.router_core.driver import EMAIL, Desk, settings
from tests.unit.router_core.live import ALL, LINE, MAIL, calls, chats, desk_with, person, takes, tells

MINUTE = timedelta(minutes=1)
THREE_RINGS = (RingSettings(), RingSettings(after=MINUTE), RingSettings(after=2 * MINUTE, skills=False))


def offered_to_one_without_the_skill() -> tuple[Desk, ContactId]:
    """A call that asks for French, in the last of three rings: whoever speaks it is not there."""
    french = InboxSettings(channel=EMAIL, id=LINE, cost=100, live=True, offer_for=20 * MINUTE, skills=("french",))
    people = person("speaks", "french", available=False), person("other")
    desk = desk_with(*people, inboxes=[french], rings=THREE_RINGS)
    return desk, calls(desk)


def test_rule_2_9_case_54_two_agents_accept_at_once_and_one_of_them_wins() -> None:
    desk = desk_with(person("a"), person("b"))
    offer = desk.offer(calls(desk))
    first, second = desk.accept(offer.id, offer.agent), desk.accept(offer.id, "b" if offer.agent == "a" else "a")
    assert first.refused is None
    assert second.refused is not None
    assert (second.refused.conflict, len(desk.told(ContactAssigned))) == ("not_yours", 1)


def test_rule_2_9_case_55_an_accept_in_the_very_instant_of_the_time_out_wins_and_a_millisecond_later_loses() -> None:
    for late, taken in ((0, True), (1, False)):
        desk = desk_with(person("a"))
        offer = desk.offer(calls(desk))
        desk.wait(seconds=20, milliseconds=late)
        assert (desk.accept(offer.id, "a").refused is None) == taken
        assert len(desk.told(OfferAccepted)) == taken


def test_rule_2_9_case_56_an_accept_of_an_agent_who_went_offline_is_refused_and_says_why() -> None:
    desk = desk_with(person("a"), person("b"))
    offer = desk.offer(calls(desk))
    desk.available(offer.agent, "offline")
    refused = desk.accept(offer.id, offer.agent).refused
    assert refused is not None
    assert refused.conflict == "withdrawn"


def test_case_57_a_call_comes_to_an_agent_with_four_of_five_chats() -> None:
    """Chats and calls are one capacity: it waits, and whoever frees enough of it is asked."""
    desk = desk_with(person("a", capacity=150))
    talks = [chats(desk, f"visitor-{n}") for n in range(4)]
    call = calls(desk)
    assert desk.contact(call).phase == WAITING
    for talk in talks[:3]:
        assert desk.contact(call).phase == WAITING
        desk.resolve(talk)
    assert desk.contact(call).phase == OFFERED


def test_case_57_wrap_up_holds_capacity_and_a_capacity_lowered_below_the_load_gives_nothing_more() -> None:
    desk = desk_with(person("a"))
    call = calls(desk)
    takes(desk, call)
    tells(desk, call, Presence.LEFT, kind=MessageKind.CALL)
    desk.must_apply(settings(person("a", capacity=50), inboxes=ALL, version=2))
    chat = chats(desk, "bob")
    assert (desk.holder(call), desk.contact(chat).phase) == ("a", WAITING)
    desk.wait(seconds=30)
    desk.tick()
    assert desk.holder(chat) == "a"


def test_case_58_a_freed_agent_gets_the_oldest_over_all_queues_by_priority_and_age() -> None:
    lanes = [InboxSettings(channel=EMAIL, id=InboxId(lane), lane=lane) for lane in ("low", "normal", "vip")]
    desk = desk_with(person("a", capacity=10), inboxes=lanes, age_after=30 * MINUTE)
    holding = desk.opens(inbox=InboxId("vip"))
    old = desk.opens(inbox=InboxId("low"))
    desk.wait(hours=2)
    desk.tick()
    desk.opens(inbox=InboxId("normal"))
    desk.opens(inbox=InboxId("vip"))
    desk.resolve(holding)
    assert desk.holder(old) == "a"


def test_case_59_a_sticky_agent_who_is_offline_full_or_gone_holds_nobody_up() -> None:
    waits = InboxSettings(channel=EMAIL, id=MAIL, sticky_for=5 * MINUTE)
    desk = desk_with(person("off", available=False), person("full", capacity=5), person("a"), inboxes=[waits])
    assert desk.holder(desk.opens(knows="off")) == "a"
    assert desk.holder(desk.opens(knows="gone")) == "a"
    patient = desk.opens(knows="full")
    assert desk.contact(patient).phase == WAITING
    desk.wait(minutes=5)
    desk.tick()
    assert desk.holder(patient) == "a"


def test_case_59_a_reopened_contact_of_an_agent_who_left_the_company_goes_to_somebody_else() -> None:
    desk = desk_with(person("a"), person("b"))
    contact = desk.opens(inbox=MAIL, knows="a")
    assert desk.holder(contact) == "a"
    desk.resolve(contact)
    desk.must_apply(settings(person("b"), inboxes=ALL, version=2))
    desk.reopen(contact, "b")
    assert desk.holder(contact) == "b"


def test_case_60_the_times_of_rings_add_up_from_the_beginning_and_rejections_do_not_restart_them() -> None:
    rings = (
        RingSettings(),
        RingSettings(after=MINUTE, skills=False),
        RingSettings(after=2 * MINUTE, skills=False, off_duty=True),
    )
    line = InboxSettings(
        channel=EMAIL, id=LINE, cost=100, live=True, offer_for=timedelta(seconds=20), skills=("french",)
    )
    desk = desk_with(person("speaks", "french"), person("other"), inboxes=[line], rings=rings)
    call = calls(desk)
    began = desk.now
    for seconds in (15, 15, 15):
        desk.wait(seconds=seconds)
        offer = desk.offer(call)
        desk.reject(offer.id, offer.agent)
    while len(desk.told(RingOpened)) < 2:
        desk.wait(seconds=5)
        desk.tick()
    assert [(event.ring, event.at - began) for event in desk.told(RingOpened)] == [(1, MINUTE), (2, 2 * MINUTE)]


def test_a_contact_is_held_on_when_the_ring_that_it_was_taken_in_is_no_more() -> None:
    desk = desk_with(person("full", capacity=0), person("late", available=False), rings=THREE_RINGS)
    chat = chats(desk)
    desk.wait(seconds=121)
    desk.tick()
    desk.available("late")
    assert (desk.contact(chat).ring, desk.holder(chat)) == (2, "late")
    fewer = settings(person("full", capacity=0), person("late", available=False), inboxes=ALL, version=2)
    desk.must_apply(msgspec.structs.replace(fewer, rings=THREE_RINGS[:1]))
    tells(desk, chat, Presence.LEFT)
    assert desk.holder(chat) == "late"


def test_rule_2_5_who_is_offered_a_contact_as_its_ring_goes_and_rejects_it_is_not_asked_by_that_ring_again() -> None:
    desk, call = offered_to_one_without_the_skill()
    assert (desk.contact(call).ring, desk.offer(call).agent) == (2, "other")
    desk.must_apply(msgspec.structs.replace(desk.state.settings, version=2, rings=THREE_RINGS[:2]))
    desk.reject(desk.offer(call).id, "other")
    assert (desk.contact(call).phase, desk.contact(call).ring) == (WAITING, 1)
    assert desk.agrees_with_its_log()


def test_rule_2_5_rings_that_go_and_come_during_an_offer_open_for_who_is_there_once_it_is_rejected() -> None:
    desk, call = offered_to_one_without_the_skill()
    for version, known in ((2, THREE_RINGS[:2]), (3, THREE_RINGS)):
        desk.must_apply(msgspec.structs.replace(desk.state.settings, version=version, rings=known))
    desk.reject(desk.offer(call).id, "other")
    assert [event.ring for event in desk.told(RingOpened)] == [2, 2]
    assert desk.offer(call).agent == "other"


def test_case_61_a_ring_is_skipped_and_somebody_comes_into_it_in_the_same_millisecond() -> None:
    rings = (RingSettings(), RingSettings(after=5 * MINUTE, skills=False))
    french = InboxSettings(channel=EMAIL, id=MAIL, skills=("french",))
    desk = desk_with(
        person("speaks", "french", available=False), person("full", capacity=0), inboxes=[french], rings=rings
    )
    contact = desk.opens()
    assert desk.contact(contact).ring == 1
    desk.available("speaks")
    assert desk.holder(contact) == "speaks"


def test_case_62_everybody_rejects_and_it_is_never_dropped() -> None:
    desk = desk_with(person("a"), person("b"))
    call = calls(desk)
    for _ in range(6):
        offer = desk.offer(call)
        desk.reject(offer.id, offer.agent)
    assert desk.contact(call).phase == OFFERED
    assert desk.contact(call).round == 4


def test_case_63_an_agent_who_is_deleted_leaves_their_work_at_the_front() -> None:
    desk = desk_with(person("a"), person("b", capacity=10))
    mine = desk.opens(inbox=MAIL)
    assert desk.holder(mine) == "a"
    holding = desk.opens(inbox=MAIL)
    desk.must_apply(settings(person("b", capacity=10), inboxes=ALL, version=2))
    assert (desk.holder(mine), desk.contact(mine).front, desk.holder(holding)) == (None, True, "b")


def test_case_65_a_restart_loses_no_offer_makes_none_twice_and_keeps_the_order() -> None:
    desk = desk_with(person("a"))
    first, second, third = calls(desk, "ann"), calls(desk, "bob"), calls(desk, "cem")
    offer = desk.offer(first)
    desk.wait(hours=1)
    desk.another_leads()
    (renewed,) = desk.told(OfferRenewed)
    assert (renewed.offer, renewed.expires_at) == (offer.id, desk.now + timedelta(seconds=20))
    assert desk.accept(offer.id, "a").refused is None
    desk.resolve(first)
    assert desk.contact(second).phase == OFFERED
    assert desk.contact(third).phase == WAITING
    assert len({event.offer for event in desk.told(ContactOffered)}) == len(desk.told(ContactOffered))


def test_case_66_ten_thousand_after_a_night_and_one_agent_at_eight() -> None:
    desk = desk_with(person("a", capacity=20, available=False), inboxes=ALL)
    night = [desk.opens(f"customer-{n}", inbox=MAIL) for n in range(10_000)]
    desk.available("a")
    assert list(desk.state.agents[AgentId("a")].held) == night[:2]
    desk.resolve(night[0])
    desk.resolve(night[1])
    assert list(desk.state.agents[AgentId("a")].held) == night[2:4]
    assert OfferId("") not in desk.state.offers
