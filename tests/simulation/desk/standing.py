"""Where each line stands by the log, and what finds it, held against what is stored."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from frontline.contract.ids import ContactId, KeyHash, MessageId
from frontline.contract.transcript import TranscriptItem, decode_item
from router.core.commit import Commit
from router.core.event import DeliveryRecorded, DeskDecision, MessageReceived, NoteAdded, ReplyQueued
from router.core.event_move import MessagesTaken
from tests.simulation.desk.broker import Broker


@dataclass
class Standing:
    """`lines` are in which contact, moved how often; `keys` lead to which one."""

    lines: dict[MessageId, tuple[ContactId, int]] = field(default_factory=dict)
    keys: dict[KeyHash, ContactId] = field(default_factory=dict)

    def take(self, event: DeskDecision) -> None:
        match event:
            case MessageReceived():
                self.lines[event.message] = event.contact, 0
                self._bind(event.keys, event.contact)
            case ReplyQueued():
                self.lines[event.reply] = event.contact, 0
                self._bind(event.keys, event.contact)
            case NoteAdded():
                self.lines[event.note] = event.contact, 0
            case DeliveryRecorded():
                self.lines[event.receipt] = event.contact, 0
            case MessagesTaken():
                for item in event.items:
                    self.lines[item.id] = event.contact, item.moves
                    self._bind(item.binds, event.contact)

    def _bind(self, keys: tuple[KeyHash, ...], contact: ContactId) -> None:
        self.keys |= dict.fromkeys(keys, contact)


def by_log(log: list[Commit]) -> Standing:
    standing = Standing()
    for commit in log:
        for event in commit.events:
            standing.take(event)
    return standing


def check(broker: Broker, log: list[Commit], parked: Collection[MessageId]) -> None:
    """Readers find each line in one contact, which is the one that the desk says; and so does who answers it."""
    standing = by_log(log)
    stored = lines_of(broker)
    for id_, (contact, moved) in standing.lines.items():
        lines = stored.get(id_, [])
        if not lines and id_ in parked:
            continue
        assert lines, f"{id_} is nowhere, and should stand in {contact}"
        last = max(line.moved for line in lines)
        places = {line.contact for line in lines if line.moved == last}
        assert (places, last) == ({contact}, moved), f"{id_} stands in {places}, moved {last}; not {contact}, {moved}"
    for key, contact in standing.keys.items():
        leads = _value(broker, key)
        assert leads == contact, f"what was said in {contact} is answered in {leads}"


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
