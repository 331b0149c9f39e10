"""What customers are sent of whom nothing was heard, held against what the log says and against what they wish."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from frontline.contract.codec import decode_outbound
from frontline.contract.ids import ContactId, CustomerId, MessageId
from frontline.contract.message import Automation, OutboundKind, OutboundMessage
from frontline.contract.transcript import Direction, TranscriptItem, decode_item
from router.core.overlay import Position
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.truth import Truth

Wishes = dict[CustomerId, datetime]
"""Since when they want no check-ins."""
Written = Counter[tuple[MessageId, int]]
"""How often each was stored to be sent, by how often the broker had forgotten by then which messages it had seen."""


def wish_of(subject: str) -> CustomerId | None:
    """Whose wish it is that is stored there."""
    _, found, customer = subject.partition("$KV.CUSTOMERS.optout.")
    return CustomerId(customer) if found else None


def letter_in(data: bytes) -> OutboundMessage | None:
    """The check-in that goes out there, if it is one."""
    out = decode_outbound(data)
    return out if out.kind is OutboundKind.CHECK_IN else None


def answers_only_others(letter: OutboundMessage) -> bool:
    return letter.id not in [ref.reply for ref in letter.thread]


def check(
    broker: Broker,
    truth: Truth,
    wishes: Wishes,
    stored: Written,
    settled: Position,
    elsewhere: Collection[ContactId],
) -> None:
    """Each was written, once, unless its customer had said before that they want none, or nobody there can be asked.
    Stored to be sent it is once for each time that the broker knew of no other: a repeat is dropped by its id then by
    whoever delivers (`carried.py`).
    What was decided after `settled` may be written later; `elsewhere` are contacts of which something was moved or erased.
    """
    written = {id_ for id_, _ in stored}
    assert written <= truth.check_ins.keys(), f"nobody has decided {written - truth.check_ins.keys()}"
    twice = sorted(each for each, count in stored.items() if count > 1)
    assert not twice, f"written more than once: {twice}"
    lines = [(record.at, decode_item(record.data)) for record in broker.streams["TRANSCRIPT"].records.values()]
    for id_, (event, decided, position) in truth.check_ins.items():
        wished = wishes.get(event.customer)
        if wished is not None and wished <= decided:
            assert id_ not in written, f"{event.customer} wants no check-ins, and is written to after {event.contact}"
        elif wished is None and position <= settled and event.contact not in elsewhere:
            theirs = [(at, line) for at, line in lines if _is_theirs(line, event.contact, event.customer)]
            if any(at > decided for at, _ in theirs):
                continue  # what they had said was not written down yet
            by_person = bool(theirs) and theirs[-1][1].automation is Automation.NO
            assert (id_ in written) == by_person, f"the check-in after {event.contact}: {theirs[-1:]}, {id_ in written}"


def _is_theirs(line: TranscriptItem, contact: ContactId, customer: CustomerId) -> bool:
    return line.contact == contact and line.direction is Direction.IN and line.author.id == customer
