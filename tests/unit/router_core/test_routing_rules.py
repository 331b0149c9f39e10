"""The rules of assignment, one by one, by the numbers that they have in the design's rule book (2.1 to 2.11)."""

from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import AgentId, InboxId
from frontline.contract.message import MessageKind, Presence, ThreadEvidence
from router.core.contact import ASSIGNED, OFFERED, RESOLVED, WAITING
from router.core.desk_settings import DeskSettings, InboxSettings, RingSettings
from router.core.event import (
    AlarmRaised,
    ContactAged,
    ContactAssigned,
    ContactClosed,
    ContactOffered,
    ContactUnassigned,
    OfferWithdrawn,
    RingOpened,
    WrapUpEnded,
)
from router.core.event_clock import ClockMet
from tests.unit.router_core.driver import EMAIL, Desk, settings
from tests.unit.router_core.live import ALL, CALLS, CHAT, LINE, MAIL, calls, chats, desk_with, person, takes, tells

MINUTE = timedelta(minutes=1)


def test_rule_2_1_a_contact_goes_to_who_is_available_has_all_skills_and_has_room() -> None:
    french = InboxSettings(channel=EMAIL, id=InboxId("french"), skills=("french", "billing"))
    desk = desk_with(
        person("gone", "french", "billing", available=False),
        person("half", "french"),
        person("full", "french", "billing", capacity=5),
        person("right", "billing", "french"),
        inboxes=[french],
    )
    assert desk.holder(desk.opens(inbox=french.id)) == "right"


def test_rule_2_2_a_call_is_put_over_mail_that_is_held_already_and_never_over_a_call() -> None:
    desk = desk_with(person("a"))
    mails = [desk.opens(inbox=MAIL) for _ in range(10)]
    assert [desk.holder(mail) for mail in mails] == ["a"] * 10
    first = calls(desk, "ann")
    assert takes(desk, first) == "a"
    agent = desk.state.agents[AgentId("a")]
    assert (agent.live_load, agent.load) == (100, 200)
    second = calls(desk, "bob")
    assert desk.contact(second).phase == WAITING


def test_rule_2_2_mail_is_given_only_while_live_and_written_load_stay_within_the_capacity() -> None:
    desk = desk_with(person("a"))
    three = [chats(desk, name) for name in ("ann", "bob", "cem")]
    assert [desk.holder(chat) for chat in three] == ["a"] * 3
    assert [desk.holder(desk.opens(inbox=MAIL)) for _ in range(2)] == ["a", None]


def test_rule_2_2_a_text_message_takes_no_more_than_a_mail_and_asks_nobody() -> None:
    desk = desk_with(person("a"))
    text = desk.opens(inbox=LINE)
    assert (desk.holder(text), desk.contact(text).line.need.cost) == ("a", 10)
    assert desk.told(ContactOffered) == []


def test_rule_2_2_wrapping_up_holds_the_room_until_its_time_is_over() -> None:
    desk = desk_with(person("a"))
    call = calls(desk)
    takes(desk, call)
    tells(desk, call, Presence.LEFT, kind=MessageKind.CALL)
    waiting = calls(desk, "bob")
    assert (desk.holder(call), desk.contact(waiting).phase) == ("a", WAITING)
    desk.wait(seconds=30)
    desk.tick()
    (ended,) = desk.told(WrapUpEnded)
    assert (ended.contact, ended.agent) == (call, "a")
    assert (desk.contact(waiting).phase, desk.contact(call).phase) == (OFFERED, ASSIGNED)
    assert desk.contact(call).line.need.cost == 10


def test_rule_2_2_resolving_ends_the_wrapping_up() -> None:
    desk = desk_with(person("a"))
    call = calls(desk)
    takes(desk, call)
    tells(desk, call, Presence.LEFT, kind=MessageKind.CALL)
    desk.resolve(call)
    assert desk.state.agents[AgentId("a")].load == 0
    desk.wait(minutes=1)
    desk.tick()
    assert desk.told(WrapUpEnded) == []


