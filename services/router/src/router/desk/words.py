"""What was said, written down once the desk has counted it: the transcript and the people in it.

Runs before the input is acknowledged, so a crash at any point leads to a redelivery; the desk then
knows the message already, and what is written is looked up before it is written again.
"""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from datetime import datetime

from frontline.contract import cloudevent, subject
from frontline.contract.codec import encode
from frontline.contract.customer import Person, decode_person
from frontline.contract.ids import ContactId, CustomerId, DeskId, MessageId
from frontline.contract.message import DeliveryReceipt, Identity, IdentityStatus, InboundMessage, MessageKind
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem, decode_item
from frontline.runtime.bus import Bus, PubAck
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.reader import read, read_whole
from frontline.runtime.signing import Signer
from frontline.runtime.topology import CUSTOMERS, TRANSCRIPT
from router.desk.resolve import identity_hash

Acks = list[asyncio.Future[PubAck]]
People = dict[CustomerId, Person | None]
"""What was read of people for a few messages in a row; `None` for one who is not known yet."""


class Words:
    """Writes transcript items and people; each call gives the acknowledgements to wait for."""

    def __init__(self, bus: Bus, signer: Signer, desk: DeskId) -> None:
        self._bus = bus
        self._signer = signer
        self._source = f"/desks/{desk}"
        self._customers = KeyValue(bus, CUSTOMERS)
        self._unstored: dict[CustomerId, Person] = {}

    async def heard(self, item: TranscriptItem, *, again: bool, traceparent: str = "", hidden: bool = False) -> Acks:
        """Write `item`; with `again` only if the contact's transcript does not have it (in this revision).
        With `hidden` it is for agents only, whatever it is.
        """
        internal = hidden or item.direction is Direction.INTERNAL or item.kind in (ItemKind.NOTE, ItemKind.RECEIPT)
        where = (subject.transcript_internal if internal else subject.transcript_public)(item.contact)
        if again and await self._stands(where, item):
            return []
        id_ = f"{item.id}.{item.revision}" if item.revision else item.id
        id_ = f"{id_}.moved-{item.moved}" if item.moved else id_
        head = cloudevent.headers(
            id=id_, kind="transcript_item", source=self._source, at=item.at, traceparent=traceparent
        )
        return [await self._bus.begin(where, encode(item), head)]

    async def people(self, customers: Iterable[CustomerId]) -> People:
        """Who these are, read at once. What we have written and is not stored yet counts as read."""
        found: People = {}
        for customer in customers:
            found[customer] = self._unstored.get(customer)
        asked = [customer for customer, person in found.items() if person is None]
        entries = await self._customers.get_many(f"person.{customer}" for customer in asked)
        for customer, entry in zip(asked, entries, strict=True):
            found[customer] = decode_person(entry.value) if entry else None
        return found

    async def met(self, customer: CustomerId, identity: Identity, *, known: bool, people: People | None = None) -> Acks:
        """Remember who used `identity`. A known identity costs a read, unless `people` has been read already,
        and a write only for news of it. `people` is brought up to date.
        """
        people = {} if people is None else people
        if known and customer not in people:
            people |= await self.people([customer])
        before = people.get(customer)
        after = with_identity(before or Person(id=customer), identity)
        acks: Acks = []
        if not known:
            acks.append(
                await self._customers.begin_put(f"id.{identity_hash(self._signer, identity)}", customer.encode())
            )
        if after != before:
            ack = await self._customers.begin_put(f"person.{customer}", encode(after))
            self._unstored[customer] = people[customer] = after
            ack.add_done_callback(lambda _: self._settled(customer, after))
            acks.append(ack)
        return acks

    def _settled(self, customer: CustomerId, person: Person) -> None:
        if self._unstored.get(customer) is person:
            del self._unstored[customer]

    async def stands(self, contact: ContactId, item: MessageId) -> bool:
        """Whether the contact's transcript has it, in any revision, as the stream's leader has it."""
        items = await read_whole(self._bus, TRANSCRIPT, subject.transcript_all(contact))
        return any(decode_item(stored.data).id == item for stored in items)

    async def _stands(self, where: str, wanted: TranscriptItem) -> bool:
        async with aclosing(read(self._bus, TRANSCRIPT, where)) as items:
            async for stored in items:
                item = decode_item(stored.data)
                if item.id == wanted.id and (item.revision, item.moved) >= (wanted.revision, wanted.moved):
                    return True
        return False


def with_identity(person: Person, identity: Identity) -> Person:
    """`person`, known to use `identity`: a verified one is not claimed again, a name is kept."""
    others = []
    merged = identity
    for old in person.identities:
        if (old.channel, old.address) != (identity.channel, identity.address):
            others.append(old)
        elif old.status is IdentityStatus.VERIFIED and identity.status is IdentityStatus.CLAIMED:
            merged = old
    if merged in person.identities and (person.name or not identity.name):
        return person
    return Person(id=person.id, name=person.name or identity.name, identities=(*others, merged))


def item_of(
    message: InboundMessage, contact: ContactId, customer: CustomerId, at: datetime, threaded_by: str
) -> TranscriptItem:
    """The transcript's line for a customer's message."""
    return TranscriptItem(
        id=message.id,
        contact=contact,
        at=at,
        kind=ItemKind(message.kind.value),
        direction=Direction.IN,
        author=_author(message, customer),
        channel=message.channel,
        inbox=message.inbox,
        native_id=message.native_id,
        subject=message.subject,
        language=message.language,
        text=message.text,
        reply_text=message.reply_text,
        html=message.html,
        recipients=message.recipients,
        attachments=message.attachments,
        original=message.original,
        automation=message.automation,
        threaded_by=threaded_by,
        flaw=message.flaw,
        withheld=message.withheld,
        revision=message.revision,
        native=message.native,
    )


def _author(message: InboundMessage, customer: CustomerId) -> Author:
    """Nobody says that something has happened; whose doing it was is told all the same."""
    role = "system" if message.kind is MessageKind.SYSTEM else "customer"
    return Author(role=role, id=customer, name=message.sender.name, identity=message.sender)


def item_of_receipt(receipt: DeliveryReceipt, at: datetime) -> TranscriptItem:
    """The transcript's line for what became of a reply; for agents only."""
    return TranscriptItem(
        id=receipt.id,
        contact=receipt.contact,
        at=at,
        kind=ItemKind.RECEIPT,
        direction=Direction.INTERNAL,
        author=Author(role="system"),
        channel=receipt.channel,
        inbox=receipt.inbox,
        native_id=receipt.native_id,
        text=receipt.detail,
        delivery=receipt.state,
        reply=receipt.reply,
    )
