"""What a contact needs while it waits, and what comes of waiting: rings open, it ages, an alarm is raised.

Each is counted from when it began to wait. Looks, never touches.
"""

from datetime import datetime

import msgspec

from router.core.clock import LAPSE
from router.core.contact import STICKY, Contact
from router.core.desk_settings import InboxSettings
from router.core.event import AlarmRaised, ContactAged, RingOpened
from router.core.need import Need
from router.core.queue import HIGHEST_BY_AGE, LANES
from router.core.state import DeskState

BY_TIME = "time"
NOBODY_THERE = "nobody_there"


def need_of(state: DeskState, contact: Contact) -> Need:
    """What it takes to have this contact, in the ring that it is in."""
    if contact.ring == STICKY:
        return Need(contact.skills, cost_of(state, contact, live=contact.live), contact.live, only=contact.sticky)
    return need_in(state, contact, contact.ring)


def need_in(state: DeskState, contact: Contact, ring: int, *, live: bool | None = None) -> Need:
    """The same in one of the desk's rings, as if the contact was live or not."""
    live = contact.live if live is None else live
    known = state.rings
    wanted = known[min(ring, len(known) - 1)]  # changed settings may have fewer
    return Need(contact.skills if wanted.skills else (), cost_of(state, contact, live=live), live, wanted.off_duty)


def cost_of(state: DeskState, contact: Contact, *, live: bool) -> int:
    inbox = inbox_of(state, contact)
    return inbox.cost if live or not inbox.live else min(inbox.cost, inbox.written_cost)


def is_asked_first(inbox: InboxSettings, *, live: bool) -> bool:
    """Whether an agent is asked before such a contact is theirs."""
    return inbox.offer_for is not None and (live or not inbox.live)


def inbox_of(state: DeskState, contact: Contact) -> InboxSettings:
    """As the settings have it now; of an inbox that they do not name any more, as plain as can be."""
    own = state.inboxes.get((contact.channel, contact.inbox))
    return (
        own or state.inbox(contact.channel, contact.inbox) or InboxSettings(channel=contact.channel, id=contact.inbox)
    )


def next_moment(state: DeskState, contact: Contact) -> datetime | None:
    """When something comes of its waiting next."""
    assert contact.since is not None
    coming = _coming(state, contact)
    return min([at for at, _ in coming]) if coming else None


def next_of(state: DeskState, contact: Contact) -> RingOpened | ContactAged | AlarmRaised:
    """What comes of it at its next moment."""
    return min(_coming(state, contact), key=lambda entry: entry[0])[1]


def better_ring(state: DeskState, contact: Contact) -> int | None:
    """The next ring that somebody is in, for a contact in one where nobody is."""
    for ring in range(contact.ring + 1, len(state.rings)):
        wider = state.rings[ring]
        skills = contact.skills if wider.skills else ()
        need = msgspec.structs.replace(need_of(state, contact), skills=skills, off_duty=wider.off_duty, only=None)
        if state.matching.somebody(need):
            return ring
    return 0 if contact.ring == STICKY else None


def _coming(state: DeskState, contact: Contact) -> list[tuple[datetime, RingOpened | ContactAged | AlarmRaised]]:
    since, settings, id_ = contact.since, state.settings, contact.id
    assert since is not None
    known = state.rings
    coming: list[tuple[datetime, RingOpened | ContactAged | AlarmRaised]] = []
    if contact.ring == STICKY:
        # A moment at least, so that they are asked before anybody else is.
        at = since + max(inbox_of(state, contact).sticky_for or LAPSE, LAPSE)
        ring = max((n for n, ring in enumerate(known) if since + ring.after <= at), default=0)
        coming.append((at, RingOpened(at=at, contact=id_, ring=ring, rule=BY_TIME)))
    elif contact.ring + 1 < len(known):
        at = since + known[contact.ring + 1].after
        coming.append((at, RingOpened(at=at, contact=id_, ring=contact.ring + 1, rule=BY_TIME)))
    elif settings.alarm_after is not None and not contact.alarmed:
        at = since + known[-1].after + settings.alarm_after
        coming.append((at, AlarmRaised(at=at, contact=id_)))
    if settings.age_after is not None and LANES[contact.lane] - contact.aged > HIGHEST_BY_AGE:
        at = since + settings.age_after * (contact.aged + 1)
        coming.append((at, ContactAged(at=at, contact=id_, steps=contact.aged + 1)))
    return coming
