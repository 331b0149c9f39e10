"""What all sockets of the process share: who is here, what desks show, what passes at the moment."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta

from frontline.contract.channel import Host, Line, Receive
from frontline.contract.clock import Clock
from frontline.contract.deskview import DeskView, Standing
from frontline.contract.error import Unavailable
from frontline.contract.ids import AgentId, ContactId, DeskId, InboxId
from frontline.contract.signal import Here
from frontline.contract.signal import Typing as TypingSignal
from frontline.contract.transcript import TranscriptItem
from intake_chat import frames
from intake_chat.conversation import Conversation
from intake_chat.departure import Departures
from intake_chat.limit import Buckets
from intake_chat.normalize import message_of
from intake_chat.presence import picture_of, presence_of, state_of, told
from intake_chat.seal import Link, seal
from intake_chat.session import Session
from intake_chat.settings import ChatSettings
from intake_chat.stray import Strays
from intake_chat.token import Visitor

_RESOLVED = frames.encode(frames.State(state="resolved"))
_TYPING = frames.encode(frames.Typing())
_RETRY_SECONDS = 1.0
_CLOSED_A_SECOND = 500
"""How many sockets at most are sent elsewhere in a second: they all come back at once."""


class Hub:
    """Everything that belongs to one run of the server. `conversations` is by visitor."""

    def __init__(
        self, settings: ChatSettings, host: Host, receive: Receive, clock: Clock, tasks: asyncio.TaskGroup
    ) -> None:
        self.settings = settings
        self.host = host
        self.receive = receive
        self.clock = clock
        self.tasks = tasks
        self.conversations = host.conversations
        self.secrets = settings.identity_secrets
        self.life = timedelta(days=settings.chat_token_days)
        self.draining = False
        self.sockets: set[Session] = set()
        self.messages = Buckets(settings.chat_messages_per_minute, 2 * settings.chat_messages_per_minute)
        per_address = settings.chat_messages_per_minute_per_address
        self.messages_by_address = Buckets(per_address, per_address)
        self.frames = Buckets(settings.chat_frames_per_minute, settings.chat_frames_per_minute / 3)
        self.typing = Buckets(30, 1)  # the desk shows it for some seconds
        self.departures = Departures(settings.chat_gone_seconds, host, receive, clock, tasks)
        self._strays = Strays(settings.chat_gone_seconds, host, self.is_here, self.departures)
        self.by_visitor: dict[str, Conversation] = {}
        self.by_address: defaultdict[str, int] = defaultdict(int)
        self._by_contact: dict[ContactId, set[Conversation]] = {}
        self._by_inbox: dict[InboxId, set[Session]] = {}
        self._told: dict[InboxId, bytes] = {}
        self._nobody = asyncio.Event()
        self._nobody.set()

    # What sockets come and go by.

    def connected(self, session: Session) -> None:
        self.sockets.add(session)
        self.by_address[session.address] += 1
        self._nobody.clear()

    def enter(self, session: Session, visitor: Visitor) -> Conversation:
        """The visitor's conversation, with this socket in it."""
        self._by_inbox.setdefault(visitor.inbox, set()).add(session)
        conversation = self.by_visitor.get(visitor.id)
        if conversation is None:
            conversation = self.by_visitor[visitor.id] = Conversation(visitor, self)
        self.departures.back(visitor)
        conversation.enter(session)
        return conversation

    def left(self, session: Session) -> None:
        self.sockets.discard(session)
        self.by_address[session.address] -= 1
        if not self.by_address[session.address]:
            del self.by_address[session.address]
        conversation = session.conversation
        if conversation is not None:
            inbox = conversation.visitor.inbox
            self._by_inbox[inbox].discard(session)
            if not self._by_inbox[inbox]:
                del self._by_inbox[inbox]
                self._told.pop(inbox, None)
            conversation.leave(session)
            if not conversation.sockets:
                self.by_visitor.pop(conversation.visitor.id, None)
                self._forget(conversation, conversation.contact)
                if not self.draining:  # who is sent away now comes back, elsewhere
                    self.departures.closed(conversation)
        if not self.sockets:
            self._nobody.set()

    # What a conversation needs: `intake_chat.conversation.Surround`.

    def run(self, conversation: Conversation) -> asyncio.Task[None]:
        running = conversation.run()
        try:
            return self.tasks.create_task(running)
        except RuntimeError as error:  # all of it ends; a socket that is late must not leave this one lying about
            running.close()
            raise Unavailable("the service is stopping", retry_after=1) from error

    def turned(self, conversation: Conversation, former: ContactId | None) -> None:
        self._forget(conversation, former)
        conversation.state = None
        if conversation.contact is not None:
            self._by_contact.setdefault(conversation.contact, set()).add(conversation)

    def failed(self, where: str, error: BaseException) -> None:
        self.host.meter.count("failures", where=where)
        self.host.log.error("chat.failed", where=where, exc_info=error)

    def frame_of(self, conversation: Conversation, line: Line) -> bytes:
        item, desk = line.item, self.desk_of(conversation.visitor.inbox)
        view = self.host.desks.view(desk) if desk else None
        picture = ""
        if item.author.role == "agent":
            there = self.host.desks.standing(item.contact)
            view, standing = (view, None) if there is None else there
            picture = picture_of(view, standing, AgentId(item.author.id), item.author.name)
        return frames.encode(message_of(line, picture, self._urls(item)))

    def state_of(self, conversation: Conversation) -> bytes | None:
        found = self.host.desks.standing(conversation.contact) if conversation.contact else None
        return conversation.state if found is None else frames.encode(state_of(found[1]))

    # What everybody is told.

    def presence(self, inbox: InboxId) -> frames.Presence:
        desk = self.desk_of(inbox)
        return presence_of(self.host.desks.view(desk) if desk else None)

    def desk_of(self, inbox: InboxId) -> DeskId | None:
        try:
            found = self.host.inboxes.by_id(inbox)
        except Unavailable:
            return None
        return DeskId(found.desk) if found else None

    def is_here(self, contact: ContactId) -> bool:
        """Whether somebody looks at this contact's conversation now."""
        return any(conversation.live for conversation in self._by_contact.get(contact, ()))

    async def run_states(self) -> None:
        await self._for_ever("states", self._states)

    async def run_presence(self) -> None:
        await self._for_ever("presence", self._presence)

    async def run_signals(self) -> None:
        await self._for_ever("signals", self._signals)

    async def run_strays(self) -> None:
        try:
            await self._strays.ask()
        except Exception as error:  # noqa: BLE001 - as below
            self.failed("strays", error)

    async def _for_ever(self, where: str, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - what is only nice to have must not end the rest
                self.failed(where, error)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _states(self) -> None:
        async with _closing(self.host.desks.changes()) as views:
            async for view in views:
                for conversation in tuple(self.by_visitor.values()):
                    contact = conversation.contact
                    home = self.desk_of(conversation.visitor.inbox) == view.desk
                    if contact is not None and (home or contact in view.contacts):
                        found = self.host.desks.standing(contact)
                        await self._tell_state(conversation, None if found is None else found[1])

    async def _tell_state(self, conversation: Conversation, standing: Standing | None) -> None:
        if standing is not None:
            state = frames.encode(state_of(standing))
        elif conversation.state is not None:
            state = _RESOLVED  # it stood there and does no more
        else:
            return
        if state != conversation.state:
            conversation.state = state
            await conversation.tell(state)

    async def _presence(self) -> None:
        async with _closing(self.host.desks.changes()) as views:
            async for view in views:
                for inbox in tuple(self._by_inbox):
                    if self.desk_of(inbox) == view.desk:
                        await self._tell_presence(inbox, view)
                await asyncio.sleep(self.settings.chat_presence_interval)

    async def _tell_presence(self, inbox: InboxId, view: DeskView) -> None:
        data = frames.encode(told(presence_of(view)))
        if self._told.get(inbox) == data:
            return
        self._told[inbox] = data
        for session in tuple(self._by_inbox.get(inbox, ())):
            await session.tell(data)

    async def _signals(self) -> None:
        async with _closing(self.host.signals.listen()) as signals:
            async for inbox, signal in signals:
                if isinstance(signal, Here) and signal.asks:
                    if self.is_here(signal.contact):
                        await self.host.signals.send(inbox, Here(contact=signal.contact))
                elif isinstance(signal, Here):
                    self.departures.elsewhere(signal.contact)
                elif isinstance(signal, TypingSignal) and signal.who == "agent":
                    for conversation in tuple(self._by_contact.get(signal.contact, ())):
                        await conversation.tell(_TYPING)

    # The end.

    async def drain(self) -> None:
        """Send all sockets away with 1012, some at a time, within the grace."""
        self.draining = True
        spread = min(self.settings.chat_grace * 0.6, len(self.sockets) / _CLOSED_A_SECOND)
        for session in tuple(self.sockets):
            self.tasks.create_task(session.retire(random.uniform(0, spread)))  # noqa: S311 - no secret
        try:
            async with asyncio.timeout(self.settings.chat_grace):
                await self._nobody.wait()
        except TimeoutError:
            self.host.log.warning("chat.cut_off", sockets=len(self.sockets))
            for session in tuple(self.sockets):
                self.host.meter.count("sockets_cut_off")
                session.abort()
        await self.departures.drain(self.settings.chat_grace)

    def _forget(self, conversation: Conversation, contact: ContactId | None) -> None:
        there = self._by_contact.get(contact) if contact is not None else None
        if there is not None and contact is not None:
            there.discard(conversation)
            if not there:
                del self._by_contact[contact]

    def _urls(self, item: TranscriptItem) -> list[str]:
        until = int((self.clock() + timedelta(hours=self.settings.chat_link_hours)).timestamp())
        return [
            "/chat/files/" + seal(Link(file.content, file.name, file.media_type, until), self.host.sign)
            for file in item.attachments
        ]


def _closing(generator: AsyncGenerator[object, None]) -> aclosing:  # type: ignore[type-arg]
    return aclosing(generator)
