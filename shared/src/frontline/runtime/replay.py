"""Parses kept originals again and sends what they say today on the way that they came.

The message has the id and the key that it had, so the desk makes no second contact of it; its
revision is one higher, so that it takes the place of the former view in the transcript. Nothing
that was decided by the former view is decided again.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from frontline.contract import subject
from frontline.contract.channel import Checkpoints, Inboxes, Log, Meter, ObjectStore, Replays
from frontline.contract.cloudevent import headers
from frontline.contract.codec import decode_inbound
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import ChannelName, ContactId, MessageId
from frontline.contract.message import InboundMessage, ObjectRef
from frontline.contract.transcript import Direction, TranscriptItem, decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.fit import fit
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.reader import Stored, read
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import traceparent
from frontline.runtime.topology import KEYS, TRANSCRIPT

_SHOWN = ("subject", "text", "reply_text", "html", "recipients", "attachments", "automation", "flaw")


class Outcome(StrEnum):
    CHANGED = "changed"
    SAME = "same"
    FORGOTTEN = "forgotten"
    """So old that the desk does not know its key any more, and would take it for a new message."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one message; `detail` names the parts that read differently now, or the error."""

    message: MessageId
    contact: ContactId
    outcome: Outcome
    detail: str = ""


@dataclass(slots=True)
class ReplayHost:
    """`frontline.contract.channel.Host` for a plug-in that only reads."""

    inboxes: Inboxes
    objects: ObjectStore
    checkpoints: Checkpoints
    log: Log
    meter: Meter
    signer: Signer
    channel: ChannelName

    def listening(self, name: str, address: str) -> None:
        raise NotImplementedError("a replay does not listen")

    def sign(self, purpose: str, data: bytes) -> bytes:
        return self.signer.sign(f"channel {self.channel} {purpose}", data)


class Unwritten:
    """An object store that reads from another and forgets what is put into it."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def get(self, ref: ObjectRef) -> AsyncIterator[bytes]:
        return self._objects.get(ref)

    async def put(self, bucket: str, name: str, chunks: AsyncIterable[bytes]) -> ObjectRef:
        upload = self.begin(bucket)
        async for chunk in chunks:
            await upload.write(chunk)
        return await upload.name(name)

    async def keep(self, ref: ObjectRef, data: bytes) -> None:  # noqa: ARG002 - only whoever writes looks at them
        return

    def begin(self, bucket: str) -> "Forgotten":
        return Forgotten(bucket)


class Forgotten:
    """An upload that only counts."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._digest = hashlib.sha256()
        self._size = 0

    async def write(self, data: bytes) -> None:
        self._digest.update(data)
        self._size += len(data)

    async def name(self, name: str) -> ObjectRef:
        return ObjectRef(bucket=self._bucket, name=name, size=self._size, sha256=self._digest.hexdigest())

    async def drop(self) -> None:
        return


async def originals(
    bus: Bus, *, messages: Collection[MessageId] = (), since: datetime | None = None
) -> dict[ChannelName, list[int]]:
    """Where in the transcripts the latest views of customers' messages stand whose original is
    kept, by channel: of those named, or of all that came at `since` or later.
    """
    latest: dict[MessageId, tuple[int, int, ChannelName]] = {}
    async with aclosing(read(bus, TRANSCRIPT, subject.transcript_public(ContactId("*")))) as stored:
        async for each in stored:
            item = _decoded(each)
            if item is None or item.direction is not Direction.IN or item.original is None:
                continue
            wanted = item.id in messages or (since is not None and item.at >= since)
            if wanted and item.revision >= latest.get(item.id, (0, 0, ""))[0]:
                latest[item.id] = (item.revision, each.seq, item.channel)
    found: dict[ChannelName, list[int]] = {}
    for _, seq, channel in latest.values():
        found.setdefault(channel, []).append(seq)
    return found


async def replay(
    bus: Bus, channel: Replays, signer: Signer, places: Collection[int], *, limit: int, publish: bool
) -> AsyncIterator[Replayed]:
    """Each of `places` in turn; stores what reads differently now, unless `publish` is false.

    `limit` is how large a message may be, in bytes. Raises `Unavailable` when NATS does not answer.
    """
    keys = KeyValue(bus, KEYS)
    for seq in places:
        item = await _item(bus, seq)
        if item is None or item.original is None:
            continue
        try:
            parsed = await channel.parse_again(item.original, item.native)
            if parsed.id != item.id:
                raise Rejected("the channel gives it another id today")
            message, payload = fit(msgspec.structs.replace(parsed, revision=item.revision + 1), limit)
        except Unavailable as error:
            if not bus.connected:
                raise
            yield Replayed(item.id, item.contact, Outcome.FAILED, error.detail)
            continue
        except Rejected as error:
            yield Replayed(item.id, item.contact, Outcome.FAILED, error.detail)
            continue
        different = _different(message, item)
        if not different:
            yield Replayed(item.id, item.contact, Outcome.SAME)
        elif await keys.get(signer.key_hash("key", message.key)) is None:
            yield Replayed(item.id, item.contact, Outcome.FORGOTTEN)
        else:
            if publish:
                await _publish(bus, message, payload)
            yield Replayed(item.id, item.contact, Outcome.CHANGED, ", ".join(different))


async def _item(bus: Bus, seq: int) -> TranscriptItem | None:
    async with aclosing(read(bus, TRANSCRIPT, subject.transcript_public(ContactId("*")), seq - 1, batch=1)) as stored:
        async for each in stored:
            return _decoded(each) if each.seq == seq else None
    return None


def _decoded(stored: Stored) -> TranscriptItem | None:
    try:
        return decode_item(stored.data)
    except Rejected:  # of another major version: not ours to read again
        return None


def _different(message: InboundMessage, item: TranscriptItem) -> list[str]:
    again = decode_inbound(msgspec.json.encode(message))  # as it will be read: without what JSON can't hold
    assert isinstance(again, InboundMessage)
    return [name for name in _SHOWN if getattr(again, name) != getattr(item, name)]


async def _publish(bus: Bus, message: InboundMessage, payload: bytes) -> None:
    head = headers(
        id=f"{message.id}.{message.revision}",
        kind="inbound_message",
        source=f"/frontline/{message.channel}/{message.inbox}",
        at=message.times.received,
        traceparent=traceparent(message.id),
    )
    await bus.publish(subject.inbound(message.channel, message.inbox), payload, head)