def test_rule_2_3_a_waiting_contact_moves_up_a_lane_after_a_set_time_and_never_above_improvement() -> None:
    inboxes = [InboxSettings(channel=EMAIL, id=InboxId(lane), lane=lane) for lane in ("low", "security")]
    desk = desk_with(inboxes=inboxes, age_after=10 * MINUTE)
    low, security = desk.opens(inbox=InboxId("low")), desk.opens(inbox=InboxId("security"))
    for _ in range(9):
        desk.wait(minutes=10)
        desk.tick()
    steps = [(event.contact, event.steps) for event in desk.told(ContactAged)]
    assert steps == [(low, 1), (low, 2), (low, 3)]
    assert desk.contact(security).aged == 0


def test_rule_2_3_an_aged_contact_comes_before_the_native_ones_of_the_lane_that_it_has_come_to() -> None:
    inboxes = [InboxSettings(channel=EMAIL, id=InboxId(lane), lane=lane) for lane in ("low", "normal")]
    desk = desk_with(inboxes=inboxes, age_after=10 * MINUTE)
    old = desk.opens(inbox=InboxId("low"))
    desk.wait(minutes=10)
    desk.tick()
    young = desk.opens(inbox=InboxId("normal"), at=desk.now - timedelta(minutes=30))
    desk.must_apply(
        msgspec.structs.replace(settings(person("a", capacity=10), inboxes=inboxes), version=2, age_after=10 * MINUTE)
    )
    assert (desk.holder(old), desk.holder(young)) == ("a", None)


def test_rule_2_3_only_security_passes_improvement_and_there_everybody_competes_by_arrival() -> None:
    names = ("security", "improvement", "vip")
    inboxes = [InboxSettings(channel=EMAIL, id=InboxId(lane), lane=lane) for lane in names]
    desk = desk_with(person("a", capacity=10), inboxes=inboxes, age_after=10 * MINUTE)
    holding = desk.opens(inbox=InboxId("vip"))
    aged = desk.opens(inbox=InboxId("vip"))
    desk.wait(minutes=5)
    idea = desk.opens(inbox=InboxId("improvement"), at=desk.now - timedelta(hours=1))
    desk.wait(minutes=5)
    desk.tick()
    urgent = desk.opens(inbox=InboxId("security"))
    order = []
    current: object = holding
    while current is not None:
        desk.resolve(current)  # type: ignore[arg-type]
        current = next(iter(desk.state.agents[AgentId("a")].held), None)
        order.append(current)
    assert order == [urgent, aged, idea, None]


def test_rule_2_4_the_agent_who_knows_the_customer_is_asked_first_for_a_short_while() -> None:
    sticky = InboxSettings(channel=EMAIL, id=MAIL, sticky_for=MINUTE)
    desk = desk_with(person("a"), person("b", capacity=10), inboxes=[sticky])
    full = desk.opens(knows="b")
    assert desk.holder(full) == "b"
    waits = desk.opens("bob", knows="b")
    assert desk.contact(waits).phase == WAITING
    desk.wait(minutes=1)
    desk.tick()
    assert desk.holder(waits) == "a"
    rules = [event.rule for event in desk.told(ContactAssigned)]
    assert rules == ["sticky", "longest_idle"]


@pytest.mark.parametrize(
    "strategy,order",
    [
        ("longest_idle", ["a", "b", "a"]),
        ("least_loaded", ["a", "b", "b"]),
        ("round_robin", ["a", "b", "a"]),
    ],
)
def test_rule_2_4_who_of_those_with_room_comes_first_is_a_strategy(strategy: str, order: list[str]) -> None:
    small = InboxSettings(channel=EMAIL, id=InboxId("small"), cost=5)
    large = InboxSettings(channel=EMAIL, id=InboxId("large"), cost=20)
    desk = desk_with(person("a"), person("b"), inboxes=[small, large], strategy=strategy)
    got = [desk.holder(desk.opens(inbox=inbox)) for inbox in (large.id, small.id, small.id)]
    assert got == order
    assert {event.rule for event in desk.told(ContactAssigned)} == {strategy}


def test_rule_2_5_rings_open_by_the_time_since_the_contact_began_to_wait() -> None:
    rings = (RingSettings(), RingSettings(after=5 * MINUTE, skills=False))
    french = InboxSettings(channel=EMAIL, id=MAIL, skills=("french",))
    desk = desk_with(person("speaks", "french", capacity=0), person("plain"), inboxes=[french], rings=rings)
    contact = desk.opens()
    assert desk.contact(contact).phase == WAITING
    desk.wait(minutes=5)
    desk.tick()
    (opened,) = desk.told(RingOpened)
    assert (opened.ring, opened.rule, desk.holder(contact)) == (1, "time", "plain")


