"""Where channels note how far they have come: the bucket `CHECKPOINTS`, in which each may write below its own name only."""

from frontline.contract.channel import Mark
from frontline.contract.ids import ChannelName
from frontline.runtime.bus import Bus, WrongSequence
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import CHECKPOINTS


class ChannelCheckpoints:
    """`frontline.contract.channel.Checkpoints` of one channel."""

    def __init__(self, bus: Bus, channel: ChannelName) -> None:
        self._bucket = KeyValue(bus, CHECKPOINTS)
        self._channel = channel

    async def get(self, key: str) -> Mark | None:
        found = await self._bucket.last(self._key(key))
        return None if found is None else Mark(found.value, found.revision)

    async def put(self, key: str, value: bytes, over: int | None = None) -> int | None:
        if over is None:
            return await self._bucket.put(self._key(key), value)
        try:
            return await self._bucket.update(self._key(key), value, over)
        except WrongSequence:
            return None

    def _key(self, key: str) -> str:
        return f"{self._channel}.{key}"
