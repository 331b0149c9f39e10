"""Where what was said in erased contacts is stored besides: lines that were moved lie in each contact they were in.

Each copy names the contact before, so from the last one they all can be followed. Where that trail is broken (a
contact on the way is erased already, or a copy was never made) the read index has it from the log.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from frontline.contract import subject
from frontline.contract.error import Rejected
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.transcript import TranscriptItem, decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.reader import Stored, read
from frontline.runtime.topology import TRANSCRIPT, TRANSCRIPT_PUBLIC
from router.desk.acknowledge import acknowledgement_of


class Moved(NamedTuple):
    """Lines that were moved in or out of erased contacts: those that are gone, with every contact that they were in,
    and those that stay, elsewhere.
    """

    gone: Mapping[MessageId, frozenset[ContactId]]
    stays: frozenset[MessageId]


NOTHING = Moved({}, frozenset())


class Found(NamedTuple):
    """`ids` are all lines that go; `contacts` where any of them lies, nearest first, the erased ones before all others,
    and `items` what of it can be read.
    """

    ids: frozenset[MessageId]
    contacts: Sequence[ContactId]
    items: Sequence[TranscriptItem]


async def find(bus: Bus, contacts: Collection[ContactId], moved: Moved) -> Found:
    """Everything in these contacts, and every copy of it elsewhere, with receipts and acknowledgements."""
    there = [item for contact in contacts for item in await _items(bus, contact)]
    items = [item for item in there if item.id not in moved.stays]
    ids = frozenset({*moved.gone, *(item.id for item in items)})
    ids |= {acknowledgement_of(id_) for id_ in ids if id_.startswith("m")}
    todo = [item.moved_from for item in items if item.moved_from is not None]
    todo += sorted({contact for places in moved.gone.values() for contact in places})
    seen = list(contacts)
    for contact in todo:  # grows on the way
        if contact in seen:
            continue
        seen.append(contact)
        copies = [item for item in await _items(bus, contact) if goes(item, ids)]
        items += copies
        todo += [item.moved_from for item in copies if item.moved_from is not None]
    return Found(ids | {item.id for item in items}, seen, items)


def goes(item: TranscriptItem, ids: Collection[MessageId]) -> bool:
    """One of these lines, or a receipt of one."""
    return item.id in ids or item.reply in ids


async def stored_copies(bus: Bus, stream: str, contact: ContactId, ids: Collection[MessageId]) -> list[int]:
    """Sequences of these lines in a contact that keeps its others; `stream` is `TRANSCRIPT` or `TRANSCRIPT_PUBLIC`."""
    return [
        each.seq
        async for each in read(bus, stream, on(stream, contact))
        if (item := readable(each)) and goes(item, ids)
    ]


def on(stream: str, contact: ContactId) -> str:
    return {TRANSCRIPT: subject.transcript_all, TRANSCRIPT_PUBLIC: subject.transcript_public}[stream](contact)


def merged(all_moved: Iterable[Moved]) -> Moved:
    found = tuple(all_moved)
    gone = {id_: places for each in found for id_, places in each.gone.items()}
    return Moved(gone, frozenset().union(*(each.stays for each in found)))


def readable(stored: Stored) -> TranscriptItem | None:
    try:
        return decode_item(stored.data)
    except Rejected:
        return None


async def _items(bus: Bus, contact: ContactId) -> list[TranscriptItem]:
    return [item async for each in read(bus, TRANSCRIPT, subject.transcript_all(contact)) if (item := readable(each))]
