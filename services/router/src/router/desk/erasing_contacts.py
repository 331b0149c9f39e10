"""Takes what was said in erased contacts out of every store, and whatever leads there.

The transcript goes last: it says what else there is. So a crash at any point leaves enough to go on by, and to do it
all again changes nothing.
"""

from collections.abc import AsyncGenerator, Callable, Collection

import msgspec

from frontline.contract import subject
from frontline.contract.codec import decode_outbound
from frontline.contract.draft import Draft, decode_draft
from frontline.contract.erasure import ERASED
from frontline.contract.error import Rejected
from frontline.contract.ids import ContactId, DeskId
from frontline.contract.transcript import TranscriptItem, decode_item
from frontline.runtime.bus import Bus, WrongSequence
from frontline.runtime.erasing import erase
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.parked import about
from frontline.runtime.reader import Stored, read
from frontline.runtime.topology import DRAFTS, KEYS, OUTBOX, PARKED, THREADS, TRANSCRIPT, TRANSCRIPT_PUBLIC
from router.desk.erasing_objects import erase_objects, holder_of, names_in
from router.desk.resolve import KnownKey

_NOWHERE = msgspec.json.encode(KnownKey(contact=ERASED, message=""))


async def erase_contacts(bus: Bus, desk: DeskId, contacts: Collection[ContactId]) -> None:
    """Everything of theirs that is there now. Raises `Unavailable`: do it again."""
    said = {contact: [item async for item in read(bus, TRANSCRIPT, _all(contact))] for contact in contacts}
    items = [item for stored in said.values() for each in stored if (item := _item(each)) is not None]
    await erase_objects(bus, items)
    await _erase_matching(bus, DRAFTS, subject.draft(desk), lambda each: _draft_of(each) in contacts)
    await _erase_matching(bus, OUTBOX, subject.outbound_every(), lambda each: _reply_of(each) in contacts)
    await _erase_matching(bus, PARKED, subject.parked_all(), lambda each: about(each).get("contact") in contacts)
    await _lead_nowhere(bus, contacts)
    for contact, stored in said.items():
        public = read(bus, TRANSCRIPT_PUBLIC, subject.transcript_public(contact))
        await erase(bus, TRANSCRIPT_PUBLIC, [item.seq async for item in public])
        await erase(bus, TRANSCRIPT, [item.seq for item in stored])


async def objects_of(bus: Bus, contact: ContactId) -> tuple[tuple[str, str], ...]:
    """Buckets and names of all that its messages came with, as far as the transcript still says. Raises `Unavailable`."""
    stored = [item async for item in read(bus, TRANSCRIPT, _all(contact))]
    return names_in(item for each in stored if (item := _item(each)) is not None)


async def is_there(bus: Bus, contact: ContactId) -> bool:
    """Whether any word of it is stored: it has come back, with a restored store."""
    places = ((TRANSCRIPT, _all(contact)), (TRANSCRIPT_PUBLIC, subject.transcript_public(contact)))
    return any([await _any(read(bus, stream, on, batch=1)) for stream, on in places])


async def _any(found: AsyncGenerator[Stored, None]) -> bool:
    async for _ in found:
        return True
    return False


def _all(contact: ContactId) -> str:
    return subject.transcript_all(contact)


async def _erase_matching(bus: Bus, stream: str, on: str, matches: Callable[[Stored], bool]) -> None:
    """Objects of theirs first: of a draft that nobody sent, nothing else knows."""
    found = [each async for each in read(bus, stream, on) if matches(each)]
    if stream == DRAFTS:
        await erase_objects(bus, [draft.item for each in found if (draft := _draft(each)) is not None])
    else:
        await erase_objects(bus, filter(None, [holder_of(each.data) for each in found]))
    await erase(bus, stream, [each.seq for each in found])


async def _lead_nowhere(bus: Bus, contacts: Collection[ContactId]) -> None:
    """Keys stay, so that a message which comes again is known, and a visitor's token is; what they led to goes."""
    threads, keys = KeyValue(bus, THREADS), KeyValue(bus, KEYS)
    async for each in read(bus, f"KV_{THREADS}", f"$KV.{THREADS}.>"):
        if each.data.decode() in contacts:
            await _over(threads, each, ERASED.encode())
    async for each in read(bus, f"KV_{KEYS}", f"$KV.{KEYS}.>"):
        if each.data and msgspec.json.decode(each.data, type=KnownKey).contact in contacts:
            await _over(keys, each, _NOWHERE)


async def _over(bucket: KeyValue, stored: Stored, value: bytes) -> None:
    try:
        await bucket.update(stored.subject.removeprefix(f"$KV.{bucket.bucket}."), value, stored.seq)
    except WrongSequence:
        return  # it has been bound anew meanwhile, elsewhere


def _item(stored: Stored) -> TranscriptItem | None:
    try:
        return decode_item(stored.data)
    except Rejected:
        return None


def _draft(stored: Stored) -> Draft | None:
    try:
        return decode_draft(stored.data)
    except Rejected:
        return None


def _draft_of(stored: Stored) -> ContactId | None:
    draft = _draft(stored)
    return None if draft is None else draft.item.contact


def _reply_of(stored: Stored) -> ContactId | None:
    try:
        return decode_outbound(stored.data).contact
    except Rejected:
        return None
