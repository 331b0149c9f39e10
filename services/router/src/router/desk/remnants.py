"""What work queues leave on the disk. An acknowledged message is gone for everybody, and its bytes stay in the block of
the file until all of the block's messages are acknowledged; nothing that is acknowledged can be erased any more.

So an erasure waits until each queue was seen empty since, which throws its blocks away, or has gone on for so long
that the block of then can't be any more.
"""

from collections.abc import Iterable, Mapping

import msgspec

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus

LONGEST_BLOCK = 1 << 16
"""More messages than fit into one block: 8 MiB at most, and ours have some hundred bytes."""


class _State(msgspec.Struct):
    messages: int
    first_seq: int
    last_seq: int


class _Info(msgspec.Struct):
    state: _State | None = None


_decode = msgspec.json.Decoder(_Info).decode


async def places(bus: Bus, queues: Iterable[str]) -> dict[str, int]:
    """Up to where each of the queues may hold bytes now. Raises `Unavailable`."""
    states = {queue: await _state(bus, queue) for queue in queues}
    return {queue: state.last_seq for queue, state in states.items() if state.messages}


async def still_waited_for(bus: Bus, waits: Mapping[str, int]) -> dict[str, int]:
    """Those of `waits` that may hold them still. Raises `Unavailable`."""
    left = {}
    for queue, last in waits.items():
        state = await _state(bus, queue)
        if state.messages and state.first_seq <= last + LONGEST_BLOCK:
            left[queue] = last
    return left


async def _state(bus: Bus, queue: str) -> _State:
    state = _decode((await bus.request(f"$JS.API.STREAM.INFO.{queue}")).data).state
    if state is None:
        raise Unavailable(f"there is no stream {queue}")
    return state
