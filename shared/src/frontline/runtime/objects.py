"""Objects by streaming, in the object store format of NATS (ADR-20), so `nats object` reads them.

nats-py's own `get` runs at 20 MB/s and its `put` waits for each chunk; here chunks are sent a
window at a time and read by batched direct get.
"""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from frontline.contract.error import Unavailable
from frontline.contract.message import ObjectRef
from frontline.runtime.bus import Bus, PubAck, WrongSequence
from frontline.runtime.reader import read

CHUNK = 128 * 1024
_WINDOW = 8
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


class Objects:
    """Puts and gets; see `frontline.contract.channel.ObjectStore` for the promises."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def put(self, bucket: str, name: str, chunks: AsyncIterable[bytes]) -> ObjectRef:
        nuid = secrets.token_hex(11)
        digest = hashlib.sha256()
        size = count = 0
        window: set[asyncio.Future[PubAck]] = set()
        try:
            async for chunk in _rechunk(chunks):
                digest.update(chunk)
                size += len(chunk)
                count += 1
                if len(window) >= _WINDOW:
                    done, window = await asyncio.wait(window, return_when=asyncio.FIRST_COMPLETED)
                    for acknowledged in done:
                        acknowledged.result()
                window.add(await self._bus.begin(f"$O.{bucket}.C.{nuid}", chunk))
            for outcome in await asyncio.gather(*window, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
            meta = _Meta(name, bucket, nuid, size, count, "SHA-256=" + _base64(digest.digest()))
            await self._name(bucket, name, msgspec.json.encode(meta))
        except BaseException:
            if window:
                await asyncio.wait(window)  # a purge may overtake a chunk that is still under way
            await self._forget(bucket, nuid)
            raise
        return ObjectRef(bucket=bucket, name=name, size=size, sha256=digest.hexdigest())

    async def get(self, ref: ObjectRef) -> AsyncIterator[bytes]:
        meta = await self._meta(ref.bucket, ref.name)
        digest = hashlib.sha256()
        size = 0
        async for item in read(self._bus, f"OBJ_{ref.bucket}", f"$O.{ref.bucket}.C.{meta.nuid}", batch=16):
            digest.update(item.data)
            size += len(item.data)
            yield item.data
        if size != ref.size or digest.hexdigest() != ref.sha256:
            raise Unavailable(f"object {ref.bucket}/{ref.name} is not what was stored")

    async def _name(self, bucket: str, name: str, meta: bytes) -> None:
        """Let the name stand for the new chunks. Names are new nearly always, so that is tried first."""
        subject = f"$O.{bucket}.M.{_base64(name.encode())}"
        try:
            await self._bus.publish(subject, meta, {_EXPECTED: "0"})
        except WrongSequence:
            before = await self._meta(bucket, name)
            await self._bus.publish(subject, meta, {"Nats-Rollup": "sub"})
            await self._forget(bucket, before.nuid)

    async def _meta(self, bucket: str, name: str) -> _Meta:
        subject = f"$O.{bucket}.M.{_base64(name.encode())}"
        async for item in read(self._bus, f"OBJ_{bucket}", subject, batch=1):
            return msgspec.json.decode(item.data, type=_Meta)
        raise Unavailable(f"object {bucket}/{name} is not there")

    async def _forget(self, bucket: str, nuid: str) -> None:
        """Chunks without a meta are found by nobody; purge them, as far as the bus is there."""
        try:
            ask = msgspec.json.encode({"filter": f"$O.{bucket}.C.{nuid}"})
            await self._bus.request(f"$JS.API.STREAM.PURGE.OBJ_{bucket}", ask, timeout=1)
        except Unavailable:
            return


async def whole(chunks: AsyncIterable[bytes]) -> bytes:
    """All chunks in one; for content whose size is known to be small."""
    return b"".join([chunk async for chunk in chunks])


async def one(data: bytes) -> AsyncIterator[bytes]:
    """Bytes that are in memory already, as a stream."""
    yield data


async def _rechunk(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of `CHUNK`, the last one smaller; nothing for nothing."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        while len(buffer) >= CHUNK:
            yield bytes(buffer[:CHUNK])
            del buffer[:CHUNK]
    if buffer:
        yield bytes(buffer)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
