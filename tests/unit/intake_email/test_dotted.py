"""A body ends at CR LF . CR LF and nowhere else, however it is cut on its way."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.dotted import DottedBody

PIECES = st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"a", b"..", b"\r\n.", b"\r\n.\r\n"]), max_size=30).map(
    b"".join
)


def feed(body: DottedBody, data: bytes, cuts: list[int]) -> tuple[bytes, bytes | None]:
    """Feed `data` in pieces; the octets of the mail, and what came behind its end, `None` if there was no end."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    found = b""
    for start, end in itertools.pairwise(edges):
        octets, behind = body.feed(data[start:end])
        found += octets
        if behind is not None:
            return found, behind + data[end:]
    return found, None


def expected(data: bytes) -> tuple[bytes, bytes]:
    """The same, plainly: lines until the one with the dot."""
    whole = b"\r\n" + data
    before, _, behind = whole.partition(b"\r\n.\r\n")
    return (before + b"\r\n").replace(b"\r\n.", b"\r\n")[2:], behind


@given(PIECES, st.lists(st.integers(0, 200), max_size=6), st.binary(max_size=5))
def test_a_body_is_the_same_however_it_is_cut(data: bytes, cuts: list[int], behind: bytes) -> None:
    whole = data + b"\r\n.\r\n" + behind
    assert feed(DottedBody(), whole, cuts) == expected(whole)


@given(PIECES)
def test_what_is_certain_is_given_at_once(data: bytes) -> None:
    """So that no body lies in memory for want of its end."""
    given_out, end = DottedBody().feed(data)
    if end is None:
        assert len(data) - len(given_out) <= 4 + data.count(b"\r\n.") + data.startswith(b".")


@pytest.mark.parametrize(
    "not_the_end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n. \r\n", b"\r\n..\r\n", b"\n\r\n.\n"]
)
def test_no_other_line_with_a_dot_ends_a_body(not_the_end: bytes) -> None:
    body = DottedBody()
    first, end = body.feed(b"a" + not_the_end + b"MAIL FROM:<x@y.example>")
    assert end is None
    rest, end = body.feed(b"\r\n.\r\n")
    assert end == b""
    assert b"MAIL FROM" in first + rest


@pytest.mark.parametrize(
    "sent,kept",
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a\r\n...\r\n.\r\n", b"a\r\n..\r\n"),
    ],
)
def test_dots_that_were_added_are_taken_away(sent: bytes, kept: bytes) -> None:
    assert DottedBody().feed(sent) == (kept, b"")
