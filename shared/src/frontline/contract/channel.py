"""What a channel plug-in must be, what it may be, and what the host gives it.

A plug-in is a class behind an entry point of the group `frontline.channels`:

    class PigeonChannel:
        name = ChannelName("pigeon")
        Settings = PigeonSettings          # a msgspec.Struct; see `frontline.runtime.settings`

        def __init__(self, settings: PigeonSettings, host: Host) -> None: ...
        async def serve(self, receive: Receive) -> None: ...

Abilities beyond that are small protocols, found by `isinstance`. A channel never talks to the
bus itself: an architecture test holds that.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar, NewType, Protocol, runtime_checkable

import msgspec

from frontline.contract.deskview import DeskView, Standing
from frontline.contract.ids import ChannelName, ContactId, DeskId, InboxId
from frontline.contract.message import (
    DeliveryReceipt,
    DeliveryState,
    InboundMessage,
    ObjectRef,
    OutboundMessage,
    ThreadKey,
)
from frontline.contract.signal import Signal
from frontline.contract.transcript import TranscriptItem

AccountName = NewType("AccountName", str)

ORIGINALS = "ORIGINALS"
"""The bucket of verbatim originals: `<message id>/0`."""
ATTACHMENTS = "ATTACHMENTS"
"""The bucket of files: `<message id>/<n>`, counted from 1."""


class Receive(Protocol):
    """Takes a message or receipt in. Returns once it is stored, so the sender may be told
    "accepted" then and not before. Raises `Rejected`, `Unavailable`; a repeat is harmless.
    """

    async def __call__(self, message: InboundMessage | DeliveryReceipt) -> None: ...


class Upload(Protocol):
    """An object on its way whose name is not known yet. It has to end with `name` or `drop`."""

    async def write(self, data: bytes) -> None:
        """The next bytes; waits while too many are under way. `Unavailable` if they can't be stored."""
        ...

    async def name(self, name: str) -> ObjectRef:
        """Returns once all of it is stored, under this name. A name stands for one object: what it stood for goes."""
        ...

    async def drop(self) -> None:
        """Leave nothing behind."""
        ...


class ObjectWriter(Protocol):
    def begin(self, bucket: str) -> Upload:
        """An object that is stored as it comes, and named at its end."""
        ...

    async def put(self, bucket: str, name: str, chunks: AsyncIterable[bytes]) -> ObjectRef:
        """Store a stream of bytes; returns once they are stored. `Unavailable` if they can't be.
        Storing the same name again replaces what was there.
        """
        ...

    async def keep(self, ref: ObjectRef, data: bytes) -> None:
        """The same of bytes that are in memory whole, whose size and digest `ref` says."""
        ...


class ObjectReader(Protocol):
    def get(self, ref: ObjectRef) -> AsyncIterator[bytes]:
        """The bytes in order, checked against size and digest. `Unavailable` if out of reach."""
        ...


class ObjectStore(ObjectWriter, ObjectReader, Protocol):
    """Both ways; the buckets are `ORIGINALS` and `ATTACHMENTS`."""


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """One of our addresses, as the directory tells it. `sender` is how people sign from here, with
    `{agent}` and `{inbox}` in it; empty: as the channel likes.
    """

    channel: ChannelName
    inbox: InboxId
    desk: str
    address: str
    name: str = ""
    languages: tuple[str, ...] = ()
    sender: str = ""


class Inboxes(Protocol):
    """The directory as far as one channel is concerned; kept up to date by the host."""

    def by_address(self, address: str) -> Inbox | None:
        """The inbox behind an address, `None` for an unknown one. `Unavailable` until loaded."""
        ...

    def by_id(self, inbox: InboxId) -> Inbox | None: ...


class Meter(Protocol):
    """Counts what happened in the channel; label values come from a small, fixed set."""

    def count(self, name: str, **labels: str) -> None: ...

    def level(self, name: str, value: float, **labels: str) -> None:
        """How much there is of something now."""
        ...


class Log(Protocol):
    """Structured log lines: an event name and ids. Never a body, an address or a secret."""

    def info(self, event: str, **fields: Any) -> None: ...
    def warning(self, event: str, **fields: Any) -> None: ...
    def error(self, event: str, **fields: Any) -> None: ...


class Line(msgspec.Struct, frozen=True):
    """A transcript item and where it stands: `seq` grows, and is a cursor to read on from."""

    seq: int
    item: TranscriptItem


class Conversations(Protocol):
    """What was said, as far as the customer may see it: for channels that show a conversation."""

    async def contact_of(self, key: ThreadKey) -> ContactId | None:
        """The contact that carries `key` (as a message bound it), `None` while there is none; `ERASED` if what it
        carried has been erased, and nothing was said since. `Unavailable` if it can't be told now.
        """
        ...

    def carriers_of(self, key: ThreadKey) -> AsyncGenerator[ContactId, None]:
        """The contact that carries `key`, then each other one that comes to carry it, until closed. `ERASED` as above."""
        ...

    def follow(self, contact: ContactId, after: int) -> AsyncGenerator[Sequence[Line], None]:
        """The public items above `after`, in order and once each, then what comes, until closed.
        An empty sequence says that everything stored has been given.
        """
        ...


