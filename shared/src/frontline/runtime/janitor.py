"""Removes what uploads leave behind that were killed before they had a name, or before what had it was removed: chunks
that no object refers to stay for ever.

Once a day, whichever process comes first. Each sweep goes on where the last one ended and reads back what was stored
since then, once: direct get knows no way to have subjects without their data. What is younger than `age` stays, because
it may still be on its way.
"""

from datetime import datetime, timedelta

import msgspec

from frontline.contract.channel import Checkpoints
from frontline.runtime.bus import Bus
from frontline.runtime.objects import forget, is_there, named_in
from frontline.runtime.reader import read

EVERY = timedelta(days=1)
_BATCH = 32


class _Mark(msgspec.Struct, frozen=True):
    """Up to which sequence all is swept, and when somebody last began to."""

    seq: int
    at: datetime


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
    replaced: set[str] = set()
    swept = mark.seq
    async for item in read(bus, f"OBJ_{bucket}", f"$O.{bucket}.>", mark.seq, batch=_BATCH):
        if item.at > now - age:
            break
        swept = item.seq
        if item.subject.startswith(chunks):
            seen.add(item.subject.removeprefix(chunks))
        else:
            nuid, before = named_in(item.data)
            named.add(nuid)
            replaced.update(before)
    # The name comes last: that of an old chunk may be young.
    async for item in read(bus, f"OBJ_{bucket}", f"$O.{bucket}.M.>", swept):
        named.add(named_in(item.data)[0])
    # What had a name once was seen, and left alone, by a sweep before this one.
    nameless = (seen | {nuid for nuid in replaced if await is_there(bus, bucket, nuid)}) - named
    for nuid in nameless:
        await forget(bus, bucket, nuid)
    await checkpoints.put(key, msgspec.json.encode(_Mark(swept, now)), revision)
    return len(nameless)


_decode = msgspec.json.Decoder(_Mark).decode
