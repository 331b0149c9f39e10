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
MOST_WAITING = 50
"""So much news waits for one agent and way; of more the latest count."""
MOST_IN_ALL = 2000
"""So much waits for all of them together."""


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
        self._free: dict[AgentId, tuple[Wish, datetime]] = {}

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
        if wanted:
            self._room()
        return wanted

    def due(self, now: datetime, wish: Callable[[AgentId], Wish], stands: Callable[[News], bool]) -> bool:
        """Put together what may be told by now, without what nobody needs to know any more. Whether anything changed.
        What has to wait is not looked at.
        """
        changed = False
        for (agent, way), line in tuple(self._waiting.items()):
            theirs = wish(agent)
            usual, alarms = self._times((agent, way), theirs, now)
            ready = line if usual <= now else [each for each in line if each.about == ALARM] if alarms <= now else []
            if not ready:
                continue
            changed = True
            left = [] if usual <= now else [each for each in line if each.about != ALARM]
            if left:
                self._waiting[agent, way] = left
            else:
                del self._waiting[agent, way]
            good = [each for each in ready if way in theirs.ways and each.about in theirs.about and stands(each)]
            if good:
                bundle = self._bundle(agent, way, good)
                self._going[bundle.id] = bundle
                self._told[agent, way] = now
        for key, at in tuple(self._told.items()):
            if at + self._every <= now:
                del self._told[key]
        return changed

    def next_due(self, now: datetime, wish: Callable[[AgentId], Wish]) -> datetime | None:
        """When to look again; `None` while nothing waits."""
        found = []
        for key, line in self._waiting.items():
            usual, alarms = self._times(key, wish(key[0]), now)
            found.append(alarms if alarms < usual and any(each.about == ALARM for each in line) else usual)
        return min(found, default=None)

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

    def _times(self, key: tuple[AgentId, str], wish: Wish, now: datetime) -> tuple[datetime, datetime]:
        """From when on this agent may be told by this way: of anything, and of alarms."""
        last = self._told.get(key)
        turn = now if last is None else max(now, last + self._every)
        known = self._free.get(key[0])
        if known is None or known[0] is not wish or known[1] <= now:
            known = self._free[key[0]] = (wish, wish.quiet_until(now) or now)
        usual = max(turn, known[1])
        return usual, turn if wish.alarm_when_quiet else usual

    def _room(self) -> None:
        """However long many are quiet: what is kept has to fit into one message of the bus."""
        over = sum(map(len, self._waiting.values())) - MOST_IN_ALL
        while over > 0:
            longest = max(self._waiting.values(), key=len)
            cut = max(1, min(over, len(longest) // 2))
            del longest[:cut]
            over -= cut

    def _bundle(self, agent: AgentId, way: str, news: list[News]) -> Bundle:
        parts = "\x1f".join([self._desk, agent, way, *(f"{each.id}:{each.about}" for each in news)])
        return Bundle(
            id=MessageId(NOTICE_PREFIX + hashlib.sha256(parts.encode()).hexdigest()[:31]),
            agent=agent,
            way=way,
            news=tuple(news),
        )
