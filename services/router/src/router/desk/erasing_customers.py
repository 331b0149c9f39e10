"""Takes who an erased customer was out of every store, their contacts aside. See `erasing_contacts.py` for the rules."""

from collections.abc import Collection

import msgspec

from frontline.contract import subject
from frontline.contract.customer import Person, decode_person, person_key
from frontline.contract.ids import CustomerId
from frontline.contract.message import Identity
from frontline.runtime.bus import Bus
from frontline.runtime.erasing import Denied, erase
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.parked import names
from frontline.runtime.reader import Stored, read
from frontline.runtime.signing import Signer
from frontline.runtime.topology import CUSTOMERS, PARKED
from router.desk.erasing_objects import erase_objects, holder_of
from router.desk.resolve import agent_key, identity_hash

_STREAM = f"KV_{CUSTOMERS}"


def successor_of(signer: Signer, customer: CustomerId) -> CustomerId:
    """Who writes from an erased customer's addresses: always the same, and nobody can tell whose they were."""
    return CustomerId("u" + signer.key_hash("successor", customer))


async def erase_customer(bus: Bus, signer: Signer, customer: CustomerId, successor: CustomerId) -> None:
    """Their addresses lead to `successor` first, so that nobody who writes meanwhile is taken for them; the person goes
    last. Raises `Unavailable`: do it again. `Denied` when the bucket keeps bytes that were deleted.
    """
    bucket = KeyValue(bus, CUSTOMERS)
    stored = [item async for item in read(bus, _STREAM, _subject(customer))]
    identities = dict.fromkeys(identity for each in stored for identity in _identities(each))
    for identity in identities:
        await _lead_to(bucket, f"id.{identity_hash(signer, identity)}", customer, successor)
    addresses = {identity.address for identity in identities if identity.address}
    await _erase_parked(bus, addresses)
    if await bucket.get(agent_key(customer)) is not None:
        await bucket.put(agent_key(customer), b"")
    if not stored:
        return
    former = [item.seq for item in stored if item.data]
    if stored[-1].data:
        await bucket.put(person_key(customer), b"")  # followers hear of it; a message that is gone tells nobody
    try:
        await erase(bus, _STREAM, former)
    except Denied:
        ask = msgspec.json.encode({"filter": _subject(customer), "keep": 1})
        await bus.request(f"$JS.API.STREAM.PURGE.{_STREAM}", ask)
        raise


async def is_known(bus: Bus, customer: CustomerId) -> bool:
    """Whether the person is stored: they have come back, with a restored store."""
    return await KeyValue(bus, CUSTOMERS).get(person_key(customer)) is not None


async def _lead_to(bucket: KeyValue, key: str, customer: CustomerId, successor: CustomerId) -> None:
    entry = await bucket.get(key)
    if entry is None or entry.value.decode() == customer:
        await bucket.put(key, successor.encode())


async def _erase_parked(bus: Bus, addresses: Collection[str]) -> None:
    """Also what could not be read, and so says of nothing whose it is."""
    found = [item async for item in read(bus, PARKED, subject.parked_all()) if names(item, addresses)]
    await erase_objects(bus, filter(None, [holder_of(item.data) for item in found]))
    await erase(bus, PARKED, [item.seq for item in found])


def _identities(stored: Stored) -> tuple[Identity, ...]:
    try:
        person: Person | None = decode_person(stored.data) if stored.data else None
    except msgspec.DecodeError:
        return ()
    return () if person is None else person.identities


def _subject(customer: CustomerId) -> str:
    return f"$KV.{CUSTOMERS}.{person_key(customer)}"
