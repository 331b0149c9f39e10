"""What agents have said of how they want to be told. It has their addresses in it, and so never stands in the log."""

from collections.abc import AsyncGenerator

import msgspec

from frontline.configuration.model import Agent
from frontline.configuration.notify import Notify
from frontline.contract.codec import encode
from frontline.contract.ids import AgentId
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import Entry, KeyValue
from frontline.runtime.topology import PREFERENCES

_decode = msgspec.json.Decoder(Notify, strict=True).decode


class Preferences:
    """By agent. What somebody has said themselves goes before their configuration, whole."""

    def __init__(self, bus: Bus) -> None:
        self._bucket = KeyValue(bus, PREFERENCES)

    async def of(self, agent: Agent) -> tuple[Notify, bool]:
        """What holds for them now, and whether they said it themselves. `Unavailable` if it can't be told."""
        entry = await self._bucket.get(agent.id)
        own = _read(entry) if entry is not None else None
        return own or agent.notify, own is not None

    async def put(self, agent: AgentId, notify: Notify) -> None:
        """Returns once it is stored."""
        await self._bucket.put(agent, encode(notify))

    async def forget(self, agent: AgentId) -> None:
        """The configuration holds again. Returns once that is stored; the bucket keeps one value, so the former is gone."""
        await self._bucket.put(agent, b"")

    async def watch(self) -> AsyncGenerator[list[tuple[AgentId, Notify | None]], None]:
        """What everybody has said, then each change; `None` for what is said no more. An empty list: that was all so far."""
        async for entries in self._bucket.watch():
            yield [(AgentId(entry.key), _read(entry)) for entry in entries]


def _read(entry: Entry) -> Notify | None:
    """What can't be read was written by a later version: then the configuration holds."""
    try:
        return _decode(entry.value) if entry.value else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
