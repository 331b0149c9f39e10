"""Fields and encoded words are read as people meant them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.header import MOST_FIELDS, split, words
from intake_email.parameter import parameters


@pytest.mark.parametrize(
    "written,meant",
    [
        ("plain", "plain"),
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?b?R3LDvMOfZQ==?=", "Grüße"),
        ("=?iso-8859-1?Q?a_b?=", "a b"),
        ("=?utf-8?Q?one?= =?utf-8?Q?_two?=", "one two"),
        ("=?utf-8?B?w?= =?utf-8?B?7w=?= cut in two", "ï cut in two"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
        ("=?utf-8?Q?a?= =?iso-8859-1?Q?=FC?=", "aü"),
        ("before =?utf-8?Q?x?= after", "before x after"),
        ("[List]=?utf-8?Q?x?=", "[List]x"),
        ("=?utf-8*en?Q?language?=", "language"),
        ("=?utf-8?Q?Really??=", "Really?"),
        ("=?utf-8?Q?two words?=", "two words"),
        ("=?no-such?Q?=41?=", "A"),
        ("=?utf-8?B?!!!?=", ""),
        ("=?utf-8?X?x?=", "=?utf-8?X?x?="),
        ("=?utf-8?Q?never closed", "=?utf-8?Q?never closed"),
        ("=?utf-8?Q?line=0D=0ABcc:_x?=", "line Bcc: x"),
        ("=?iso-2022-jp?B?GyRCQ21KOBsoQg==?=", "注文"),
    ],
)
def test_encoded_words(written: str, meant: str) -> None:
    assert words(written) == meant


def test_a_folded_field_is_one_line() -> None:
    headers, start = split(b"Subject: a\r\n b\r\n\tc\r\nTo: x\r\n\r\nbody")
    assert headers.text(b"subject") == "a b c"
    assert start == len(b"Subject: a\r\n b\r\n\tc\r\nTo: x\r\n\r\n")


def test_a_field_that_comes_twice_is_there_twice_and_the_first_counts() -> None:
    headers, _ = split(b"To: a\nTo: b\n\n")
    assert headers.every(b"to") == ["a", "b"]
    assert headers.first(b"to") == "a"


def test_8_bit_fields_are_read() -> None:
    headers, _ = split("Subject: Größe\n".encode() + "Comment: Größe\n\n".encode("latin-1"))
    assert (headers.text(b"subject"), headers.text(b"comment")) == ("Größe", "Größe")


@pytest.mark.parametrize("raw", [b"no field here\nmore\n", b"\nbody", b"", b"Subject: only"])
def test_what_is_no_field_is_body(raw: bytes) -> None:
    headers, start = split(raw)
    assert raw[start:] == {b"\nbody": b"body", b"Subject: only": b""}.get(raw, raw)
    assert (b"subject" in headers) == raw.startswith(b"Subject")


def test_the_line_that_mailboxes_begin_with_is_skipped() -> None:
    assert split(b"From one@customer.example Mon May  4 12:00:00 2026\nSubject: x\n\n")[0].first(b"subject") == "x"


def test_too_many_fields_are_said_to_be_incomplete_and_the_body_is_found() -> None:
    raw = b"X: y\r\n" * (MOST_FIELDS + 5) + b"\r\nbody"
    headers, start = split(raw)
    assert not headers.complete
    assert raw[start:] == b"body"


def test_a_long_list_is_not_cut_inside_an_address() -> None:
    raw = b"To: " + b",".join(b"customer-%05d@customer.example" % number for number in range(5000)) + b"\n\n"
    assert split(raw)[0].first(b"to").endswith("@customer.example")


@pytest.mark.parametrize(
    "written,main,found",
    [
        ('text/plain; charset="utf-8"', "text/plain", {"charset": "utf-8"}),
        ("TEXT/HTML ; Charset = UTF-8 ; x", "text/html", {"charset": "UTF-8"}),
        ('attachment; filename="a; b.pdf"', "attachment", {"filename": "a; b.pdf"}),
        (r'attachment; filename="a\"b.pdf"', "attachment", {"filename": 'a"b.pdf'}),
        ("attachment; filename*=utf-8''%C3%BC.pdf", "attachment", {"filename": "ü.pdf"}),
        ("attachment; filename*1=b.pdf; filename*0=a", "attachment", {"filename": "ab.pdf"}),
        ("attachment; filename*0*=iso-8859-1'de'%FC; filename*1=.pdf", "attachment", {"filename": "ü.pdf"}),
        ('attachment; filename="=?utf-8?Q?=C3=BC.pdf?="', "attachment", {"filename": "ü.pdf"}),
        ("attachment; filename=plain.pdf; filename*=utf-8''better.pdf", "attachment", {"filename": "better.pdf"}),
        ('inline; filename="never closed', "inline", {"filename": "never closed"}),
        ("attachment; filename*=utf-8''%zz", "attachment", {"filename": "%zz"}),
    ],
)
def test_parameters(written: str, main: str, found: dict[str, str]) -> None:
    assert parameters(written) == (main, found)


@given(st.text())
def test_any_value_has_words_and_parameters(value: str) -> None:
    assert "\n" not in words(value)
    parameters(value)


@given(st.binary())
def test_any_bytes_have_fields_and_a_body(raw: bytes) -> None:
    headers, start = split(raw)
    assert 0 <= start <= len(raw)
    headers.text(b"subject").encode()
