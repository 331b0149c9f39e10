"""How long somebody will probably wait: from who is ahead and may be served by whom, how long contacts
take here, and who is free, leaves or comes.

Looked at from time to time, never by a decision. One walk over those who wait live, whatever else
the desk holds. For one kind of contact and people who are alike it is what queueing theory says of
M/M/c: with n ahead and c people who take t each, (n + 1) t / c.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from frontline.contract.ids import ContactId
from router.core.contact import OFFERED, WAITING, Contact
from router.core.desk_settings import InboxSettings
from router.core.handling import Expected, Key
from router.core.queue import LANES, place_of
from router.core.state import DeskState
from router.core.wait_room import AHEAD, Coming, Need, Room

_TENTH = 1.2815515655446004
"""Of the normal distribution: eight of ten lie between minus this and this."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`mean` is meant to be without bias; eight of ten waits end between `low` and `high`."""

    mean: timedelta
    low: timedelta
    high: timedelta


@dataclass(frozen=True, slots=True)
class Waits:
    """`inboxes` is for somebody who would come now; `contacts` for those who wait: their position (1 is
    the next) among all who want the same people, and how long it takes. `None`: nobody can tell.
    """

    inboxes: Mapping[Key, Estimate | None]
    contacts: Mapping[ContactId, tuple[int, Estimate | None]]


def waits(
    state: DeskState,
    live: Iterable[ContactId],
    inboxes: Iterable[Key],
    now: datetime,
    comings: Sequence[Coming] = (),
) -> Waits:
    """`live` names all contacts in which somebody is at the other end or watches, waiting or in hand; who is known to
    have left does not count. `inboxes` those by which such contacts come; `comings` is what is known of who leaves and
    who comes, in order of time.
    """
    known = {id_: each for id_ in live if (each := state.contacts.get(id_)) is not None and _watched(state, each)}
    room = Room(state, known, now, comings)
    queue = sorted((contact for contact in known.values() if contact.phase in (WAITING, OFFERED)), key=place_of)
    newcomers = [inbox for key in inboxes if (inbox := state.inboxes.get(key)) is not None]
    newcomers.sort(key=lambda inbox: LANES[inbox.lane], reverse=True)
    arrived: dict[Key, Estimate | None] = {}
    found: dict[ContactId, tuple[int, Estimate | None]] = {}
    for contact in queue:
        _arrive(state, room, newcomers, LANES[contact.lane], arrived)
        need = room.need_of(contact)
        key = (contact.channel, contact.inbox)
        ring = _ring(state, key, contact.offer_for)
        before = room.before(need)
        if contact.phase == OFFERED:
            found[contact.id] = (before + 1, _asked(contact, ring, now))
        else:
            found[contact.id] = (before + 1, _estimate(room, need, room.takes(key), ring))
            need.ahead += 1
    _arrive(state, room, newcomers, len(LANES), arrived)
    return Waits(arrived, found)


def _watched(state: DeskState, contact: Contact) -> bool:
    """Not every channel tells when a customer has left."""
    inbox = state.inbox(contact.channel, contact.inbox)
    return contact.live or inbox is None or not inbox.live


def _arrive(
    state: DeskState, room: Room, newcomers: list[InboxSettings], lane: int, arrived: dict[Key, Estimate | None]
) -> None:
    """Whoever comes now is the last of their lane: those of lanes before `lane` have all ahead of them seen."""
    while newcomers and LANES[newcomers[-1].lane] < lane:
        inbox = newcomers.pop()
        key = (inbox.channel, inbox.id)
        need = room.need_at(inbox)
        arrived[key] = _estimate(room, need, room.takes(key), _ring(state, key, inbox.offer_for))


def _estimate(room: Room, need: Need, expected: Expected, ring: float) -> Estimate | None:
    if not need.able or need.endless:
        return None
    if room.free(need):  # and nobody ahead may be served by them: they would be, already
        return _range(ring, 0.0, 2 * ring)
    work = room.work(need)
    servers = max(room.servers(need), 1)
    # The first turn to come free is one that began some while ago: with several people that makes no
    # difference, with one it does, the more regular contacts are.
    first = 1 - (1 - expected.spread) / (2 * servers)
    turns = work + first
    # Over a short time the people of a desk together come free by chance, over a long one as regularly
    # as each of them does.
    spread = (servers + work * expected.spread) / (servers + work)
    variance = spread / (work + 1) + expected.doubt
    rates = room.rates(need, expected)
    mean = _reached(rates, turns)
    if mean is None:
        need.endless = True
        return None
    low = _reached(rates, turns * _quantile(variance, -_TENTH)) or 0.0
    high = _reached(rates, turns * _quantile(variance, _TENTH))
    return _range(mean + ring, low, (AHEAD.total_seconds() if high is None else high) + 2 * ring)


def _reached(rates: Sequence[tuple[float, float]], turns: float) -> float | None:
    """Seconds until so many turns have come free; `None` if that takes too long to be told."""
    until = [start for start, _ in rates[1:]] + [AHEAD.total_seconds()]
    for (start, rate), end in zip(rates, until, strict=True):
        if turns <= 0:
            return start
        if rate > 0 and start + turns / rate <= end:
            return start + turns / rate
        turns -= rate * (end - start)
    return None


def _quantile(variance: float, normal: float) -> float:
    """Of a gamma distribution with mean 1, by Wilson and Hilferty's approximation."""
    return max(0.0, 1 - variance / 9 + normal * sqrt(variance) / 3) ** 3


def _ring(state: DeskState, key: Key, offer_for: timedelta | None) -> float:
    """Seconds that pass while agents are asked. As long as nothing is known: half of what one has to answer."""
    return 0.0 if offer_for is None else state.handling.ring(key[0], offer_for / 2)


def _asked(contact: Contact, ring: float, now: datetime) -> Estimate | None:
    """Somebody is asked at this moment."""
    assert contact.offer is not None
    left = max((contact.offer.expires_at - now).total_seconds(), 0.0)
    return _range(min(ring, left), 0.0, left)


def _range(mean: float, low: float, high: float) -> Estimate:
    return Estimate(timedelta(seconds=mean), timedelta(seconds=low), timedelta(seconds=max(low, high)))
