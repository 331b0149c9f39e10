"""A desk's log that was written yesterday is replayed tomorrow: its bytes keep their meaning."""

import msgspec
import pytest

from router.core.commit import decode_commit, decode_epoch, encode_commit, encode_epoch
from tests.contract.log_samples import EVENTS, GOLDEN_LOG, samples

RECORDED = sorted(path.stem for path in GOLDEN_LOG.glob("*.json"))
each_record = pytest.mark.parametrize("name", RECORDED)


def golden(name: str) -> bytes:
    return (GOLDEN_LOG / f"{name}.json").read_bytes().rstrip(b"\n")


def again(name: str, data: bytes) -> bytes:
    """The same record as today's code would write it."""
    if name.startswith("epoch."):
        return encode_epoch(decode_epoch(data))
    return encode_commit(decode_commit(data))


def test_every_kind_of_event_is_recorded_full_and_minimal() -> None:
    """`python -m tests.contract.log_samples` records a new kind."""
    assert {f"{name}.{form}" for name in EVENTS for form in ("full", "minimal")} <= set(RECORDED)


@each_record
def test_a_record_is_read_and_written_the_same(name: str) -> None:
    assert again(name, golden(name)) == golden(name)


@each_record
def test_a_recorded_kind_of_event_still_exists(name: str) -> None:
    assert name in samples()


def test_an_event_that_this_code_does_not_know_is_an_error_and_never_passed_over() -> None:
    unknown = golden("ContactResolved.full").replace(b'"ContactResolved"', b'"PigeonDispatched"')
    with pytest.raises(msgspec.ValidationError, match="PigeonDispatched"):
        decode_commit(unknown)


@each_record
def test_a_field_that_this_code_does_not_know_is_ignored(name: str) -> None:
    newer = golden(name).replace(b"{", b'{"added_later":1,', 1)
    assert again(name, newer) == golden(name)
