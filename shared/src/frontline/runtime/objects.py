"""Objects by streaming, in the object store format of NATS (ADR-20), so `nats object` reads them.

nats-py's own `get` runs at 20 MB/s and its `put` waits for each chunk; here chunks are sent a
window at a time and read by batched direct get.
"""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress

import msgspec

from frontline.contract.error import Unavailable
from frontline.contract.message import ObjectRef
from frontline.runtime.bus import Bus, PubAck, Together, WrongSequence
from frontline.runtime.erasing import erase
from frontline.runtime.reader import read
from frontline.runtime.topology import ATTACHMENTS, ORIGINALS

CHUNK = 128 * 1024
_WINDOW = 8
_PERSONAL = {ATTACHMENTS, ORIGINALS}
_REPLACED = "replaced"
_MOST_REPLACED = 32
_EXPECTED = "Nats-Expected-Last-Subject-Sequence"


class _Options(msgspec.Struct):
    max_chunk_size: int = CHUNK


class _Meta(msgspec.Struct):
    name: str
    bucket: str
    nuid: str
    size: int
    chunks: int
    digest: str
    options: _Options = msgspec.field(default_factory=_Options)
    metadata: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """`_REPLACED`, for the janitor: uploads that had this name before, and whose chunks are to go."""

    def replaced(self) -> list[str]:
        return self.metadata.get(_REPLACED, "").split() if self.metadata is not msgspec.UNSET else []


