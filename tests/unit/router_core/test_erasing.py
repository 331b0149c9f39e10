"""Rule 1.10 and hard cases 16 and 81: an erased customer's clocks stop, figures stay, and nothing leads to them."""

import msgspec
import pytest

from frontline.contract.ids import AgentId, ContactId, CustomerId, KeyHash, MessageId
from frontline.contract.message import DeliveryState, ThreadEvidence
from router.core.command import EraseContact, EraseCustomer, FoundKey, SendReply
from router.core.decide_erase import CONTACTS_AT_ONCE
from router.core.desk_settings import InboxSettings
from router.core.event import ContactClosed, ContactOpened, MessageReceived, OfferWithdrawn
from router.core.event_clock import ClockWithdrawn
from router.core.event_erased import ContactErased, CustomerErased
from router.core.snapshot import restore, save
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk, settings
from tests.unit.router_core.fingerprint import fingerprint
from tests.unit.router_core.test_offers import desk_of

ANN = CustomerId("ann")
AFTER = CustomerId("whoever-comes")


def erased(desk: Desk, customer: CustomerId = ANN, successor: CustomerId = AFTER) -> None:
    """As often as it takes."""
    while desk.must(EraseCustomer(customer=customer, successor=successor)):
        pass


def test_rule_1_10_all_contacts_of_an_erased_customer_are_closed_and_their_clocks_withdrawn() -> None:
    desk = Desk(settings("a"))
    held, resolved, others = desk.opens("ann"), desk.opens("ann"), desk.opens("bob")
    desk.reply(resolved)
    desk.resolve(resolved)
    erased(desk)
    assert set(desk.state.contacts) == {others}
    assert {told.contact for told in desk.told(ContactErased)} == {held, resolved}
    assert [(told.contact, told.reason) for told in desk.told(ClockWithdrawn)] == [(held, "erased")]
    assert desk.state.agents[AgentId("a")].load == 10
    assert desk.agrees_with_its_log()


def test_rule_1_10_who_holds_an_erased_contact_is_named_so_that_they_can_be_told() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    assert desk.holder(contact) == "a"
    desk.must(EraseContact(contact=contact))
    assert desk.told(ContactErased) == [ContactErased(at=desk.now, contact=contact, agent=AgentId("a"))]


def test_rule_1_10_an_open_offer_of_an_erased_contact_is_withdrawn() -> None:
    desk = desk_of("a")
    contact = desk.opens("ann")
    offer = desk.offer(contact)
    desk.must(EraseContact(contact=contact))
    assert [(told.offer, told.reason) for told in desk.told(OfferWithdrawn)] == [(offer.id, "erased")]
    assert desk.told(ContactErased)[0].agent == "a"
    refused = desk.accept(offer.id, "a").refused
    assert refused is not None
    assert refused.conflict == "withdrawn"
    assert desk.agrees_with_its_log()


def test_rule_1_10_a_contact_that_is_closed_long_since_is_erased_as_well_and_once() -> None:
    desk = Desk(settings("a"))
    gone = ContactId("c-of-last-year")
    assert desk.must(EraseContact(contact=gone)) == (ContactErased(at=desk.now, contact=gone),)
    assert desk.must(EraseContact(contact=gone)) == ()
    assert desk.agrees_with_its_log()


def test_rule_1_10_a_message_that_was_looked_up_before_the_erasure_is_a_new_customers() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann", binds=["t1"])
    desk.raise_floor()
    found = FoundKey(key=KeyHash("t1"), evidence=ThreadEvidence.TOKEN, contact=contact)
    under_way = desk.mail("ann", knows="a", finds=[found])
    erased(desk)
    desk.must(under_way)
    [_, opened] = desk.told(ContactOpened)
    assert (opened.customer, opened.linked_to, opened.sticky) == (AFTER, None, None)
    assert desk.told(MessageReceived)[-1].customer == AFTER
    assert desk.contact(opened.contact).customer == AFTER


def test_rule_1_10_nothing_leads_to_an_erased_contact_not_even_what_the_index_does_not_know_yet() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann", binds=["t1"])
    erased(desk)
    desk.must(desk.mail("bob", finds=[("t1", ThreadEvidence.TOKEN)]))
    [_, opened] = desk.told(ContactOpened)
    assert opened.contact != contact
    assert opened.linked_to is None


def test_rule_1_10_an_erased_customer_who_is_erased_again_has_another_successor() -> None:
    desk = Desk(settings("a"))
    erased(desk)
    under_way = desk.mail("ann")
    erased(desk, AFTER, CustomerId("whoever-comes-then"))
    desk.must(under_way)
    assert desk.told(ContactOpened)[-1].customer == "whoever-comes-then"
    assert desk.must(EraseCustomer(customer=ANN, successor=AFTER)) == ()


def test_rule_1_10_a_customer_can_not_be_their_own_successor() -> None:
    desk = Desk(settings("a"))
    erased(desk)
    with pytest.raises(Exception, match="CustomerErased"):
        desk.must(EraseCustomer(customer=AFTER, successor=ANN))


def test_rule_1_10_a_customer_with_very_many_contacts_is_erased_in_more_than_one_commit() -> None:
    desk = Desk(settings("a"))
    for _ in range(2 * CONTACTS_AT_ONCE + 1):
        desk.opens("ann")
    rest = desk.opens("bob")
    before = len(desk.log)
    erased(desk)
    assert len(desk.log) == before + 3
    assert set(desk.state.contacts) == {rest}
    assert len(desk.told(CustomerErased)) == 1
    assert len(desk.told(ContactClosed)) == len(desk.told(ContactErased)) == 2 * CONTACTS_AT_ONCE + 1


def test_case_16_what_is_done_to_an_erased_contact_is_refused_as_erased() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    desk.must(EraseContact(contact=contact))
    command = SendReply(
        contact=contact, reply=MessageId("r1"), agent=AgentId("a"), channel=EMAIL, inbox=SUPPORT, draft=1
    )
    for refused in (desk.ask(command).refused, desk.resolve(contact).refused, desk.reopen(contact).refused):
        assert refused is not None
        assert refused.conflict == "erased"


def test_case_37_a_message_of_an_erased_contact_that_comes_again_opens_nothing() -> None:
    """Its idempotency key is known to the index for weeks; even after that the contact that it opened stays erased."""
    desk = Desk(settings("a"))
    mail = desk.mail("ann", key="k")
    desk.must(mail)
    desk.must(EraseContact(contact=mail.new_contact))
    desk.raise_floor()
    assert desk.must(mail) == ()
    assert desk.must(msgspec.structs.replace(mail, known=mail.new_contact)) == ()
    assert not desk.state.contacts


def test_a_receipt_for_an_erased_contact_decides_nothing() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    reply = desk.reply(contact)
    desk.must(EraseContact(contact=contact))
    assert desk.delivery(contact, reply, DeliveryState.FAILED).events == ()


def test_who_was_erased_is_in_the_snapshot() -> None:
    desk = Desk(settings("a", inboxes=[InboxSettings(channel=EMAIL, id=SUPPORT)]))
    contact = desk.opens("ann")
    erased(desk)
    after = restore(save(desk.state))
    assert fingerprint(after) == fingerprint(desk.state)
    assert (after.erased, after.successors) == ({contact}, {ANN: AFTER})
