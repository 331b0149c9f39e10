"""What two desks promise together, told from both logs at the moment when each record is stored.

1. A contact is at one desk at any time, or on its way in one parcel, which is taken once and as it was given.
   Whatever is decided of it is decided by the desk that has it.
2. A message is decided by one desk, and once; so is a reply. A chat goes on in the contact that it is, wherever that is.
3. An inbox is in the hands of one desk at most, and what opens a contact is decided by the desk that has its inbox.
4. The clocks of a contact are told from its whole story, wherever its parts stand: warnings and breaches are those that its
   messages, replies and waits come to, at these instants.
5. What a warning or a breach asks for happens once, whether at the desk where it came due or at the next one.
6. Once all is settled each inbox has a consumer of the desk that the configuration names, and no other.
"""

from collections import deque
from collections.abc import Iterator, Mapping

import msgspec

from frontline.contract import subject
from frontline.contract.ids import ContactId, DeskId, InboxId, KeyHash, MessageId
from router.core.commit import Commit
from router.core.event import (
    ContactClosed,
    ContactOpened,
    DeskDecision,
    MessageReceived,
    ReplyQueued,
)
from router.core.event_clock import ClockBreached, ClockWarned
from router.core.event_escalation import Escalated
from router.core.event_inbox import InboxReleased, InboxTaken
from router.core.event_transfer import ContactTaken, TransferTaken
from router.core.holding import InboxKey
from router.core.parcel import Parcel
from tests.simulation.desk import history, targets, warned
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.firm import CHAT
from tests.simulation.desk.firm_of_two import ESCALATIONS
from tests.simulation.desk.promises import differing
from tests.simulation.desk.truth import Truth


class Between:
    """What both logs have come to, up to now."""

    def __init__(self) -> None:
        self.at: dict[ContactId, DeskId] = {}
        self.closed: set[ContactId] = set()
        self.on_the_way: dict[ContactId, Parcel] = {}
        self.taken = 0
        self._messages: dict[MessageId, DeskId] = {}
        self._bound: dict[KeyHash, ContactId] = {}
        """The contacts of chats, by what names them."""
        self._replies: dict[MessageId, DeskId] = {}
        self._inboxes: dict[InboxKey, DeskId] = {}

    def admit(self, desk: DeskId, commit: Commit, wrong: list[str]) -> None:
        try:
            opening = {event.contact for event in commit.events if isinstance(event, ContactOpened)}
            for event in commit.events:
                self._take(desk, event, opening)
        except AssertionError as error:
            wrong.append(f"{desk}, commit {commit.epoch}.{commit.index}: {error}")

    def _take(self, desk: DeskId, event: DeskDecision, opening: set[ContactId]) -> None:
        match event:
            case InboxTaken():
                key = (event.channel, event.inbox)
                assert key not in self._inboxes, f"{event.inbox} is taken, and desk {self._inboxes[key]} has it"
                self._inboxes[key] = desk
            case InboxReleased():
                assert self._inboxes.pop((event.channel, event.inbox), None) == desk, f"{event.inbox} is not {desk}'s"
            case ContactOpened():
                known = event.contact in self.at or event.contact in self.on_the_way or event.contact in self.closed
                assert not known, f"{event.contact} is opened a second time"
                self.at[event.contact] = desk
            case ContactTaken():
                given = self.on_the_way.pop(event.contact, None)
                assert given is not None, f"{event.contact} is taken, and nobody had let go"
                assert msgspec.structs.replace(event.parcel, others=given.others) == given, (
                    "taken is not what was given"
                )
                self.at[event.contact] = desk
                self.taken += 1
            case _ if (contact := getattr(event, "contact", None)) is not None:
                where = self.at.get(contact)
                assert where == desk, f"{type(event).__name__} of {contact}, which is at {where}"
        if isinstance(event, TransferTaken):
            self.on_the_way[event.contact] = event.parcel
            del self.at[event.contact]
        elif isinstance(event, ContactClosed):
            self.closed.add(event.contact)
            del self.at[event.contact]
        elif isinstance(event, MessageReceived):
            other = self._messages.setdefault(event.message, desk)
            assert other == desk, f"message {event.message} is decided by {other} and by {desk}"
            if event.channel == CHAT:
                before = self._bound.get(event.keys[0])
                gone = before is None or (before not in self.at and before not in self.on_the_way)
                assert gone or event.contact not in opening, f"{event.contact} is opened beside {before}, of one chat"
                self._bound[event.keys[0]] = event.contact
            if event.contact in opening:
                holder = self._inboxes.get((event.channel, event.inbox))
                assert holder == desk, f"a contact is opened from {event.inbox}, which is {holder}'s"
        elif isinstance(event, ReplyQueued):
            other = self._replies.setdefault(event.reply, desk)
            assert other == desk, f"reply {event.reply} is queued by {other} and by {desk}"


