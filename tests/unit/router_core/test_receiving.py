"""A customer's message comes to a desk: once, and in the right contact."""

import pytest

from frontline.contract.ids import ContactId, CustomerId, InboxId, KeyHash
from frontline.contract.message import Automation, ThreadEvidence
from router.core.command import FoundKey
from router.core.desk_settings import InboxSettings
from router.core.event import ContactOpened, MessageReceived, ReplyQueued
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk, settings

REFERENCE, TOKEN, ANCESTOR, THREAD, NAMED, FORWARD = (
    ThreadEvidence.REFERENCE,
    ThreadEvidence.TOKEN,
    ThreadEvidence.ANCESTOR,
    ThreadEvidence.THREAD,
    ThreadEvidence.NAMED,
    ThreadEvidence.FORWARD,
)
OTHER = InboxId("other")
INBOXES = tuple(InboxSettings(channel=EMAIL, id=inbox) for inbox in (SUPPORT, OTHER))


@pytest.fixture
def desk() -> Desk:
    return Desk(settings("a", inboxes=INBOXES))


def test_a_first_mail_opens_a_contact_and_is_its_message(desk: Desk) -> None:
    events = desk.must(desk.mail("ann", key="k"))
    opened, received = events[0], events[1]
    assert isinstance(opened, ContactOpened)
    assert isinstance(received, MessageReceived)
    assert (opened.contact, opened.customer, opened.lane) == ("c-k", "ann", "normal")
    assert (received.contact, received.message, received.threaded_by) == ("c-k", "m-k", "new")


def test_the_same_mail_again_decides_nothing(desk: Desk) -> None:
    first = desk.mail(key="k")
    desk.must(first)
    assert desk.ask(first).commit is None
    assert desk.ask(desk.mail("somebody-else", key="k")).commit is None


def test_a_mail_that_the_index_knows_decides_nothing(desk: Desk) -> None:
    assert desk.ask(desk.mail(known=ContactId("c-old"))).commit is None


def test_the_state_says_where_a_repeated_mail_went(desk: Desk) -> None:
    contact = desk.opens(key="k")
    placement = desk.state.overlay.placement(KeyHash("k"))
    assert desk.state.contact_of(KeyHash("k")) == contact
    assert placement is not None
    assert (placement.message, placement.threaded_by) == ("m-k", "new")


def test_a_mail_to_an_inbox_of_another_desk_is_refused(desk: Desk) -> None:
    step = desk.ask(desk.mail(inbox=InboxId("sales")))
    assert step.refused is not None
    assert step.refused.conflict == "unknown_inbox"
    assert step.commit is None


