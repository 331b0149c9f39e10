"""One mail while it comes in: counted, held in memory while it is small, a stream once it is large."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

from frontline.contract.error import Reason, Rejected, Unavailable

T = TypeVar("T")

LARGE = 256 * 1024
"""Above this a mail is stored while it comes in, and never lies in memory whole."""
LARGE_COST = 8 * 1024 * 1024
"""What a large mail takes of memory at most, whatever its size: pieces on their way, small parts to be read."""
_HIGH = 512 * 1024
_LOW = 128 * 1024
_END_OF_FIELDS = re.compile(rb"\n\r?\n")


class Flow(Protocol):
    """The side that the octets come from, as far as it can be slowed down."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Pipe:
    """Octets from a connection to whoever stores them; a full one stops the connection."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._chunks = deque[bytes]()
        self._size = 0
        self._paused = self._ended = self._abandoned = False
        self._arrived = asyncio.Event()

    def put(self, octets: bytes) -> None:
        if self._abandoned:
            return
        self._chunks.append(octets)
        self._size += len(octets)
        self._arrived.set()
        if self._size > _HIGH and not self._paused:
            self._paused = True
            self._flow.pause_reading()

    def end(self) -> None:
        self._ended = True
        self._arrived.set()

    def abandon(self) -> None:
        """Nobody takes anything any more: let the rest run dry."""
        self._abandoned = True
        self._chunks.clear()
        self._size = 0
        self._resume()

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            while self._chunks:
                octets = self._chunks.popleft()
                self._size -= len(octets)
                if self._size < _LOW:
                    self._resume()
                yield octets
            if self._ended:
                return
            self._arrived.clear()
            await self._arrived.wait()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._flow.resume_reading()


class Limits(Protocol):
    """What of the settings counts here; octets."""

    @property
    def smtp_max_size(self) -> int: ...

    @property
    def smtp_max_header(self) -> int: ...


class Incoming(Generic[T]):
    """Takes the octets of a mail; `outcome` then stores it, or says why not.

    `small` stores a whole mail, `large` one that is still coming in. `claim` is asked before more is
    held in memory, and given back what it gave at `close`.
    """

    def __init__(
        self,
        limits: Limits,
        flow: Flow,
        claim: Callable[[int], bool],
        small: Callable[[bytes], Coroutine[Any, Any, T]],
        large: Callable[[AsyncIterator[bytes]], Coroutine[Any, Any, T]],
    ) -> None:
        self._limits = limits
        self._flow = flow
        self._claim = claim
        self._small = small
        self._large = large
        self._chunks: list[bytes] = []
        self._header: int | None = 0
        self._tail = b"\n"
        self._refusal: Rejected | Unavailable | None = None
        self._pipe: Pipe | None = None
        self._storing: asyncio.Task[T] | None = None
        self.size = 0
        self.held = 0
        """Octets that were claimed."""

    def take(self, octets: bytes) -> None:
        self.size += len(octets)
        if self._refusal is not None:
            return
        if self.size > self._limits.smtp_max_size:
            self._refuse(Rejected(f"larger than {self._limits.smtp_max_size} octets", Reason.TOO_LARGE))
        elif self._header is not None and not self._fields_fit(octets):
            self._refuse(Rejected(f"fields larger than {self._limits.smtp_max_header} octets", Reason.TOO_LARGE))
        elif self._pipe is not None:
            self._pipe.put(octets)
        elif self._hold(LARGE_COST - self.held if self.size > LARGE else len(octets)):
            self._chunks.append(octets)
            if self.size > LARGE:
                self._begin()
        else:
            self._refuse(Unavailable("too much in hand, come again", full=True))

    async def outcome(self) -> T:
        """What became of the mail, now that it is whole. Raises what stores it raises, or the refusal."""
        if self._refusal is not None:
            raise self._refusal
        if self._storing is None:
            whole = b"".join(self._chunks)
            self._chunks.clear()
            return await self._small(whole)
        assert self._pipe is not None
        self._pipe.end()
        # Not awaited itself: whoever is cancelled here still has to see to the end of it, in `close`.
        await asyncio.wait({self._storing})
        return self._storing.result()

    async def close(self) -> None:
        """Let go of a mail that did not come whole, and of what it left behind."""
        if self._storing is not None and not self._storing.done():
            if not self._storing.cancelling():  # once: a second time would cut short how it cleans up
                self._storing.cancel()
            await asyncio.wait({self._storing})
        # Either holds an error that was raised in here, and so holds us.
        self._storing = self._refusal = None

    def _hold(self, octets: int) -> bool:
        if not self._claim(octets):
            return False
        self.held += octets
        return True

    def _begin(self) -> None:
        self._pipe = Pipe(self._flow)
        for octets in self._chunks:
            self._pipe.put(octets)
        self._chunks.clear()
        self._storing = asyncio.create_task(self._large(self._pipe.chunks()))
        self._storing.add_done_callback(self._stored)

    def _stored(self, task: "asyncio.Task[T]") -> None:
        assert self._pipe is not None
        self._pipe.abandon()
        if not task.cancelled():
            task.exception()  # told by `outcome`, if anybody is still there to be told

    def _refuse(self, why: Rejected | Unavailable) -> None:
        self._refusal = why
        self._chunks.clear()
        if self._storing is not None:
            self._storing.cancel()

    def _fields_fit(self, octets: bytes) -> bool:
        """Whether the header fields are within their limit, as far as they have come."""
        assert self._header is not None
        window = self._tail + octets
        end = _END_OF_FIELDS.search(window)
        header = self._header + (end.start() if end else len(octets))
        self._header, self._tail = (None, b"") if end else (header, window[-2:])
        return header <= self._limits.smtp_max_header
