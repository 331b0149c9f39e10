"""Rule 1.10 and what was put aside: a message may be decided, come again after a crash, and be parked as poison."""

from datetime import UTC, datetime

import msgspec

from frontline.contract import subject
from frontline.contract.codec import encode
from frontline.contract.erasure import ERASED
from frontline.contract.ids import ContactId, CustomerId
from frontline.contract.message import DeliveryReceipt, DeliveryState, InboundMessage, Times, message_id
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.parked import list_parked, park
from frontline.runtime.topology import KEYS
from router.desk.erasing_contacts import erase_contacts
from router.desk.erasing_moved import NOTHING
from router.desk.resolve import KnownKey
from router.desk.words import item_of
from tests.integration.router_desk.desk import EMAIL, INBOX, SIGNER, SUPPORT, mail

THEIRS, OTHERS = ContactId("c1"), ContactId("c2")


async def test_rule_1_10_a_decided_message_that_was_parked_goes_with_its_contact(provisioned: Bus) -> None:
    theirs, others = mail("<1@one.example>"), mail("<2@one.example>")
    await _decided(provisioned, theirs, THEIRS)
    await _decided(provisioned, others, OTHERS)
    await _parked(provisioned, encode(theirs))
    stays = await _parked(provisioned, encode(others))
    await erase_contacts(provisioned, SIGNER, SUPPORT, [THEIRS], NOTHING)
    assert [item.id for item in await list_parked(provisioned)] == [stays]


async def test_rule_1_10_what_is_parked_after_all_words_are_gone_goes_at_the_second_pass(provisioned: Bus) -> None:
    theirs = mail("<1@one.example>")
    await _decided(provisioned, theirs, THEIRS)
    await erase_contacts(provisioned, SIGNER, SUPPORT, [THEIRS], NOTHING)
    await _parked(provisioned, encode(theirs))
    stays = await _parked(provisioned, encode(mail("<2@one.example>")))
    await erase_contacts(provisioned, SIGNER, SUPPORT, [THEIRS], NOTHING)
    assert [item.id for item in await list_parked(provisioned)] == [stays]
    known = await KeyValue(provisioned, KEYS).get(SIGNER.key_hash("key", theirs.key))
    assert known is not None
    assert msgspec.json.decode(known.value, type=KnownKey).contact == ERASED


async def test_rule_1_10_a_parked_receipt_goes_with_the_contact_of_its_reply(provisioned: Bus) -> None:
    await _parked(provisioned, encode(_receipt(THEIRS)))
    stays = await _parked(provisioned, encode(_receipt(OTHERS)))
    await erase_contacts(provisioned, SIGNER, SUPPORT, [THEIRS], NOTHING)
    assert [item.id for item in await list_parked(provisioned)] == [stays]


async def _decided(bus: Bus, message: InboundMessage, contact: ContactId) -> None:
    line = item_of(message, contact, CustomerId("u1"), message.times.received, "")
    await bus.publish(subject.transcript_public(contact), encode(line))
    known = KnownKey(contact=contact, message=message.id)
    await KeyValue(bus, KEYS).put(SIGNER.key_hash("key", message.key), msgspec.json.encode(known))


async def _parked(bus: Bus, payload: bytes) -> int:
    return await park(
        bus,
        service="router",
        reason="poison",
        origin="inbound.email.support",
        payload=payload,
        error="delivered 5 times without success",
        at=datetime.now(UTC),
    )


def _receipt(contact: ContactId) -> DeliveryReceipt:
    return DeliveryReceipt(
        id=message_id(f"receipt in {contact}"),
        key=f"receipt in {contact}",
        channel=EMAIL,
        inbox=INBOX,
        reply=message_id(f"reply in {contact}"),
        contact=contact,
        state=DeliveryState.FAILED,
        times=Times(received=datetime.now(UTC)),
        detail="customer@one.example does not exist",
    )
