"""What is written to a contact that is at another desk: it is sent on as it came, and taken in or sent back there."""

from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import ContactId, DeskId, InboxId, KeyHash, MessageId
from frontline.contract.message import DeliveryState, ThreadEvidence
from router.core.command import EraseContact, RecordDelivery
from router.core.event import ContactOpened
from router.core.gone import KEPT
from tests.unit.router_core.parting import split
from tests.unit.router_core.two_desks import THREAD, agree, on_its_way, opened, two

A = DeskId("a")


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
    decided = len(other.log)
    assert world.write("a", message) == ["a", "b"]
    assert len(other.log) == decided, "a repeat goes the same way and is decided once"
    agree(one, other)


def test_what_was_sent_on_is_faster_than_the_contact_and_waits_for_it() -> None:
    one, other, world = two()
    contact = opened(one)
    on_its_way(world, contact)
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


def test_what_became_of_a_reply_that_was_split_off_and_erased_is_not_sent_after_the_contact_that_it_was_split_off_from() -> (
    None
):
    one, _, world = two()
    contact, new = opened(one), ContactId("c-new")
    reply = one.reply(contact, "ann-a", keys=["reply"])
    split(one, contact, reply, new, "ann-a")
    world.hand(contact, "ann-a", "b")
    one.must(EraseContact(contact=new))
    receipt = RecordDelivery(
        receipt=MessageId("m-sent"),
        key=KeyHash("sent"),
        reply=reply,
        contact=contact,
        finds=KeyHash("reply"),
        state=DeliveryState.SENT,
        at=one.now,
        desk=DeskId("b"),
        moves=1,
    )
    decided = len(one.log)
    assert world.write("a", receipt) == ["a"]
    assert len(one.log) == decided


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
