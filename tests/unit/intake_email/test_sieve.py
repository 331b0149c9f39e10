"""A mail that went through the sieve says the same as one that was read whole, however small the sieve's holes are."""

import hashlib
import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake_email.digest import BodyDigest
from intake_email.normalize import read
from intake_email.sieve import MOST_CUTS, MOST_KEPT, Cut, Sieve
from intake_email.unpack import unpack

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "email").glob("*.eml"))
NONCE = "0123456789abcdef"
LOOKED_INTO = re.compile(rb"(?i)ms-tnef|winmail|text/calendar")


def sifted(raw: bytes, *, size: int = 1000, cut: int = 200) -> tuple[Sieve, dict[bytes, bytes], dict[int, bytes]]:
    """What is left, the files by their marks, and the texts, of a mail that comes in pieces of `size`."""
    sieve = Sieve(NONCE, cut=cut)
    files: dict[bytes, bytes] = {}
    texts: dict[int, bytes] = {}

    def let_through(found: Cut, octets: bytes) -> None:
        if found.text:
            texts[found.number] = texts.get(found.number, b"") + octets
        else:
            files[found.mark] = files.get(found.mark, b"") + octets

    for at in range(0, len(raw), size):
        for found in sieve.feed(raw[at : at + size]):
            let_through(*found)
    for found in sieve.finish():
        let_through(*found)
    return sieve, files, texts


def files_of(raw: bytes) -> list[tuple[str, str]]:
    """Media types and digests of the files, as the whole mail has them."""
    return [(file.media_type, hashlib.sha256(file.data).hexdigest()) for file in read(raw).content.files]


def mail(parts: list[tuple[str, bytes]], boundary: bytes = b"b") -> bytes:
    head = b"From: a@b.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n"
    body = b"".join(
        b"--" + boundary + b"\r\n" + fields.encode() + b"\r\n\r\n" + data + b"\r\n" for fields, data in parts
    )
    return head + body + b"--" + boundary + b"--\r\n"


PDF = "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf"


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_every_mail_of_the_corpus_has_the_same_files(path: Path) -> None:
    raw = path.read_bytes()
    sieve, files, texts = sifted(raw, size=333)
    seen = [
        (file.media_type, hashlib.sha256(files.get(file.data.strip(), file.data)).hexdigest())
        for file in read(sieve.skeleton).content.files
    ]
    if texts or LOOKED_INTO.search(raw):
        return  # a text's beginning says less than the text, and some files are only looked into while they are small
    assert seen == files_of(raw)


@given(
    st.lists(st.binary(max_size=2000), min_size=1, max_size=5),
    st.sampled_from(["base64", "quoted-printable", "8bit", ""]),
    st.integers(1, 3000),
)
@settings(max_examples=60, deadline=None)
def test_big_files_are_let_through_to_the_octet(bodies: list[bytes], encoding: str, size: int) -> None:
    encode: dict[str, Callable[[bytes], bytes]] = {
        "base64": encodebytes,
        "quoted-printable": lambda data: b2a_qp(data, quotetabs=True, istext=False),
    }
    fields = PDF + (f"\r\nContent-Transfer-Encoding: {encoding}" if encoding else "")
    raw = mail([(fields, encode.get(encoding, bytes)(body)) for body in bodies], b"----=_not-in-any-body-93a7")
    sieve, files, _ = sifted(raw, size=size)
    seen = [files.get(file.data.strip(), file.data) for file in read(sieve.skeleton).content.files]
    assert seen == [file.data for file in read(raw).content.files]


def test_a_long_text_keeps_its_beginning_and_is_a_file_as_well() -> None:
    text = b"A line of words.\r\n" * 500
    sieve, files, texts = sifted(mail([("Content-Type: text/plain", text), (PDF, b"x" * 500)]))
    assert read(sieve.skeleton).content.text.startswith("A line of words.\nA line of words.")
    assert texts[0] == text
    assert list(files.values()) == [b"x" * 500]
    assert len(sieve.skeleton) < 2500


def test_what_is_kept_is_bounded_whatever_comes() -> None:
    many = [(PDF, b"x" * 900)] * 20_000
    sieve, files, _ = sifted(mail(many), size=65536, cut=65536)
    assert len(sieve.skeleton) <= MOST_KEPT
    assert sieve.overflowed
    sieve, files, _ = sifted(mail([(PDF, b"x" * 3000)] * 300))
    assert len(files) == MOST_CUTS
    assert sieve.overflowed


def test_a_mark_can_not_be_made_up_by_a_sender() -> None:
    sieve, files, _ = sifted(mail([(PDF, b"guess-0"), (PDF, b"y" * 500)]))
    seen = [file.data for file in read(sieve.skeleton).content.files]
    assert seen == [b"guess-0", f"{NONCE}-0".encode()]
    assert files == {f"{NONCE}-0".encode(): b"y" * 500}


@given(st.binary(max_size=3000), st.integers(1, 500))
@settings(max_examples=60, deadline=None)
def test_any_octets_go_through_without_an_error(raw: bytes, size: int) -> None:
    for begin in (b"", b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"):
        sieve, _, _ = sifted(begin + raw, size=size)
        assert len(sieve.skeleton) <= len(begin + raw) + 100


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b" ", b"a", b"\t\r\n"]), max_size=40), st.integers(1, 9))
def test_the_digest_is_that_of_the_mail_in_one_piece(pieces: list[bytes], size: int) -> None:
    raw = b"From: a@b.example\r\nMessage-ID:  <1@b.example>\r\nSubject: two\r\n words\r\n\r\n" + b"".join(pieces)
    whole = read(raw)
    digest = BodyDigest(whole.headers)
    body = b"".join(pieces)
    for at in range(0, len(body), size):
        digest.update(body[at : at + size])
    assert digest.hexdigest() == whole.digest


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit", "x-unknown"])
def test_a_mark_comes_out_of_its_encoding_as_it_went_in(encoding: str) -> None:
    marked = unpack(encoding).mark(NONCE.encode())
    opened = unpack(encoding)
    assert opened.feed(marked) + opened.end() == NONCE.encode()