def test_a_second_mail_a_millisecond_later_finds_its_contact_before_the_index_does(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    desk.wait(milliseconds=1)
    (received,) = desk.must(desk.mail(finds=[("id-1", REFERENCE)]))
    assert isinstance(received, MessageReceived)
    assert (received.contact, received.threaded_by) == (contact, "reference")


def test_an_answer_to_our_reply_finds_its_contact(desk: Desk) -> None:
    contact = desk.opens()
    desk.reply(contact, keys=["our-id"])
    (received,) = desk.must(desk.mail(finds=[("our-id", REFERENCE)]))
    assert isinstance(received, MessageReceived)
    assert received.contact == contact
    assert desk.told(ReplyQueued)[0].keys == ("our-id",)


def test_a_stranger_who_names_a_message_id_gets_a_linked_contact_of_their_own(desk: Desk) -> None:
    contact = desk.opens("ann", binds=["id-1"])
    opened = desk.must(desk.mail("mallory", finds=[("id-1", REFERENCE)]))[0]
    assert isinstance(opened, ContactOpened)
    assert opened.linked_to == contact
    assert desk.contact(opened.contact).linked_to == contact


@pytest.mark.parametrize("evidence", [THREAD, REFERENCE, ANCESTOR])
def test_only_the_token_lets_somebody_new_in(desk: Desk, evidence: ThreadEvidence) -> None:
    contact = desk.opens("ann", binds=["id-1"])
    assert isinstance(desk.must(desk.mail("bob", finds=[("id-1", evidence)]))[0], ContactOpened)
    (received,) = desk.must(desk.mail("bob", finds=[("id-1", TOKEN)]))
    assert isinstance(received, MessageReceived)
    assert (received.contact, received.threaded_by) == (contact, "token")


def test_who_was_copied_by_somebody_who_takes_part_may_answer(desk: Desk) -> None:
    """Hard case 12: the colleague in Cc answers; the stranger in Bcc, whom nobody named, does not get in."""
    contact = desk.opens("ann", binds=["bob on id-1", "id-1"])
    (received,) = desk.must(desk.mail("bob", finds=[("bob on id-1", NAMED), ("id-1", REFERENCE)]))
    assert isinstance(received, MessageReceived)
    assert (received.contact, received.threaded_by) == (contact, "named")
    opened = desk.must(desk.mail("eve", finds=[("eve on id-1", NAMED), ("id-1", REFERENCE)]))[0]
    assert isinstance(opened, ContactOpened)
    assert opened.linked_to == contact
    assert desk.contact(contact).customer == "ann"


def test_what_is_handed_on_to_another_inbox_is_work_of_its_own_and_says_where_it_came_from(desk: Desk) -> None:
    """Hard case 13."""
    contact = desk.opens("ann", binds=["our-id"])
    opened = desk.must(desk.mail("ann", finds=[("our-id", FORWARD)], inbox=OTHER))[0]
    assert isinstance(opened, ContactOpened)
    assert (opened.inbox, opened.linked_to) == (OTHER, contact)


def test_what_is_handed_on_to_the_same_inbox_joins_only_for_who_takes_part(desk: Desk) -> None:
    """Hard case 13."""
    contact = desk.opens("ann", binds=["our-id"])
    (received,) = desk.must(desk.mail("ann", finds=[("our-id", FORWARD)]))
    assert isinstance(received, MessageReceived)
    assert received.contact == contact
    opened = desk.must(desk.mail("bob", finds=[("our-id", FORWARD)]))[0]
    assert isinstance(opened, ContactOpened)
    assert opened.linked_to == contact


def test_who_came_in_by_the_token_takes_part_from_then_on_and_does_not_replace_the_customer(desk: Desk) -> None:
    contact = desk.opens("ann", binds=["id-1"])
    desk.must(desk.mail("bob", finds=[("id-1", TOKEN)]))
    (received,) = desk.must(desk.mail("bob", finds=[("id-1", ANCESTOR)]))
    assert isinstance(received, MessageReceived)
    assert received.contact == contact
    assert desk.contact(contact).customer == "ann"
    assert desk.contact(contact).others == (CustomerId("bob"),)


def test_the_strongest_evidence_wins_whatever_the_order(desk: Desk) -> None:
    weak, strong = desk.opens("ann", binds=["weak"]), desk.opens("ann", binds=["strong"])
    for finds in ([("weak", ANCESTOR), ("strong", THREAD)], [("strong", THREAD), ("weak", ANCESTOR)]):
        (received,) = desk.must(desk.mail("ann", finds=finds))
        assert isinstance(received, MessageReceived)
        assert received.contact == strong != weak


def test_a_forged_reference_does_not_hide_a_true_one(desk: Desk) -> None:
    desk.opens("bob", binds=["bobs"])
    mine = desk.opens("ann", binds=["mine"])
    (received,) = desk.must(desk.mail("ann", finds=[("bobs", THREAD), ("mine", ANCESTOR)]))
    assert isinstance(received, MessageReceived)
    assert received.contact == mine


def test_the_desks_own_young_keys_win_over_the_index(desk: Desk) -> None:
    old, young = desk.opens("ann"), desk.opens("ann", binds=["id-1"])
    found = FoundKey(key=KeyHash("id-1"), evidence=REFERENCE, contact=old)
    (received,) = desk.must(desk.mail("ann", finds=[found]))
    assert isinstance(received, MessageReceived)
    assert received.contact == young


def test_what_only_the_index_knows_is_found(desk: Desk) -> None:
    contact = desk.opens("ann")
    found = FoundKey(key=KeyHash("id-1"), evidence=REFERENCE, contact=contact)
    (received,) = desk.must(desk.mail("ann", finds=[found]))
    assert isinstance(received, MessageReceived)
    assert received.contact == contact


def test_a_contact_that_the_desk_does_not_hold_is_linked_and_never_written_to(desk: Desk) -> None:
    """Hard case 16: it is closed, erased, or another desk's."""
    found = FoundKey(key=KeyHash("id-1"), evidence=TOKEN, contact=ContactId("c-closed-last-year"))
    opened = desk.must(desk.mail("ann", finds=[found]))[0]
    assert isinstance(opened, ContactOpened)
    assert opened.linked_to == "c-closed-last-year"


def test_a_contact_id_that_is_taken_is_refused_before_anything_changes(desk: Desk) -> None:
    contact = desk.opens(key="k")
    desk.raise_floor()  # the desk has forgotten the key, and this index has lost it
    step = desk.ask(desk.mail(key="k"))
    assert step.refused is not None
    assert step.refused.conflict == "contact_exists"
    assert list(desk.state.contacts) == [contact]


def test_an_automatic_answer_without_a_contact_opens_one_without_clocks(desk: Desk) -> None:
    contact = desk.opens(automation=Automation.AUTO_REPLIED)
    assert desk.contact(contact).clocks == ()
    assert desk.holder(contact) == "a"


def test_what_a_machine_sends_on_its_own_is_a_contact_with_clocks(desk: Desk) -> None:
    contact = desk.opens(automation=Automation.AUTO_GENERATED)
    assert desk.clock(contact).running


def test_a_mail_from_the_future_counts_from_now(desk: Desk) -> None:
    desk.wait(seconds=1)
    contact = desk.opens(at=desk.now.replace(year=2030))
    assert desk.clock(contact).started_at == desk.now
