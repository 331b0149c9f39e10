"""What a log that has lost its end takes with it for good, and what nobody may lose by it."""

from collections.abc import Iterable, Mapping

from frontline.contract.codec import encode
from frontline.contract.ids import MessageId
from router.core.commit import Commit
from router.core.event import DeliveryRecorded, MessageReceived
from router.core.event_erased import ContactErased
from router.core.event_transfer import TransferTaken
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.people import Inbound
from tests.simulation.desk.truth import Truth


def waived(
    lost: Iterable[Commit], accepted: Mapping[MessageId, Inbound], broker: Broker, *, is_kept: bool
) -> set[MessageId]:
    """Messages that were decided in a lost end, and acknowledged: nobody is owed that they are decided again. Nor are
    those that opened a contact which went to another desk before that, nor what was erased. All others still lie where
    they came in. None is owed unless the log `is_kept`: one that is purged within seconds, beyond where a decision was,
    before the message comes again, is taken to have had it (ADR 21).
    """
    queues = [stream for name, stream in broker.streams.items() if is_queue(name)]
    waiting = {record.data for stream in queues for record in stream.records.values()}
    found: set[MessageId] = set()
    freed: set[MessageId] = set()
    events = [event for commit in lost for event in commit.events]
    erased = {event.contact for event in events if isinstance(event, ContactErased)}
    for event in events:
        if isinstance(event, MessageReceived | DeliveryRecorded) and event.contact in erased:
            freed.add(event.message if isinstance(event, MessageReceived) else event.receipt)
        if isinstance(event, MessageReceived):
            found.add(event.message)
        elif isinstance(event, DeliveryRecorded):
            found.add(event.receipt)
        elif isinstance(event, TransferTaken):
            freed.add(MessageId("m" + event.contact[1:]))
    return {id_ for id_ in found if not is_kept or id_ not in accepted or encode(accepted[id_]) not in waiting} | freed


def lost_commits(before: Truth, after: Truth) -> list[Commit]:
    """What counted `before`, and is not left `after`."""
    return before.log[len(after.log) :]


def is_queue(name: str) -> bool:
    """Whether what is stored there leaves it once it was taken."""
    return name.startswith("INBOX_") or name in ("TRANSFERS", "PARKED")
