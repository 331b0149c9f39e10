"""One person, several channels: whose contacts are shown as one history, and where the customer is."""

from pathlib import Path

import pytest

from frontline.contract.customer import Person
from frontline.contract.ids import ChannelName, ContactId, CustomerId, KeyHash
from frontline.contract.message import Evidence, Identity, IdentityStatus, MessageKind, Presence, ThreadEvidence
from router.core.command import FoundKey
from router.core.desk_settings import InboxSettings
from router.index.shape import proven
from tests.unit.router_api.feeding import SUPPORT, Feed, index_in, said
from tests.unit.router_api.test_read_index import found, shown
from tests.unit.router_core.driver import SUPPORT as SUPPORT_INBOX
from tests.unit.router_core.driver import Desk, settings

EMAIL, CHAT = ChannelName("email"), ChannelName("chat")


def mailer(id_: str, address: str, *, verified: bool = True) -> Person:
    status = IdentityStatus.VERIFIED if verified else IdentityStatus.CLAIMED
    identity = Identity(
        channel=EMAIL, address=address, status=status, evidence=(Evidence(method="dmarc", result="pass"),)
    )
    return Person(id=CustomerId(id_), identities=(identity,))


def visitor(id_: str, email: str, *, verified: bool = True) -> Person:
    status = IdentityStatus.VERIFIED if verified else IdentityStatus.CLAIMED
    evidence = (Evidence(method="jwt", result="pass"), Evidence(method="address", result=email))
    return Person(
        id=CustomerId(id_), identities=(Identity(channel=CHAT, address="shop:7", status=status, evidence=evidence),)
    )


async def histories(directory: Path, *people: Person) -> dict[str, list[str]]:
    """The customers of the former contacts of each, who have one contact each."""
    desk = Desk(settings("a"))
    contacts = {person.id: desk.opens(person.id) for person in people}
    whose = {contact: customer for customer, contact in contacts.items()}
    with index_in(directory) as index:
        feed = Feed(index, desk)
        await feed.log()
        for person in people:
            await feed.meet(person)
        for customer, contact in contacts.items():
            listed = await found(index, customer=customer)
            history = index.read.history(SUPPORT, contact, customer)
            assert [each.id for each in history] == [each for each in listed if each != contact]
        return {
            customer: [whose[each.id] for each in index.read.history(SUPPORT, contact, customer)]
            for customer, contact in contacts.items()
        }


async def test_who_proved_an_address_by_mail_and_by_the_host_page_has_one_history(tmp_path: Path) -> None:
    both = await histories(tmp_path, mailer("by mail", "Ann@one.example"), visitor("by chat", "ann@one.example"))
    assert both == {"by mail": ["by chat"], "by chat": ["by mail"]}


@pytest.mark.parametrize(
    "other",
    [
        mailer("other", "ann@one.example", verified=False),
        visitor("other", "ann@one.example", verified=False),
        visitor("other", "bob@one.example"),
    ],
)
async def test_an_address_that_is_only_claimed_or_is_another_joins_nobody(tmp_path: Path, other: Person) -> None:
    """Hard case 37: a pre-chat e-mail of an existing customer must not merge."""
    assert await histories(tmp_path, mailer("ann", "ann@one.example"), other) == {"ann": [], "other": []}


async def test_who_does_not_prove_the_address_any_more_is_somebody_else_again(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    contact, _ = desk.opens("by mail"), desk.opens("by chat")
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.log()
        await feed.meet(mailer("by mail", "ann@one.example"))
        await feed.meet(visitor("by chat", "ann@one.example"))
        assert len(index.read.history(SUPPORT, contact, CustomerId("by mail"))) == 1
        await feed.meet("by chat")
        assert index.read.history(SUPPORT, contact, CustomerId("by mail")) == ()


async def test_a_former_contact_says_what_it_was_about_and_how_it_stands(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    first, second = desk.opens("ann"), desk.opens("ann")
    desk.resolve(first)
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.log()
        await feed.say(said("m1", contact=first, subject="Printer on fire"))
        [former] = index.read.history(SUPPORT, second, CustomerId("ann"))
        assert index.read.history(SUPPORT, ContactId("c-unknown"), CustomerId("bob")) == ()
    assert (former.id, former.channel, former.subject, former.state) == (first, EMAIL, "Printer on fire", "resolved")


def test_only_mail_addresses_prove_who_somebody_is_on_another_channel() -> None:
    numbers = Identity(channel=ChannelName("phone"), address="sip:ann@one.example", status=IdentityStatus.VERIFIED)
    assert proven(Person(id=CustomerId("ann"), identities=(numbers,))) == set()


async def test_a_contact_says_where_its_customer_is(tmp_path: Path) -> None:
    desk = Desk(settings("a", inboxes=(InboxSettings(channel=EMAIL, id=SUPPORT_INBOX, live=True),)))
    written = desk.opens("ann")
    live = desk.opens("bob", presence=Presence.LIVE)
    left = desk.opens("cy", presence=Presence.LIVE, binds=["call"])
    finds = [FoundKey(key=KeyHash("call"), evidence=ThreadEvidence.THREAD, contact=left)]
    desk.must(desk.mail("cy", presence=Presence.LEFT, kind=MessageKind.CALL, finds=finds))
    late = desk.opens("di", presence=Presence.LIVE, binds=["chat"])
    desk.resolve(late)
    finds = [FoundKey(key=KeyHash("chat"), evidence=ThreadEvidence.TOKEN, contact=late)]
    desk.must(desk.mail("di", presence=Presence.LEFT, kind=MessageKind.SYSTEM, finds=finds))
    with index_in(tmp_path) as index:
        await Feed(index, desk).log()
        where = [shown(index.read.contact(SUPPORT, contact)).presence for contact in (written, live, left, late)]
    assert where == ["away", "live", "left", "left"]
