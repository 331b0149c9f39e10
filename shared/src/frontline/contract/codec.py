"""Bytes to values and back, for everything that is stored or sent. JSON, so that a person
with `nats` on the command line can read it.
"""

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from frontline.contract.error import Reason, Rejected
from frontline.contract.message import SCHEMA, DeliveryReceipt, Envelope, Inbound, InboundMessage, OutboundMessage

E = TypeVar("E", bound=Envelope)

_encoder = msgspec.json.Encoder()
_MAJOR = SCHEMA.split(".", 1)[0]


def encode(value: msgspec.Struct) -> bytes:
    return _encoder.encode(value)


class EnvelopeDecoder(Generic[E]):
    """Decodes one kind of envelope, or a tagged union of several.

    Raises `Rejected` for bytes that are not such a value, and for another major version.
    """

    def __init__(self, kind: Any) -> None:
        self._decoder: msgspec.json.Decoder[E] = msgspec.json.Decoder(kind)

    def __call__(self, data: bytes) -> E:
        try:
            value = self._decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Rejected(f"not a message of this schema: {error}", Reason.MALFORMED) from error
        if value.schema.split(".", 1)[0] != _MAJOR:
            raise Rejected(f"schema {value.schema} is not readable by {SCHEMA}", Reason.MALFORMED)
        return value


decode_inbound: EnvelopeDecoder[InboundMessage | DeliveryReceipt] = EnvelopeDecoder(Inbound)
decode_outbound: EnvelopeDecoder[OutboundMessage] = EnvelopeDecoder(OutboundMessage)


def to_milliseconds(instant: datetime) -> datetime:
    """`instant` in UTC without its microseconds: the precision that clocks are kept in."""
    return instant.astimezone(UTC).replace(microsecond=instant.microsecond // 1000 * 1000)
