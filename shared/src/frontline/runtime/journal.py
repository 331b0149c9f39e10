"""Writing and reading the journal of erasures. An entry is a request: the desk's leader carries it out, now or later."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from frontline.contract.codec import encode
from frontline.contract.erasure import Erasure, Name, decode_erasure, name_of
from frontline.contract.ids import CustomerId, DeskId
from frontline.runtime.bus import Bus, WrongSequence
from frontline.runtime.keyvalue import Entry, KeyValue
from frontline.runtime.reader import read
from frontline.runtime.topology import ERASED


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry as it stands at `revision`."""

    name: Name
    erasure: Erasure
    revision: int


class Journal:
    """Raises `Unavailable`, all of it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._bucket = KeyValue(bus, ERASED)

    async def ask_for(self, name: Name, at: datetime, *, successor: CustomerId | None = None) -> bool:
        """Have it erased; false if it is noted already, and done or on its way."""
        try:
            await self._bucket.update(str(name), encode(Erasure(at=at, successor=successor or CustomerId(""))), 0)
        except WrongSequence:
            return False
        return True

    async def has(self, name: Name) -> bool:
        """Whether it was asked for, be it carried out or not."""
        return await self._bucket.get(str(name)) is not None

    async def note(self, noted: Noted, erasure: Erasure) -> Noted | None:
        """Write over exactly this revision; `None` if there is a younger one."""
        try:
            revision = await self._bucket.update(str(noted.name), encode(erasure), noted.revision)
        except WrongSequence:
            return None
        return replace(noted, erasure=erasure, revision=revision)

    async def again(self, noted: Noted) -> None:
        """Have it erased once more, from the start."""
        erasure = msgspec.structs.replace(noted.erasure, passes=0, looked=None, waits={}, done=None)
        await self.note(noted, erasure)

    async def all(self) -> list[Noted]:
        """Of every desk, oldest first."""
        prefix = f"$KV.{ERASED}."
        entries = [
            Entry(item.subject.removeprefix(prefix), item.data, item.seq)
            async for item in read(self._bus, f"KV_{ERASED}", f"{prefix}>")
        ]
        return sorted(_noted(entries), key=lambda noted: (noted.erasure.at, noted.name))

    async def watch(self, desk: DeskId) -> AsyncGenerator[list[Noted], None]:
        """A desk's entries, then each change, for ever. An empty list: all that was there has been given."""
        async for entries in self._bucket.watch(f"{desk}.>"):
            noted = _noted(entries)
            if noted or not entries:
                yield noted


def _noted(entries: list[Entry]) -> list[Noted]:
    return [
        Noted(name, decode_erasure(entry.value), entry.revision)
        for entry in entries
        if entry.value and (name := name_of(entry.key)) is not None
    ]
