"""Who still has to be told of what, by which way, and when: bundled, not in quiet hours, and nothing that is over.

Beside the desk's state, not part of it: nothing is decided by it, and it is lost without harm to any contact.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from frontline.contract.ids import AgentId, DeskId, MessageId
from frontline.contract.message import NOTICE_PREFIX
from router.core.calendar_hours import OpeningHours
from router.core.calendar_zone import MILLISECOND
from router.core.news import ALARM, News

FAR = timedelta(days=15)
"""So far ahead the end of quiet hours is sought; who is quiet all week is asked again then."""
MOST_WAITING = 200
"""So much news waits for one agent and way; of more the latest count."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How one agent wants to be told. `quiet` is open when they don't."""

    ways: Collection[str] = ()
    about: Collection[str] = ()
    quiet: OpeningHours | None = None
    alarm_when_quiet: bool = False

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours end that `now` lies in; `None` if it lies in none."""
        if self.quiet is None or not self.quiet.elapsed(now, now + MILLISECOND):
            return None
        return self.quiet.counted(now, now + FAR).intervals[0][1]

    def quiet_from(self, now: datetime) -> datetime | None:
        """When the next quiet hours begin; `None` in the middle of some, and if there are none in sight."""
        if self.quiet is None or self.quiet.elapsed(now, now + MILLISECOND):
            return None
        found = self.quiet.counted(now, now + FAR).intervals
        return found[0][0] if found else None

    def free_at(self, about: str, now: datetime) -> datetime:
        """From when on they may be told of it."""
        if about == ALARM and self.alarm_when_quiet:
            return now
        return self.quiet_until(now) or now


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent is told at once by one way. `id` follows from that, so that a repeat is known as one."""

    id: MessageId
    agent: AgentId
    way: str
    news: tuple[News, ...]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, to be stored: what waits, who was told when, what is on its way, and up to which commit it was heard."""

    epoch: int = 0
    index: int = 0
    waiting: tuple[tuple[AgentId, str, tuple[News, ...]], ...] = ()
    told: tuple[tuple[AgentId, str, datetime], ...] = ()
    going: tuple[Bundle, ...] = ()


class Reach:
    """Of one desk. One agent hears by one way at most once in `every`."""

    def __init__(self, desk: DeskId, every: timedelta, kept: Kept) -> None:
        self._desk = desk
        self._every = every
        self._heard = (kept.epoch, kept.index)
        self._waiting = {(agent, way): list(news) for agent, way, news in kept.waiting}
        self._told = {(agent, way): at for agent, way, at in kept.told}
        self._going = {bundle.id: bundle for bundle in kept.going}

    @property
    def heard(self) -> tuple[int, int]:
        """Epoch and index of the last commit that was heard: a repeat is none of them."""
        return self._heard

    @property
    def going(self) -> tuple[Bundle, ...]:
        """What is to be sent, or was sent and perhaps not seen to be."""
        return tuple(self._going.values())

    def hear(self, epoch: int, index: int, news: Iterable[News], wish: Callable[[AgentId], Wish]) -> bool:
        """The news of one commit. Whether anybody is to be told of any."""
        if (epoch, index) <= self._heard:
            return False
        self._heard = (epoch, index)
        wanted = False
        for each in news:
            theirs = wish(each.agent)
            for way in theirs.ways if each.about in theirs.about else ():
                line = self._waiting.setdefault((each.agent, way), [])
                line.append(each)
                del line[:-MOST_WAITING]
                wanted = True
        return wanted

    def due(self, now: datetime, wish: Callable[[AgentId], Wish], stands: Callable[[News], bool]) -> bool:
        """Put together what may be told by now, and drop what nobody needs to know any more. Whether anything changed."""
        changed = False
        for (agent, way), line in tuple(self._waiting.items()):
            theirs = wish(agent)
            good = [each for each in line if way in theirs.ways and each.about in theirs.about and stands(each)]
            ready = [each for each in good if self._at((agent, way), theirs, each, now) <= now]
            if ready:
                bundle = self._bundle(agent, way, ready)
                self._going[bundle.id] = bundle
                self._told[agent, way] = now
            left = [each for each in good if each not in ready]
            if len(left) != len(line):
                changed = True
            if left:
                self._waiting[agent, way] = left
            else:
                del self._waiting[agent, way]
        for key, at in tuple(self._told.items()):
            if at + self._every <= now:
                del self._told[key]
        return changed

    def next_due(self, now: datetime, wish: Callable[[AgentId], Wish]) -> datetime | None:
        """When to look again; `None` while nothing waits."""
        times = [self._at(key, wish(key[0]), each, now) for key, line in self._waiting.items() for each in line]
        return min(times, default=None)

    def sent(self, bundle: MessageId) -> None:
        del self._going[bundle]

    def kept(self) -> Kept:
        epoch, index = self._heard
        return Kept(
            epoch=epoch,
            index=index,
            waiting=tuple((agent, way, tuple(news)) for (agent, way), news in self._waiting.items()),
            told=tuple((agent, way, at) for (agent, way), at in self._told.items()),
            going=self.going,
        )

    def _at(self, key: tuple[AgentId, str], wish: Wish, news: News, now: datetime) -> datetime:
        last = self._told.get(key)
        return max(wish.free_at(news.about, now), now if last is None else last + self._every)

    def _bundle(self, agent: AgentId, way: str, news: list[News]) -> Bundle:
        parts = "\x1f".join([self._desk, agent, way, *(f"{each.id}:{each.about}" for each in news)])
        return Bundle(
            id=MessageId(NOTICE_PREFIX + hashlib.sha256(parts.encode()).hexdigest()[:31]),
            agent=agent,
            way=way,
            news=tuple(news),
        )
