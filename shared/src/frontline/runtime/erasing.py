"""Erasing stored messages: their bytes are overwritten on the disk.

Neither an acknowledgement, nor a purge by subject, nor the end of an age does that: they leave the bytes in the block
of the file until all of its messages are gone (tried). A secure delete waits for the disk, some milliseconds each.
"""

import asyncio
from collections.abc import Iterable

import msgspec

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus

_AT_ONCE = 16
_NO_MESSAGE = {10037, 10043, 10057}
_DENIED = "not permitted"


class _Error(msgspec.Struct):
    description: str = ""
    err_code: int = 0


class _Deleted(msgspec.Struct):
    success: bool = False
    error: _Error | None = None


_decode = msgspec.json.Decoder(_Deleted).decode


class Denied(Unavailable):
    """The stream was made so that nothing can be deleted from it, and the server does not take that back."""


async def erase(bus: Bus, stream: str, seqs: Iterable[int]) -> int:
    """Overwrite these messages; gives how many there were. What is not there any more is no error.

    Raises `Unavailable`: some of them may be there still; do it again.
    """
    erased = 0
    todo = list(seqs)
    for begin in range(0, len(todo), _AT_ONCE):
        asks = [msgspec.json.encode({"seq": seq, "no_erase": False}) for seq in todo[begin : begin + _AT_ONCE]]
        under_way = [await bus.begin_request(f"$JS.API.STREAM.MSG.DELETE.{stream}", ask) for ask in asks]
        for answer in await asyncio.gather(*under_way):
            erased += _gone(stream, answer)
    return erased


def _gone(stream: str, answer: bytes) -> bool:
    said = _decode(answer)
    if said.success:
        return True
    if said.error is not None and said.error.err_code in _NO_MESSAGE:
        if _DENIED in said.error.description:
            raise Denied(f"nothing can be deleted from {stream}: it has to be made anew")
        return False
    raise Unavailable(f"a message of {stream} could not be deleted")
