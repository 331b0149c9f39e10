"""A transfer between desks: who has the contact, who fires its clocks, what becomes of what comes meanwhile."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import DeliveryState, Presence, ThreadEvidence
from router.core.clock import Clock
from router.core.command import (
    EraseCustomer,
    Promise,
    RecordDelivery,
    SettleTransfer,
    TakeContact,
    TransferContact,
    WaitFor,
)
from router.core.contact import TRANSFERRING, WAITING
from router.core.desk_settings import AgentSettings, DeskSettings, EscalationSettings, InboxSettings, PolicySettings
from router.core.event import ContactOffered, ContactOpened, OfferWithdrawn
from router.core.event_clock import ClockBreached, ClockMet, ClockStarted, ClockWarned
from router.core.event_erased import ContactErased
from router.core.event_escalation import Escalated
from router.core.event_transfer import ContactTaken, TransferBegun, TransferRefused, TransferTaken
from router.core.gone import KEPT
from router.core.parcel import CarriedClock, CarriedTerm
from router.core.snapshot import restore, save
from router.core.state import fingerprint
from router.core.term import Term
from router.core.trail import HOP_LIMIT
from tests.unit.router_core.driver import EMAIL, NOON, Desk
from tests.unit.router_core.sla_desk import HOUR, OFFICE, closed, target
from tests.unit.router_core.two_desks import CHAT, SITE, World, desk

A, B, C = DeskId("a"), DeskId("b"), DeskId("c")
THREAD = [("thread", ThreadEvidence.REFERENCE)]
MINUTE = timedelta(minutes=1)


def two(**more: object) -> tuple[Desk, Desk, World]:
    one, other = desk("a", "ann-a"), desk("b", "bob-b", **more)  # type: ignore[arg-type]
    return one, other, World(one, other)


def opened(one: Desk, **more: object) -> ContactId:
    return one.opens("customer", binds=["thread"], inbox=InboxId("a"), **more)


def agree(*desks: Desk) -> None:
    for each in desks:
        assert each.agrees_with_its_log()
        assert fingerprint(restore(save(each.state))) == fingerprint(each.state)


def breaches(*desks: Desk) -> list[tuple[str, ClockBreached]]:
    return [(each.state.desk, event) for each in desks for event in each.told(ClockBreached)]


def test_a_contact_goes_to_the_other_desk_and_to_whoever_is_there() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    assert contact not in one.state.contacts
    assert other.holder(contact) == "bob-b"
    [taken] = other.told(ContactTaken)
    assert (taken.desk, taken.parcel.by, taken.parcel.moves) == (A, "ann-a", 1)
    agree(one, other)


def test_until_the_other_desk_has_said_yes_it_stays_here_and_is_nobodys() -> None:
    one, other, world = two()
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    assert one.contact(contact).phase == TRANSFERRING
    assert one.holder(contact) is None
    assert one.state.agents[AgentId("ann-a")].load == 0
    assert contact not in other.state.contacts
    agree(one)


def test_it_carries_its_clocks_with_their_whole_policies() -> None:
    policy = PolicySettings(
        id="gold",
        version=7,
        calendar="office",
        targets=(target("first_response", HOUR), target("resolution", 8 * HOUR, raises=((1.0, "vip"),))),
    )
    holiday = closed(OFFICE, "2026-03-03")
    one = desk("a", "ann-a", policy=policy, calendars=(holiday,))
    other = desk("b", "bob-b", calendars=(msgspec.structs.replace(OFFICE, zone="UTC"),))
    world = World(one, other)
    contact = opened(one)
    before = {clock.target: clock for clock in one.contact(contact).clocks}
    world.hand(contact, "ann-a", "b")
    for clock in other.contact(contact).clocks:
        former = before[clock.target]
        assert clock.term.dump() == former.term.dump()
        assert (clock.started_at, clock.due_at, clock.warnings) == (former.started_at, former.due_at, former.warnings)
    assert not other.told(ClockStarted)


def test_the_giving_desk_fires_clocks_until_the_contact_is_taken() -> None:
    one, other = desk("a", "ann-a", patience=None), desk("b", "bob-b")
    world = World(one, other)
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    world.wait(minutes=61)
    one.tick()
    world.settle()
    other.tick()
    assert other.holder(contact) == "bob-b"
    assert breaches(one, other) == [("a", one.told(ClockBreached)[0])]
    assert one.told(ClockBreached)[0].at == NOON + HOUR
    assert [event.fraction for event in one.told(ClockWarned)] == [0.5, 0.8]
    agree(one, other)


def test_what_comes_due_between_the_desks_is_told_once_with_its_true_time() -> None:
    one, other, world = two()
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    world.bring(world.words.pop(0))  # the other desk is asked
    world.bring(world.words.pop(0))  # and has said yes: this one lets go
    world.listen()
    assert contact not in one.state.contacts
    world.wait(hours=5)
    one.tick()
    world.settle()
    assert breaches(one, other) == [("b", other.told(ClockBreached)[0])]
    assert other.told(ClockBreached)[0].at == NOON + HOUR
    agree(one, other)


def test_a_breach_on_record_is_not_recorded_again_where_it_goes() -> None:
    one, other, world = two()
    contact = opened(one)
    world.wait(hours=2)
    one.tick()
    world.hand(contact, "ann-a", "b")
    other.tick()
    assert [where for where, _ in breaches(one, other)] == ["a"]
    other.reply(contact, "bob-b")
    assert other.told(ClockMet)[0].late


def test_a_reply_at_the_other_desk_meets_the_clock_that_began_here() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    other.wait(minutes=1)
    other.reply(contact, "bob-b")
    assert [event.target for event in other.told(ClockMet)] == ["first_response"]
    agree(other)


def test_a_clock_that_begins_later_runs_by_the_policy_of_the_inbox_that_it_came_by() -> None:
    policy = PolicySettings(
        id="gold", version=7, calendar="always", targets=(target("first_response", HOUR), target("next_response", HOUR))
    )
    one, other = desk("a", "ann-a", policy=policy), desk("b", "bob-b")
    world = World(one, other)
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    other.reply(contact, "bob-b")
    world.wait(minutes=5)
    assert world.write("a", one.mail("customer", inbox=InboxId("a"), finds=THREAD)) == ["a", "b"]
    [started] = other.told(ClockStarted)
    assert (started.target, started.policy, started.version) == ("next_response", "gold", 7)
    agree(one, other)


def test_a_pause_and_a_promise_go_with_it() -> None:
    policy = PolicySettings(
        id="gold",
        version=1,
        calendar="always",
        targets=(target("resolution", 4 * HOUR, pause_in=("waiting_customer",)), target("follow_up", timedelta(0))),
    )
    one, other = desk("a", "ann-a", policy=policy), desk("b", "bob-b")
    world = World(one, other)
    contact = opened(one)
    agent = AgentId("ann-a")
    due_at = one.now + 3 * HOUR
    one.must(Promise(contact=contact, agent=agent, due_at=due_at, note=MessageId("n"), draft=1))
    one.must(WaitFor(contact=contact, agent=agent, state="waiting_customer"))
    world.wait(hours=1)
    world.hand(contact, "ann-a", "b")
    clocks = {clock.target: clock for clock in other.contact(contact).clocks}
    assert clocks["resolution"].due_at == NOON + 5 * HOUR
    assert clocks["resolution"].pauses == ((NOON, NOON + HOUR),)
    assert clocks["follow_up"].due_at == due_at
    world.wait(hours=4)
    other.tick()
    assert [(event.target, event.at) for event in other.told(ClockBreached)] == [("follow_up", due_at)]
    agree(one, other)


def test_a_promise_that_no_policy_speaks_of_goes_with_it() -> None:
    one, other, world = two()
    contact = opened(one)
    due_at = one.now + 3 * HOUR
    one.must(Promise(contact=contact, agent=AgentId("ann-a"), due_at=due_at, note=MessageId("n"), draft=1))
    world.hand(contact, "ann-a", "b")
    clock = other.contact(contact).clock("follow_up")
    assert clock is not None
    assert (clock.due_at, clock.policy) == (due_at, "")
    agree(other)


def test_refused_it_waits_at_the_front_of_the_desk_that_has_it() -> None:
    one, other = desk("a", AgentSettings(id=AgentId("ann-a"), available=True, capacity=20)), Desk(name="b")
    world = World(one, other)
    contact = opened(one)
    held = opened(one, key="held")
    earlier = opened(one, key="earlier")
    later = opened(one, key="later")
    world.give(contact, "ann-a", "b")
    assert one.holder(earlier) == "ann-a"
    world.settle()
    [refused] = one.told(TransferRefused)
    assert (refused.desk, refused.reason) == (B, "not_configured")
    assert one.contact(contact).phase == WAITING
    one.resolve(held, "ann-a")
    assert one.holder(contact) == "ann-a", "it was put to the front, before who came after it"
    assert one.holder(later) is None
    agree(one)


def test_a_desk_that_never_answers_does_not_keep_it() -> None:
    one, other, world = two()
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    one.wait(minutes=11)
    one.tick()
    [refused] = one.told(TransferRefused)
    assert (refused.reason, refused.at) == ("unanswered", NOON + 10 * MINUTE)
    assert one.holder(contact) == "ann-a"
    world.settle()  # the answer comes after all, and nobody waits for it
    assert one.holder(contact) == "ann-a"
    assert contact not in other.state.contacts
    agree(one, other)


@pytest.mark.parametrize("to,skill", [("ann-a", ""), ("", "french")])
def test_it_can_be_taken_back_while_the_other_desk_is_asked(to: str, skill: str) -> None:
    one = desk("a", AgentSettings(id=AgentId("ann-a"), available=True, skills=("french",)))
    other = desk("b", "bob-b")
    world = World(one, other)
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    step = one.transfer(contact, "ann-a", to=to, skill=skill)
    assert step.refused is None
    [refused] = one.told(TransferRefused)
    assert (refused.reason, refused.agent) == ("recalled", "ann-a")
    world.settle()
    assert one.holder(contact) == "ann-a"
    assert not other.told(ContactTaken)
    agree(one)


def test_asked_again_for_the_same_desk_nothing_happens_and_for_another_one_that_is_asked() -> None:
    one, other, third = desk("a", "ann-a"), desk("b", "bob-b"), desk("c", "cem-c")
    world = World(one, other, third)
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    assert world.give(contact, "ann-a", "b") == ()
    world.give(contact, "ann-a", "c")
    world.settle()
    assert world.holder(contact) is third
    agree(one, other, third)


def test_resolved_meanwhile_it_stays() -> None:
    one, other, world = two()
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    one.resolve(contact, "ann-a")
    world.settle()
    assert one.contact(contact).phase == "resolved"
    assert not other.told(ContactTaken)
    agree(one)


def test_answered_and_written_to_meanwhile_it_goes_as_it_is_then() -> None:
    one, other, world = two()
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    one.wait(minutes=1)
    reply = one.reply(contact, "ann-a")
    assert world.write("a", one.mail("customer", inbox=InboxId("a"), finds=THREAD)) == ["a"]
    world.settle()
    moved = other.contact(contact)
    assert [id_ for id_, _ in moved.replies] == [reply]
    clock = moved.clock("first_response")
    assert clock is not None
    assert (clock.end, clock.met_by) == ("met", reply)
    agree(one, other)


def test_it_does_not_wait_for_others_meanwhile() -> None:
    one, _, world = two()
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    step = one.ask(WaitFor(contact=contact, agent=AgentId("ann-a"), state="waiting_customer"))
    assert step.refused is not None
    assert step.refused.conflict == "in_transfer"


def test_merged_away_meanwhile_it_stays_and_what_is_merged_into_it_goes_with_it() -> None:
    one, other, world = two()
    first, second, third = opened(one), opened(one, key="second"), opened(one, key="third")
    world.give(first, "ann-a", "b")
    one.merge(first, second, "ann-a")
    world.settle()
    assert one.contact(first).merged_into == second
    one.merge(third, second, "ann-a")
    world.hand(second, "ann-a", "b")
    assert other.holder(second) == "bob-b"
    named = one.mail("customer", inbox=InboxId("a"), finds=[("gone", ThreadEvidence.THREAD)])
    found = msgspec.structs.replace(named.finds[0], contact=first)
    assert world.write("a", msgspec.structs.replace(named, finds=(found,))) == ["a", "b"]
    assert other.state.contact_of(named.key) == second
    agree(one, other)


def test_an_offer_is_withdrawn_and_who_is_at_the_other_end_is_offered_there() -> None:
    chat = InboxSettings(
        channel=CHAT,
        id=SITE,
        cost=30,
        live=True,
        offer_for=timedelta(seconds=20),
        policy="a-policy",
        skills=("german",),
    )
    german = AgentSettings(id=AgentId("ann-a"), available=True, skills=("german",))
    one, other = desk("a", german, inboxes=(chat,)), desk("b", "bob-b")
    world = World(one, other)
    message = msgspec.structs.replace(one.mail("visitor", presence=Presence.LIVE), channel=CHAT, inbox=SITE)
    one.must(message)
    contact = message.new_contact
    assert one.contact(contact).offer is not None
    world.hand(contact, "ann-a", "b")
    assert [event.reason for event in one.told(OfferWithdrawn)] == ["transferred"]
    moved = other.contact(contact)
    assert (moved.live, moved.line.need.cost, moved.skills) == (True, 30, ())
    [offered] = other.told(ContactOffered)
    assert (offered.agent, offered.expires_at - offered.at) == ("bob-b", timedelta(seconds=20))
    assert offered.offer not in {event.offer for event in one.told(ContactOffered)}, "an offer's id is its own"
    left = msgspec.structs.replace(
        one.mail("visitor", presence=Presence.LEFT, finds=[("nothing", ThreadEvidence.THREAD)]),
        channel=CHAT,
        inbox=SITE,
    )
    found = msgspec.structs.replace(left.finds[0], contact=contact)
    assert world.write("a", msgspec.structs.replace(left, finds=(found,))) == ["a", "b"]
    assert not other.contact(contact).live
    agree(one, other)


def test_only_skills_that_the_other_desk_knows_are_asked_for_there() -> None:
    inbox = InboxSettings(channel=EMAIL, id=InboxId("a"), policy="a-policy", skills=("german", "network"))
    one = desk("a", AgentSettings(id=AgentId("ann-a"), available=True, skills=("german", "network")), inboxes=(inbox,))
    other = desk("b", "bob-b", AgentSettings(id=AgentId("bea-b"), available=True, skills=("german",)))
    world = World(one, other)
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    assert other.contact(contact).skills == ("german",)
    assert other.holder(contact) == "bea-b"


def test_the_same_parcel_twice_is_one_contact_also_after_it_went_on_or_was_closed() -> None:
    one, other, third = desk("a", "ann-a"), desk("b", "bob-b"), desk("c", "cem-c")
    world = World(one, other, third)
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    again = TakeContact(parcel=one.told(TransferTaken)[0].parcel)
    assert other.must(again) == ()
    world.hand(contact, "bob-b", "c")
    assert other.must(again) == ()
    third.resolve(contact, "cem-c")
    third.must_apply(msgspec.structs.replace(third.state.settings, version=2, reopen_for=timedelta(days=1)))
    third.reopen(contact, "cem-c")
    third.resolve(contact, "cem-c")
    third.wait(days=2)
    third.tick()
    assert contact not in third.state.contacts
    assert third.must(TakeContact(parcel=other.told(TransferTaken)[0].parcel)) == ()
    assert world.holder(contact) is None
    agree(one, other, third)


def test_a_reply_goes_out_by_the_inbox_that_the_customer_wrote_to() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    reply = other.reply(contact, "bob-b")
    assert [id_ for id_, _ in other.contact(contact).replies] == [reply]
    assert other.contact(contact).inbox == "a"


def test_what_a_customer_writes_goes_on_to_where_the_contact_is_under_the_same_id() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    message = one.mail("customer", inbox=InboxId("a"), finds=THREAD)
    assert world.write("a", message) == ["a", "b"]
    assert other.state.contact_of(message.key) == contact
    assert one.state.contact_of(message.key) is None
    assert not one.told(ContactOpened)[1:]
    assert world.write("a", message) == ["a", "b"]
    assert len(other.log[-1].events) == len(other.log[-1].events)
    agree(one, other)


def test_what_was_sent_on_is_faster_than_the_contact_and_waits_for_it() -> None:
    one, other, world = two()
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    world.bring(world.words.pop(0))
    world.bring(world.words.pop(0))
    world.listen()
    message = one.mail("customer", inbox=InboxId("a"), finds=THREAD)
    with pytest.raises(AssertionError, match="still on its way"):
        world.write("a", message)
    world.settle()
    assert world.write("a", message) == ["a", "b"]
    assert other.state.contact_of(message.key) == contact


def test_an_answer_that_comes_to_another_desk_goes_to_the_one_that_has_the_contact() -> None:
    one, other, world = two()
    contact = opened(one)
    message = other.mail("customer", inbox=InboxId("b"), finds=[("thread-of-a", ThreadEvidence.REFERENCE)])
    found = msgspec.structs.replace(message.finds[0], contact=contact, desk=A)
    message = msgspec.structs.replace(message, finds=(found,))
    assert world.write("b", message) == ["b", "a"]
    assert one.state.contact_of(message.key) == contact
    assert not other.state.contacts


def test_who_does_not_take_part_is_sent_back_and_opens_one_where_they_wrote() -> None:
    one, other, world = two()
    contact = opened(one)
    message = other.mail("stranger", key="stranger", inbox=InboxId("b"), finds=[("x", ThreadEvidence.REFERENCE)])
    found = msgspec.structs.replace(message.finds[0], contact=contact, desk=A)
    message = msgspec.structs.replace(message, finds=(found,))
    assert world.write("b", message) == ["b", "a", "b"]
    [opened_] = other.told(ContactOpened)
    assert (opened_.contact, opened_.linked_to) == (message.new_contact, contact)


def test_what_is_handed_on_to_another_inbox_is_work_for_that_inbox() -> None:
    one, other, world = two()
    contact = opened(one)
    message = other.mail("customer", key="handed", inbox=InboxId("b"), finds=[("x", ThreadEvidence.FORWARD)])
    found = msgspec.structs.replace(message.finds[0], contact=contact, desk=A)
    assert world.write("b", msgspec.structs.replace(message, finds=(found,))) == ["b"]
    assert other.told(ContactOpened)[0].linked_to == contact


def test_an_answer_to_a_contact_that_is_closed_where_it_went_opens_one_here_linked_to_it() -> None:
    one, other, world = two()
    contact = opened(one)
    other.must_apply(msgspec.structs.replace(other.state.settings, version=2, reopen_for=timedelta(days=1)))
    world.hand(contact, "ann-a", "b")
    other.resolve(contact, "bob-b")
    world.wait(days=2)
    other.tick()
    message = one.mail("customer", key="late", inbox=InboxId("a"), finds=THREAD)
    assert world.write("a", message) == ["a", "b", "a"]
    assert one.told(ContactOpened)[-1].linked_to == contact
    assert one.holder(message.new_contact) == "ann-a"
    agree(one, other)


def test_a_receipt_goes_on_too_and_a_bounce_lets_the_clock_run_on_where_it_is() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    reply = other.reply(contact, "bob-b")
    one.wait(minutes=1)
    other.wait(minutes=1)
    step = one.delivery(contact, reply, DeliveryState.FAILED, key="bounce")
    assert step.refused is not None
    assert step.refused.conflict == "elsewhere"
    receipt = RecordDelivery(
        receipt=MessageId("m-bounce"),
        key=one.mail(key="bounce").key,
        reply=reply,
        contact=contact,
        state=DeliveryState.FAILED,
        at=one.now,
    )
    assert world.write("a", receipt) == ["a", "b"]
    clock = other.contact(contact).clock("first_response")
    assert clock is not None
    assert clock.running


def test_agents_of_the_desk_that_it_left_are_told_where_it_is() -> None:
    one, _, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    step = one.resolve(contact, "ann-a")
    assert step.refused is not None
    assert (step.refused.conflict, step.refused.detail) == ("elsewhere", "The contact is at desk b now.")


def test_it_may_come_back_and_go_again() -> None:
    one, other, world = two()
    contact = opened(one)
    for _ in range(4):
        world.hand(contact, "ann-a", "b")
        assert world.holder(contact) is other
        world.hand(contact, "bob-b", "a")
        assert world.holder(contact) is one
    assert one.contact(contact).moves == 8
    assert one.contact(contact).trail == (("b", "a"),)
    assert one.contact(contact).inbox == "a"
    assert not one.state.guests
    agree(one, other)


def test_a_contact_that_is_as_far_as_messages_are_sent_on_stays() -> None:
    desks = [desk(name, f"agent-{name}") for name in ("a", "b", "c", "d", "e")]
    world = World(*desks)
    contact = opened(desks[0])
    for n, to in enumerate(("b", "c", "d")):
        world.hand(contact, f"agent-{desks[n].state.desk}", to)
    assert world.write("a", desks[0].mail("customer", inbox=InboxId("a"), finds=THREAD)) == ["a", "b", "c", "d"]
    assert HOP_LIMIT == 3
    step = desks[3].ask(TransferContact(contact=contact, agent=AgentId("agent-d"), desk=DeskId("e")))
    assert step.refused is not None
    assert step.refused.conflict == "hop_limit"
    world.hand(contact, "agent-d", "b")
    assert world.holder(contact) is desks[1]
    agree(*desks)


def test_where_a_contact_went_is_forgotten_after_a_long_time() -> None:
    one, _, world = two()
    contact = opened(one)
    merged = opened(one, key="merged")
    one.merge(merged, contact, "ann-a")
    world.hand(contact, "ann-a", "b")
    one.now += KEPT - timedelta(minutes=1)
    one.tick()
    assert contact in one.state.elsewhere
    assert merged in one.state.contacts
    one.wait(minutes=2)
    one.opens("somebody", inbox=InboxId("a"))
    assert contact not in one.state.elsewhere
    assert merged not in one.state.contacts
    agree(one)


@pytest.mark.parametrize(
    "desk_,to,conflict",
    [("a", "a", "same_desk"), ("a", "", "one_of_three")],
)
def test_what_can_not_be_given_is_refused(desk_: str, to: str, conflict: str) -> None:
    one, _, _ = two()
    contact = opened(one)
    command = TransferContact(contact=contact, agent=AgentId("ann-a"), desk=DeskId(to) if to else None)
    step = one.ask(command)
    assert desk_ == "a"
    assert step.refused is not None
    assert step.refused.conflict == conflict


def test_a_resolved_contact_is_reopened_before_it_is_given_away() -> None:
    one, _, _ = two()
    contact = opened(one)
    one.resolve(contact, "ann-a")
    step = one.ask(TransferContact(contact=contact, agent=AgentId("ann-a"), desk=B))
    assert step.refused is not None
    assert step.refused.conflict == "already_resolved"


def test_an_inbox_that_the_other_desk_could_not_work_by_is_refused_as_a_whole() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    parcel = one.told(TransferTaken)[0].parcel
    broken = msgspec.structs.replace(parcel.guest, inbox=msgspec.structs.replace(parcel.guest.inbox, cost=0))
    parcel = msgspec.structs.replace(parcel, contact=ContactId("c-other"), guest=broken)
    step = other.ask(TakeContact(parcel=parcel))
    assert step.refused is not None
    assert step.refused.conflict == "invalid_settings"


def test_the_settings_of_the_other_desk_may_change_and_the_guest_stays() -> None:
    policy = PolicySettings(id="gold", version=7, calendar="always", targets=(target("next_response", HOUR),))
    one, other = desk("a", "ann-a", policy=policy), desk("b", "bob-b")
    world = World(one, other)
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    other.reply(contact, "bob-b")
    other.must_apply(msgspec.structs.replace(other.state.settings, version=2, strategy="round_robin"))
    world.wait(minutes=1)
    world.write("a", one.mail("customer", inbox=InboxId("a"), finds=THREAD))
    assert [event.policy for event in other.told(ClockStarted)] == ["gold"]
    agree(other)


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    one, _, world = two()
    contact = opened(one)
    for taken in (True, False):
        assert one.must(SettleTransfer(contact=contact, desk=B, taken=taken)) == ()
    world.give(contact, "ann-a", "b")
    assert one.must(SettleTransfer(contact=contact, desk=C, taken=True)) == ()
    assert one.contact(contact).phase == TRANSFERRING


def events_of(desks: Sequence[Desk], kind: type[TransferBegun]) -> int:
    return sum(len(each.told(kind)) for each in desks)


def test_every_event_of_a_transfer_is_told_once() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    assert [len(one.told(kind)) for kind in (TransferBegun, TransferTaken, TransferRefused)] == [1, 1, 0]
    assert [len(other.told(kind)) for kind in (TransferBegun, TransferTaken, ContactTaken)] == [0, 0, 1]
    assert events_of((one, other), TransferBegun) == 1
    assert isinstance(one.state.settings, DeskSettings)


def test_every_field_of_a_term_and_of_a_clock_has_its_place_in_a_parcel() -> None:
    assert {field.name for field in fields(Term) if field.init} == set(CarriedTerm.__struct_fields__)
    kept = set(Clock.__struct_fields__) - {"target", "armed"}
    assert kept == set(CarriedClock.__struct_fields__) - {"intervals", "rest"}


def test_what_a_breach_asks_for_is_done_where_the_contact_is_then() -> None:
    rule = EscalationSettings(fraction=1.0, leads=True)
    policy = PolicySettings(
        id="gold",
        version=1,
        calendar="always",
        targets=(target("first_response", HOUR, warn_at=(), escalations=(rule,)),),
    )
    one = desk("a", "ann-a", policy=policy, patience=None)
    other = desk("b", AgentSettings(id=AgentId("bob-b"), lead=True))
    world = World(one, other)
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    world.bring(world.words.pop(0))
    world.wait(hours=2)
    world.settle()
    assert [where for where, _ in breaches(one, other)] == ["a"]
    assert [event.agents for event in other.told(Escalated)] == [("bob-b",)]
    assert not one.told(Escalated)
    agree(one, other)


def test_erased_on_its_way_it_does_not_come_back() -> None:
    one, other, world = two()
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    world.bring(world.words.pop(0))
    world.bring(world.words.pop(0))
    world.listen()
    customer = CustomerId("customer")
    for each in (one, other):
        each.must(EraseCustomer(customer=customer, successor=CustomerId("nobody")))
    world.settle()
    assert world.holder(contact) is None
    assert [event.contact for event in other.told(ContactErased)] == [contact]
    assert other.must(TakeContact(parcel=one.told(TransferTaken)[0].parcel)) == ()
    agree(one, other)
