"""Takes the files and originals of erased messages out of the object stores, wherever a message names them."""

from collections.abc import Iterable

from frontline.contract.codec import decode_inbound, decode_outbound
from frontline.contract.error import Rejected
from frontline.contract.message import Attachment, DeliveryReceipt, InboundMessage, ObjectRef, OutboundMessage
from frontline.contract.transcript import TranscriptItem
from frontline.runtime.bus import Bus
from frontline.runtime.objects import Objects

Holder = TranscriptItem | InboundMessage | OutboundMessage


async def erase_objects(bus: Bus, holders: Iterable[Holder]) -> None:
    """Those that are there. Raises `Unavailable`."""
    await erase_named(bus, names_in(holders))


def holder_of(payload: bytes) -> Holder | None:
    """The message that was set aside, if it can be read."""
    try:
        inbound = decode_inbound(payload)
    except Rejected:
        try:
            return decode_outbound(payload)
        except Rejected:
            return None
    return None if isinstance(inbound, DeliveryReceipt) else inbound


async def erase_named(bus: Bus, names: Iterable[tuple[str, str]]) -> None:
    """Those that are there, by bucket and name. Raises `Unavailable`."""
    objects = Objects(bus)
    for bucket, name in names:
        await objects.erase(bucket, name)


def names_in(holders: Iterable[Holder]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(ref.bucket, ref.name) for holder in holders for ref in _refs(holder)}))


def _refs(holder: Holder) -> list[ObjectRef]:
    files: tuple[Attachment, ...] = holder.attachments
    original = None if isinstance(holder, OutboundMessage) else holder.original
    return [*(file.content for file in files), *((original,) if original else ())]
