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
from frontline.contract.ids import ContactId, DeskId, MessageId
from frontline.contract.message import InboundMessage
from frontline.runtime.bus import Bus, WrongSequence
from frontline.runtime.erasing import erase
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.parked import about
from frontline.runtime.reader import Stored, read
from frontline.runtime.signing import Signer
from frontline.runtime.topology import DRAFTS, KEYS, OUTBOX, PARKED, THREADS, TRANSCRIPT, TRANSCRIPT_PUBLIC
from router.desk.erasing_moved import Moved, find, on, stored_copies
from router.desk.erasing_objects import erase_objects, holder_of, names_in
from router.desk.resolve import KnownKey

_NOWHERE = msgspec.json.encode(KnownKey(contact=ERASED, message=""))


async def erase_contacts(bus: Bus, signer: Signer, desk: DeskId, contacts: Collection[ContactId], moved: Moved) -> None:
    """Everything of theirs that is there now. Raises `Unavailable`: do it again."""
    found = await find(bus, contacts, moved)
    await erase_objects(bus, found.items)

    def goes(contact: str | None, *ids: str | None) -> bool:
        return any(id_ in found.ids for id_ in ids) or (
            contact in contacts and not any(id_ in moved.stays for id_ in ids)
        )

    nowhere = await _lead_nowhere(bus, contacts, found.ids)

    def parked_goes(stored: Stored) -> bool:
        """Also what was decided and then put aside: when its words are gone, its key tells whose it was."""
        ids, message = about(stored), holder_of(stored.data)
        known = isinstance(message, InboundMessage) and signer.key_hash("key", message.key) in nowhere
        return known or goes(ids.get("contact"), ids.get("message"), ids.get("reply"))

    await _erase_matching(bus, DRAFTS, subject.draft(desk), lambda each: goes(*_draft_of(each)))
    await _erase_matching(bus, OUTBOX, subject.outbound_every(), lambda each: goes(*_reply_of(each)))
    await _erase_matching(bus, PARKED, subject.parked_all(), parked_goes)
    for contact in reversed(found.contacts):  # the trail is followed from the erased ones: they go last
        for stream in (TRANSCRIPT_PUBLIC, TRANSCRIPT):
            if contact in contacts:
                seqs = [each.seq async for each in read(bus, stream, on(stream, contact))]
            else:
                seqs = await stored_copies(bus, stream, contact, found.ids)
            await erase(bus, stream, seqs)


async def objects_of(bus: Bus, contacts: Collection[ContactId], moved: Moved) -> tuple[tuple[str, str], ...]:
    """Buckets and names of all that their messages came with, as far as transcripts still say. Raises `Unavailable`."""
    return names_in((await find(bus, contacts, moved)).items)


async def is_there(bus: Bus, contact: ContactId) -> bool:
    """Whether any word of it is stored: it has come back, with a restored store."""
    return any([await _any(read(bus, each, on(each, contact), batch=1)) for each in (TRANSCRIPT, TRANSCRIPT_PUBLIC)])


async def _any(found: AsyncGenerator[Stored, None]) -> bool:
    async for _ in found:
        return True
    return False


async def _erase_matching(bus: Bus, stream: str, subjects: str, matches: Callable[[Stored], bool]) -> None:
    """Objects of theirs first: of a draft that nobody sent, nothing else knows."""
    found = [each async for each in read(bus, stream, subjects) if matches(each)]
    if stream == DRAFTS:
        await erase_objects(bus, [draft.item for each in found if (draft := _draft(each)) is not None])
    else:
        await erase_objects(bus, filter(None, [holder_of(each.data) for each in found]))
    await erase(bus, stream, [each.seq for each in found])


async def _lead_nowhere(bus: Bus, contacts: Collection[ContactId], ids: Collection[MessageId]) -> set[str]:
    """Keys stay, so that a message which comes again is known, and a visitor's token is; what they led to goes. Gives
    the keys of all messages that have led to an erased contact, now or ever.
    """
    nowhere = set()
    threads, keys = KeyValue(bus, THREADS), KeyValue(bus, KEYS)
    async for each in read(bus, f"KV_{THREADS}", f"$KV.{THREADS}.>"):
        if each.data.decode() in contacts:
            await _over(threads, each, ERASED.encode())
    async for each in read(bus, f"KV_{KEYS}", f"$KV.{KEYS}.>"):
        known = msgspec.json.decode(each.data, type=KnownKey) if each.data else None
        if known is None:
            continue
        if known.contact == ERASED or (
            (known.contact in contacts or known.message in ids) and await _over(keys, each, _NOWHERE)
        ):
            nowhere.add(_key(keys, each))
    return nowhere


async def _over(bucket: KeyValue, stored: Stored, value: bytes) -> bool:
    """False if it has been bound anew meanwhile, elsewhere."""
    try:
        await bucket.update(_key(bucket, stored), value, stored.seq)
    except WrongSequence:
        return False
    return True


def _key(bucket: KeyValue, stored: Stored) -> str:
    return stored.subject.removeprefix(f"$KV.{bucket.bucket}.")


def _draft(stored: Stored) -> Draft | None:
    try:
        return decode_draft(stored.data)
    except Rejected:
        return None


def _draft_of(stored: Stored) -> tuple[ContactId | None, MessageId | None]:
    draft = _draft(stored)
    return (None, None) if draft is None else (draft.item.contact, draft.item.id)


def _reply_of(stored: Stored) -> tuple[ContactId | None, MessageId | None]:
    try:
        reply = decode_outbound(stored.data)
    except Rejected:
        return None, None
    return reply.contact, reply.id
