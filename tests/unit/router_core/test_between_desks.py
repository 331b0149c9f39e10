"""A transfer between desks: who has the contact meanwhile and afterwards, and what keeps it where it is."""

from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, InboxId
from frontline.contract.message import Presence, ThreadEvidence
from router.core.command import EraseCustomer, SettleTransfer, TakeContact, TransferContact, WaitFor
from router.core.contact import TRANSFERRING, WAITING
from router.core.desk_settings import AgentSettings, InboxSettings, PolicySettings
from router.core.event import ContactOffered, OfferWithdrawn
from router.core.event_clock import ClockStarted
from router.core.event_erased import ContactErased
from router.core.event_transfer import ContactTaken, TransferBegun, TransferRefused, TransferTaken
from router.core.trail import HOP_LIMIT
from tests.unit.router_core.driver import EMAIL, NOON, Desk
from tests.unit.router_core.sla_desk import HOUR, target
from tests.unit.router_core.two_desks import CHAT, SITE, THREAD, World, agree, desk, on_its_way, opened, two

A, B, C = DeskId("a"), DeskId("b"), DeskId("c")
MINUTE = timedelta(minutes=1)


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


def test_every_event_of_a_transfer_is_told_once() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    assert [len(one.told(kind)) for kind in (TransferBegun, TransferTaken, TransferRefused)] == [1, 1, 0]
    assert [len(other.told(kind)) for kind in (TransferBegun, TransferTaken, ContactTaken)] == [0, 0, 1]


def test_erased_on_its_way_it_does_not_come_back() -> None:
    one, other, world = two()
    contact = opened(one)
    on_its_way(world, contact)
    customer = CustomerId("customer")
    for each in (one, other):
        each.must(EraseCustomer(customer=customer, successor=CustomerId("nobody")))
    world.settle()
    assert world.holder(contact) is None
    assert [event.contact for event in other.told(ContactErased)] == [contact]
    assert other.must(TakeContact(parcel=one.told(TransferTaken)[0].parcel)) == ()
    agree(one, other)
