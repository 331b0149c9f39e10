"""What could not be processed, set aside for a person: stored whole, with the error, until released or dropped.

The payload lies on `PARKED` as it was; what is known about it stands in one header. The id of a
parked item is its sequence on the stream.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

import msgspec

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.cloudevent import MESSAGE_ID, headers
from frontline.contract.codec import decode_inbound, decode_outbound
from frontline.contract.error import Reason, Rejected
from frontline.contract.message import DeliveryReceipt
from frontline.runtime.bus import Bus
from frontline.runtime.erasing import erase
from frontline.runtime.reader import Stored, read
from frontline.runtime.topology import PARKED

RELEASE = "Frontline-Release"
"""Header of a message that an operator has sent on its way again: the id it was parked under."""

NOTE = "Frontline-Parked"
"""Header with the JSON of a `Note`."""

_KEPT = ("ce-", "traceparent", "content-type")
_ERROR_CHARACTERS = 500
_FRAMING = 256


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where it came from and why it is here. `ids` name what it was about; `msg_id` is its `Nats-Msg-Id`."""

    service: str
    reason: str
    subject: str
    error: str = ""
    msg_id: str = ""
    ids: dict[str, str] = {}
    headers: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked item; `at` is when it was parked."""

    id: int
    at: datetime
    note: Note
    payload: bytes


async def park(
    bus: Bus,
    *,
    service: str,
    reason: str,
    origin: str,
    payload: bytes,
    error: str,
    at: datetime,
    ids: Mapping[str, str] | None = None,
    original_headers: Mapping[str, str] | None = None,
    once: str = "",
) -> int:
    """Store it durably; gives its id. `origin` is the subject it came on, empty if it can't go back; `reason` a token.

    `once` names this parking, so that a repeat soon after does not make a second item. Raises
    `Unavailable`, and `Rejected` when payload and note together are more than the bus takes.
    """
    given = original_headers or {}
    note = Note(
        service=service,
        reason=reason,
        subject=origin,
        error=error[:_ERROR_CHARACTERS],
        msg_id=given.get(MESSAGE_ID, ""),
        ids=dict(ids or {}),
        headers={key: value for key, value in given.items() if key.lower().startswith(_KEPT)},
    )
    head = headers(id=once or "parked", kind="parked", source=f"/frontline/{service}", at=at)
    # ASCII on one line: a header holds nothing else safely.
    head[NOTE] = json.dumps(msgspec.to_builtins(note), ensure_ascii=True)
    if len(payload) + sum(len(key) + len(value) + 4 for key, value in head.items()) + _FRAMING > bus.nc.max_payload:
        raise Rejected("larger than the bus takes together with its note", Reason.TOO_LARGE)
    if not once:
        del head[MESSAGE_ID]
    ack = await bus.publish(subject.parked(service, reason), payload, head)
    if ack.duplicate and await _stored(bus, ack.seq) is None:
        # Parked, released, and back within the broker's memory: its first place is empty by now.
        del head[MESSAGE_ID]
        ack = await bus.publish(subject.parked(service, reason), payload, head)
    return ack.seq


async def list_parked(bus: Bus, *, after: int = 0, limit: int = 100) -> list[Parked]:
    """Items with an id above `after`, oldest first."""
    found = []
    async with aclosing(read(bus, PARKED, subject.parked_all(), after, batch=limit)) as items:
        async for item in items:
            found.append(_parked(item))
            if len(found) >= limit:
                break
    return found


async def show(bus: Bus, number: int) -> Parked | None:
    """One item with its payload; `None` when there is none under that id."""
    item = await _stored(bus, number)
    return None if item is None else _parked(item)


async def release(bus: Bus, number: int, log: Log) -> bool:
    """Publish it again where it came from, as the same message, and take it off the list; false when it is not there.

    The broker would swallow the same `Nats-Msg-Id` within its memory, so this one says which
    release it is; a release that is repeated after a crash is the same one. Who does the work
    tells a repeat by our own ids, and a second attempt that is wanted by the header `RELEASE`.
    Raises `Unavailable`, and `Rejected` for what has nowhere to go back to.
    """
    item = await show(bus, number)
    if item is None:
        return False
    note = item.note
    if not note.subject:
        raise Rejected(
            "it did not come from anywhere that it could go back to: it can be dropped only", Reason.CONFLICT
        )
    head = {**note.headers, MESSAGE_ID: f"{note.msg_id or 'parked'}.r{number}", RELEASE: str(number)}
    await bus.publish(note.subject, item.payload, head)
    await erase(bus, PARKED, [number])
    log.info("parked.released", parked=number, service_of=note.service, reason=note.reason, **_ids(note))
    return True


async def drop(bus: Bus, number: int, why: str, log: Log) -> bool:
    """Delete it, bytes and all; false when it is not there. `why` goes into the log."""
    item = await show(bus, number)
    if item is None:
        return False
    await erase(bus, PARKED, [number])
    log.info(
        "parked.dropped",
        parked=number,
        service_of=item.note.service,
        reason=item.note.reason,
        why=why,
        **_ids(item.note),
    )
    return True


def about(stored: Stored) -> Mapping[str, str]:
    """What an item on `PARKED` is about, by its ids: as noted, and as a reply, a receipt or a message says of itself."""
    item = _parked(stored)
    return {**_says(item.payload), **item.note.ids}


def _says(payload: bytes) -> dict[str, str]:
    try:
        reply = decode_outbound(payload)
    except Rejected:
        pass
    else:
        return {"reply": reply.id, "contact": reply.contact}
    try:
        told = decode_inbound(payload)
    except Rejected:
        return {}
    if isinstance(told, DeliveryReceipt):
        return {"reply": told.reply, "contact": told.contact}
    return {"message": told.id}


def names(stored: Stored, addresses: Iterable[str]) -> bool:
    """Whether one of these addresses stands anywhere in an item on `PARKED`: in what was set aside, or in the note."""
    everything = (stored.data + stored.headers.get(NOTE, "").encode()).lower()
    return any(address.lower().encode() in everything for address in addresses)


def _ids(note: Note) -> dict[str, str]:
    return {f"of_{key}": value for key, value in note.ids.items()}


async def _stored(bus: Bus, number: int) -> Stored | None:
    async with aclosing(read(bus, PARKED, subject.parked_all(), number - 1, batch=1)) as items:
        async for item in items:
            return item if item.seq == number else None
    return None


def _parked(item: Stored) -> Parked:
    try:
        note = msgspec.json.decode(item.headers.get(NOTE, ""), type=Note)
    except msgspec.DecodeError:
        # Somebody else's message on our stream is still something for a person to see.
        _, service, reason = item.subject.split(".", 2)
        note = Note(service=service, reason=reason, subject=item.subject)
    return Parked(item.seq, item.at, note, item.data)