class Objects:
    """Puts and gets; see `frontline.contract.channel.ObjectStore` for the promises."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def put(self, bucket: str, name: str, chunks: AsyncIterable[bytes]) -> ObjectRef:
        upload = self.begin(bucket)
        try:
            async for chunk in chunks:
                await upload.write(chunk)
            return await upload.name(name)
        except BaseException:
            await upload.drop()
            raise

    async def keep(self, ref: ObjectRef, data: bytes) -> None:
        if not 0 < len(data) <= CHUNK:
            await self.put(ref.bucket, ref.name, one(data))
            return
        upload = Naming(self._bus, ref.bucket)
        try:
            await upload.give(ref.name, bytes.fromhex(ref.sha256), data)
        except BaseException:
            await upload.drop()
            raise

    def begin(self, bucket: str) -> "Uploading":
        return Uploading(self._bus, bucket)

    async def erase(self, bucket: str, name: str) -> None:
        """Overwrite it on the disk, chunks before the name, so that it is found again after a crash; nothing if it is
        not there. Raises `Unavailable`.
        """
        stream = f"OBJ_{bucket}"
        for named in [item async for item in read(self._bus, stream, _subject(bucket, name))]:
            chunks = f"$O.{bucket}.C.{msgspec.json.decode(named.data, type=_Meta).nuid}"
            await erase(self._bus, stream, [item.seq async for item in read(self._bus, stream, chunks, batch=16)])
            await erase(self._bus, stream, [named.seq])

    async def names(self, bucket: str) -> list[str]:
        """Of all that is there; for a bucket that has few. Raises `Unavailable`."""
        metas = read(self._bus, f"OBJ_{bucket}", f"$O.{bucket}.M.*")
        return [msgspec.json.decode(item.data, type=_Meta).name async for item in metas]

    async def remove(self, bucket: str, name: str) -> None:
        """Chunks before the name, so that it is found again after a crash; nothing if it is not there. Not for what is
        to be gone from the disk: see `erase`. Raises `Unavailable`.
        """
        for named in [item async for item in read(self._bus, f"OBJ_{bucket}", _subject(bucket, name))]:
            meta = msgspec.json.decode(named.data, type=_Meta)
            for nuid in (*meta.replaced(), meta.nuid):
                await _purge(self._bus, bucket, f"$O.{bucket}.C.{nuid}")
            await _purge(self._bus, bucket, named.subject, before=named.seq + 1)

    async def get(self, ref: ObjectRef) -> AsyncIterator[bytes]:
        meta = await _meta_of(self._bus, ref.bucket, ref.name)
        digest = hashlib.sha256()
        size = 0
        async for item in read(self._bus, f"OBJ_{ref.bucket}", f"$O.{ref.bucket}.C.{meta.nuid}", batch=16):
            digest.update(item.data)
            size += len(item.data)
            yield item.data
        if size != ref.size or digest.hexdigest() != ref.sha256:
            raise Unavailable(f"object {ref.bucket}/{ref.name} is not what was stored")


class Naming:
    """An upload that is given its name: one of a single chunk, or the end of one that has gone out in several."""

    def __init__(self, bus: Bus, bucket: str) -> None:
        self._bus = bus
        self._bucket = bucket
        self._nuid = os.urandom(11).hex()
        self._chunks = f"$O.{bucket}.C.{self._nuid}"
        self._size = self._count = 0
        self._last: Together | None = None
        self._named = False

    async def give(self, name: str, digested: bytes, only: bytes = b"") -> None:
        """Give it its name, and the SHA-256 of all of it. That of `only` one chunk goes out right behind it: the
        stream takes them in this order or not at all.
        """
        if only:
            self._size, self._count = len(only), 1
        digest = "SHA-256=" + _base64(digested)
        said = _Meta(name, self._bucket, self._nuid, self._size, self._count, digest)
        meta = msgspec.json.encode(said)
        subject = _subject(self._bucket, name)
        messages = ((self._chunks, only, None),) if only else ()
        self._last = last = Together(len(messages) + 1)
        named: PubAck | BaseException | None = None
        refused: BaseException | None = None
        try:
            try:
                await self._bus.begin_together(last, *messages, (subject, meta, {_EXPECTED: "0"}))
                await last.wait()
                named = last.outcomes[-1]
                refused = next((each for each in last.outcomes[:-1] if isinstance(each, BaseException)), None)
                if refused is not None:
                    raise refused
            except BaseException:
                await last.wait()
                if isinstance(named := last.outcomes[-1], PubAck):
                    with suppress(Unavailable):  # up to it: somebody may have put another in its place
                        await _purge(self._bus, self._bucket, subject, before=named.seq + 1)
                raise
            if isinstance(named, WrongSequence):  # names are new nearly always, so that was tried first
                before = await _meta_of(self._bus, self._bucket, name)
                # Whoever is killed behind this leaves chunks that are older than what the janitor looks at.
                replaced = [*before.replaced(), before.nuid][-_MOST_REPLACED:]
                said.metadata = {_REPLACED: " ".join(replaced)}
                await self._bus.publish(subject, msgspec.json.encode(said), {"Nats-Rollup": "sub"})
                await forget(self._bus, self._bucket, before.nuid)
            elif isinstance(named, BaseException):
                raise named
        finally:
            del last, named, refused  # an error that is raised holds this frame, with the content in it
        self._named = True

    async def drop(self) -> None:
        """Leave nothing behind, unless it has its name."""
        if self._named:
            return
        # A purge may overtake a chunk that is still under way.
        if self._last is not None:
            await self._last.wait()
            self._last = None  # it may hold an error that holds us
        if self._count:
            await forget(self._bus, self._bucket, self._nuid)


class Uploading(Naming):
    """`frontline.contract.channel.Upload`: chunks go out as they fill, a window of them at a time."""

    def __init__(self, bus: Bus, bucket: str) -> None:
        super().__init__(bus, bucket)
        self._digest = hashlib.sha256()
        self._rest = bytearray()
        self._window: set[asyncio.Future[PubAck]] = set()

    async def write(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= CHUNK:
            chunk = bytes(self._rest[:CHUNK])
            del self._rest[:CHUNK]
            await self._send(chunk)

    async def name(self, name: str) -> ObjectRef:
        rest = bytes(self._rest)
        self._rest.clear()
        if self._count:
            if rest:
                await self._send(rest)
                rest = b""
            await self._settle()
        elif rest:
            self._digest.update(rest)
        await self.give(name, self._digest.digest(), rest)
        return ObjectRef(bucket=self._bucket, name=name, size=self._size, sha256=self._digest.hexdigest())

    async def drop(self) -> None:
        if self._window:
            await asyncio.wait(self._window)
            for failed in self._window:
                failed.exception()
        await super().drop()

    async def _send(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._size += len(chunk)
        self._count += 1
        if len(self._window) >= _WINDOW:
            done, self._window = await asyncio.wait(self._window, return_when=asyncio.FIRST_COMPLETED)
            while done:  # who is still held here when it raises, holds itself
                done.pop().result()
        self._window.add(await self._bus.begin(self._chunks, chunk))

    async def _settle(self) -> None:
        """Wait until all chunks are stored."""
        if self._window:
            await asyncio.wait(self._window)
        window, self._window = self._window, set()
        failed = [each for each in window if each.exception() is not None]
        window.clear()
        if failed:
            failed.pop().result()


def _subject(bucket: str, name: str) -> str:
    return f"$O.{bucket}.M.{_base64(name.encode())}"


async def _meta_of(bus: Bus, bucket: str, name: str) -> _Meta:
    async for item in read(bus, f"OBJ_{bucket}", _subject(bucket, name), batch=1):
        return msgspec.json.decode(item.data, type=_Meta)
    raise Unavailable(f"object {bucket}/{name} is not there")


def named_in(meta: bytes) -> tuple[str, list[str]]:
    """The upload that a name stands for, and those that it stood for before."""
    said = msgspec.json.decode(meta, type=_Meta)
    return said.nuid, said.replaced()


async def is_there(bus: Bus, bucket: str, nuid: str) -> bool:
    """Whether an upload has left any chunk."""
    return bool([item.seq async for item in read(bus, f"OBJ_{bucket}", f"$O.{bucket}.C.{nuid}", batch=1)])


async def forget(bus: Bus, bucket: str, nuid: str) -> None:
    """Chunks without a meta are found by nobody. What customers sent is erased, as far as the bus is there."""
    chunks = f"$O.{bucket}.C.{nuid}"
    if bucket not in _PERSONAL:
        with suppress(Unavailable):
            await _purge(bus, bucket, chunks)
        return
    with suppress(Unavailable):
        await erase(bus, f"OBJ_{bucket}", [item.seq async for item in read(bus, f"OBJ_{bucket}", chunks, timeout=1)])


async def _purge(bus: Bus, bucket: str, subject: str, *, before: int = 0) -> None:
    """Remove what is on `subject`, with `before` only up to that sequence. Raises `Unavailable`."""
    ask = msgspec.json.encode({"filter": subject, **({"seq": before} if before else {})})
    await bus.request(f"$JS.API.STREAM.PURGE.OBJ_{bucket}", ask, timeout=1)


async def one(data: bytes) -> AsyncIterator[bytes]:
    """Bytes that are in memory already, as a stream."""
    yield data


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
