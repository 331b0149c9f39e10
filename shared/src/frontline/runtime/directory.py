"""The inboxes of one channel, kept up to date from the bucket `DIRECTORY`, which the router writes."""

import msgspec

from frontline.contract.channel import Inbox, Log
from frontline.contract.error import Unavailable
from frontline.contract.ids import ChannelName, InboxId
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import Entry, KeyValue
from frontline.runtime.metrics import Metrics
from frontline.runtime.topology import DIRECTORY

_decode = msgspec.json.Decoder(Inbox).decode


def directory_key(channel: ChannelName, inbox: InboxId) -> str:
    """Where an inbox stands in the bucket; its value is the JSON of `Inbox`."""
    return f"{channel}.{inbox}"


class Directory:
    """`frontline.contract.channel.Inboxes`, fed by `follow`. Stays as it was while NATS is away."""

    def __init__(self, bus: Bus, channel: ChannelName, log: Log, metrics: Metrics) -> None:
        self._bus = bus
        self._channel = channel
        self._log = log
        self._metrics = metrics
        self._by_id: dict[InboxId, Inbox] = {}
        self._by_address: dict[str, Inbox] = {}
        self.loaded = False

    def by_address(self, address: str) -> Inbox | None:
        self._must_be_loaded()
        return self._by_address.get(_canonical(address))

    def by_id(self, inbox: InboxId) -> Inbox | None:
        self._must_be_loaded()
        return self._by_id.get(inbox)

    def unready(self) -> str | None:
        return None if self.loaded else "the directory of inboxes has not been read yet"

    async def follow(self) -> None:
        """Read all, then each change, until cancelled."""
        async for entries in KeyValue(self._bus, DIRECTORY).watch(directory_key(self._channel, InboxId("*"))):
            for entry in entries:
                self._take(entry)
            if entries:
                self._by_address = {_canonical(inbox.address): inbox for inbox in self._by_id.values()}
            elif not self.loaded and self._by_id:
                # Before the router has written it for the first time, nobody may be told that an
                # address is unknown: a 550 is for good.
                self.loaded = True
                self._log.info("directory.loaded", inboxes=len(self._by_id))

    def _take(self, entry: Entry) -> None:
        key = InboxId(entry.key.rpartition(".")[2])
        if not entry.value:
            self._by_id.pop(key, None)
            return
        try:
            inbox = _decode(entry.value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # Better the inbox as it was than none: mail for it would be refused for good.
            self._metrics.failed("directory")
            self._log.error("directory.unreadable", inbox=key, exc_info=error)
        else:
            self._by_id[key] = inbox

    def _must_be_loaded(self) -> None:
        if not self.loaded:
            raise Unavailable("the directory of inboxes has not been read yet")


def _canonical(address: str) -> str:
    return address.strip().lower()
