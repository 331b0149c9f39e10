"""From what came in to a command: everything that has to be looked up, looked up before the decision.

Keys are hashed under the deployment secret first; neither the indexes nor the log ever see an
address or a Message-ID.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime

import msgspec

from frontline.contract.codec import to_milliseconds
from frontline.contract.erasure import ERASED
from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, KeyHash
from frontline.contract.message import DeliveryReceipt, Identity, InboundMessage, ThreadKey
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import Entry, KeyValue
from frontline.runtime.signing import Signer
from frontline.runtime.topology import CUSTOMERS, KEYS, THREADS
from router.core.command import FoundKey, ReceiveMessage, RecordDelivery
from router.desk.holders import Decided, Whereabouts
from router.desk.log_store import stands
from router.desk.opt_out import says_nothing_else, wants_no_more
from router.desk.rulebook import Rulebook

MAX_THREAD_KEYS = 48
"""A References header may name thousands; the strongest and youngest of them are looked up."""


class KnownKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `KEYS` holds for an idempotency key: where the message went the first time."""

    contact: ContactId
    message: str
    desk: DeskId = DeskId("")
    seq: int = 0
    """Where the decision stands: the log of which desk, and there. An older entry, and one of a message that was moved
    since, does not say.
    """


FindHolders = Callable[[Collection[ContactId]], Awaitable[Mapping[ContactId, Whereabouts]]]

_decode_known = msgspec.json.Decoder(KnownKey).decode


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """The command, and what the completion stage has to know besides.

    `known_customer` says that the identity is in the index already.
    """

    command: ReceiveMessage
    known_customer: bool


class Resolver:
    """`find_holders` is asked about the contacts that messages name: another desk than this one may have them.
    `decided` is asked about the messages: one that was sent on comes in here again when it is repeated, and the desk
    that has decided it may not have told the index yet. What the index has is looked up in the logs of `desks`: a log
    may have lost its end since, and with it what it had decided.
    """

    def __init__(
        self,
        bus: Bus,
        signer: Signer,
        rulebook: Rulebook,
        find_holders: FindHolders,
        decided: Decided,
        desks: Collection[DeskId] = (),
    ) -> None:
        self._bus = bus
        self._desks = desks
        self._find_holders = find_holders
        self._decided = decided
        self._signer = signer
        self._rulebook = rulebook
        self._customers = KeyValue(bus, CUSTOMERS)
        self._threads = KeyValue(bus, THREADS)
        self._keys = KeyValue(bus, KEYS)

    async def message(self, message: InboundMessage, now: datetime) -> Resolved:
        """Raises `Unavailable` if an index can't be read."""
        while True:
            floors = self._decided.floors()
            resolved = await self._message(message, now)
            if floors == self._decided.floors():  # else a key may have gone to the index behind our back
                return resolved

    async def _message(self, message: InboundMessage, now: datetime) -> Resolved:
        identity = identity_hash(self._signer, message.sender)
        key = self._signer.key_hash("key", message.key)
        thread = [(self._hash(item), item) for item in message.thread[:MAX_THREAD_KEYS]]
        finds = [(hashed, item) for hashed, item in thread if item.finds]
        customer_entry, known_entry, *found = await asyncio.gather(
            self._customers.get(f"id.{identity}"),
            self._keys.get(key),
            *(self._threads.get(hashed) for hashed, _ in finds),
        )
        customer = CustomerId(customer_entry.value.decode()) if customer_entry else CustomerId("u" + identity)
        named = {contact for entry in found if (contact := _contact(entry)) is not None}
        holders = await self._find_holders(named) if named else {}
        at = arrival(message, now)
        knows = await self._who_knows(customer) if customer_entry else None
        new = ContactId("c" + message.id[1:])
        known = await self._known(known_entry, new) or await self._decided.placed(key)
        command = ReceiveMessage(
            message=message.id,
            key=key,
            channel=message.channel,
            inbox=message.inbox,
            customer=customer,
            at=at,
            new_contact=new,
            kind=message.kind,
            presence=message.presence,
            automation=message.automation,
            opts_out=wants_no_more(message) and says_nothing_else(message),
            rules=self._rulebook.holding(message, at),
            knows=knows,
            finds=tuple(
                _found(hashed, item, entry, holders) for (hashed, item), entry in zip(finds, found, strict=True)
            ),
            binds=tuple(hashed for hashed, item in thread if item.binds),
            known=known,
        )
        return Resolved(command=command, known_customer=customer_entry is not None)

    async def _known(self, entry: Entry | None, opens: ContactId) -> ContactId | None:
        """Where the index has that a message went, if that was decided: by a decision that stands, or that opened a
        contact which some desk has, though the one where it was opened has lost that.
        """
        if entry is None:
            return None
        known = _decode_known(entry.value)
        if known.desk not in self._desks or await stands(self._bus, known.desk, known.seq, known.message):
            return known.contact
        return known.contact if known.contact == opens and await self._find_holders({opens}) else None

    async def _who_knows(self, customer: CustomerId) -> AgentId | None:
        """Who had a contact of this customer last."""
        entry = await self._customers.get(agent_key(customer))
        return AgentId(entry.value.decode()) if entry else None

    async def receipt(self, receipt: DeliveryReceipt, now: datetime) -> RecordDelivery:
        key, reply = self.key_of(receipt), self._signer.key_hash("reply", receipt.reply)
        known, moved = await asyncio.gather(self._keys.get(key), self._threads.get(reply))
        contact = ContactId(moved.value.decode()) if moved else receipt.contact  # of an erased reply nobody is told
        at = (await self._find_holders({contact})).get(contact)
        return RecordDelivery(
            receipt=receipt.id,
            key=key,
            reply=receipt.reply,
            contact=contact,
            finds=reply,
            state=receipt.state,
            at=to_milliseconds(min(receipt.times.received, now)),
            known=await self._known(known, ContactId("")),
            desk=at.desk if at else None,
            moves=at.moves if at else 0,
        )

    def key_of(self, receipt: DeliveryReceipt) -> KeyHash:
        """Under which it is known once it was recorded."""
        return self._signer.key_hash("key", receipt.key)

    def _hash(self, key: ThreadKey) -> KeyHash:
        return self._signer.key_hash(key.kind, key.value)


def identity_hash(signer: Signer, identity: Identity) -> KeyHash:
    """The name of an address on a channel in the index of customers."""
    return signer.key_hash(f"identity {identity.channel}", identity.address)


def agent_key(customer: CustomerId) -> str:
    """Where the index of customers has who knows them."""
    return f"agent.{customer}"


def arrival(message: InboundMessage, now: datetime) -> datetime:
    """When its clock starts: a trusted provider's time stamp, else ours; never in the future."""
    return to_milliseconds(min(message.times.accepted or message.times.received, now))


def _found(key: KeyHash, item: ThreadKey, entry: Entry | None, holders: Mapping[ContactId, Whereabouts]) -> FoundKey:
    contact = _contact(entry)
    at = None if contact is None else holders.get(contact)
    moves = 0 if at is None else at.moves
    return FoundKey(key=key, evidence=item.evidence, contact=contact, desk=at.desk if at else None, moves=moves)


def _contact(entry: Entry | None) -> ContactId | None:
    """Where a thread key leads, if not to one that was erased."""
    found = ContactId(entry.value.decode()) if entry else None
    return None if found == ERASED else found
