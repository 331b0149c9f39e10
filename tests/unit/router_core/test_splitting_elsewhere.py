"""What came from another desk is parted, and falls silent, at the desk that has it now."""

from datetime import timedelta

import msgspec

from frontline.contract.ids import ContactId, InboxId
from router.core.desk_settings import CheckInSettings
from router.core.event_check_in import CheckInDue
from tests.unit.router_core.driver import EMAIL, Desk
from tests.unit.router_core.parting import Index
from tests.unit.router_core.two_desks import THREAD, World, agree, opened, two

QUIET = timedelta(days=3)
BOTH = ((EMAIL, InboxId("a")), (EMAIL, InboxId("b")))


def handed_over() -> tuple[Desk, Desk, World, ContactId]:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    return one, other, world, contact


def test_what_was_said_at_the_other_desk_is_split_into_a_contact_of_the_inbox_that_it_came_in_by() -> None:
    one, other, world, contact = handed_over()
    first, last = (one.mail("customer", finds=THREAD, inbox=InboxId("a")) for _ in range(2))
    assert world.write("a", first) == world.write("a", last) == ["a", "b"]
    new = ContactId("c-new")
    other.must(Index(other).split(contact, last.message, new, agent="bob-b"))
    assert (other.contact(new).inbox, other.contact(new).linked_to) == ("a", contact)
    assert other.contact(new).clock("first_response") is not None
    agree(one, other)


def test_a_rule_of_check_ins_has_its_say_once_in_a_contact_wherever_that_goes() -> None:
    one, other, world = two()
    rule = CheckInSettings(id="how", when="resolved", after=QUIET, inboxes=BOTH)
    for desk in (one, other):
        desk.must_apply(msgspec.structs.replace(desk.state.settings, version=2, check_ins=(rule,)))
    contact = opened(one)
    one.resolve(contact, "ann-a")
    world.wait(days=3)
    one.tick()
    one.reopen(contact, "ann-a")
    world.hand(contact, "ann-a", "b")
    other.resolve(contact, "bob-b")
    world.wait(days=4)
    other.tick()
    assert (len(one.told(CheckInDue)), len(other.told(CheckInDue))) == (1, 0)
    agree(one, other)
