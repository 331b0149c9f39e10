"""A mail that is hashed while it comes in has the hashes that it has whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.authenticity.canonical import split_mail
from intake_email.authenticity.signature import Bodies
from intake_email.authenticity.streamed import Streamed
from tests.unit.intake_email.proofs import MAIL, dkim_signed

SIGNED = dkim_signed()


def streamed(raw: bytes, size: int, *, hashed: bool = True) -> Streamed:
    found = Streamed(hashed=hashed)
    for at in range(0, len(raw), size):
        found.feed(raw[at : at + size])
    found.finish()
    return found


@given(st.integers(1, 3000), st.binary(max_size=60))
def test_however_it_comes_in_it_is_the_same_mail(size: int, more: bytes) -> None:
    raw = SIGNED + more
    fields, body = split_mail(raw)
    found, whole = streamed(raw, size), Bodies(raw, body)
    assert found.fields == fields
    assert all(found.of(relaxed=relaxed) == whole.of(relaxed=relaxed) for relaxed in (True, False))


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"From: x", b"From: x\r\n\r\n", b"x" * 3_000_000])
def test_a_mail_of_any_shape_has_fields(raw: bytes) -> None:
    assert streamed(raw, 1 << 16).fields == split_mail(raw)[0]


def test_a_body_that_nobody_signed_is_not_hashed() -> None:
    assert not streamed(MAIL, 100)._hashes
    assert not streamed(SIGNED, 100, hashed=False)._hashes
    assert streamed(SIGNED, 100)._hashes
