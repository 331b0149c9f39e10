"""Removes what uploads leave behind that were killed before they had a name: chunks that no object refers to stay for ever.

Once a day, whichever process comes first. Each sweep goes on where the last one ended and reads back what was stored
since then, once: direct get knows no way to have subjects without their data. What is younger than `age` stays, because
it may still be on its way.
"""

from datetime import datetime, timedelta

import msgspec

from frontline.contract.channel import Checkpoints
from frontline.runtime.bus import Bus
from frontline.runtime.objects import forget
from frontline.runtime.reader import read

EVERY = timedelta(days=1)
_BATCH = 32


class _Mark(msgspec.Struct, frozen=True):
    """Up to which sequence all is swept, and when somebody last began to."""

    seq: int
    at: datetime


class _Named(msgspec.Struct):
    nuid: str


async def sweep(bus: Bus, checkpoints: Checkpoints, bucket: str, *, age: timedelta, now: datetime) -> int | None:
    """Remove the nameless uploads of `bucket` that are older than `age`; how many they were. `None`: it is somebody
    else's turn, or was less than a day ago. Raises `Unavailable`; what is left then is left to the next.
    """
    key = f"janitor.{bucket}"
    found = await checkpoints.get(key)
    mark = _Mark(0, datetime.min.replace(tzinfo=now.tzinfo)) if found is None else _decode(found.value)
    if mark.at > now - EVERY:
        return None
    claim = msgspec.json.encode(_Mark(mark.seq, now))
    revision = await checkpoints.put(key, claim, 0 if found is None else found.revision)
    if revision is None:
        return None
    chunks = f"$O.{bucket}.C."
    seen: set[str] = set()
    named: set[str] = set()
    swept = mark.seq
    async for item in read(bus, f"OBJ_{bucket}", f"$O.{bucket}.>", mark.seq, batch=_BATCH):
        if item.at > now - age:
            break
        swept = item.seq
        if item.subject.startswith(chunks):
            seen.add(item.subject.removeprefix(chunks))
        else:
            named.add(msgspec.json.decode(item.data, type=_Named).nuid)
    # The name comes last: that of an old chunk may be young.
    async for item in read(bus, f"OBJ_{bucket}", f"$O.{bucket}.M.>", swept):
        named.add(msgspec.json.decode(item.data, type=_Named).nuid)
    nameless = seen - named
    for nuid in nameless:
        await forget(bus, bucket, nuid)
    await checkpoints.put(key, msgspec.json.encode(_Mark(swept, now)), revision)
    return len(nameless)


_decode = msgspec.json.Decoder(_Mark).decode
