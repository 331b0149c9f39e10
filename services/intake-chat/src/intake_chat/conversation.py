"""What one visitor sees of their contact: read once in this process, shown on all of their sockets.

Nothing runs for a visitor who has never said anything. Each socket catches up by itself from its own
cursor, then joins the others behind one reader; `seq` is the place in the whole transcript, so a
cursor stays good when the visitor's words come to stand in another contact.
"""

import asyncio
from collections import OrderedDict
from contextlib import aclosing
from typing import Protocol, TypeVar

from frontline.contract.channel import Conversations, Line
from frontline.contract.erasure import ERASED
from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.transcript import Direction
from intake_chat import frames
from intake_chat.normalize import CHANNEL, Surroundings, client_id, shows, spoke, visitor_key
from intake_chat.token import Visitor

_REMEMBERED = 128
_ERASED = frames.encode(frames.State(state="erased"))
_REFUSED = frames.encode(frames.Error(code="token_refused", detail="What was said here has been erased."))

K = TypeVar("K")
V = TypeVar("V")


class Socket(Protocol):
    """One connection of the visitor."""

    cursor: int

    async def show(self, seq: int, data: bytes) -> None:
        """A line above the cursor, moved on with it; never waits."""
        ...

    async def tell(self, data: bytes) -> None:
        """Anything else; never waits."""
        ...

    async def patiently(self) -> None:
        """Wait until the far end has read most of what it was sent."""
        ...

    def hang_up(self, error: BaseException) -> None: ...


class Surround(Protocol):
    """What a conversation needs of the rest."""

    conversations: Conversations

    def frame_of(self, conversation: "Conversation", line: Line) -> bytes: ...
    def state_of(self, conversation: "Conversation") -> bytes | None:
        """The frame that says where the contact stands, `None` when nobody knows."""
        ...

    def run(self, conversation: "Conversation") -> "asyncio.Task[None]": ...
    def turned(self, conversation: "Conversation", former: ContactId | None) -> None:
        """The conversation stands in another contact now."""
        ...

    def failed(self, where: str, error: BaseException) -> None: ...


