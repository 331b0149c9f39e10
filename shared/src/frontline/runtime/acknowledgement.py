"""JetStream's word of a message, and what waits for it: one future each, or several messages together."""

import asyncio
from typing import Protocol, TypeVar

import msgspec

from frontline.contract.error import Reason, Rejected, Unavailable

_FULL_CODES = {10077, 10023, 10122}
_TOO_LARGE = 10054
_WRONG_SEQUENCE = {10071, 10164}
W_contra = TypeVar("W_contra", contravariant=True)


class Waits(Protocol[W_contra]):
    """What the bus wants of a future."""

    def done(self) -> bool: ...

    def set_result(self, result: W_contra, /) -> None: ...

    def set_exception(self, error: BaseException, /) -> None: ...

    def exception(self) -> object: ...


class PubAck(msgspec.Struct, frozen=True):
    """JetStream's word that a message is stored: in which stream, at which sequence."""

    stream: str
    seq: int
    duplicate: bool


class WrongSequence(Exception):
    """An `Expected-Last-Sequence` (or subject sequence) did not hold; nothing was stored.
    `last` is the sequence that the server has, if it says so.
    """

    def __init__(self, description: str) -> None:
        super().__init__(description)
        _, _, last = description.rpartition(": ")
        self.last = int(last) if last.isdecimal() else None


class _Error(msgspec.Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Reply(msgspec.Struct):
    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


_decode_reply = msgspec.json.Decoder(_Reply).decode


def outcome_of(data: bytes) -> PubAck | Exception:
    """What an acknowledgement says, in JSON."""
    reply = _decode_reply(data)
    return PubAck(reply.stream, reply.seq, reply.duplicate) if reply.error is None else _refusal(reply.error)


def _refusal(error: _Error) -> Exception:
    if error.err_code in _WRONG_SEQUENCE:
        return WrongSequence(error.description)
    if error.err_code in _FULL_CODES:
        return Unavailable("the stream is full", full=True)
    if error.err_code == _TOO_LARGE:
        return Rejected("larger than the stream takes", Reason.TOO_LARGE)
    return Unavailable(f"the bus refused: {error.description}")


class Together:
    """What becomes of several messages that went out together. Whoever waits for it may be cancelled: it still
    becomes of them what does, and `wait` can be called again.
    """

    __slots__ = ("_missing", "_waiter", "outcomes")

    def __init__(self, count: int) -> None:
        self.outcomes: list[PubAck | BaseException | None] = [None] * count
        """In the order of the messages; `None` until it is known."""
        self._missing = count
        self._waiter: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Until all are known."""
        while self._missing:
            if self._waiter is None or self._waiter.done():
                self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def settle(self, place: int, outcome: PubAck | BaseException) -> None:
        """For the bus."""
        self.outcomes[place] = outcome
        self._missing -= 1
        if not self._missing and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Place:
    """One of them, in place of a future."""

    __slots__ = ("_place", "_together")

    def __init__(self, together: Together, place: int) -> None:
        self._together = together
        self._place = place

    def done(self) -> bool:
        return self._together.outcomes[self._place] is not None

    def set_result(self, ack: PubAck) -> None:
        self._together.settle(self._place, ack)

    def set_exception(self, error: BaseException) -> None:
        self._together.settle(self._place, error)

    def exception(self) -> None:
        return None
