"""Reading stored messages in batches by direct get, and following a stream as it grows.

No consumer is made: a follower subscribes to the core subject on which the stream republishes
what it has stored, and fetches history and gaps by batched direct get (ADR-31 of NATS). A dropped,
late or missed republication therefore costs a read and never an item.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import msgspec
from nats.aio.msg import Msg

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus

BATCH = 512
_RECHECK_SECONDS = 10.0
_REFUSED_SECONDS = 0.05
_NO_MESSAGE = 10037
_BYTES = 4 << 20
"""After so many a server ends an answer to a read; it has one message at least."""


class Stored(msgspec.Struct, frozen=True, gc=False):
    """One message of a stream, as it lies there."""

    seq: int
    subject: str
    data: bytes
    headers: dict[str, str]
    at: datetime


class _Get(msgspec.Struct, omit_defaults=True):
    seq: int = 0
    next_by_subj: str = ""
    batch: int = 0
    max_bytes: int = 0


Seam = Callable[[bytes | None], Awaitable[None]]
"""Told what lies where the reading has come to (`None`: nothing), before what lies above is given. Raises what it likes."""


async def read(
    bus: Bus,
    stream: str,
    subject: str,
    after: int = 0,
    *,
    batch: int = BATCH,
    timeout: float = 5.0,
    seam: Seam | None = None,
) -> AsyncGenerator[Stored, None]:
    """Everything now stored on `subject` (wildcards allowed) above sequence `after`, in order.

    A read that hears nothing for `timeout` seconds raises `Unavailable`. With a `seam`, each request begins at the last
    message that is known, and the seam is told of that.
    """
    with bus.replies() as replies:
        while True:
            again = seam is not None and after > 0
            ask = _Get(seq=after + 1, next_by_subj=subject, batch=batch, max_bytes=_BYTES)
            if again:  # with room for whatever lies behind it
                ask = _Get(after, subject, batch + 1, _BYTES + bus.nc.max_payload)
            await replies.ask(f"$JS.API.DIRECT.GET.{stream}", msgspec.json.encode(ask))
            while True:
                msg = await replies.next(timeout)
                headers = msg.headers or {}
                status = headers.get("Status")
                if seam is not None and again and status in (None, "204", "404"):
                    again = False
                    there = status is None and int(headers["Nats-Sequence"]) == after
                    await seam(msg.data if there else None)
                    if there:
                        continue
                if status is None:
                    item = _stored(msg, headers)
                    after = item.seq
                    yield item
                    continue
                if status == "204" and headers.get("Nats-Num-Pending", "0") != "0":
                    break
                if status in ("204", "404"):
                    return
                raise Unavailable(f"stream {stream} refused a read: {status}")


async def read_whole(bus: Bus, stream: str, subject: str) -> list[Stored]:
    """As `read`, for who has to know that something is not there: a direct get may be answered by a replica that is
    behind. Raises `Unavailable` if it was behind the stream's leader: ask again.
    """
    last = await last_on(bus, stream, subject)
    found = [item async for item in read(bus, stream, subject)]
    if last is not None and last.seq > (found[-1].seq if found else 0):
        raise Unavailable(f"a replica of stream {stream} is behind")
    return found


@dataclass(frozen=True, slots=True)
class Last:
    """The last message on a subject."""

    seq: int
    subject: str
    data: bytes


async def last_on(bus: Bus, stream: str, subject: str) -> Last | None:
    """The last message on `subject` (wildcards allowed), by the word of the stream's leader. Raises `Unavailable`."""
    ask = msgspec.json.encode({"last_by_subj": subject})
    answer = await bus.request(f"$JS.API.STREAM.MSG.GET.{stream}", ask)
    found = msgspec.json.decode(answer.data, type=_Answer)
    if found.message is not None:
        return Last(found.message.seq, found.message.subject, base64.b64decode(found.message.data))
    if found.error is not None and found.error.err_code == _NO_MESSAGE:
        return None
    raise Unavailable(f"stream {stream} cannot be read")


class _Message(msgspec.Struct):
    seq: int = 0
    subject: str = ""
    data: str = ""


class _Error(msgspec.Struct):
    err_code: int = 0


class _Answer(msgspec.Struct):
    message: _Message | None = None
    error: _Error | None = None