def test_rule_2_5_a_ring_with_nobody_in_it_is_skipped_at_once() -> None:
    rings = (RingSettings(), RingSettings(after=5 * MINUTE, skills=False))
    french = InboxSettings(channel=EMAIL, id=MAIL, skills=("french",))
    desk = desk_with(person("speaks", "french"), person("plain"), inboxes=[french], rings=rings)
    desk.available("speaks", "away")
    contact = desk.opens()
    (opened,) = desk.told(RingOpened)
    assert (opened.ring, opened.rule, desk.holder(contact)) == (1, "nobody_there", "plain")


def test_rule_2_5_at_night_rings_wait_for_whoever_comes_first() -> None:
    """With nobody in any ring there is none to skip to."""
    rings = (RingSettings(), RingSettings(after=5 * MINUTE, skills=False))
    french = InboxSettings(channel=EMAIL, id=MAIL, skills=("french",))
    desk = desk_with(
        person("speaks", "french", available=False), person("plain", available=False), inboxes=[french], rings=rings
    )
    contact = desk.opens()
    assert desk.told(RingOpened) == []
    desk.available("plain")
    assert desk.holder(contact) == "plain"


def test_rule_2_6_a_live_contact_is_offered_and_what_is_written_is_assigned_unasked() -> None:
    desk = desk_with(person("a"), person("b"))
    assert desk.contact(calls(desk)).phase == OFFERED
    assert desk.contact(desk.opens(inbox=MAIL)).phase == ASSIGNED


def test_rule_2_7_a_freed_agent_gets_the_first_that_they_may_take_over_all_inboxes() -> None:
    desk = desk_with(person("a", capacity=30))
    chat = chats(desk)
    desk.wait(seconds=1)
    mail = desk.opens("bob", inbox=MAIL)
    desk.wait(seconds=1)
    other = chats(desk, "cem")
    desk.resolve(chat)
    assert (desk.holder(mail), desk.holder(other)) == ("a", "a")
    assert desk.state.agents[AgentId("a")].live_load == 30


def test_rule_2_8_live_contacts_of_who_is_offline_go_to_the_front_after_a_grace_and_mail_stays() -> None:
    desk = desk_with(person("a"), offline_grace=MINUTE)
    chat, mail = chats(desk), desk.opens("bob", inbox=MAIL)
    desk.available("a", "offline")
    desk.wait(seconds=59)
    desk.tick()
    assert desk.holder(chat) == "a"
    desk.wait(seconds=1)
    desk.tick()
    (back,) = desk.told(ContactUnassigned)
    assert (back.contact, back.rule, back.front) == (chat, "agent_offline", True)
    assert (desk.contact(chat).phase, desk.holder(mail)) == (WAITING, "a")


def test_rule_2_8_who_is_back_within_the_grace_keeps_everything() -> None:
    desk = desk_with(person("a"), offline_grace=MINUTE)
    chat = chats(desk)
    desk.available("a", "offline")
    desk.wait(seconds=30)
    desk.available("a")
    desk.wait(minutes=2)
    desk.tick()
    assert desk.holder(chat) == "a"


def test_rule_2_9_an_offer_whose_customer_left_is_withdrawn_and_a_later_yes_is_told_why() -> None:
    desk = desk_with(person("a"))
    call = calls(desk)
    offer = desk.offer(call)
    tells(desk, call, Presence.LEFT, kind=MessageKind.CALL)
    late = desk.accept(offer.id, "a")
    (withdrawn,) = desk.told(OfferWithdrawn)
    assert withdrawn.reason == "customer_left"
    assert late.refused is not None
    assert late.refused.conflict == "withdrawn"
    assert desk.holder(call) == "a"  # now a missed call, to be called back


def test_rule_2_10_what_nobody_takes_waits_in_the_last_ring_with_an_alarm_and_is_never_dropped() -> None:
    desk = desk_with(person("a", capacity=0), alarm_after=10 * MINUTE)
    contact = desk.opens()
    desk.wait(minutes=10)
    desk.tick()
    (alarm,) = desk.told(AlarmRaised)
    assert (alarm.contact, desk.contact(contact).phase) == (contact, WAITING)
    desk.wait(hours=48)
    desk.tick()
    assert len(desk.told(AlarmRaised)) == 1
    assert desk.contact(contact).phase == WAITING