class Conversation:
    """`contact` is `None` until the visitor's first message has been decided upon. `last_said` is the client
    id of the last message that is known here to be theirs, `before` the contact that they said hello with.
    """

    __slots__ = (
        "_around", "_follower", "_group", "_ids", "_joining", "_read", "_replies", "_reported", "_task",
        "around", "before", "contact", "last_said", "live", "own", "position", "sockets", "state", "visitor",
    )  # fmt: skip

    def __init__(self, visitor: Visitor, around: Surround) -> None:
        self.visitor = visitor
        self.contact: ContactId | None = None
        self.sockets: set[Socket] = set()
        self.live: set[Socket] = set()
        self.position = 0
        self.own: OrderedDict[str, int] = OrderedDict()
        self.state: bytes | None = None
        self.around: Surroundings | None = None
        self.before: ContactId | None = None
        self.last_said = ""
        self._replies: OrderedDict[int, tuple[ContactId, MessageId]] = OrderedDict()
        self._read = self._reported = 0
        self._around = around
        self._ids: OrderedDict[MessageId, int] = OrderedDict()
        self._task: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None
        self._follower: asyncio.Task[None] | None = None
        self._joining: dict[Socket, asyncio.Task[None]] = {}

    def enter(self, socket: Socket) -> None:
        self.sockets.add(socket)
        if self._group is not None and self.contact is not None:
            self._join(socket, self.contact, self._group)

    def leave(self, socket: Socket) -> None:
        """The last one to leave ends everything."""
        self.sockets.discard(socket)
        self.live.discard(socket)
        joining = self._joining.pop(socket, None)
        if joining is not None:
            joining.cancel()
        if not self.sockets and self._task is not None:
            self._task.cancel()
            self._task = None

    def watch(self) -> None:
        """From here on look which contact carries this visitor's words, and follow it."""
        if self._task is None and self.sockets:
            self._task = self._around.run(self)

    async def run(self) -> None:
        """Follow until cancelled. Whatever goes wrong sends the sockets away, to come again."""
        try:
            async with (
                asyncio.TaskGroup() as group,
                aclosing(self._around.conversations.carriers_of(visitor_key(self.visitor))) as carriers,
            ):
                self._group = group
                async for contact in carriers:
                    if contact == ERASED:
                        await self._end_erased()
                    else:
                        self._turn_to(contact, group)
        except Exception as error:  # noqa: BLE001 - it must not take the others' conversations with it
            self._around.failed("conversation", error)
            for socket in tuple(self.sockets):
                socket.hang_up(error)
        finally:
            self._group = self._follower = None
            self._task = None
            self._joining.clear()
            self.live.clear()

    async def _end_erased(self) -> None:
        """What every window shows has been erased: each is told so, and comes again as somebody new."""
        if self.contact is None:
            return  # somebody whom the host page knows, and who has said nothing since
        for socket in tuple(self.sockets):
            await socket.tell(_ERASED)
            await socket.tell(_REFUSED)
            socket.hang_up(Rejected("what was said here has been erased", Reason.UNAUTHORISED))

    async def tell(self, data: bytes, *, but: Socket | None = None) -> None:
        """Something that is no line, to every socket that has caught up."""
        for socket in tuple(self.live):
            if socket is not but:
                await socket.tell(data)

    def read(self, seq: int) -> tuple[bool, tuple[ContactId, MessageId] | None]:
        """Everything up to `seq` was seen. Whether that is news, and the newest reply that it is news of."""
        if seq <= self._read:
            return False, None
        self._read = seq
        newest = max((at for at in self._replies if self._reported < at <= seq), default=0)
        self._reported = max(self._reported, newest)
        return True, self._replies.get(newest)

    def _turn_to(self, contact: ContactId, group: asyncio.TaskGroup) -> None:
        if self._follower is not None:
            self._follower.cancel()
            self._follower = None
        for joining in self._joining.values():
            joining.cancel()
        self._joining.clear()
        self.live.clear()
        former, self.contact = self.contact, contact
        self._around.turned(self, former)
        for socket in self.sockets:
            self._join(socket, contact, group)

    def _join(self, socket: Socket, contact: ContactId, group: asyncio.TaskGroup) -> None:
        self._joining[socket] = group.create_task(self._catch_up(socket, contact, group))

    async def _catch_up(self, socket: Socket, contact: ContactId, group: asyncio.TaskGroup) -> None:
        """Show what is above the socket's cursor, then let it join in where the shared reader stands."""
        at = socket.cursor
        async with aclosing(self._around.conversations.follow(contact, at)) as batches:
            async for batch in batches:
                for line in batch:
                    at = line.seq
                    await self._show(line, (socket,))
                    await socket.patiently()
                if not batch and (self._follower is None or at >= self.position):
                    # Nothing may be awaited between this look and the joining: the reader would go on meanwhile.
                    if self._follower is None:
                        self.position = at
                        self._follower = group.create_task(self._follow(contact, at))
                    self.live.add(socket)
                    break
        self._joining.pop(socket, None)
        state = self._around.state_of(self)
        if state is not None and socket in self.live:
            self.state = state
            await socket.tell(state)

    async def _follow(self, contact: ContactId, after: int) -> None:
        async with aclosing(self._around.conversations.follow(contact, after)) as batches:
            async for batch in batches:
                for line in batch:
                    self.position = line.seq
                    await self._show(line, tuple(self.live))

    async def _show(self, line: Line, sockets: tuple[Socket, ...]) -> None:
        item = line.item
        if self._ids.get(item.id, line.seq) < line.seq or not shows(item):
            return  # stored twice around a crash, or not for these eyes
        _remember(self._ids, item.id, line.seq)
        if item.direction is Direction.IN:
            _remember(self.own, client_id(item), line.seq)
            if spoke(item):
                self.last_said = item.native_id
        elif item.channel == CHANNEL:
            _remember(self._replies, line.seq, (item.contact, item.id))
        data = self._around.frame_of(self, line)
        for socket in sockets:
            await socket.show(line.seq, data)


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    memory[key] = value
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)
