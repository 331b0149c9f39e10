"""A signature around a mail does not hide what it says, and broken ones break nothing."""

from binascii import a2b_base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.cms import signed_content
from tests.unit.intake_email.samples import fixture

KINDS = ["shape-signed-smime-opaque", "shape-signed-smime-opaque-in-pieces"]


def envelope(name: str) -> bytes:
    return a2b_base64(fixture(name).partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("name", KINDS)
def test_the_signed_mail_is_found(name: str) -> None:
    found = signed_content(envelope(name))
    assert found is not None
    assert found.startswith(b"Content-Type: multipart/alternative")
    assert found.rstrip().endswith(b"--=_a--")


def test_an_encrypted_mail_has_nothing_to_be_read() -> None:
    assert signed_content(envelope("shape-encrypted-smime-really")) is None


@given(st.sampled_from(KINDS), st.integers(0, 400), st.binary(max_size=40))
def test_any_damage_gives_a_mail_or_none(name: str, at: int, noise: bytes) -> None:
    data = envelope(name)
    for broken in (data[:at], data[:at] + noise + data[at + len(noise) :], data[:at] + b"\x30\x80" * 500):
        found = signed_content(broken)
        assert found is None or len(found) <= len(broken)
