"""What was stored under schema 1.0 is read and written the same for as long as the major version lives."""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from frontline.contract.codec import EnvelopeDecoder, decode_inbound, decode_outbound, encode
from frontline.contract.deskview import DeskView, decode_desk_view
from frontline.contract.draft import Draft, decode_draft
from frontline.contract.error import Reason, Rejected
from frontline.contract.event import DeskEvent
from frontline.contract.message import DeliveryReceipt, Envelope, InboundMessage, OutboundMessage
from frontline.contract.signal import Signal, decode_signal
from frontline.contract.transcript import TranscriptItem, decode_item
from tests.contract.samples import GOLDEN, SAMPLES

DECODERS: dict[type[Envelope], EnvelopeDecoder[Any]] = {
    InboundMessage: decode_inbound,
    DeliveryReceipt: decode_inbound,
    OutboundMessage: decode_outbound,
    TranscriptItem: decode_item,
    Draft: decode_draft,
    DeskEvent: EnvelopeDecoder(DeskEvent),
    DeskView: decode_desk_view,
    **dict.fromkeys(get_args(Signal), decode_signal),
}

FREE = {"native", "data", "contacts", "wait"}
"""Objects that map what nobody lists."""

each_sample = pytest.mark.parametrize("name", sorted(SAMPLES))


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes().rstrip(b"\n")


def decode(name: str, data: bytes) -> Envelope:
    value: Envelope = DECODERS[type(SAMPLES[name])](data)
    return value


def kinds_of_envelope() -> set[type[Envelope]]:
    return set(Envelope.__subclasses__())


def test_every_kind_of_envelope_has_a_full_and_a_minimal_sample() -> None:
    for kind in kinds_of_envelope():
        tag = kind.__struct_config__.tag
        assert {f"{tag}.full", f"{tag}.minimal"} <= SAMPLES.keys()


def test_every_recorded_file_still_has_its_sample() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == SAMPLES.keys()


@each_sample
def test_the_recorded_bytes_are_read_as_the_value(name: str) -> None:
    assert decode(name, golden(name)) == SAMPLES[name]


@each_sample
def test_the_value_is_written_as_the_recorded_bytes(name: str) -> None:
    assert encode(SAMPLES[name]) == golden(name)


@each_sample
def test_a_full_sample_leaves_no_field_at_its_default(name: str) -> None:
    if name.endswith(".full"):
        written = msgspec.json.decode(golden(name))
        assert written.keys() == {"type", *(field.encode_name for field in msgspec.structs.fields(SAMPLES[name]))}


@each_sample
def test_unknown_fields_are_accepted_at_any_depth(name: str) -> None:
    assert decode(name, with_unknown_fields(golden(name))) == SAMPLES[name]


@each_sample
def test_a_newer_minor_version_is_readable_and_keeps_its_number(name: str) -> None:
    newer = with_unknown_fields(golden(name)).replace(b'"schema":"1.0"', b'"schema":"1.7"')
    value = decode(name, newer)
    assert value.schema == "1.7"
    assert msgspec.structs.replace(value, schema="1.0", **nested(value)) == SAMPLES[name]


@each_sample
@pytest.mark.parametrize("version", ["2.0", "0.9", "11.0", ""])
def test_another_major_version_is_rejected(name: str, version: str) -> None:
    other = golden(name).replace(b'"schema":"1.0"', f'"schema":"{version}"'.encode())
    with pytest.raises(Rejected) as refusal:
        decode(name, other)
    assert refusal.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"type":"draft","schema":"1.0"}', b'{"type":"pigeon"}', b"[" * 9999],
)
@pytest.mark.parametrize("kind", list(DECODERS))
def test_bytes_that_are_no_such_value_are_rejected(kind: type[Envelope], data: bytes) -> None:
    with pytest.raises(Rejected):
        DECODERS[kind](data)


@pytest.mark.parametrize("name", sorted(name for name in SAMPLES if b'59.999000Z"' in encode(SAMPLES[name])))
def test_an_instant_without_a_zone_is_rejected(name: str) -> None:
    with pytest.raises(Rejected):
        decode(name, golden(name).replace(b'59.999000Z"', b'59.999000"'))


def nested(value: Envelope) -> dict[str, Envelope]:
    """The envelopes inside a draft, at the recorded version again."""
    return {
        field: msgspec.structs.replace(inner, schema="1.0")
        for field in value.__struct_fields__
        if isinstance(inner := getattr(value, field), Envelope)
    }


def with_unknown_fields(data: bytes) -> bytes:
    """The same with a field that nobody knows in every object except those that are free by contract."""

    def add(part: object, *, free: bool = False) -> object:
        if isinstance(part, dict):
            inside = {key: add(value, free=free or key in FREE) for key, value in part.items()}
            return inside if free else {**inside, "added_in_1_7": {"type": "novelty", "list": [1, {}]}}
        if isinstance(part, list):
            return [add(item, free=free) for item in part]
        return part

    return msgspec.json.encode(add(msgspec.json.decode(data)))


def test_the_recorded_bytes_are_files_of_their_own() -> None:
    assert all(path.is_file() and path.parent == Path(GOLDEN) for path in GOLDEN.iterdir())
