"""What comes for a contact while that is between two desks: let go by the one, not yet taken by the other."""

from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import ContactId, DeskId, InboxId, MessageId
from frontline.contract.message import DeliveryState, ThreadEvidence
from router.core.command import ReceiveMessage, RecordDelivery
from router.core.elsewhere import Elsewhere
from router.core.event import ContactOpened
from tests.unit.router_core.driver import Desk
from tests.unit.router_core.two_desks import World, desk

B = DeskId("b")


def on_its_way() -> tuple[Desk, Desk, Desk, World, ContactId]:
    """From `a` to `b`; the parcel is in the world's words."""
    one, other, third = desk("a", "ann-a"), desk("b", "bob-b"), desk("c", "cid-c")
    world = World(one, other, third)
    contact = one.opens("customer", binds=["thread"], inbox=InboxId("a"))
    world.give(contact, "ann-a", "b")
    world.listen()
    world.bring(world.words.pop(0))
    world.bring(world.words.pop(0))
    world.listen()
    assert world.holder(contact) is None
    return one, other, third, world, contact


def answer(at: Desk, contact: ContactId, *, sender: str = "customer") -> ReceiveMessage:
    """It is known from the log of `a` that the contact goes to `b`."""
    message = at.mail(sender, key="answer", inbox=InboxId(at.state.desk), finds=[("thread", ThreadEvidence.REFERENCE)])
    found = msgspec.structs.replace(message.finds[0], contact=contact, desk=B, moves=1)
    return msgspec.structs.replace(message, finds=(found,))


def test_a_message_at_the_desk_that_its_contact_goes_to_waits_for_it_and_opens_no_other() -> None:
    _, other, _, world, contact = on_its_way()
    message = answer(other, contact)
    with pytest.raises(AssertionError, match="still on its way"):
        world.write("b", message)
    world.settle()
    assert world.write("b", message) == ["b"]
    assert other.state.contact_of(message.key) == contact
    assert other.told(ContactOpened) == []


def test_a_message_at_a_third_desk_goes_to_where_its_contact_goes() -> None:
    _, other, third, world, contact = on_its_way()
    message = answer(third, contact)
    step = third.ask(message)
    assert isinstance(step.refused, Elsewhere)
    assert (step.refused.desk, step.refused.moves) == (B, 1)
    world.settle()
    assert world.write("c", message) == ["c", "b"]
    assert other.state.contact_of(message.key) == contact


def test_who_takes_no_part_in_it_opens_one_once_it_is_there() -> None:
    _, other, _, world, contact = on_its_way()
    message = answer(other, contact, sender="stranger")
    assert isinstance(other.ask(message).refused, Elsewhere)
    world.settle()
    assert world.write("b", message) == ["b"]
    assert other.told(ContactOpened)[0].linked_to == contact


def test_what_became_of_a_reply_waits_for_it_too() -> None:
    _, other, _, world, contact = on_its_way()
    receipt = RecordDelivery(
        receipt=MessageId("m-bounce"),
        key=other.mail(key="bounce").key,
        reply=MessageId("m-reply"),
        contact=contact,
        state=DeliveryState.FAILED,
        at=other.now,
        desk=B,
        moves=1,
    )
    with pytest.raises(AssertionError, match="still on its way"):
        world.write("b", receipt)
    world.settle()
    assert world.write("b", receipt) == ["b"]


def test_nothing_waits_for_a_contact_that_has_been_here_and_is_closed() -> None:
    _, other, _, world, contact = on_its_way()
    message = answer(other, contact)
    other.must_apply(msgspec.structs.replace(other.state.settings, version=2, reopen_for=timedelta(days=1)))
    world.settle()
    other.resolve(contact, "bob-b")
    world.wait(days=2)
    other.tick()
    assert contact not in other.state.contacts
    assert world.write("b", message) == ["b"]
    assert other.told(ContactOpened)[0].linked_to == contact


def test_nothing_waits_for_a_contact_that_was_erased_on_its_way() -> None:
    _, other, _, world, contact = on_its_way()
    message = answer(other, contact)
    other.state.erased.add(contact)
    world.words.clear()
    assert world.write("b", message) == ["b"]
    assert other.told(ContactOpened)[0].linked_to is None
