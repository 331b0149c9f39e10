"""Tells agents where they are of what the desk decided: by mail, by text message, by a ring to their phone.

Follows counted commits with the other effects. What is to be told is kept before it is sent, and goes out under
an id that follows from it: a crash at any point sends it once. Whether it reaches anybody is never waited
for: an offer runs out by its own time, and goes on to the next. Nothing is decided by it, so a bug in here
costs a notice, never the desk.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from typing import cast

import msgspec

from frontline.configuration.model import Desk
from frontline.configuration.notify import CARRIERS, Notify, Way
from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.codec import encode
from frontline.contract.error import Unavailable
from frontline.contract.ids import AgentId, ContactId, CustomerId
from frontline.contract.message import ALOUD, OutboundKind, OutboundMessage, Recipient
from frontline.contract.transcript import decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.reader import read
from frontline.runtime.topology import PROGRESS, TRANSCRIPT
from router.core.commit import Commit
from router.core.news import NEWSWORTHY, OFFER, News, news_of, stands
from router.core.reach import Bundle, Kept, Reach, Wish
from router.core.state import DeskState
from router.desk.fence import Counted
from router.desk.figures import RouterFigures
from router.desk.notice_text import MOST_LINES, Told, headline, sentence, spoken, written
from router.desk.outgoing import outgoing
from router.desk.preferences import Preferences
from router.desk.wishes import leads_to, wish_of

_OLD = timedelta(days=1)
"""What happened so long ago is no news to whoever hears of it only now."""
_GOOD_FOR = timedelta(hours=1)
_RETRY_SECONDS = 0.5
_PATIENCE_SECONDS = 5.0
_AT_LEAST_EVERY = 60.0
_LOOKS = 3

_decode = msgspec.json.Decoder(Kept).decode


class Reaching:
    """Of one desk; its leader runs it. `state` is the leader's, to look at; `public_url` is where the console is."""

    def __init__(
        self, bus: Bus, desk: Desk, state: DeskState, clock: Clock, public_url: str, figures: RouterFigures, log: Log
    ) -> None:
        self._bus = bus
        self._desk = desk
        self._state = state
        self._clock = clock
        self._console = public_url.rstrip("/")
        self._figures = figures
        self._log = log
        self._agents = {agent.id: agent for agent in desk.agents}
        self._leads = [agent.id for agent in desk.agents if agent.lead]
        self._inboxes = {(inbox.channel, inbox.id): inbox.name or inbox.id for inbox in desk.inboxes}
        self._progress = KeyValue(bus, PROGRESS)
        self._key = f"notices.{desk.id}"
        self._own: dict[AgentId, Notify] = {}
        self._wishes: dict[AgentId, Wish] = {}
        self._wanted: bool | None = None
        self._known = asyncio.Event()
        self._reach: Reach | None = None
        self._unsaved = False
        self._saving = asyncio.Lock()
        self._changed = asyncio.Event()

    async def open(self, epoch: int) -> None:
        """Go on where the former leader was. The first one of all begins with what is decided under `epoch`."""
        entry = await self._progress.get(self._key)
        kept = self._read(entry.value) if entry is not None else None
        self._reach = Reach(self._desk.id, self._desk.notices.every, kept or Kept(epoch=epoch))
        self._unsaved = kept is None
        await self._save()
        with suppress(TimeoutError):  # then everybody is told as the configuration has it
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._known.wait()
        self._changed.set()

    def hear(self, counted: Counted) -> None:
        """A commit has come to count; again is harmless."""
        assert self._reach is not None, "opened before it hears anything"
        try:
            if self._reach.hear(counted.commit.epoch, counted.commit.index, self._news(counted.commit), self._wish):
                self._unsaved = True
                self._changed.set()
        except Exception as error:  # noqa: BLE001 - see above
            self._failed("hear", error)

    async def keep(self) -> None:
        """Returns once whatever follows for anybody from what was heard is stored."""
        if self._unsaved:
            await self._save()

    def _news(self, commit: Commit) -> list[News]:
        if not any(isinstance(event, NEWSWORTHY) for event in commit.events) or not self._anybody():
            return []
        since = self._clock() - _OLD
        return [
            each
            for n, event in enumerate(commit.events)
            if isinstance(event, NEWSWORTHY) and event.at > since
            for each in news_of(f"{commit.epoch}.{commit.index}.{n}", event, self._state, self._leads)
        ]

    def _read(self, data: bytes) -> Kept | None:
        try:
            return _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._failed("kept", error)
            return None

    def _failed(self, where: str, error: Exception) -> None:
        self._figures.noticed(self._desk.id, where, "failed")
        self._log.error("notices.failed", desk=self._desk.id, where=where, exc_info=error)

    async def run(self) -> None:
        """Follow what agents say of themselves, and send what is due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._send_on())

    async def _follow(self) -> None:
        while True:
            try:
                await self._bus.wait_connected()
                async with aclosing(Preferences(self._bus).watch()) as told:
                    async for said in told:
                        self._take(said)
            except Unavailable as error:
                self._log.warning("notices.preferences_unread", desk=self._desk.id, error=error.detail)
                await asyncio.sleep(_RETRY_SECONDS)

    def _take(self, said: list[tuple[AgentId, Notify | None]]) -> None:
        self._wanted = None
        if not said:
            self._known.set()
        for agent, notify in said:
            self._wishes.pop(agent, None)
            if notify is None:
                self._own.pop(agent, None)
            else:
                self._own[agent] = notify
        self._changed.set()

    def _anybody(self) -> bool:
        """Whether there is anybody to tell, by any way."""
        if self._wanted is None:
            self._wanted = any(self._wish(agent).ways for agent in self._agents)
        return self._wanted

    def _wish(self, agent: AgentId) -> Wish:
        wish = self._wishes.get(agent)
        if wish is None:
            who = self._agents.get(agent)
            wish = Wish() if who is None else wish_of(who, self._own.get(agent, who.notify), self._desk)
            self._wishes[agent] = wish
        return wish

    async def _send_on(self) -> None:
        while True:
            pause = _AT_LEAST_EVERY
            self._changed.clear()
            if (reach := self._reach) is not None:
                try:
                    await self._send_due(reach)
                    now = self._clock()
                    if (due := reach.next_due(now, self._wish)) is not None:
                        pause = max(0.0, min(pause, (due - now).total_seconds()))
                except Unavailable as error:
                    self._log.warning("notices.put_off", desk=self._desk.id, error=error.detail)
                    pause = _RETRY_SECONDS
                except Exception as error:  # noqa: BLE001 - see above
                    self._failed("due", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    async def _send_due(self, reach: Reach) -> None:
        if reach.due(self._clock(), self._wish, lambda news: stands(news, self._state)):
            self._unsaved = True
        await self._save()
        for bundle in reach.going:
            try:
                await self._send(bundle)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - see above; what can't be said is not said again and again
                self._failed(bundle.way, error)
            reach.sent(bundle.id)
            self._unsaved = True
        await self._save()

    async def _save(self) -> None:
        """One at a time, so that the last word is the latest."""
        async with self._saving:
            if self._unsaved and self._reach is not None:
                self._unsaved = False
                try:
                    await self._progress.put(self._key, encode(self._reach.kept()))
                except Unavailable:
                    self._unsaved = True
                    raise

    async def _send(self, bundle: Bundle) -> None:
        letter = await self._letter(bundle)
        if letter is None:
            self._figures.noticed(self._desk.id, bundle.way, "dropped")
            return
        await self._bus.publish(*outgoing(self._desk.id, letter))
        self._figures.noticed(self._desk.id, bundle.way, "sent")
        self._log.info("notices.sent", notice=letter.id, agent=bundle.agent, way=bundle.way, news=len(bundle.news))

    async def _letter(self, bundle: Bundle) -> OutboundMessage | None:
        """`None` if there is no way to the agent any more, or nothing left to tell."""
        who, way = self._agents.get(bundle.agent), cast("Way", bundle.way)
        told = [each async for each in self._told(bundle)]
        address = "" if who is None else leads_to(way, who, self._own.get(who.id, who.notify), self._desk)
        if not told or not address:
            return None
        now, desk = self._clock(), self._desk.name or self._desk.id
        aloud = way == "ring"
        return OutboundMessage(
            id=bundle.id,
            channel=CARRIERS[way],
            inbox=self._desk.notices.inbox(way),
            desk=self._desk.id,
            contact=told[0].contact,
            customer=CustomerId(""),
            author=AgentId(""),
            author_name=desk,
            to=(Recipient(address=address),),
            written=now,
            subject=headline(told, desk),
            text=spoken(told, desk) if aloud else written(told, desk, self._link, short=way == "sms"),
            kind=OutboundKind.NOTICE,
            until=self._until(bundle, now),
            native={ALOUD: True} if aloud else {},
        )

    async def _told(self, bundle: Bundle) -> AsyncIterator[Told]:
        for n, news in enumerate(tuple(self._still(bundle))):
            contact = self._state.contacts[news.contact]
            inbox = self._inboxes.get((contact.channel, contact.inbox), contact.inbox)
            about = await self._subject(news.contact) if self._desk.notices.subjects and n < MOST_LINES else ""
            yield Told(contact=news.contact, sentence=sentence(news, contact, inbox), subject=about)

    def _still(self, bundle: Bundle) -> Iterator[News]:
        """Each contact once, and none whose call rings the agent's phone anyhow."""
        who, seen = self._agents.get(bundle.agent), set[ContactId]()
        for news in reversed(bundle.news):
            contact = self._state.contacts.get(news.contact)
            if contact is None or news.contact in seen or not stands(news, self._state):
                continue
            rings = bundle.way == "ring" and news.about == OFFER and who is not None and bool(who.phone)
            if not (rings and contact.channel == CARRIERS["ring"]):
                seen.add(news.contact)
                yield news

    async def _subject(self, contact: ContactId) -> str:
        """What its first message is about. Words are stored a moment after the decision."""
        for look in range(_LOOKS):
            if look:
                await asyncio.sleep(_RETRY_SECONDS / _LOOKS)
            async with aclosing(read(self._bus, TRANSCRIPT, subject.transcript_public(contact))) as items:
                async for stored in items:
                    return decode_item(stored.data).subject
        return ""

    def _until(self, bundle: Bundle, now: datetime) -> datetime:
        """An offer is told of while it is open, anything else within the hour."""
        latest = now
        for news in self._still(bundle):
            contact = self._state.contacts[news.contact]
            offer = contact.offer if news.about == OFFER else None
            latest = max(latest, now + _GOOD_FOR if offer is None else offer.expires_at)
        return latest

    def _link(self, contact: ContactId) -> str:
        return f"{self._console}/#{contact}" if self._console else ""
