"""What became of each reply at a far end that takes a repeat for a new one: it has it once, or a person is told."""

from collections.abc import Collection, Iterator

import msgspec

from frontline.contract.codec import decode_outbound
from frontline.contract.ids import MessageId
from frontline.contract.message import DeliveryState
from frontline.runtime.attempt import Record, Stage
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.people import Sent


def check(broker: Broker, sent: Sent, gone: Collection[MessageId]) -> set[MessageId]:
    """Gives those of which nobody knows whether they have arrived, and a person is told so. `gone` are erased."""
    twice = {id_ for id_, count in sent.delivered.items() if count > 1}
    assert not twice, f"delivered twice, and nobody was told: {sorted(twice)}"
    shown, unknown = set(_shown(broker)), set()
    for id_, record in _records(broker):
        if id_ in gone:
            continue
        assert record.stage is Stage.SETTLED, f"{id_} is left {record.stage}"
        if record.state is DeliveryState.UNKNOWN:
            assert id_ in shown, f"nobody knows what became of {id_}, and nobody is told"
            unknown.add(id_)
        else:
            arrived = record.state in (DeliveryState.SENT, DeliveryState.DELIVERED)
            assert sent.delivered[id_] == arrived, f"{id_} is {record.state}, and arrived {sent.delivered[id_]} times"
    return unknown


def _records(broker: Broker) -> Iterator[tuple[MessageId, Record]]:
    stream = broker.streams["KV_DELIVERIES"]
    for subject, seqs in stream.by_subject.items():
        if seqs:
            record = msgspec.json.decode(stream.records[seqs[-1]].data, type=Record)
            yield MessageId(subject.removeprefix("$KV.DELIVERIES.")), record


def _shown(broker: Broker) -> Iterator[MessageId]:
    for record in broker.streams["PARKED"].records.values():
        if record.subject == "parked.simulated.unknown":
            yield decode_outbound(record.data).id
