"""Who has left: said so, or closed the last window and did not come back for a while."""

import asyncio
from contextlib import aclosing, suppress

import msgspec

from frontline.contract.channel import Conversations, Host, Receive
from frontline.contract.clock import Clock
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import ContactId
from frontline.contract.message import InboundMessage
from frontline.contract.signal import Here
from frontline.contract.transcript import TranscriptItem
from intake_chat.conversation import Conversation
from intake_chat.normalize import Surroundings, departure, spoke
from intake_chat.token import Visitor

_READ_SECONDS = 10.0
_ASK_SECONDS = 1.0
"""So long the other processes have to say that the visitor is with them."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0


class Gone(msgspec.Struct, frozen=True):
    """Who has no window open here. `last` is the client id of the last message that they wrote, "" where it has to be read."""

    visitor: Visitor
    contact: ContactId | None
    last: str = ""
    around: Surroundings = Surroundings()


class Departures:
    """Waits on the event loop's clock. A visitor who comes back, here or to another process, has not left."""

    def __init__(self, seconds: float, host: Host, receive: Receive, clock: Clock, tasks: asyncio.TaskGroup) -> None:
        self._seconds = seconds
        self._ask_seconds = min(_ASK_SECONDS, seconds)
        self._host = host
        self._receive = receive
        self._clock = clock
        self._tasks = tasks
        self._due: dict[str, tuple[asyncio.TimerHandle, Gone]] = {}
        self._asking: dict[ContactId, asyncio.Event] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def closed(self, conversation: Conversation) -> None:
        """The last window here is closed."""
        gone = _gone(conversation)
        if not (gone.contact or gone.last):
            return  # they never said anything
        self.back(gone.visitor)
        timer = asyncio.get_running_loop().call_later(self._seconds, self._tell, gone)
        self._due[gone.visitor.id] = (timer, gone)

    def back(self, visitor: Visitor) -> None:
        if (due := self._due.pop(visitor.id, None)) is not None:
            due[0].cancel()

    def elsewhere(self, contact: ContactId) -> None:
        """Another process has the visitor."""
        if (found := self._asking.get(contact)) is not None:
            found.set()

    async def said(self, conversation: Conversation) -> None:
        """The visitor ended it. `Unavailable` when that can't be stored."""
        gone = _gone(conversation)
        last = await self._last_said(gone)
        if last:
            await self._receive(self._message(gone, last, said=True))

    async def missed(self, gone: Gone) -> None:
        """Nobody has seen them for long enough. Returns once that is told, if they are nowhere else."""
        await self._keep_at(gone)

    async def drain(self, grace: float) -> None:
        """Tell now of those who were gone already: nobody will be here to do it later."""
        for _, gone in tuple(self._due.values()):
            self._tell(gone)
        if self._telling:
            await asyncio.wait(self._telling, timeout=grace)
        for task in self._telling:
            self._host.meter.count("departures_lost")
            task.cancel()

    def _tell(self, gone: Gone) -> None:
        self.back(gone.visitor)
        task = self._tasks.create_task(self._keep_at(gone))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _keep_at(self, gone: Gone) -> None:
        contact = gone.contact
        if contact is not None and await self._is_elsewhere(contact, gone.visitor):
            return
        pause = _FIRST_PAUSE
        while True:
            try:
                last = await self._last_said(gone)
                if last:
                    await self._receive(self._message(gone, last, said=False))
                    self._host.meter.count("departures")
                    self._host.log.info("chat.left", contact=contact)
            except Unavailable:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            except Rejected as error:
                self._host.meter.count("failures", where="departure")
                self._host.log.error("chat.departure_refused", contact=contact, error=error.detail)
            return

    async def _last_said(self, gone: Gone) -> str:
        return gone.last or await last_said(self._host.conversations, gone.contact)

    async def _is_elsewhere(self, contact: ContactId, visitor: Visitor) -> bool:
        found = self._asking[contact] = asyncio.Event()
        try:
            await self._host.signals.send(visitor.inbox, Here(contact=contact, asks=True))
            async with asyncio.timeout(self._ask_seconds):
                await found.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._asking.pop(contact, None)

    def _message(self, gone: Gone, last: str, *, said: bool) -> InboundMessage:
        return departure(gone.visitor, gone.around, last, self._clock(), said=said)


def _gone(conversation: Conversation) -> Gone:
    contact = conversation.contact or conversation.before
    return Gone(conversation.visitor, contact, conversation.last_said, conversation.around or Surroundings())


async def last_said(conversations: Conversations, contact: ContactId | None) -> str:
    """The client id of the visitor's last message, "" without one. `Unavailable` if it can't be read now."""
    last = await last_words(conversations, contact) if contact is not None else None
    return last.native_id if last is not None else ""


async def last_words(conversations: Conversations, contact: ContactId) -> TranscriptItem | None:
    """The visitor's last message, `None` without one. `Unavailable` if it can't be read now."""
    last: TranscriptItem | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(_READ_SECONDS), aclosing(conversations.follow(contact, 0)) as batches:
            async for batch in batches:
                if not batch:
                    return last
                last = next((line.item for line in reversed(batch) if spoke(line.item)), last)
    raise Unavailable("the conversation can't be read now")
