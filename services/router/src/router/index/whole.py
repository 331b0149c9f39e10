"""Whether the streams that an index was built of still hold what it has read (ADR 21).

An index that has read what a stream has lost since shows what never was, and would pass over what came in
its place. It is thrown away, and built again.
"""

from collections.abc import Iterable

import msgspec

from frontline.contract import subject
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.reader import Check, stored_at
from frontline.runtime.topology import CUSTOMERS
from frontline.runtime.topology import TRANSCRIPT as TRANSCRIPT_STREAM
from router.desk.fence import mark_of
from router.desk.log_store import LostEnd
from router.index.read_index import ReadIndex
from router.index.writing import PEOPLE, TRANSCRIPT, Position

PEOPLE_STREAM = f"KV_{CUSTOMERS}"


class _State(msgspec.Struct):
    last_seq: int = 0


class _Info(msgspec.Struct):
    state: _State | None = None


_decode = msgspec.json.Decoder(_Info).decode


async def whole(bus: Bus, index: ReadIndex, desks: Iterable[DeskId]) -> bool:
    """Whether all that `index` has read still lies there, or is gone by rule. Raises `Unavailable`."""
    places = {TRANSCRIPT_STREAM: index.position(TRANSCRIPT), PEOPLE_STREAM: index.position(PEOPLE)}
    places |= {subject.desk_stream(desk): index.log_position(desk) for desk in desks}
    for stream, place in places.items():
        if place.seq and not await _lies(bus, stream, place.seq, place.mark):
            return False
    return True


def check(bus: Bus, stream: str, begun: Position) -> Check:
    """For who follows `stream` from there. Raises `LostEnd`."""

    async def look(seq: int, last: bytes | None) -> None:
        if not await _lies(bus, stream, seq, begun.mark if last is None else mark_of(last)):
            raise LostEnd(f"stream {stream} has lost what lay at {seq}: the read index has to be built again")

    return look


async def _lies(bus: Bus, stream: str, seq: int, mark: str) -> bool:
    """A message that is gone was written again, erased or purged, unless the stream ends before it."""
    data = await stored_at(bus, stream, seq)
    if data is not None:
        return not mark or mark_of(data) == mark
    state = _decode((await bus.request(f"$JS.API.STREAM.INFO.{stream}")).data).state
    if state is None:
        raise Unavailable(f"there is no stream {stream}")
    return state.last_seq >= seq
