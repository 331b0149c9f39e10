"""`Conversations`, `Desks` and `Signals` of the channel contract, on streams, buckets and core NATS."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import nats.errors
from nats.aio.msg import Msg

from frontline.contract import subject
from frontline.contract.channel import Line, Log
from frontline.contract.codec import encode
from frontline.contract.deskview import DeskView, Standing, decode_desk_view
from frontline.contract.error import Rejected
from frontline.contract.ids import ChannelName, ContactId, DeskId, InboxId, KeyHash
from frontline.contract.message import ThreadKey
from frontline.contract.signal import Signal, decode_signal
from frontline.contract.transcript import decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.reader import Stored, follow
from frontline.runtime.topology import DESKVIEW, THREADS, TRANSCRIPT_PUBLIC

_SIGNALS_KEPT = 1024

Hash = Callable[[str, str], KeyHash]
"""The index's name for a thread key of that kind and value; see `Signer.key_hash`."""


class PublicConversations:
    """Reads the copy of the public lines and the index of thread keys. The copy holds no notes: a direct
    get names its subjects where the server looks at nobody's rights.
    """

    def __init__(self, bus: Bus, key_hash: Hash, log: Log, failed: Callable[[str], None]) -> None:
        self._bus = bus
        self._hash = key_hash
        self._log = log
        self._failed = failed
        self._threads = KeyValue(bus, THREADS)

    async def contact_of(self, key: ThreadKey) -> ContactId | None:
        entry = await self._threads.get(self._hash(key.kind, key.value))
        return ContactId(entry.value.decode()) if entry else None

    async def carriers_of(self, key: ThreadKey) -> AsyncGenerator[ContactId, None]:
        last = None
        async with aclosing(self._threads.watch(self._hash(key.kind, key.value))) as changes:
            async for entries in changes:
                for entry in entries:
                    contact = ContactId(entry.value.decode())
                    if contact and contact != last:
                        last = contact
                        yield contact

    async def follow(self, contact: ContactId, after: int) -> AsyncGenerator[Sequence[Line], None]:
        stored, live = subject.transcript_public(contact), subject.public_copy(contact)
        async with aclosing(follow(self._bus, TRANSCRIPT_PUBLIC, stored, live, after)) as batches:
            async for batch in batches:
                lines = [line for item in batch if (line := self._line(contact, item)) is not None]
                if lines or not batch:  # an empty batch says that all has been given
                    yield lines

    def _line(self, contact: ContactId, item: Stored) -> Line | None:
        """A line that nobody here can read is left out: the rest of the conversation goes on."""
        try:
            return Line(item.seq, decode_item(item.data))
        except Rejected as error:
            self._failed("transcript")
            id_ = item.headers.get("Nats-Msg-Id", "")
            self._log.error("transcript.unreadable", contact=contact, seq=item.seq, item=id_, error=error.detail)
            return None


class DeskViews:
    """Keeps the last view of every desk; `run` has to be running."""

    def __init__(self, bus: Bus, log: Log) -> None:
        self._bucket = KeyValue(bus, DESKVIEW)
        self._log = log
        self._views: dict[DeskId, DeskView] = {}
        self._changed: set[asyncio.Event] = set()

    def view(self, desk: DeskId) -> DeskView | None:
        return self._views.get(desk)

    def views(self) -> Sequence[DeskView]:
        return tuple(self._views.values())

    def standing(self, contact: ContactId) -> tuple[DeskView, Standing] | None:
        found = [(view, view.contacts[contact]) for view in self._views.values() if contact in view.contacts]
        return min(found, key=lambda each: each[1].moved, default=None)

    async def changes(self) -> AsyncGenerator[DeskView, None]:
        """A slow reader misses views that newer ones have replaced."""
        changed = asyncio.Event()
        changed.set()
        self._changed.add(changed)
        seen: dict[DeskId, DeskView] = {}
        try:
            while True:
                await changed.wait()
                changed.clear()
                for desk, view in tuple(self._views.items()):
                    if seen.get(desk) is not view:
                        seen[desk] = view
                        yield view
        finally:
            self._changed.discard(changed)

    async def run(self) -> None:
        """Follow the bucket until cancelled."""
        async with aclosing(self._bucket.watch()) as batches:
            async for entries in batches:
                for entry in entries:
                    try:
                        view = decode_desk_view(entry.value)
                    except Rejected as error:
                        self._log.warning("deskview.unreadable", desk=entry.key, error=error.detail)
                        continue
                    self._views[view.desk] = view
                for changed in self._changed:
                    changed.set()


class ChannelSignals:
    """Signals on `signal.<channel>.<inbox>`."""

    def __init__(self, bus: Bus, channel: ChannelName, log: Log) -> None:
        self._bus = bus
        self._channel = channel
        self._log = log

    async def send(self, inbox: InboxId, signal: Signal) -> None:
        """Lost without a word when the bus is away: a signal is worth nothing later."""
        if self._bus.connected:
            try:
                await self._bus.nc.publish(subject.signal(self._channel, inbox), encode(signal))
            except (nats.errors.Error, OSError) as error:
                self._log.warning("signal.lost", error=type(error).__name__)

    async def listen(self) -> AsyncGenerator[tuple[InboxId, Signal], None]:
        waiting: asyncio.Queue[Msg] = asyncio.Queue(_SIGNALS_KEPT)

        async def take(msg: Msg) -> None:
            if waiting.full():
                waiting.get_nowait()
            waiting.put_nowait(msg)

        await self._bus.wait_connected()
        subscription = await self._bus.nc.subscribe(subject.signal_all(self._channel), cb=take)
        try:
            while True:
                msg = await waiting.get()
                try:
                    signal = decode_signal(msg.data)
                except Rejected as error:
                    self._log.warning("signal.unreadable", error=error.detail)
                    continue
                yield InboxId(msg.subject.rpartition(".")[2]), signal
        finally:
            if self._bus.connected:
                await subscription.unsubscribe()
