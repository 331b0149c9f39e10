"""A merged contact leaves the desk's memory with the one that it goes on in, and not before."""

from datetime import timedelta
from itertools import pairwise

import msgspec

from frontline.contract.ids import ContactId
from frontline.contract.message import ThreadEvidence
from router.core.command import EraseContact
from router.core.contact import MERGED
from router.core.event import ContactClosed
from router.core.snapshot import restore, save
from tests.unit.router_core.driver import Desk, settings
from tests.unit.router_core.fingerprint import fingerprint

DAY = timedelta(days=1)


def closing(*, limit: int = 500) -> Desk:
    return Desk(msgspec.structs.replace(settings("a"), reopen_for=DAY), limit=limit)


def one_in_another(desk: Desk) -> tuple[ContactId, ContactId, ContactId]:
    """A chain: the first goes on in the second, and that in the third."""
    first, second, third = desk.opens("ann", binds=["ann"]), desk.opens("bob"), desk.opens("cem")
    desk.merge(first, second)
    desk.merge(second, third)
    return first, second, third


def test_what_was_merged_into_a_contact_is_closed_with_it_at_the_same_instant() -> None:
    desk = closing()
    chain = one_in_another(desk)
    desk.resolve(chain[2])
    resolved_at = desk.now
    desk.wait(hours=23)
    desk.tick()
    assert set(desk.state.contacts) == set(chain)
    desk.wait(hours=2)
    desk.tick()
    assert [(event.contact, event.at) for event in desk.told(ContactClosed)] == [
        (id_, resolved_at + DAY) for id_ in reversed(chain)
    ]
    assert desk.state.contacts == {}
    assert desk.state.absorbed == {}
    assert desk.agrees_with_its_log()


def test_until_then_it_can_be_taken_out_again_and_afterwards_not() -> None:
    desk = closing()
    first, second, third = one_in_another(desk)
    desk.resolve(third)
    desk.wait(hours=23)
    assert desk.unmerge(second).refused is None
    desk.wait(hours=2)
    desk.tick()
    assert third not in desk.state.contacts
    assert desk.contact(first).phase == MERGED
    desk.resolve(second)
    desk.wait(hours=25)
    refused = desk.unmerge(first).refused
    assert refused is not None
    assert refused.conflict == "not_found"


def test_case_16_a_reply_to_a_contact_that_was_merged_and_closed_opens_another_that_is_linked_to_it() -> None:
    desk = closing()
    first, _, third = one_in_another(desk)
    desk.resolve(third)
    desk.wait(hours=25)
    later = desk.mail("ann", finds=[("ann", ThreadEvidence.TOKEN)])
    desk.must(later)
    assert desk.contact(later.new_contact).linked_to == first


def test_a_contact_of_an_erased_customer_takes_what_was_merged_into_it_along() -> None:
    desk = closing()
    first, second, third = one_in_another(desk)
    desk.must(EraseContact(contact=second))
    assert set(desk.state.contacts) == {third}
    assert {event.contact for event in desk.told(ContactClosed)} == {first, second}
    assert desk.agrees_with_its_log()


def test_a_snapshot_knows_what_goes_on_in_what() -> None:
    desk = closing()
    chain = one_in_another(desk)
    desk.resolve(chain[2])
    desk.state = restore(save(desk.state))
    desk.wait(hours=25)
    desk.tick()
    assert desk.state.contacts == {}
    assert desk.agrees_with_its_log()


def test_after_a_thousand_merged_and_closed_the_desk_holds_as_little_as_before() -> None:
    desk = closing(limit=50)  # a commit that is full goes on in the next
    stays = desk.opens("eve")

    def a_day_of(contacts: int) -> int:
        opened = [desk.opens("ann") for _ in range(contacts)]
        for one, into in pairwise(opened):
            desk.merge(one, into)
        desk.resolve(opened[-1])
        for _ in range(2):
            desk.wait(hours=30)
            for _ in range(contacts):
                desk.tick()
        desk.raise_floor()
        assert set(desk.state.contacts) == {stays}
        assert desk.state.absorbed == {}
        return len(fingerprint(desk.state))

    assert abs(a_day_of(1000) - a_day_of(2)) < 16  # the digits of what is counted on
    assert desk.agrees_with_its_log()
