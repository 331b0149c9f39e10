"""Where each line stands by the log, and what finds it, held against what is stored."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from frontline.contract.erasure import ERASED
from frontline.contract.ids import ContactId, CustomerId, KeyHash, MessageId
from frontline.contract.transcript import TranscriptItem, decode_item
from router.core.commit import Commit
from router.core.event import ContactOpened, DeliveryRecorded, DeskDecision, MessageReceived, NoteAdded, ReplyQueued
from router.core.event_erased import ContactErased, CustomerErased
from router.core.event_move import MessagesTaken
from router.core.event_transfer import ContactTaken
from tests.simulation.desk.broker import Broker


@dataclass
class Standing:
    """`lines` are in which contact, moved how often; `keys` lead to which one, and what binds them stands in `binders`:
    in several, if it was written to several inboxes.
    """

    lines: dict[MessageId, tuple[ContactId, int]] = field(default_factory=dict)
    keys: dict[KeyHash, ContactId] = field(default_factory=dict)
    binders: dict[KeyHash, set[ContactId]] = field(default_factory=dict)
    erased: set[ContactId] = field(default_factory=set)
    _customers: dict[ContactId, CustomerId] = field(default_factory=dict)
    _strangers: set[CustomerId] = field(default_factory=set)
    _receipts: dict[MessageId, MessageId] = field(default_factory=dict)
    _whose: dict[MessageId, CustomerId] = field(default_factory=dict)
    _left: dict[MessageId, set[ContactId]] = field(default_factory=dict)

    def take(self, event: DeskDecision) -> None:
        match event:
            case ContactOpened():
                self._customers[event.contact] = event.customer
            case ContactTaken():
                self._customers[event.contact] = event.parcel.customer
            case MessageReceived():
                self._stand(event.message, event.contact, event.customer)
                self._bind(event.keys, event.contact)
            case ReplyQueued():
                self._stand(event.reply, event.contact)
                self._bind(event.keys, event.contact)
            case NoteAdded():
                self._stand(event.note, event.contact)
            case DeliveryRecorded():
                self._stand(event.receipt, event.contact)
                self._receipts[event.receipt] = event.reply
            case MessagesTaken():
                for item in event.items:
                    self._stand(item.id, event.origin)  # an acknowledgement, of which no decision tells
                    self.lines[item.id] = event.contact, item.moves
                    self._left.setdefault(item.id, set()).add(event.origin)
                    for key in item.binds:
                        self.binders.setdefault(key, set()).discard(event.origin)
                    self._bind(item.binds, event.contact)
            case ContactErased():
                self.erased.add(event.contact)
            case CustomerErased():
                self._strangers.add(event.customer)

    def gone(self) -> set[MessageId]:
        """The lines in erased contacts, and receipts for them. So is what was moved out of one, if it was an erased
        customer's: they wrote it, or no customer did and it began in a contact of theirs.
        """
        found = {id_ for id_, (contact, _) in self.lines.items() if contact in self.erased}
        found |= {
            id_ for id_, left in self._left.items() if left & self.erased and self._whose.get(id_) in self._strangers
        }
        return found | {receipt for receipt, reply in self._receipts.items() if reply in found}

    def _stand(self, line: MessageId, contact: ContactId, author: CustomerId | None = None) -> None:
        self.lines.setdefault(line, (contact, 0))
        if (whose := author or self._customers.get(contact)) is not None:
            self._whose.setdefault(line, whose)

    def _bind(self, keys: tuple[KeyHash, ...], contact: ContactId) -> None:
        self.keys |= dict.fromkeys(keys, contact)
        for key in keys:
            self.binders.setdefault(key, set()).add(contact)


def by_log(log: list[Commit]) -> Standing:
    standing = Standing()
    for commit in log:
        for event in commit.events:
            standing.take(event)
    return standing


def check(
    broker: Broker, standing: Standing, parked: Collection[MessageId], by_desk: Collection[Standing] = ()
) -> None:
    """Readers find each line in one contact, which is the one that the desk says; and so does who answers it. What came to
    two desks at once (`by_desk` are of each alone) is answered in the contact of the one or of the other. Where the one that
    has it by the log is erased, it is answered nowhere, or in another one where a copy of it stands: what is erased
    before anything followed from it binds nothing.
    """
    stored, gone = lines_of(broker), standing.gone()
    for id_, (contact, moved) in standing.lines.items():
        if id_ in gone:
            continue
        lines = stored.get(id_, [])
        if not lines and id_ in parked:
            continue
        assert lines, f"{id_} is nowhere, and should stand in {contact}"
        last = max(line.moved for line in lines)
        places = {line.contact for line in lines if line.moved == last}
        assert (places, last) == ({contact}, moved), f"{id_} stands in {places}, moved {last}; not {contact}, {moved}"
    for key, contact in standing.keys.items():
        leads = _value(broker, key)
        found = {each.keys[key] for each in by_desk or (standing,) if key in each.keys}
        wanted = {*found, *standing.binders[key], "", ERASED} if found & standing.erased else found
        wanted = wanted - standing.erased
        assert leads in wanted, f"what was said in {contact} is answered in {leads}"


def lines_of(broker: Broker) -> Mapping[MessageId, list[TranscriptItem]]:
    found: dict[MessageId, list[TranscriptItem]] = {}
    for record in broker.streams["TRANSCRIPT"].records.values():
        item = decode_item(record.data)
        found.setdefault(item.id, []).append(item)
    return found


def _value(broker: Broker, key: KeyHash) -> str:
    stream = broker.streams["KV_THREADS"]
    seq = stream.last_of(f"$KV.THREADS.{key}")
    return stream.records[seq].data.decode() if seq else ""
