"""From a mail to what is stored: the original and its files first, then the message, an inbox at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec

from frontline.contract.channel import ORIGINALS, ObjectStore, Receive
from frontline.contract.clock import Clock
from frontline.contract.error import Reason, Rejected, Unavailable
from frontline.contract.ids import InboxId, MessageId
from frontline.contract.message import InboundMessage, ObjectRef
from intake_email.authenticity.examiner import Way as HandOver
from intake_email.checked import NOTHING, Checked
from intake_email.checking import Checking
from intake_email.incoming import LARGE
from intake_email.large import Large
from intake_email.normalize import Arrival, Mail, Piece, arrival_of, normalise, read
from intake_email.thread import Sign

T = TypeVar("T")

_ASIDE = 64 * 1024
"""Above this a mail is read in a thread: 20 ms on the loop are felt in every other session."""
_CHUNK = 128 * 1024

Outcome = MessageId | Exception
"""What became of a mail in one inbox: the message that is stored, or why it is not."""


class Way(NamedTuple):
    """How a mail came, and where to: the inboxes with the addresses that led there."""

    inboxes: Mapping[InboxId, tuple[str, ...]]
    return_path: str | None
    """The envelope's sender, "" for the null one and `None` when it isn't known."""
    peer: str
    """The address of who handed it over, "" when it isn't known."""
    helo: str = ""
    """What that called itself."""
    accepted: datetime | None = None
    """When a mail server that we trust took it, if that is known."""
    note: str = ""
    """What is wrong with the mail that its octets don't say."""

    @property
    def hand_over(self) -> HandOver:
        """What the checks want to know of it."""
        return HandOver(peer=self.peer, hello=self.helo, return_path=self.return_path)

    def arrival(self, inbox: InboxId, received: datetime, checked: Checked, digest: str) -> Arrival:
        """What is kept of it with the message of one inbox."""
        return Arrival(
            inbox=inbox,
            received=received,
            return_path=self.return_path,
            recipients=self.inboxes[inbox],
            peer=self.peer,
            digest=digest,
            checked=checked,
            accepted=self.accepted,
            note=self.note,
        )


class Taking:
    """Reads mails and stores them."""

    def __init__(self, objects: ObjectStore, sign: Sign, clock: Clock, checking: Checking) -> None:
        self._objects = objects
        self._checking = checking
        self._sign = sign
        self._clock = clock

    async def take(
        self,
        raw: bytes,
        inboxes: Mapping[InboxId, tuple[str, ...]],
        receive: Receive,
        *,
        return_path: str | None,
        peer: str,
    ) -> list[MessageId]:
        """Store one message for each of `inboxes`; returns when all are stored. Raises the first error of
        `receive`: some may be stored then, and a repeat of all is harmless.
        """
        found = await self.each(raw, Way(inboxes, return_path, peer), receive)
        stored = []
        for outcome in found.values():
            if isinstance(outcome, Exception):
                raise outcome
            stored.append(outcome)
        return stored

    async def each(self, raw: bytes, way: Way, receive: Receive) -> dict[InboxId, Outcome]:
        """Store one message for each inbox; returns when each is stored or has failed. A repeat is harmless."""
        if len(raw) > LARGE:
            return await self.each_of_large(_chunks(raw), way, receive)
        received = self._clock()
        mail = await asyncio.to_thread(read, raw) if len(raw) > _ASIDE else read(raw)
        checked = NOTHING
        if self._checking.needed:
            try:
                files = [file.data for file in mail.content.files]
                checked = await self._checking.look(raw, files, way.hand_over, received)
            except Unavailable as error:
                return dict.fromkeys(way.inboxes, error)
        outcomes: dict[InboxId, Outcome] = {}
        try:
            for inbox in way.inboxes:
                try:
                    arrival = way.arrival(inbox, received, checked, mail.digest)
                    outcomes[inbox] = await self._store(mail, arrival, receive)
                except Exception as error:  # noqa: BLE001 - told to the sender, of this inbox only
                    outcomes[inbox] = error
            return outcomes
        finally:
            # An error holds where it was caught: with what holds the error there, the mail would stay until garbage
            # is looked for.
            del outcomes

    async def each_of_large(self, chunks: AsyncIterator[bytes], way: Way, receive: Receive) -> dict[InboxId, Outcome]:
        """The same of a mail that does not fit into memory, while it comes in. Raises what storing its octets raises."""
        received = self._clock()
        large, look = Large(self._objects), self._checking.begin()
        outcomes: dict[InboxId, Outcome] = {}
        try:
            async for chunk in chunks:
                await large.take(chunk)
                await look.feed(chunk)
            mail = await large.read()
            checked = await look.finish(way.hand_over, received)
            for inbox in way.inboxes:
                try:
                    arrival = way.arrival(inbox, received, checked, mail.digest)
                    found = await self._aside(mail.raw, partial(normalise, mail, arrival, self._sign))
                    message = await large.keep(found)
                    if checked.virus:  # nor what was too long to be read
                        shown = message.attachments[: len(found.message.attachments)]
                        message = msgspec.structs.replace(message, attachments=shown)
                    await receive(message)
                    outcomes[inbox] = message.id
                except Exception as error:  # noqa: BLE001 - as above
                    outcomes[inbox] = error
            return outcomes
        finally:
            del outcomes  # as above
            look.close()
            await large.close()

    async def _store(self, mail: Mail, arrival: Arrival, receive: Receive) -> MessageId:
        if len(mail.raw) > _ASIDE:
            found = await asyncio.to_thread(normalise, mail, arrival, self._sign)
        else:
            found = normalise(mail, arrival, self._sign)
        await self._keep(found.pieces)
        await receive(found.message)
        return found.message.id

    async def again(self, original: ObjectRef, native: Mapping[str, Any]) -> InboundMessage:
        """What a kept original says today, under the id that it had."""
        try:
            arrival = arrival_of(dict(native))
        except msgspec.ValidationError as error:
            raise Rejected("this message does not say how it came", Reason.MALFORMED) from error
        if original.size > LARGE:
            return await self._large_again(original, arrival)
        raw = b"".join([chunk async for chunk in self._objects.get(original)])
        mail = await self._aside(raw, partial(read, raw))
        found = await self._aside(raw, partial(normalise, mail, arrival, self._sign))
        await self._keep(piece for piece in found.pieces if piece.ref.bucket != ORIGINALS)
        return found.message

    async def _large_again(self, original: ObjectRef, arrival: Arrival) -> InboundMessage:
        large = Large(self._objects)
        try:
            async for chunk in self._objects.get(original):
                await large.take(chunk, keep=False)
            mail = await large.read()
            found = await self._aside(mail.raw, partial(normalise, mail, arrival, self._sign))
            return await large.keep(found, original)
        finally:
            await large.close()

    async def _aside(self, raw: bytes, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work) if len(raw) > _ASIDE else work()

    async def _keep(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            await self._objects.keep(piece.ref, piece.data)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), _CHUNK):
        yield data[at : at + _CHUNK]
