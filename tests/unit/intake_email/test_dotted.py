"""A body ends at CR LF . CR LF and nowhere else, however it is cut on its way."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.dotted import DottedBody

PIECES = st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"a", b"..", b"\r\n.", b"\r\n.\r\n"]), max_size=30).map(
    b"".join
)


def body(limit: int = 1000) -> DottedBody:
    return DottedBody(limit, lambda _: True)


def feed(taker: DottedBody, data: bytes, cuts: list[int]) -> bytes | None:
    """Feed `data` in pieces; what came behind the end with the rest, `None` if there was no end."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        behind = taker.feed(data[start:end])
        if behind is not None:
            return behind + data[end:]
    return None


def expected(data: bytes) -> tuple[bytes, bytes] | None:
    """The same, plainly: lines until the one with the dot."""
    whole = b"\r\n" + data
    before, end, behind = whole.partition(b"\r\n.\r\n")
    return ((before + b"\r\n").replace(b"\r\n.", b"\r\n")[2:], behind) if end else None


@given(PIECES, st.lists(st.integers(0, 200), max_size=6), st.binary(max_size=5))
def test_a_body_is_the_same_however_it_is_cut(data: bytes, cuts: list[int], behind: bytes) -> None:
    taker = body()
    whole = data + b"\r\n.\r\n" + behind
    wanted = expected(whole)
    assert wanted is not None
    assert feed(taker, whole, cuts) == wanted[1]
    assert taker.octets() == wanted[0]


@pytest.mark.parametrize(
    "not_the_end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n. \r\n", b"\r\n..\r\n", b"\n\r\n.\n"]
)
def test_no_other_line_with_a_dot_ends_a_body(not_the_end: bytes) -> None:
    taker = body()
    assert feed(taker, b"a" + not_the_end + b"MAIL FROM:<x@y.example>", []) is None
    assert feed(taker, b"\r\n.\r\n", []) == b""
    assert b"MAIL FROM" in taker.octets()


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
    taker = body()
    assert taker.feed(sent) == b""
    assert taker.octets() == kept


def test_a_body_beyond_the_limit_is_read_to_its_end_and_dropped() -> None:
    taker = body(limit=100)
    assert all(taker.feed(b"x" * 60) is None for _ in range(1000))
    assert taker.feed(b"\r\n.\r\nQUIT\r\n") == b"QUIT\r\n"
    assert taker.too_large
    assert taker.octets() == b""
    assert taker.held <= 100


def test_a_body_for_which_there_is_no_room_is_read_to_its_end_and_dropped() -> None:
    claimed: list[int] = []

    def claim(octets: int) -> bool:
        claimed.append(octets)
        return len(claimed) < 2

    taker = DottedBody(1000, claim)
    for _ in range(5):
        taker.feed(b"x" * 10)
    assert taker.feed(b"\r\n.\r\n") == b""
    assert taker.refused
    assert not taker.too_large
    assert (claimed, taker.held, taker.octets()) == ([10, 10], 10, b"")
