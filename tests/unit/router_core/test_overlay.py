"""Keys are kept until the index holds them, and no longer."""

from frontline.contract.ids import InboxId, KeyHash
from frontline.contract.message import ThreadEvidence
from router.core.command import RaiseIndexFloor
from router.core.event import IndexFloorRaised, MessageReceived
from tests.unit.router_core.driver import Desk, settings
from tests.unit.router_core.two_desks import agree, opened, two


def test_a_raised_floor_forgets_the_keys_up_to_it_and_keeps_the_younger_ones() -> None:
    desk = Desk(settings("a"))
    desk.opens(key="old", binds=["t-old"])
    floor = desk.index
    desk.opens(key="young", binds=["t-young"])
    (raised,) = desk.must(RaiseIndexFloor(epoch=desk.epoch, index=floor))
    assert isinstance(raised, IndexFloorRaised)
    assert desk.state.floor == (desk.epoch, floor)
    overlay = desk.state.overlay
    assert overlay.placement(KeyHash("old")) is None
    assert overlay.contact(KeyHash("t-old")) is None
    assert overlay.placement(KeyHash("young")) is not None
    assert overlay.contact(KeyHash("t-young")) == "c-young"
    assert desk.agrees_with_its_log()


def test_a_floor_that_forgets_nothing_is_not_worth_a_commit() -> None:
    desk = Desk(settings("a"))
    desk.opens()
    desk.raise_floor()
    assert desk.raise_floor() == ()
    assert desk.must(RaiseIndexFloor(epoch=desk.epoch, index=1)) == ()


def test_a_floor_above_the_last_commit_is_refused() -> None:
    desk = Desk(settings("a"))
    step = desk.ask(RaiseIndexFloor(epoch=desk.epoch, index=desk.index + 1))
    assert step.refused is not None
    assert step.refused.conflict == "ahead"


def test_a_key_that_was_bound_again_stays_when_its_first_binding_is_forgotten() -> None:
    desk = Desk(settings("a"))
    desk.opens("ann", binds=["shared"])
    floor = desk.index
    second = desk.opens("ann", binds=["shared"])
    desk.must(RaiseIndexFloor(epoch=desk.epoch, index=floor))
    (received,) = desk.must(desk.mail("ann", finds=[("shared", ThreadEvidence.REFERENCE)]))
    assert isinstance(received, MessageReceived)
    assert received.contact == second


def test_the_youngest_contact_that_binds_a_key_has_it() -> None:
    desk = Desk(settings("a"))
    desk.opens("ann", binds=["shared"])
    second = desk.opens("ann", binds=["shared"])
    assert desk.state.overlay.contact(KeyHash("shared")) == second


def test_a_floor_of_a_later_epoch_forgets_all_that_former_epochs_bound() -> None:
    desk = Desk(settings("a"))
    desk.opens(key="k", binds=["t"])
    desk.epoch, desk.index = 9, 0
    desk.tick()
    desk.opens(key="k2")
    desk.raise_floor()
    assert desk.state.overlay.keep().threads == ()
    assert desk.state.overlay.keep().placements == ()
    assert desk.agrees_with_its_log()


def test_a_floor_at_the_beginning_of_an_epoch_is_all_that_went_before_it() -> None:
    desk = Desk(settings("a"))
    desk.opens(key="k")
    last = desk.index
    desk.epoch, desk.index = 9, 0
    (raised,) = desk.raise_floor()
    assert isinstance(raised, IndexFloorRaised)
    assert (raised.epoch, raised.index) == (1, last)
    assert desk.state.contact_of(KeyHash("k")) is None


def test_which_contacts_came_is_kept_as_long_as_what_was_known_before_they_did() -> None:
    one, other, world = two()
    contact, idle = opened(one), opened(one, key="idle")
    world.hand(idle, "ann-a", "b")
    assert other.state.overlay.comings() == (), "nothing was known there that could be older"
    other.opens("customer", key="own", inbox=InboxId("b"), binds=["thread"])
    world.hand(contact, "ann-a", "b")
    came = (contact, (other.epoch, other.index))
    assert other.state.overlay.comings() == (came,)
    assert not other.state.overlay.bound_since(KeyHash("thread"), contact)
    assert other.state.overlay.bound_since(KeyHash("thread"), idle)
    agree(other)
    other.raise_floor()
    assert other.state.overlay.comings() == ()
    agree(other)
