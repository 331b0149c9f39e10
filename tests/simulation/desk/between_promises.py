"""What two desks promise together, told from both logs at the moment when each record is stored.

1. A contact is at one desk at any time, or on its way in one parcel, which is taken once and as it was given.
   Whatever is decided of it is decided by the desk that has it.
2. A message is decided by one desk, and once; so is a reply. A chat goes on in the contact that it is, wherever that is.
3. An inbox is in the hands of one desk at most, unless a consumer was removed or changed late and its desk has yet to see
   it, and what opens a contact is decided by the desk that has its inbox.
4. The clocks of a contact are told from its whole story, wherever its parts stand: warnings and breaches are those that its
   messages, replies and waits come to, at these instants.
5. What a warning or a breach asks for happens once, whether at the desk where it came due or at the next one.
6. Once all is settled each inbox has a consumer of the desk that the configuration names, and no other.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

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
from router.core.event_erased import ContactErased
from router.core.event_escalation import Escalated
from router.core.event_inbox import InboxReleased, InboxTaken
from router.core.event_move import MessagesTaken
from router.core.event_transfer import ContactTaken, TransferRecovered, TransferTaken
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
        self.erased: set[ContactId] = set()
        self.taken = 0
        self._messages: dict[MessageId, DeskId] = {}
        self._bound: dict[KeyHash, ContactId] = {}
        """The contacts of chats, by what names them."""
        self._replies: dict[MessageId, DeskId] = {}
        self._inboxes: dict[InboxKey, DeskId] = {}
        self.left_over: dict[ContactId, set[DeskId]] = {}
        """Desks that have lost that they had given it, and have it still: they have to find that out."""
        self._given: dict[tuple[ContactId, int], list[Parcel]] = {}
        """Also by decisions that are lost: it may be taken all the same."""
        self._moves: dict[ContactId, int] = {}
        """How often each had changed desks when it came to where it is, or went on its way."""
        self._doubtful: dict[InboxKey, set[DeskId]] = {}
        """Desks that have lost that they had released it, and have to release it again."""
        self.torn_apart: set[ContactId] = set()
        """Given or taken in an end that was lost: no log has their whole story."""
        self._given_at: dict[ContactId, tuple[DeskId, int]] = {}
        """Where it stands that these were given last: in whose log, and there."""

    def torn(
        self,
        counted: Sequence[tuple[DeskId, int, Commit]],
        lost: Sequence[Commit],
        truths: Sequence[Truth],
        broker: Broker,
    ) -> "Between":
        """A log has lost its end, and with it what is `lost`. `counted` is left, of both. What both come to now: a contact
        is where it has come last, or on its way there; where it was before it is left over.
        """
        after = Between()
        after.torn_apart |= self.torn_apart
        after._given = self._given
        for event in (event for commit in lost for event in commit.events):
            if isinstance(event, TransferTaken | ContactTaken):
                after.torn_apart.add(event.contact)
        given: dict[ContactId, Parcel] = {}
        for desk, seq, commit in counted:
            for event in commit.events:
                if isinstance(event, TransferTaken) and (
                    event.contact not in given or given[event.contact].moves < event.parcel.moves
                ):
                    given[event.contact] = event.parcel
                    after._given_at[event.contact] = desk, seq
                after._note(desk, event)
                if isinstance(event, ContactClosed):
                    after.closed.add(event.contact)
        for truth in truths:
            if not (
                truth.state.holdings.taken or truth.state.holdings.released
            ):  # it goes by its settings until it has said again what it takes
                for key in truth.state.inboxes:
                    after._doubtful.setdefault(key, set()).add(truth.state.desk)
            for key in truth.state.holdings.taken:
                if subject.inbound(*key) in _claims(broker, truth.state.desk):
                    after._inboxes[key] = truth.state.desk
                else:
                    after._doubtful.setdefault(key, set()).add(truth.state.desk)
        for id_ in {*given, *(contact for truth in truths for contact in truth.state.contacts)}:
            after._put(id_, given.get(id_), truths)
        return after

    def _put(self, id_: ContactId, given: Parcel | None, truths: Sequence[Truth]) -> None:
        """Where a contact is that some desk has, or has given last as `given`."""
        have = {truth.state.desk: truth.state.contacts[id_].moves for truth in truths if id_ in truth.state.contacts}
        gone = [truth.state.elsewhere[id_] for truth in truths if id_ in truth.state.elsewhere]
        last = max((*have.values(), *(each.moves for each in gone)), default=0)
        at = next((desk for desk, moves in have.items() if moves == last), None)
        closed = any(each.desk is None and each.moves == last for each in gone)
        self.left_over[id_] = have.keys() - {at}
        self._moves[id_] = last
        if at is not None:
            self.at[id_] = at
        elif given is not None and given.moves == last and not closed:
            self.on_the_way[id_] = given
        if have:
            self.closed.discard(id_)

    def astray(self, broker: Broker) -> list[ContactId]:
        """Those that are at no desk, or still at one that had given them away. Nobody can take one that came in a lost
        end, and of which the parcel was purged since (ADR 21).
        """
        away = [contact for contact in self.on_the_way if contact not in self.erased]
        lost = [contact for contact in away if not self._is_purged(contact, broker)]
        return [*lost, *(contact for contact, desks in self.left_over.items() if desks - self._keeps(contact, broker))]

    def kept(self, broker: Broker) -> dict[ContactId, DeskId]:
        """Where those are that such a desk keeps."""
        return {contact: desk for contact in self.left_over for desk in self._keeps(contact, broker)}

    def _keeps(self, contact: ContactId, broker: Broker) -> set[DeskId]:
        """A desk to which it was to come back by a parcel that is purged: what it has had before is all that there is."""
        if contact not in self.on_the_way or not self._is_purged(contact, broker):
            return set()
        return self.left_over[contact] - {self._given_at[contact][0]}

    def _is_purged(self, contact: ContactId, broker: Broker) -> bool:
        if contact not in self.torn_apart or contact not in self._given_at:
            return False
        giver, seq = self._given_at[contact]
        return seq not in broker.streams[subject.desk_stream(giver)].records

    def admit(self, desk: DeskId, commit: Commit, wrong: list[str], broker: Broker) -> None:
        try:
            opening = {event.contact for event in commit.events if isinstance(event, ContactOpened)}
            for event in commit.events:
                self._take(desk, event, opening, broker)
                self._note(desk, event)
        except AssertionError as error:
            wrong.append(f"{desk}, commit {commit.epoch}.{commit.index}: {error}")

    def _take(self, desk: DeskId, event: DeskDecision, opening: set[ContactId], broker: Broker) -> None:
        match event:
            case InboxTaken():
                self._take_inbox(desk, (event.channel, event.inbox), broker)
            case InboxReleased() if desk in self._doubtful.get((event.channel, event.inbox), ()):
                self._doubtful[event.channel, event.inbox].discard(desk)
            case InboxReleased():
                assert self._inboxes.pop((event.channel, event.inbox), None) == desk, f"{event.inbox} is not {desk}'s"
            case ContactOpened():
                known = event.contact in self.at or event.contact in self.on_the_way or event.contact in self.closed
                assert not known, f"{event.contact} is opened a second time"
                self.at[event.contact] = desk
            case ContactTaken():
                self._arrive(desk, event)
            case TransferTaken() | ContactClosed() if desk in self.left_over.get(event.contact, ()):
                assert isinstance(event, ContactClosed), (
                    f"{event.contact} is given by {desk}, which had given it before"
                )
                self.left_over[event.contact].discard(desk)
            case TransferRecovered():
                left_over = self.left_over.get(event.contact, set())
                assert desk in left_over, f"{event.contact} is at {desk}, and given up"
                left_over.discard(desk)
            case _ if desk in self.left_over.get(getattr(event, "contact", ContactId("")), ()):
                pass  # it does not know yet
            case ContactErased():  # it may have been here, or be on its way: then nobody takes it
                assert self.at.get(event.contact) != desk, f"{event.contact} is erased, and at {desk}"
                self.erased.add(event.contact)
            case _ if (contact := getattr(event, "contact", None)) is not None:
                where = self.at.get(contact)
                assert where == desk, f"{type(event).__name__} of {contact}, which is at {where}"
        if isinstance(event, TransferTaken):
            self._given_at.pop(event.contact, None)
            self.on_the_way[event.contact] = event.parcel
            self._moves[event.contact] = event.parcel.moves
            self._given.setdefault((event.contact, event.parcel.moves), []).append(event.parcel)
            del self.at[event.contact]
        elif isinstance(event, ContactClosed) and self.at.get(event.contact) == desk:
            self.closed.add(event.contact)
            del self.at[event.contact]
        elif isinstance(event, MessageReceived) and event.contact in opening:
            key = (event.channel, event.inbox)
            holder = self._inboxes.get(key)
            has = holder == desk or desk in self._doubtful.get(key, ())
            assert has, f"a contact is opened from {event.inbox}, which is {holder}'s"
            if event.channel == CHAT:
                before = self._bound.get(event.keys[0])
                gone = before is None or before in self.erased or not self._lives(before, broker)
                assert gone, f"{event.contact} is opened beside {before}, of one chat"

    def _take_inbox(self, desk: DeskId, key: InboxKey, broker: Broker) -> None:
        """One may have it by its log of which the consumer was removed or changed late: until that desk sees it and has released it,
        another one may take it, too (ADR 15).
        """
        holder = self._inboxes.get(key)
        if holder is not None and _is_bereft(broker, desk, key):
            self._doubtful.setdefault(key, set()).add(desk)
            return
        if holder is not None:
            assert _is_bereft(broker, holder, key), f"{key[1]} is taken, and desk {holder} has it"
            self._doubtful.setdefault(key, set()).add(holder)
        self._inboxes[key] = desk
        self._doubtful.get(key, set()).discard(desk)

    def _lives(self, contact: ContactId, broker: Broker) -> bool:
        """Whether it is at a desk, or may yet come to one: not so on its way by what nobody can take any more."""
        on_its_way = contact in self.on_the_way and contact not in self.erased
        return contact in self.at or (on_its_way and not self._is_purged(contact, broker))

    def _arrive(self, desk: DeskId, event: ContactTaken) -> None:
        """As it was given last. By words of decisions that are lost, or that were heard before, one that was torn apart may
        come to where it was, or is not to be: then it is left over somewhere.
        """
        contact, moves, torn = event.contact, event.parcel.moves, event.contact in self.torn_apart
        given = self.on_the_way.get(contact)
        assert given is not None or torn, f"{contact} is taken, and nobody had let go"
        known = self._given[contact, moves] if torn else [given]
        same = [each for each in known if each and msgspec.structs.replace(event.parcel, others=each.others) == each]
        assert same, "taken is not what was given"
        self.taken += 1
        left_over = self.left_over.setdefault(contact, set())
        if moves < self._moves.get(contact, 0):
            left_over.add(desk)
            return
        self.on_the_way.pop(contact, None)
        if contact in self.at:
            left_over.add(self.at[contact])
        left_over.discard(desk)
        self.at[contact], self._moves[contact] = desk, moves

    def _note(self, desk: DeskId, event: DeskDecision) -> None:
        """Who has decided it."""
        if isinstance(event, MessageReceived):
            other = self._messages.setdefault(event.message, desk)
            assert other == desk, f"message {event.message} is decided by {other} and by {desk}"
            if event.channel == CHAT:
                self._bound[event.keys[0]] = event.contact
        elif isinstance(event, MessagesTaken):
            self._bound |= {key: event.contact for item in event.items for key in item.binds if key in self._bound}
        elif isinstance(event, ReplyQueued):
            other = self._replies.setdefault(event.reply, desk)
            assert other == desk, f"reply {event.reply} is queued by {other} and by {desk}"


def _claims(broker: Broker, desk: DeskId) -> frozenset[str]:
    """What the desk's consumers take."""
    there = [
        stream.consumers.get(subject.desk_consumer(desk))
        for stream in broker.streams.values()
        if stream.name.startswith("INBOX_")
    ]
    return frozenset(inbound for consumer in there if consumer is not None for inbound in consumer.filters)