def test_an_answered_call_is_a_reply_and_meets_the_clock_at_that_instant() -> None:
    desk = desk_with(person("a"))
    call = calls(desk)
    takes(desk, call)
    desk.wait(seconds=7)
    tells(desk, call, Presence.ANSWERED, kind=MessageKind.CALL)
    (met,) = desk.told(ClockMet)
    assert (met.contact, met.at, met.late) == (call, desk.now, False)


def test_a_survey_and_what_merely_happened_reopen_nothing_and_start_no_clock() -> None:
    desk = desk_with(person("a"))
    chat = chats(desk)
    desk.reply(chat)
    desk.resolve(chat)
    for kind in (MessageKind.SURVEY, MessageKind.SYSTEM):
        desk.must(desk.mail("ann", inbox=CHAT, kind=kind, finds=[("chat-ann", ThreadEvidence.TOKEN)]))
    assert desk.contact(chat).phase == RESOLVED


def test_a_visitor_who_comes_back_goes_on_with_who_had_them_if_there_is_room() -> None:
    desk = desk_with(person("a", capacity=30), person("b"))
    chat = chats(desk)
    tells(desk, chat, Presence.LEFT)
    assert (desk.holder(chat), desk.contact(chat).live) == ("a", False)
    tells(desk, chat, Presence.LIVE)
    assert (desk.holder(chat), desk.contact(chat).live) == ("a", True)


def test_a_visitor_who_comes_back_to_a_full_agent_goes_to_somebody_with_room() -> None:
    desk = desk_with(person("a", capacity=30), person("b"))
    chat = chats(desk)
    tells(desk, chat, Presence.LEFT)
    other = chats(desk, "bob")
    third = chats(desk, "cem")
    assert {desk.holder(other), desk.holder(third)} == {"a", "b"}
    tells(desk, chat, Presence.LIVE)
    assert desk.holder(chat) == "b"
    assert all(agent.live_load <= agent.capacity for agent in desk.state.agents.values())


def test_who_calls_again_rings_first_at_who_has_the_contact() -> None:
    desk = desk_with(person("a"), person("b"))
    call = calls(desk)
    first = takes(desk, call)
    tells(desk, call, Presence.LEFT, kind=MessageKind.CALL)
    tells(desk, call, Presence.LIVE, kind=MessageKind.CALL)
    assert desk.offer(call).agent == first


def test_a_contact_resolved_for_long_is_closed_and_a_message_after_that_opens_a_linked_one() -> None:
    desk = desk_with(person("a"), reopen_for=timedelta(days=14))
    first = desk.opens(inbox=MAIL, binds=["thread"])
    desk.resolve(first)
    desk.wait(days=14)
    desk.tick()
    (closed,) = desk.told(ContactClosed)
    assert (closed.contact, first in desk.state.contacts) == (first, False)
    again = desk.opens(inbox=MAIL, finds=[("thread", ThreadEvidence.TOKEN)])
    assert desk.contact(again).linked_to == first


def test_settings_that_change_the_rings_count_from_when_each_contact_began_to_wait() -> None:
    def having(*rings: RingSettings, version: int) -> DeskSettings:
        plain = settings(person("a", capacity=0), inboxes=ALL, version=version)
        return msgspec.structs.replace(plain, rings=rings)

    desk = Desk(having(RingSettings(), version=1))
    contact = desk.opens(inbox=MAIL)
    desk.wait(minutes=4)
    desk.must_apply(having(RingSettings(), RingSettings(after=5 * MINUTE, skills=False), version=2))
    desk.wait(minutes=1)
    desk.tick()
    assert desk.contact(contact).ring == 1
    assert CALLS.live


def test_a_call_that_is_opened_again_by_an_agent_is_work_in_writing_and_a_new_call_in_it_is_put_through() -> None:
    desk = desk_with(person("a"))
    call = calls(desk)
    takes(desk, call)
    tells(desk, call, Presence.LEFT, kind=MessageKind.CALL)
    desk.resolve(call)
    desk.reopen(call)
    assert (desk.contact(call).phase, desk.holder(call)) == (ASSIGNED, "a")
    tells(desk, call, Presence.LIVE, kind=MessageKind.CALL)
    assert desk.offer(call).agent == "a"