def check(between: Between, truths: Mapping[DeskId, Truth], limit: int, *, escalating: bool) -> None:
    """Once everything is settled and all processes have ended. `limit` is that of the events of a commit, `escalating`:
    the policy does.
    """
    full = warned.NONE.union(*(warned.full(truth.log, limit) for truth in truths.values()))
    assert not between.on_the_way, f"let go, and never taken: {sorted(between.on_the_way)}"
    have = {contact: desk for desk, truth in truths.items() for contact in truth.state.contacts}
    assert have == between.at, f"where contacts are: {differing(have, between.at)}"
    stories = list(chains({desk: truth.log for desk, truth in truths.items()}))
    for contact, story in stories:
        history.clocks_end_once(story)
        if escalating:
            _escalate_once(contact, story)
        wanted, found = history.come_due(story, full), history.recorded(story)
        assert found == wanted, f"{contact}: {differing(found, wanted)}"
        wanted_too, found_too = targets.come_due(story, full), targets.recorded(story)
        assert found_too == wanted_too, f"{contact}: {differing(found_too, wanted_too)}"


def _escalate_once(contact: ContactId, story: list[Commit]) -> None:
    """In the order in which the clocks came there."""
    events = [event for commit in story for event in commit.events]
    rules, asked = {(rule.target, rule.at) for rule in ESCALATIONS}, deque[tuple[str, float]]()
    for event in events:
        if isinstance(event, ClockWarned | ClockBreached):
            reached = (event.target, event.fraction if isinstance(event, ClockWarned) else 1.0)
            asked.extend({reached} & rules)
        elif isinstance(event, Escalated):
            what = f"{event.target} of {contact} at {event.fraction:g}"
            assert asked, f"{what} is escalated, and nothing has come due"
            assert asked.popleft() == (event.target, event.fraction), f"{what} is escalated out of turn"
        elif isinstance(event, ContactClosed):
            asked.clear()
    assert not asked, f"{list(asked)} of {contact} should be escalated, and is not"


def claims(broker: Broker, owners: Mapping[InboxId, DeskId]) -> None:
    """What the consumers take."""
    takes = {
        inbound: name
        for stream in broker.streams.values()
        if stream.name.startswith("INBOX_")
        for name, consumer in stream.consumers.items()
        for inbound in consumer.filters
    }
    for inbound, consumer in takes.items():
        owner = owners[InboxId(inbound.rpartition(".")[2])]
        assert consumer == subject.desk_consumer(owner), f"{inbound} is taken by {consumer}, and it is {owner}'s"
    assert len(takes) == len(owners), (
        f"nobody takes {owners.keys() - {InboxId(each.rpartition('.')[2]) for each in takes}}"
    )


def chains(logs: Mapping[DeskId, list[Commit]]) -> Iterator[tuple[ContactId, list[Commit]]]:
    """Each contact with its story: what the desks that had it decided of it, one after another, and besides, as far as
    it tells how late it was, the last commit before each of these.
    """
    parts: dict[ContactId, dict[int, list[Commit]]] = {}
    for log in logs.values():
        _parts(log, parts)
    for contact, found in parts.items():
        yield contact, [commit for moves in sorted(found) for commit in found[moves]]


def _parts(log: list[Commit], parts: dict[ContactId, dict[int, list[Commit]]]) -> None:
    here: dict[ContactId, list[Commit]] = {}
    for number, commit in enumerate(log):
        about: dict[ContactId, list[DeskDecision]] = {}
        for event in commit.events:
            if (contact := getattr(event, "contact", None)) is not None:
                about.setdefault(contact, []).append(event)
        for contact, events in about.items():
            moves = next((event.parcel.moves for event in events if isinstance(event, ContactTaken)), None)
            begins = moves is not None or any(isinstance(event, ContactOpened) for event in events)
            if begins:
                here[contact] = parts.setdefault(contact, {})[moves or 0] = []
            else:
                here[contact].append(msgspec.structs.replace(log[number - 1], events=()))
            here[contact].append(msgspec.structs.replace(commit, events=tuple(events)))
            if any(isinstance(event, TransferTaken) for event in events):
                del here[contact]
    for part in here.values():
        part.append(msgspec.structs.replace(log[-1], events=()))
