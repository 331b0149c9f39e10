"""What is told to whom of what a desk decides, and for how long that is news."""

from collections.abc import Collection, Iterator
from datetime import datetime

import msgspec

from frontline.contract.ids import AgentId, ContactId, OfferId
from router.core.contact import ASSIGNED, RESOLVED, WAITING, Contact
from router.core.event import AlarmRaised, ContactAssigned, ContactOffered, DeskDecision, OfferRenewed
from router.core.event_clock import ClockBreached, ClockWarned
from router.core.event_escalation import Escalated
from router.core.state import DeskState

OFFER = "offer"
ASSIGNMENT = "assignment"
TRANSFER = "transfer"
ESCALATION = "escalation"
WARNING = "warning"
ALARM = "alarm"


class News(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that one agent should learn. `id` is that of the decided event; with the agent it names the news."""

    id: str
    about: str
    agent: AgentId
    contact: ContactId
    at: datetime
    offer: OfferId | None = None
    target: str = ""
    """Whose clock it is, for a warning."""


NEWSWORTHY = (ContactOffered, OfferRenewed, ContactAssigned, ClockWarned, ClockBreached, Escalated, AlarmRaised)
"""The events that may be news to anybody; most are not among them."""


def news_of(id_: str, event: DeskDecision, state: DeskState, leads: Collection[AgentId]) -> Iterator[News]:
    """`state` may be further on than the event. Nobody is told what they did themselves."""
    match event:
        case ContactOffered() | OfferRenewed():
            yield News(id=id_, about=OFFER, agent=event.agent, contact=event.contact, at=event.at, offer=event.offer)
        case ContactAssigned() if event.via != OFFER and event.by != event.agent:
            about = TRANSFER if event.via == TRANSFER else ASSIGNMENT
            yield News(id=id_, about=about, agent=event.agent, contact=event.contact, at=event.at)
        case ClockWarned() | ClockBreached():
            contact = state.contacts.get(event.contact)
            if contact is not None and contact.agent is not None:
                agent = contact.agent
                yield News(id=id_, about=WARNING, agent=agent, contact=event.contact, at=event.at, target=event.target)
        case Escalated():
            for agent in event.agents:
                yield News(
                    id=id_, about=ESCALATION, agent=agent, contact=event.contact, at=event.at, target=event.target
                )
        case AlarmRaised():
            for lead in leads:
                yield News(id=id_, about=ALARM, agent=lead, contact=event.contact, at=event.at)
        case _:
            return


def stands(news: News, state: DeskState) -> bool:
    """Whether it still is so: nobody is sent for what is over, or is somebody else's by now."""
    contact = state.contacts.get(news.contact)
    if contact is None:
        return False
    match news.about:
        case "offer":
            return contact.offer is not None and contact.offer.id == news.offer
        case "assignment" | "transfer":
            return contact.phase == ASSIGNED and contact.agent == news.agent
        case "warning":
            return contact.agent == news.agent and _runs(contact, news.target)
        case "escalation":
            return contact.phase != RESOLVED and _runs(contact, news.target)
        case _:  # an alarm
            return contact.phase == WAITING


def _runs(contact: Contact, target: str) -> bool:
    clock = contact.clock(target)
    return clock is not None and not clock.end
