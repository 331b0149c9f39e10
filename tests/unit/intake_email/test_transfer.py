"""Transfer encodings are undone, broken ones as far as they go."""

import base64
import binascii
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.transfer import from_base64, from_transfer


@pytest.mark.parametrize(
    "body,octets",
    [
        (b"QUJD\r\nREVG\r\n", b"ABCDEF"),
        (b"QUI", b"AB"),
        (b"QUI=\n", b"AB"),
        (b"Q", b""),
        (b"QU!JD**", b"ABC"),
        (b"====", b""),
        (b"", b""),
    ],
)
def test_base64(body: bytes, octets: bytes) -> None:
    assert from_transfer(body, " Base64 ") == octets


def test_large_base64_is_decoded_in_slices_to_the_same() -> None:
    octets = bytes(range(256)) * 8192
    assert from_base64(base64.encodebytes(octets)) == octets


@pytest.mark.parametrize("body,octets", [(b"a=3Db=\r\nc", b"a=bc"), (b"broken =ZZ", b"broken =ZZ"), (b"=", b"=")])
def test_quoted_printable(body: bytes, octets: bytes) -> None:
    assert from_transfer(body, "quoted-printable") in (octets, octets.rstrip(b"="))


def test_uuencode() -> None:
    lines = b"".join(binascii.b2a_uu(b"some octets" * 4)[:62].splitlines(keepends=True))
    assert from_transfer(b"begin 644 a.bin\n" + lines + b"`\nend\n", "x-uuencode") == b"some octets" * 4


@pytest.mark.parametrize("encoding", ["", "7bit", "8bit", "binary", "no-such"])
def test_other_encodings_leave_the_body_as_it_is(encoding: str) -> None:
    assert from_transfer(b"a=3D\xff", encoding) == b"a=3D\xff"


@given(st.binary(), st.sampled_from(["base64", "quoted-printable", "x-uuencode"]))
def test_any_body_is_decoded_to_something(body: bytes, encoding: str) -> None:
    from_transfer(body, encoding)
    from_transfer(b"begin 644 x\n" + body, encoding)


@given(st.binary())
def test_what_was_encoded_comes_back(octets: bytes) -> None:
    assert from_transfer(base64.encodebytes(octets), "base64") == octets
    assert from_transfer(quopri.encodestring(octets), "quoted-printable") == octets
