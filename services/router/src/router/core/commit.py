"""The unit of the log: everything that one command decided, under its epoch and index."""

from datetime import datetime
from typing import Any

import msgspec

from router.core.event import DeskDecision


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the API answered to a request with an `Idempotency-Key`; kept 24 hours."""

    request: str
    body: dict[str, Any] = {}


class Commit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`cause` is the id of the message, request or timer behind it; `now` orders, events tell `at`."""

    epoch: int
    index: int
    now: datetime
    cause: str = ""
    outcome: Outcome | None = None
    events: tuple[DeskDecision, ...] = ()


class EpochRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A leader's first word. Its stream sequence *is* the epoch. `format` is of the events."""

    leader: str
    at: datetime
    format: int = 1


FORMAT = 5
"""The newest event format that this code reads; a log with a newer one is not led by it."""

_encoder = msgspec.json.Encoder()
_decode_commit = msgspec.json.Decoder(Commit).decode
_decode_epoch = msgspec.json.Decoder(EpochRecord).decode


def encode_commit(commit: Commit) -> bytes:
    return _encoder.encode(commit)


def decode_commit(data: bytes) -> Commit:
    """Raises `msgspec.DecodeError` for what this code does not know; such a log can't be led."""
    return _decode_commit(data)


def encode_epoch(record: EpochRecord) -> bytes:
    return _encoder.encode(record)


def decode_epoch(data: bytes) -> EpochRecord:
    return _decode_epoch(data)
