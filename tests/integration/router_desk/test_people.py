"""The people who write in, as the leader remembers them, however fast they write."""

from frontline.contract.customer import Person, decode_person
from frontline.contract.ids import CustomerId
from frontline.contract.message import Identity, IdentityStatus
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import CUSTOMERS
from router.core.event import ContactOpened, MessageReceived
from router.desk.effects import stored
from router.desk.resolve import identity_hash
from router.desk.words import Words
from tests.integration.router_desk.desk import (
    EMAIL,
    SIGNER,
    SUPPORT,
    desk_on,
    events,
    left_in_inbox,
    mail,
    send_in,
    until,
)

ONE = Identity(channel=EMAIL, address="one@one.example")
OTHER = Identity(channel=EMAIL, address="other@one.example")
CUSTOMER = CustomerId("u-one")


async def test_news_of_the_same_customer_in_a_row_is_all_kept(provisioned: Bus) -> None:
    words = Words(provisioned, SIGNER, SUPPORT)
    await stored(await words.met(CUSTOMER, ONE, known=False))
    people = await words.people([CUSTOMER])
    acks = await words.met(CUSTOMER, OTHER, known=True, people=people)
    acks += await words.met(
        CUSTOMER, Identity(channel=EMAIL, address=ONE.address, name="One"), known=True, people=people
    )
    await stored(acks)
    person = await _person(provisioned, CUSTOMER)
    assert person is not None
    assert person.name == "One"
    assert {identity.address for identity in person.identities} == {ONE.address, OTHER.address}


async def test_who_is_read_while_news_of_them_is_under_way_is_read_with_it(provisioned: Bus) -> None:
    words = Words(provisioned, SIGNER, SUPPORT)
    acks = await words.met(CUSTOMER, ONE, known=False)
    read = await words.people([CUSTOMER, CustomerId("u-stranger")])
    assert read == {CUSTOMER: Person(id=CUSTOMER, identities=(ONE,)), "u-stranger": None}
    await stored(acks)


async def test_who_was_forgotten_since_is_read_as_forgotten(provisioned: Bus) -> None:
    words = Words(provisioned, SIGNER, SUPPORT)
    await stored(await words.met(CUSTOMER, ONE, known=False))
    await KeyValue(provisioned, CUSTOMERS).put(f"person.{CUSTOMER}", b"")
    assert await words.people([CUSTOMER]) == {CUSTOMER: None}
    await stored(await words.met(CUSTOMER, ONE, known=True))
    assert await _person(provisioned, CUSTOMER) == Person(id=CUSTOMER, identities=(ONE,))


async def test_many_mails_of_one_customer_over_a_change_of_leader_are_each_written_down_once(provisioned: Bus) -> None:
    sender = "busy@one.example"
    async with desk_on(provisioned, holder="one"):
        for number in range(40):
            await send_in(provisioned, mail(f"<{number}@one.example>", sender=sender))
    async with desk_on(provisioned, holder="two"):
        for number in range(30, 80):
            await send_in(provisioned, mail(f"<{number}@one.example>", sender=sender))
        await until(lambda: _empty(provisioned))
    received = await events(provisioned, MessageReceived)
    assert len(received) == len({event.message for event in received}) == 80
    assert len({event.customer for event in await events(provisioned, ContactOpened)}) == 1
    identity = identity_hash(SIGNER, Identity(channel=EMAIL, address=sender))
    person = await _person(provisioned, CustomerId("u" + identity))
    assert person is not None
    assert [each.address for each in person.identities] == [sender]
    assert person.identities[0].status is IdentityStatus.CLAIMED


async def _person(bus: Bus, customer: CustomerId) -> Person | None:
    entry = await KeyValue(bus, CUSTOMERS).get(f"person.{customer}")
    return decode_person(entry.value) if entry else None


async def _empty(bus: Bus) -> bool:
    return await left_in_inbox(bus) == 0