class Desks(Protocol):
    """What desks show of themselves; at most a second old while the desk is led."""

    def view(self, desk: DeskId) -> DeskView | None:
        """The last word, `None` while there is none."""
        ...

    def views(self) -> Sequence[DeskView]:
        """The last word of every desk that has said one."""
        ...

    def standing(self, contact: ContactId) -> tuple[DeskView, Standing] | None:
        """Where a live contact stands, at whichever desk has it."""
        ...

    def changes(self) -> AsyncGenerator[DeskView, None]:
        """The present view of every desk, then each new one, until closed."""
        ...


class Signals(Protocol):
    """What passes at this moment only; may be lost, is never stored."""

    async def send(self, inbox: InboxId, signal: Signal) -> None: ...

    def listen(self) -> AsyncGenerator[tuple[InboxId, Signal], None]:
        """Signals for this channel's inboxes from here on, until closed; the oldest go when too many wait."""
        ...


class Mark(msgspec.Struct, frozen=True):
    """What a channel has noted under a key, and its revision: every write has a higher one."""

    value: bytes
    revision: int


class Checkpoints(Protocol):
    """How far a channel has come with a source that it reads of itself. Each channel has its own, kept for ever; a key
    is tokens of letters, digits, `-` and `_` with dots between, and a value holds no content of messages.
    """

    async def get(self, key: str) -> Mark | None:
        """The present mark, `None` where nothing was ever noted. `Unavailable` if it can't be told now."""
        ...

    async def put(self, key: str, value: bytes, over: int | None = None) -> int | None:
        """Note; the new revision. With `over` only if that is the present one (0: nothing was ever noted), else `None`:
        somebody else has written. `Unavailable` does not say that nothing was noted.
        """
        ...


class Host(Protocol):
    """What the host gives to a channel."""

    inboxes: Inboxes
    objects: ObjectStore
    conversations: Conversations
    desks: Desks
    signals: Signals
    checkpoints: Checkpoints
    log: Log
    meter: Meter

    def listening(self, name: str, address: str) -> None:
        """Say that a listener is up, and where (`host:port` or a URL). Readiness waits for the first."""
        ...

    def sign(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA256 of `data` under a key derived from the deployment secret for `purpose`."""
        ...


@runtime_checkable
class Channel(Protocol):
    """Required of every plug-in."""

    name: ClassVar[ChannelName]
    Settings: ClassVar[type[msgspec.Struct]]

    async def serve(self, receive: Receive) -> None:
        """Listen until cancelled; await `receive(message)` for each message, and only then tell
        the sender that it is accepted. On cancellation stop taking new work, finish what is in
        hand within the grace period, and let the cancellation go on. When it ends of itself it is
        called again, on the same object.
        """
        ...


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """The far end took the reply: under which id, and whether it is already at the customer. `detail`
    is shown to the agent: what did not go as it should. It names no address.
    """

    native_id: str = ""
    state: DeliveryState = DeliveryState.SENT
    detail: str = ""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel says of itself, for whoever chooses one before anything is sent. The two abilities
    are those of the protocols below; the contract kit holds that they are declared as they are.
    """

    delivers_replies: bool = False
    replays: bool = False
    attachments: bool = False
    """Whether replies may carry files. If not, `deliver` rejects one that does: nothing is left out silently."""
    max_text: int = 0
    """Characters in a reply, 0 for no limit; `deliver` rejects a longer one."""
    shows_transcript: bool = False
    """Whether customers read the transcript itself (`Host.conversations`). There a reply stands already
    when it comes to `deliver`, which has nothing to send and tells whether somebody is looking.
    """


@runtime_checkable
class DescribesItself(Protocol):
    """The channel tells what it can do."""

    capabilities: ClassVar[Capabilities]


@runtime_checkable
class DeliversReplies(Protocol):
    """The channel can carry answers back."""

    repeatable: ClassVar[bool]
    """Whether sending the same reply again is harmless, because the far end sees one message.
    The host sends again after an attempt without a recorded result only if so; else it says
    `unknown` and leaves it to a person.
    """

    async def deliver(self, message: OutboundMessage) -> Delivered:
        """Send it. `Rejected`: will never work; `Unavailable`: try again later. Called again
        after a crash with the very same message.
        """
        ...


@runtime_checkable
class Replays(Protocol):
    """The channel can read a kept original again (`frontline replay`)."""

    async def parse_again(self, original: ObjectRef, context: Mapping[str, Any]) -> InboundMessage:
        """The message that `original` gives today, with the same key and id as the first time.
        `context` is the `native` part of the message as it was stored.
        """
        ...
