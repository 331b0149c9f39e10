"""The canonical forms of DKIM, held to another implementation's, and to linear time."""

import hashlib
import time

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given
from hypothesis import strategies as st

from intake_email.authenticity.canonical import BodyHash, Field, canonical_field, chosen, split_mail

PIECES = st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\r\n\r\n", b"b  c", b"\r", b" \r\n"])
BODIES = st.lists(PIECES, max_size=30).map(b"".join)


def digest(body: bytes, *, relaxed: bool, size: int = 1 << 20) -> bytes:
    found = BodyHash(relaxed=relaxed)
    for at in range(0, len(body), size):
        found.feed(body[at : at + size])
    return found.digest()


@given(BODIES, st.booleans(), st.integers(1, 40))
def test_a_body_is_hashed_as_another_implementation_does_however_it_is_read(
    body: bytes, relaxed: bool, size: int
) -> None:
    whole = body if body.endswith(b"\r\n") or not body else body + b"\r\n"
    wanted = (Relaxed if relaxed else Simple).canonicalize_body(whole)
    assert digest(body, relaxed=relaxed, size=size) == hashlib.sha256(wanted).digest()


@pytest.mark.parametrize("relaxed", [True, False])
@pytest.mark.parametrize(
    "line", [b" ", b"\t", b"\r\n", b"\n", b"\r", b"\r\r\n", b" \r\n", b"\n\r"], ids=lambda line: line.hex()
)
def test_runs_of_anything_take_time_in_proportion(line: bytes, relaxed: bool) -> None:
    """40,000 blanks before a letter take dkimpy two seconds; these are 3 million octets."""
    began = time.process_time()
    digest(line * (3_000_000 // len(line)) + b"x", relaxed=relaxed)
    digest(b"x" + line * (3_000_000 // len(line)), relaxed=relaxed)
    assert time.process_time() - began < 20  # quadratic would be hours


FIELDS = st.lists(st.sampled_from(["a", " ", "\t", "\r\n ", "\r\n\t", ":", "B"]), max_size=12).map("".join)


@given(FIELDS)
def test_a_field_is_written_as_another_implementation_does(value: str) -> None:
    raw = b"X-Field:" + value.encode()
    ((name, wanted),) = Relaxed.canonicalize_headers([(b"X-Field", value.encode() + b"\r\n")])
    assert canonical_field(Field(b"x-field", raw), relaxed=True) == name + b":" + wanted.removesuffix(b"\r\n")
    assert canonical_field(Field(b"x-field", raw), relaxed=False) == raw


def test_fields_of_one_name_are_covered_from_the_lowest_upwards() -> None:
    fields, _ = split_mail(b"A: 1\r\nB: 1\r\nA: 2\r\n\r\nA: 3")
    assert [field.raw for field in chosen(fields, [b"a", b"a", b"a", b"b", b"c"])] == [b"A: 2", b"A: 1", b"B: 1"]


@given(st.binary(max_size=200))
def test_any_octets_are_split_somewhere(raw: bytes) -> None:
    fields, body = split_mail(raw)
    assert 0 <= body <= len(raw)
    assert all(field.name and b"\r\n\r\n" not in field.raw for field in fields)
