"""Commits with each kind of event, every field filled or none that has a default; made up by type.

`python -m tests.contract.log_samples` records the bytes of those that have none yet.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from router.core.commit import Commit, EpochRecord, Outcome, encode_commit, encode_epoch
from router.core.event import DeskDecision

GOLDEN_LOG = Path(__file__).parent / "golden_log"
AT = datetime(2026, 3, 29, 0, 59, 59, 999000, UTC)

EVENTS: dict[str, type[msgspec.Struct]] = {kind.__name__: kind for kind in get_args(DeskDecision)}


def made_up(kind: Any, name: str, *, full: bool) -> Any:
    """A value of a type: not its default, and always the same."""
    arguments = [argument for argument in get_args(kind) if argument is not NoneType]
    if get_origin(kind) is tuple:
        inside = [argument for argument in arguments if argument is not ...]
        return tuple(made_up(argument, name, full=full) for argument in inside)
    if get_origin(kind) is dict:
        return {"key": "value"}
    if arguments:
        return made_up(arguments[0], name, full=full)
    kind = getattr(kind, "__supertype__", kind)
    if issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        fields = [field for field in msgspec.structs.fields(kind) if full or field.required]
        return kind(**{field.name: made_up(hints[field.name], field.name, full=full) for field in fields})
    if issubclass(kind, Enum):
        return list(kind)[-1]
    known = {bool: True, int: 7, float: 0.5, str: f"a-{name}", datetime: AT, timedelta: timedelta(minutes=90)}
    known |= {date: AT.date(), time: AT.time()}
    return known[kind]


def samples() -> dict[str, bytes]:
    """Name -> bytes as they stand in the log."""
    recorded = {
        f"{name}.{'full' if full else 'minimal'}": encode_commit(
            Commit(epoch=3, index=1, now=AT, events=(made_up(kind, name, full=full),))
        )
        for name, kind in EVENTS.items()
        for full in (True, False)
    }
    outcome = Outcome(request="agent-1:k1", body={"id": "r1"})
    recorded["commit.full"] = encode_commit(Commit(epoch=3, index=1, now=AT, cause="m1", outcome=outcome))
    recorded["epoch.full"] = encode_epoch(EpochRecord(leader="router-1", at=AT, format=2))
    recorded["epoch.minimal"] = encode_epoch(EpochRecord(leader="router-1", at=AT))
    return recorded


def record() -> None:
    GOLDEN_LOG.mkdir(exist_ok=True)
    for name, data in samples().items():
        path = GOLDEN_LOG / f"{name}.json"
        if not path.exists():
            path.write_bytes(data + b"\n")


if __name__ == "__main__":
    record()
