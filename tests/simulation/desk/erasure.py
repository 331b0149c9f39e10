"""What is left of whom somebody had erased, in any stream of the simulated server, and what became of all others."""

from collections.abc import Collection, Iterator

import msgspec

from frontline.contract.codec import decode_outbound
from frontline.contract.customer import person_key
from frontline.contract.draft import decode_draft
from frontline.contract.erasure import ERASED, decode_erasure, name_of
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.transcript import TranscriptItem, decode_item
from frontline.runtime.reader import Stored
from router.core.commit import Commit
from router.core.event import MessageReceived
from router.core.event_erased import ContactErased, CustomerErased
from router.desk.resolve import KnownKey
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.people import Sent
from tests.simulation.desk.standing import Standing

_TRANSCRIPTS = ("TRANSCRIPT", "TRANSCRIPT_PUBLIC")


def is_done(broker: Broker) -> bool:
    """Whether all that is noted in the journal has been carried out to its end."""
    stream = broker.streams["KV_ERASED"]
    return all(decode_erasure(record.data).done is not None for record in stream.records.values() if record.data)


def opens_anew(log: list[Commit]) -> None:
    """Nothing is decided of an erased contact any more, and nobody is taken for an erased customer."""
    contacts: set[ContactId] = set()
    customers: set[str] = set()
    for commit in log:
        for event in commit.events:
            about = getattr(event, "contact", None)
            assert about not in contacts, f"{type(event).__name__} of {about}, which is erased"
            match event:
                case ContactErased():
                    contacts.add(event.contact)
                case CustomerErased():
                    customers.add(event.customer)
                case MessageReceived():
                    assert event.customer not in customers, f"{event.message} is taken for one of an erased customer"


def check(broker: Broker, log: list[Commit], standing: Standing, sent: Sent, met: Collection[str]) -> None:
    """Once the journal says that it is done. `met` are keys of all people who were ever stored: of one who was not, nobody
    can tell the addresses, and the desk knows who their sender is now.
    """
    erased, gone = standing.erased, standing.gone()
    for place, contact, id_ in _lines(broker):
        moves = place == "DRAFTS" and id_ in standing.lines  # a draft names the contact that it was written in
        at = standing.lines[id_][0] if moves else contact
        assert at not in erased, f"{place} has {id_} of {contact}, which is erased"
        assert id_ not in gone, f"{place} has {id_}, which is erased"
    texts = {id_: getattr(message, "text", "").encode() for id_, message in sent.accepted.items()}
    stays = {text for id_, text in texts.items() if id_ not in gone}  # of a copy that is another contact
    words = {id_: text for id_, text in texts.items() if id_ in gone and text not in stays}
    for name, stream in broker.streams.items():
        for record in stream.records.values():
            for id_, text in words.items():
                assert not text or text == b"STOP" or text not in record.data, f"{name} has the words of {id_}"
    _leads_nowhere(broker, erased, gone)
    _is_decided(broker, log)
    for commit in log:
        for event in commit.events:
            if isinstance(event, CustomerErased) and person_key(event.customer) in met:
                _is_unknown(broker, event)


def _is_decided(broker: Broker, log: list[Commit]) -> None:
    """What the journal says is erased the log says, too, though it may have lost that once."""
    events = [event for commit in log for event in commit.events]
    decided = {("contact", str(event.contact)) for event in events if isinstance(event, ContactErased)}
    decided |= {("customer", str(event.customer)) for event in events if isinstance(event, CustomerErased)}
    for record in _values(broker, "ERASED"):
        name = name_of(record.subject.removeprefix("$KV.ERASED."))
        assert name is None or (name.kind, name.id) in decided, f"{name} is erased, and nobody has decided it"


def _lines(broker: Broker) -> Iterator[tuple[str, ContactId, MessageId]]:
    items: list[tuple[str, TranscriptItem]] = []
    for name in _TRANSCRIPTS:
        items += [(name, decode_item(record.data)) for record in broker.streams[name].records.values()]
    items += [("DRAFTS", decode_draft(record.data).item) for record in broker.streams["DRAFTS"].records.values()]
    for name, item in items:
        yield name, item.contact, item.id
    for record in broker.streams["OUTBOX"].records.values():
        out = decode_outbound(record.data)
        yield "OUTBOX", out.contact, out.id


def _leads_nowhere(broker: Broker, erased: set[ContactId], gone: set[MessageId]) -> None:
    for record in _values(broker, "THREADS"):
        assert record.data.decode() not in erased, f"a thread key leads to {record.data.decode()}, which is erased"
    for record in _values(broker, "KEYS"):
        known = msgspec.json.decode(record.data, type=KnownKey)
        assert known.contact not in erased, f"a message is known to be in {known.contact}, which is erased"
        assert known.contact == ERASED or known.message not in gone, f"{known.message} is known, and erased"


def _is_unknown(broker: Broker, event: CustomerErased) -> None:
    for record in _values(broker, "CUSTOMERS"):
        key = record.subject.removeprefix("$KV.CUSTOMERS.")
        assert key != person_key(event.customer), f"customer {event.customer} is still known"
    stream = broker.streams["KV_CUSTOMERS"]
    for key, seqs in stream.by_subject.items():
        if seqs and key.startswith("$KV.CUSTOMERS.id."):
            leads = stream.records[seqs[-1]].data.decode()
            assert leads != event.customer, f"an address leads to customer {leads}, who is erased"


def _values(broker: Broker, bucket: str) -> Iterator[Stored]:
    """Every value that is there, those that were written over in a bucket with a history included."""
    return (record for record in broker.streams[f"KV_{bucket}"].records.values() if record.data)
