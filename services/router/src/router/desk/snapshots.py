"""A desk's snapshots in the object store: the last few, each read back before it counts."""

import asyncio
import gc
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import suppress
from datetime import datetime

import msgspec

from frontline.contract.clock import Instant
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.contract.message import ObjectRef
from frontline.runtime.bus import Bus, WrongSequence
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.objects import Objects
from frontline.runtime.topology import PROGRESS, SNAPSHOTS
from router.core.snapshot import FORMAT, Restoration, UnreadableSnapshot, save
from router.core.state import DeskState
from router.desk.fence import Fence

KEPT = 3
_LENGTH_BYTES = 4


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that was stored and read back: the state behind sequence `seq` of the log."""

    seq: int
    epoch: int
    index: int
    at: Instant
    contacts: int
    content: ObjectRef
    mark: str = ""
    """Of the record at `seq`."""
    format: int = FORMAT


class Claim(msgspec.Struct, frozen=True):
    """Whose the list of snapshots is to write. `number` is that of no other claim, and the object has its name by it."""

    number: int
    listed: tuple[Taken, ...]


_decode = msgspec.json.Decoder(tuple[Taken, ...]).decode


class Snapshots:
    def __init__(self, bus: Bus, desk: DeskId) -> None:
        self._desk = desk
        self._objects = Objects(bus)
        self._progress = KeyValue(bus, PROGRESS)
        self._key = f"snapshots.{desk}"

    async def taken(self) -> tuple[Taken, ...]:
        """Those that this code can read, youngest first. Raises `Unavailable`."""
        entry = await self._progress.get(self._key)
        return tuple(each for each in _decode(entry.value) if each.format == FORMAT) if entry else ()

    async def load(self, taken: Taken) -> DeskState:
        """Raises `UnreadableSnapshot`, `Unavailable`. Lets others run in between."""
        restoration = Restoration()
        collects = gc.isenabled()
        gc.disable()  # a million new objects, all of them to stay: looking for garbage takes longer than making them
        try:
            async for block in _blocks(self._objects.get(taken.content)):
                restoration.add(block)
                await asyncio.sleep(0)
        finally:
            if collects:
                gc.enable()
                gc.freeze()  # nor is garbage looked for among them later: that would stop a loop for seconds
        return restoration.done()

    async def write(self, state: DeskState, place: Fence, now: datetime, claim: Claim, behind: Taken | None) -> Taken:
        """Store `state`, which must not change meanwhile, and read it back. `place` is that of the last record
        that counts or begins an epoch: where a reader of the snapshot goes on from. `state` was made since the `claim`,
        of the snapshot `behind` it, or of the whole log: younger ones could not be read, and are listed no more. So the
        log is only ever purged up to one that could be read a second time, when this one was made of it.
        Raises `Unavailable`, and `UnreadableSnapshot` if what was read is not what was written.
        """
        written = hashlib.sha256()
        content = await self._objects.put(SNAPSHOTS, f"{self._desk}/{claim.number}", _in_turns(_framed(state, written)))
        taken = Taken(
            seq=place.seq,
            epoch=place.epoch,
            index=place.index,
            mark=place.mark,
            at=now,
            contacts=len(state.contacts),
            content=content,
        )
        found = hashlib.sha256()
        async for _ in _in_turns(_framed(await self.load(taken), found)):
            pass  # saving it again is what it takes to see all of it
        if found.digest() != written.digest():
            raise UnreadableSnapshot("what was read back is another state")
        before = claim.listed[claim.listed.index(behind) :] if behind in claim.listed else ()
        kept = (taken, *(each for each in before if each.format == FORMAT))[:KEPT]
        await self._update(msgspec.json.encode(kept), claim.number)
        await self._sweep(claim.number, kept)
        return taken

    async def claim(self) -> Claim:
        """Make the list that is there our own to write: whoever was about to writes no more, however late they come.
        They would put back what they have read, and the log may be purged up to what is not in that any more. Raises
        `Unavailable`.
        """
        entry = await self._progress.last(self._key)
        there = entry.value if entry is not None and entry.value else b"[]"
        claim = await self._update(there, entry.revision if entry is not None else 0)
        listed = _decode(there)
        await self._sweep(claim, listed)  # whoever was killed behind theirs has left an object
        return Claim(claim, listed)

    async def _update(self, value: bytes, revision: int) -> int:
        try:
            return await self._progress.update(self._key, value, revision)
        except WrongSequence as error:
            raise Unavailable("another one takes a snapshot of this desk") from error

    async def _sweep(self, claim: int, listed: tuple[Taken, ...]) -> None:
        """Remove the objects of earlier claims that are not `listed`: they never will be again."""
        stay = {each.content.name for each in listed}
        with suppress(Unavailable):
            for name in await self._objects.names(SNAPSHOTS):
                desk, _, number = name.rpartition("/")
                if desk == self._desk and name not in stay and number.isdigit() and int(number) < claim:
                    await self._objects.remove(SNAPSHOTS, name)


def _framed(state: DeskState, digest: "hashlib._Hash") -> Iterator[bytes]:
    """Each block behind its length, as the store cuts where it likes. `digest` has all of them in the end."""
    for block in save(state):
        digest.update(block)
        yield len(block).to_bytes(_LENGTH_BYTES) + block


async def _in_turns(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Lets others run in between."""
    for part in parts:
        yield part
        await asyncio.sleep(0)


async def _blocks(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    rest = bytearray()
    async for chunk in chunks:
        rest += chunk
        while len(rest) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(rest[:_LENGTH_BYTES])
            if len(rest) < end:
                break
            yield bytes(rest[_LENGTH_BYTES:end])
            del rest[:end]
    if rest:
        raise Unavailable("a snapshot ends in the middle of a block")
