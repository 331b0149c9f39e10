"""The slow and obvious way: what a log should say of clocks and of assignments, from its other events."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import Automation, DeliveryState, Presence
from router.core.assignment import may_take
from router.core.capacity import Agent
from router.core.commit import Commit
from router.core.contact import STICKY, WAITING, Contact
from router.core.event import (
    ContactMerged,
    ContactReopened,
    ContactResolved,
    ContactUnmerged,
    DeliveryRecorded,
    LaneChanged,
    MessageReceived,
    ReplyQueued,
)
from router.core.event_clock import ClockBreached
from router.core.event_people import ConfigChanged
from router.core.queue import place_of
from router.core.state import DeskState


@dataclass
class _Story:
    """One contact. `due` is the deadline in force; `answers` are replies that did not fail."""

    asked_at: datetime | None = None
    due: datetime | None = None
    breached: bool = False
    withdrawn: bool = False
    dropped: bool = False
    merged: bool = False
    resolved: bool = False
    asked_since: bool = True
    answers: list[tuple[MessageId, datetime]] = field(default_factory=list)
    breaches: list[datetime] = field(default_factory=list)

    def look(self, now: datetime) -> None:
        """Whether the deadline has passed by then without an answer."""
        if self.due is None or self.breached or self.withdrawn:
            return
        answered = self.answers[0][1] if self.answers else now
        if self.due < answered:
            self.breached = True
            self.breaches.append(self.due)

    def ask(self, at: datetime, within: timedelta) -> None:
        if self.answers or not (self.due is None or self.withdrawn or (self.breached and self.asked_since)):
            return
        self.asked_at, self.due, self.breached, self.withdrawn = at, at + within, False, False

    def move(self, at: datetime, within: timedelta) -> None:
        """To another lane: what runs is reckoned anew from its start, by what is promised now."""
        self.look(at)
        if self.asked_at is not None and not (self.breached or self.withdrawn or self.answers):
            self.due = self.asked_at + within


def breaches(log: list[Commit]) -> dict[ContactId, list[datetime]]:
    """Every breach of a first response that should be on record when the whole log has been lived
    through, told from messages, replies, bounces, and the resolving and reopening alone.
    """
    stories: dict[ContactId, _Story] = {}
    within = None
    for commit in log:
        reopening = {event.contact for event in commit.events if isinstance(event, ContactReopened)}
        for event in commit.events:
            if isinstance(event, ConfigChanged):
                within = event.settings.policies[0].targets[0].within
            story = stories.setdefault(contact, _Story()) if (contact := getattr(event, "contact", None)) else None
            if story is None:
                continue
            match event:
                case MessageReceived() if event.presence is Presence.ANSWERED:
                    story.look(event.at)
                    story.answers.append((event.message, event.at))
                case MessageReceived() if _asks(event):
                    assert within is not None
                    story.asked_since = contact in reopening
                    story.ask(event.at, within)
                case LaneChanged():
                    assert within is not None
                    story.move(event.at, within)
                case ReplyQueued():
                    story.look(event.at)
                    story.answers.append((event.reply, event.at))
                case DeliveryRecorded() if event.state is DeliveryState.FAILED and not story.merged:
                    story.answers = [answer for answer in story.answers if answer[0] != event.reply]
                case ContactResolved():
                    story.look(event.at)
                    story.resolved = True
                    story.withdrawn = story.withdrawn or (
                        story.due is not None and not story.breached and not story.answers
                    )
                case ContactMerged():
                    story.look(event.at)
                    story.merged = True
                    story.dropped = not (story.withdrawn or story.breached or story.answers) and story.due is not None
                    story.withdrawn = story.withdrawn or story.dropped
                case ContactUnmerged():
                    assert within is not None
                    story.merged = False
                    if story.dropped:
                        story.asked_since, story.dropped = False, False
                        story.ask(event.at, within)
                case ContactReopened():
                    if event.rule != "message" and not story.answers:
                        story.withdrawn = False
        for story in stories.values():
            story.look(commit.now)
    return {contact: story.breaches for contact, story in stories.items() if story.breaches}


def _asks(event: MessageReceived) -> bool:
    return event.automation is not Automation.AUTO_REPLIED and event.presence is not Presence.LEFT


def recorded_breaches(log: list[Commit]) -> dict[ContactId, list[datetime]]:
    found: dict[ContactId, list[datetime]] = {}
    for commit in log:
        for event in commit.events:
            if isinstance(event, ClockBreached):
                found.setdefault(event.contact, []).append(event.at)
    return found


def best_match(state: DeskState) -> tuple[Contact, Agent] | None:
    """Who should be given away next, and to whom: found by looking at everybody."""
    waiting = sorted((contact for contact in state.contacts.values() if contact.phase == WAITING), key=place_of)
    for contact in waiting:
        takers = [agent for agent in state.agents.values() if may_take(agent, contact.line)]
        if takers:
            return contact, min(takers, key=lambda agent: (agent.id in contact.asked, agent.rank))
    return None


def overlooked(state: DeskState) -> list[ContactId]:
    """Who waits in a ring that nobody is in while somebody is in a later one."""
    rings = state.rings

    def there(contact: Contact, ring: int) -> bool:
        if ring == STICKY:
            return contact.sticky is not None and state.agents[contact.sticky].present
        return any(
            agent.present
            and (agent.on_duty or (rings[ring].off_duty and agent.off_duty_too))
            and (not rings[ring].skills or set(contact.skills) <= agent.skills)
            for agent in state.agents.values()
        )

    return [
        contact.id
        for contact in state.contacts.values()
        if contact.phase == WAITING
        and not there(contact, contact.ring)
        and any(there(contact, later) for later in range(contact.ring + 1, len(rings)))
    ]
