"""A desk's log has lost its end, and with it that a contact was given away or taken."""

import pytest

from frontline.contract.ids import AgentId, ContactId, DeskId
from router.core.advance import replay
from router.core.command import MergeContacts, RecoverTransfer, ResolveContact, TakeContact, TransferContact, WaitFor
from router.core.contact import ASSIGNED, MERGED, RESOLVED, TRANSFERRING, WAITING_CUSTOMER
from router.core.elsewhere import arrived
from router.core.event_transfer import ContactTaken, TransferRecovered, TransferTaken
from router.core.state import DeskState
from tests.unit.router_core.driver import Desk
from tests.unit.router_core.two_desks import agree, opened, two

A, B = DeskId("a"), DeskId("b")
ANN = AgentId("ann-a")


def lose(desk: Desk, left: int) -> None:
    """All but so many commits are gone, and somebody else leads by what is left."""
    del desk.log[left:]
    desk.state = DeskState(desk.state.desk)
    for commit in desk.log:
        replay(desk.state, commit)
    desk.epoch, desk.index = desk.epoch + 1, 0


def _put(desk: Desk, contact: ContactId, phase: str) -> None:
    if phase == TRANSFERRING:
        desk.must(TransferContact(contact=contact, agent=ANN, desk=B))
    elif phase == RESOLVED:
        desk.must(ResolveContact(contact=contact, agent=ANN))
    elif phase == WAITING_CUSTOMER:
        desk.must(WaitFor(contact=contact, agent=ANN, state=WAITING_CUSTOMER))
    elif phase == MERGED:
        desk.must(MergeContacts(contact=contact, into=opened(desk, key="other"), agent=ANN))


@pytest.mark.parametrize("phase", [ASSIGNED, TRANSFERRING, RESOLVED, WAITING_CUSTOMER, MERGED])
def test_what_is_at_another_desk_is_let_go_of_whatever_was_made_of_it_since(phase: str) -> None:
    one, other, world = two()
    contact = opened(one)
    left = len(one.log)
    world.hand(contact, "ann-a", "b")
    lose(one, left)
    _put(one, contact, phase)
    assert one.contact(contact).phase == phase
    one.must(RecoverTransfer(contact=contact, desk=B, moves=1))
    assert world.holder(contact) is other
    assert one.state.elsewhere[contact].desk == B
    assert one.state.agents[ANN].load == sum(one.contact(held).line.need.cost for held in one.state.agents[ANN].held)
    agree(one, other)


def test_its_clocks_are_told_by_the_other_desk_alone() -> None:
    one, other, world = two()
    contact = opened(one)
    left = len(one.log)
    world.hand(contact, "ann-a", "b")
    lose(one, left)
    one.must(RecoverTransfer(contact=contact, desk=B, moves=1))
    world.wait(days=30)
    assert not [event for event in one.tick() if getattr(event, "contact", None) == contact]
    assert [event for event in other.tick() if getattr(event, "contact", None) == contact]


def test_a_contact_that_has_changed_desks_as_often_stays() -> None:
    one, _, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    world.hand(contact, "bob-b", "a")
    assert one.must(RecoverTransfer(contact=contact, desk=B, moves=1)) == ()
    assert one.must(RecoverTransfer(contact=contact, desk=B, moves=2)) == ()
    assert world.holder(contact) is one


def test_a_parcel_that_comes_where_the_contact_is_left_over_takes_its_place() -> None:
    one, other, world = two()
    contact = opened(one)
    left = len(one.log)
    world.hand(contact, "ann-a", "b")
    world.hand(contact, "bob-b", "a")
    lose(one, left)
    parcel = other.told(TransferTaken)[0].parcel
    events = one.must(TakeContact(parcel=parcel))
    kinds = [type(event) for event in events if isinstance(event, TransferRecovered | ContactTaken)]
    assert kinds == [TransferRecovered, ContactTaken]
    assert one.contact(contact).moves == 2
    assert world.holder(contact) is one
    agree(one, other)


def test_what_was_lost_at_the_desk_that_took_it_can_be_taken_again_and_once() -> None:
    one, other, world = two()
    contact = opened(one)
    left = len(other.log)
    world.hand(contact, "ann-a", "b")
    lose(other, left)
    assert not arrived(other.state, contact, 1)
    parcel = one.told(TransferTaken)[0].parcel
    other.must(TakeContact(parcel=parcel))
    assert other.must(TakeContact(parcel=parcel)) == ()
    assert world.holder(contact) is other
    agree(one, other)
