"""When customers of whom nothing is heard should be written to, told from what happened alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from frontline.contract.ids import ContactId, CustomerId
from frontline.contract.message import Automation, Presence
from router.core.commit import Commit
from router.core.contact import WAITING_CUSTOMER
from router.core.desk_settings import CheckInSettings
from router.core.event import (
    ContactClosed,
    ContactMerged,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    ContactUnmerged,
    DeskDecision,
    MessageReceived,
    ReplyQueued,
    WaitEnded,
    WaitStarted,
)
from router.core.event_check_in import CheckInDue
from router.core.event_erased import ContactErased, CustomerErased
from router.core.event_people import ConfigChanged
from router.core.event_transfer import ContactTaken, TransferTaken
from router.core.holding import InboxKey

CheckIn = tuple[ContactId, str, datetime]


@dataclass
class _Silence:
    """`due` has those that are to come, `said` the rules that have had their say in a contact."""

    rules: tuple[CheckInSettings, ...] = ()
    waiting: set[ContactId] = field(default_factory=set)
    """For the customer: our next word begins the silence anew."""
    customers: dict[ContactId, CustomerId] = field(default_factory=dict)
    inboxes: dict[ContactId, InboxKey] = field(default_factory=dict)
    due: dict[tuple[ContactId, str], datetime] = field(default_factory=dict)
    said: set[tuple[ContactId, str]] = field(default_factory=set)
    written: list[CheckIn] = field(default_factory=list)
    elsewhere: tuple[CheckIn, ...] = ()

    def pass_(self, until: datetime) -> None:
        for (contact, rule), at in sorted(self.due.items(), key=lambda each: each[1]):
            if at <= until:
                del self.due[contact, rule]
                self.said.add((contact, rule))
                self.written.append((contact, rule, at))

    def begin(self, contact: ContactId, phase: str, since: datetime) -> None:
        self.stop(contact)
        if phase == WAITING_CUSTOMER:
            self.waiting.add(contact)
        for rule in self.rules:
            asked = rule.when == phase and self.inboxes[contact] in rule.inboxes
            if asked and (contact, rule.id) not in self.said:
                self.due[contact, rule.id] = since + rule.after

    def end(self, contact: ContactId) -> None:
        self.waiting.discard(contact)
        self.stop(contact)

    def stop(self, *contacts: ContactId) -> None:
        self.due = {key: at for key, at in self.due.items() if key[0] not in contacts}

    def stop_all(self, customer: CustomerId) -> None:
        self.stop(*(contact for contact, whose in self.customers.items() if whose == customer))


def written(log: list[Commit], limit: int, elsewhere: Iterable[CheckIn] = ()) -> list[CheckIn]:
    """All that should be on record; `limit` is that of the events of a commit. `elsewhere` is what other desks have on
    record: a rule has its say once in a contact, wherever that is.
    """
    silence = _Silence(elsewhere=tuple(elsewhere))
    for commit in log:
        for event in commit.events:
            if _changes(event):
                silence.pass_(event.at)
                _tell(silence, event)
        if len(commit.events) < limit:
            silence.pass_(commit.now)
        else:  # it was full, and how far it came with what was due only it can tell
            for event in commit.events:
                if isinstance(event, CheckInDue):
                    silence.pass_(event.at)
    return sorted(silence.written)


def recorded(log: list[Commit]) -> list[CheckIn]:
    events = (event for commit in log for event in commit.events)
    return sorted((event.contact, event.rule, event.at) for event in events if isinstance(event, CheckInDue))


def _changes(event: DeskDecision) -> bool:
    return isinstance(
        event,
        ConfigChanged
        | ContactOpened
        | MessageReceived
        | ReplyQueued
        | ContactResolved
        | WaitStarted
        | ContactClosed
        | CustomerErased
        | ContactReopened
        | WaitEnded
        | ContactMerged
        | ContactUnmerged
        | ContactErased
        | ContactTaken
        | TransferTaken,
    )


def _tell(silence: _Silence, event: DeskDecision) -> None:
    match event:
        case ConfigChanged():
            silence.rules = event.settings.check_ins
            known = {rule.id for rule in silence.rules}
            silence.due = {key: at for key, at in silence.due.items() if key[1] in known}
        case ContactOpened():
            silence.customers[event.contact] = event.customer
            silence.inboxes[event.contact] = event.channel, event.inbox
        case ContactTaken():
            silence.customers[event.contact] = event.parcel.customer
            silence.inboxes[event.contact] = event.parcel.guest.inbox.channel, event.parcel.guest.inbox.id
            said = [rule for contact, rule, at in silence.elsewhere if contact == event.contact and at <= event.at]
            silence.said |= {(event.contact, rule) for rule in said}
        case ReplyQueued() if event.contact in silence.waiting:
            silence.begin(event.contact, WAITING_CUSTOMER, event.at)
        case ContactResolved():
            silence.waiting.discard(event.contact)
            silence.begin(event.contact, "resolved", event.at)
        case WaitStarted():
            silence.waiting.discard(event.contact)
            silence.begin(event.contact, event.state, event.at)
        case MessageReceived() if event.automation is not Automation.AUTO_REPLIED:
            if event.presence is not Presence.LEFT:
                silence.stop(event.contact)
                silence.stop_all(event.customer)
        case CustomerErased():
            silence.stop_all(event.customer)
        case ContactClosed():
            silence.said = {each for each in silence.said if each[0] != event.contact}
        case ContactReopened() | WaitEnded() | ContactMerged() | ContactUnmerged() | ContactErased() | TransferTaken():
            silence.end(event.contact)