def _is_bereft(broker: Broker, desk: DeskId, key: InboxKey) -> bool:
    """Whether what came late has taken away what says at the server that it is this desk's."""
    stream = broker.streams[subject.inbox_stream(key[0])]
    return (subject.desk_consumer(desk), subject.inbound(*key)) in stream.bereft


def check(between: Between, truths: Mapping[DeskId, Truth], broker: Broker, limit: int, *, escalating: bool) -> None:
    """Once everything is settled and all processes have ended. `limit` is that of the events of a commit, `escalating`:
    the policy does.
    """
    full = warned.NONE.union(*(warned.full(truth.log, limit) for truth in truths.values()))
    astray = between.astray(broker)
    assert not astray, f"let go and never taken, or given away and still there: {astray}"
    have = {contact: desk for desk, truth in truths.items() for contact in truth.state.contacts}
    at = between.at | between.kept(broker)
    assert have == at, f"where contacts are: {differing(have, at)}"
    stories = list(chains({desk: truth.log for desk, truth in truths.items()}))
    for contact, story in stories:
        if contact in between.torn_apart:
            continue  # what it was given with has no beginning, or what it began with has no end
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


def misclaimed(broker: Broker, owners: Mapping[InboxId, DeskId]) -> list[str]:
    """The inboxes that no consumer takes, or another desk's than the one that they are to be with."""
    takes = {
        inbound: name
        for stream in broker.streams.values()
        if stream.name.startswith("INBOX_")
        for name, consumer in stream.consumers.items()
        for inbound in consumer.filters
    }
    taken = {(InboxId(inbound.rpartition(".")[2]), consumer) for inbound, consumer in takes.items()}
    wanted = {(inbox, subject.desk_consumer(desk)) for inbox, desk in owners.items()}
    return sorted(f"{inbox} by {consumer}" for inbox, consumer in wanted ^ taken)


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
            if (contact := getattr(event, "contact", None)) is not None and not isinstance(event, ContactErased):
                about.setdefault(contact, []).append(event)
        for contact, events in about.items():
            moves = next((event.parcel.moves for event in events if isinstance(event, ContactTaken)), None)
            begins = moves is not None or any(isinstance(event, ContactOpened) for event in events)
            if begins:
                here[contact] = parts.setdefault(contact, {})[moves or 0] = []
            else:
                here[contact].append(msgspec.structs.replace(log[number - 1], events=()))
            here[contact].append(msgspec.structs.replace(commit, events=tuple(events)))
            if any(isinstance(event, TransferTaken | TransferRecovered) for event in events) and not begins:
                del here[contact]
    for part in here.values():
        part.append(msgspec.structs.replace(log[-1], events=()))
