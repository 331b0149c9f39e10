"""Storing a mail that is too large for the memory: its original and its big files go to the object store as they come."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import msgspec

from frontline.contract.channel import ATTACHMENTS, ORIGINALS, ObjectStore, Upload
from frontline.contract.message import Attachment, InboundMessage, ObjectRef
from intake_email.digest import BodyDigest
from intake_email.normalize import Mail, Normalised, Piece, read
from intake_email.sieve import Cut, Sieve

_SHOWN = {"text/plain": "message.txt", "text/html": "message.html"}


class Large:
    """One mail while it comes in, then what is stored of it. To be closed in any case."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._sieve = Sieve(secrets.token_hex(16))
        self._original = _Kept(objects, ORIGINALS)
        self._files: dict[bytes, _Kept] = {}
        """By the mark that stands for each in the skeleton."""
        self._texts: list[tuple[Cut, _Kept]] = []
        self._digest: BodyDigest | None = None
        self._begin = b""

    async def take(self, octets: bytes, *, keep: bool = True) -> None:
        """The next octets of the mail; `keep` is false when the original is stored already."""
        if keep:
            await self._original.write(octets)
        for cut, found in self._sieve.feed(octets):
            await self._let_through(cut, found)
        self._count(octets)

    async def read(self) -> Mail:
        """The mail, once it has come whole: a small one, with marks where the big bodies were."""
        for cut, found in self._sieve.finish():
            await self._let_through(cut, found)
        self._count(b"")
        skeleton = self._sieve.skeleton
        mail = await asyncio.to_thread(read, skeleton)
        return msgspec.structs.replace(mail, digest=self._digest.hexdigest()) if self._digest is not None else mail

    async def keep(self, found: Normalised, original: ObjectRef | None = None) -> InboundMessage:
        """Give what was stored the names that belong to this message; the message, with what it refers to."""
        message, pieces = found.message, found.pieces
        if original is None:
            original = await self._original.named(pieces[0].ref.name)
        attachments = [
            msgspec.structs.replace(attachment, content=await self._stored(piece))
            for attachment, piece in zip(message.attachments, pieces[1:], strict=True)
        ]
        for number, (cut, kept) in enumerate(self._texts, len(attachments) + 1):
            ref = await kept.named(f"{message.id}/{number}")
            attachments.append(Attachment(name=_SHOWN[cut.text], media_type=cut.text, content=ref, inline=True))
        flaw = "; ".join(filter(None, (message.flaw, self._flaw())))
        return msgspec.structs.replace(message, original=original, attachments=tuple(attachments), flaw=flaw)

    async def close(self) -> None:
        """Drop what no message refers to."""
        for kept in (self._original, *self._files.values(), *(kept for _, kept in self._texts)):
            await kept.close()

    async def _let_through(self, cut: Cut, octets: bytes) -> None:
        kept = next((kept for known, kept in self._texts if known is cut), None) or self._files.get(cut.mark)
        if kept is None:
            kept = _Kept(self._objects, ATTACHMENTS)
            if cut.text:
                self._texts.append((cut, kept))
            else:
                self._files[cut.mark] = kept
        await kept.write(octets)

    async def _stored(self, piece: Piece) -> ObjectRef:
        kept = self._files.get(piece.data.strip()) if len(piece.data) < 100 else None
        if kept is not None:
            return await kept.named(piece.ref.name)
        return await self._objects.put(piece.ref.bucket, piece.ref.name, _once(piece.data))

    def _count(self, octets: bytes) -> None:
        if self._digest is not None:
            self._digest.update(octets)
            return
        self._begin += octets
        if self._sieve.headers is not None:
            self._digest = BodyDigest(self._sieve.headers)
            self._digest.update(self._begin[self._sieve.body_at :])
            self._begin = b""

    def _flaw(self) -> str:
        said = [f"a {cut.text} part is shown from its beginning only, see the file" for cut, _ in self._texts]
        if self._sieve.overflowed:
            said.append("more parts than are read, see the original")
        return "; ".join(dict.fromkeys(said))


class _Kept:
    """One object, uploaded once, under as many names as there are messages that refer to it."""

    def __init__(self, objects: ObjectStore, bucket: str) -> None:
        self._objects = objects
        self._bucket = bucket
        self._upload: Upload | None = None
        self._ref: ObjectRef | None = None

    async def write(self, octets: bytes) -> None:
        if self._upload is None:
            self._upload = self._objects.begin(self._bucket)
        await self._upload.write(octets)

    async def named(self, name: str) -> ObjectRef:
        if self._ref is not None and self._ref.name != name:
            # Of its own, so that erasing one message leaves the other whole.
            return await self._objects.put(self._bucket, name, self._objects.get(self._ref))
        if self._ref is None:
            if self._upload is None:
                return await self._objects.put(self._bucket, name, _once(b""))
            self._ref = await self._upload.name(name)
        return self._ref

    async def close(self) -> None:
        if self._upload is not None and self._ref is None:
            await self._upload.drop()


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