async def stored_at(bus: Bus, stream: str, seq: int) -> bytes | None:
    """What lies at `seq`, `None` if there is nothing. By the word of the stream's leader: a direct get
    may be answered by a replica that is behind. Raises `Unavailable`.
    """
    answer = await bus.request(f"$JS.API.STREAM.MSG.GET.{stream}", msgspec.json.encode(_Get(seq=seq)))
    found = msgspec.json.decode(answer.data, type=_Answer)
    if found.message is not None:
        return base64.b64decode(found.message.data)
    if found.error is not None and found.error.err_code == _NO_MESSAGE:
        return None
    raise Unavailable(f"stream {stream} cannot be read")


def _stored(msg: Msg, headers: dict[str, str]) -> Stored:
    return Stored(
        seq=int(headers["Nats-Sequence"]),
        subject=headers["Nats-Subject"],
        data=msg.data,
        headers=headers,
        at=parse_instant(headers["Nats-Time-Stamp"]),
    )


def parse_instant(text: str) -> datetime:
    """A server's time stamp (RFC 3339 with nanoseconds) as aware UTC with microseconds."""
    return datetime.fromisoformat(text)


Check = Callable[[int, bytes | None], Awaitable[None]]
"""Asked about the place that was reached, and what was read there (`None`: nothing yet). Raises what it likes."""


async def follow(
    bus: Bus,
    stream: str,
    subject: str,
    live: str,
    after: int = 0,
    *,
    recheck: float = _RECHECK_SECONDS,
    check: Check | None = None,
) -> AsyncGenerator[list[Stored], None]:
    """All of `subject` above `after`, then what comes, in order and once each, until cancelled.

    `live` is the republished subject. Yields lists as they are found; an empty list says that
    everything stored at that moment has been seen. Waits out a lost connection.

    The stream may lose its end: behind a lost connection of ours, or at another server of the cluster, of which our
    connection tells nothing. So with a `check`, each read begins at what was read last; if that is not there as it was,
    and behind each lost connection, `check` is called before anything that was read since is yielded.
    """
    nudge = asyncio.Event()
    doubt = check is not None
    last: bytes | None = None
    found: list[Stored] = []

    def changed(connected: bool) -> None:  # noqa: FBT001 - the signature of a listener
        nonlocal doubt
        doubt = check is not None
        if connected:
            nudge.set()

    async def look(there: bytes | None) -> None:
        nonlocal last
        seq, known = (found[-1].seq, found[-1].data) if found else (after, last)
        if check is None or (there is not None and there == known):
            return
        await check(seq, known)
        if known is None:
            last = there
        elif there is not None:
            raise Unavailable(f"a replica of stream {stream} has another message at {seq} than its leader")

    bus.on_change(changed)
    try:
        async with _nudged(bus, live, nudge.set):
            while True:
                nudge.clear()
                found = []
                try:
                    if doubt and check is not None:
                        doubt = False
                        if last is not None:  # else the read itself will ask
                            await check(after, last)
                    async for item in read(bus, stream, subject, after, seam=look if check else None):
                        if doubt:
                            break
                        found.append(item)
                        if len(found) >= BATCH:
                            after, last = found[-1].seq, found[-1].data
                            yield found
                            found = []
                except Unavailable:
                    doubt = check is not None
                    await bus.wait_connected()
                    await asyncio.sleep(_REFUSED_SECONDS)  # a stream that is not there yet says so at once
                    nudge.set()
                if doubt:
                    nudge.set()
                    continue
                if found:
                    after, last = found[-1].seq, found[-1].data
                    yield found
                if not nudge.is_set():
                    yield []
                    with suppress(TimeoutError):
                        async with asyncio.timeout(recheck):
                            await nudge.wait()
    finally:
        bus.off_change(changed)


@asynccontextmanager
async def _nudged(bus: Bus, live: str, nudge: Callable[[], None]) -> AsyncIterator[None]:
    """As `Bus.nudges`, once the bus is there: it may be lost again before who waits for it is woken."""
    async with AsyncExitStack() as nudged:
        while True:
            await bus.wait_connected()
            try:
                await nudged.enter_async_context(bus.nudges(live, nudge))
            except Unavailable:
                await asyncio.sleep(_REFUSED_SECONDS)
            else:
                break
        yield
