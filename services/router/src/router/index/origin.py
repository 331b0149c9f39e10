"""Which streams an index is built from: a file that follows others is worth nothing."""

from collections.abc import Iterable

import msgspec

from frontline.contract import subject
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.topology import CUSTOMERS, TRANSCRIPT


class _Info(msgspec.Struct):
    created: str = ""


_decode = msgspec.json.Decoder(_Info).decode


async def origin(bus: Bus, desks: Iterable[DeskId]) -> str:
    """When each of the followed streams was made: another time, another stream of that name.
    Raises `Unavailable`.
    """
    streams = [TRANSCRIPT, f"KV_{CUSTOMERS}", *(subject.desk_stream(desk) for desk in sorted(desks))]
    created = []
    for stream in streams:
        info = _decode((await bus.request(f"$JS.API.STREAM.INFO.{stream}")).data)
        if not info.created:
            raise Unavailable(f"there is no stream {stream}")
        created.append(f"{stream}={info.created}")
    return " ".join(created)
