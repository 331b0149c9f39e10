"""The fast way to line feeds gives what the plain one gives, to the octet."""

from hypothesis import given
from hypothesis import strategies as some

from intake_email.line_end import octets_with_line_feeds, with_line_feeds

_PARTS = some.sampled_from(["\r\n", "\r", "\n", "\r\r\n", "word", " ", "\u00e9", "\u2028", "\U0001f600", "\x85", ""])


@given(some.lists(_PARTS, max_size=12).map("".join))
def test_any_text(text: str) -> None:
    assert with_line_feeds(text) == text.replace("\r\n", "\n")


@given(some.lists(_PARTS, max_size=12).map(lambda parts: "".join(parts).encode()) | some.binary(max_size=40))
def test_any_octets(octets: bytes) -> None:
    assert octets_with_line_feeds(octets) == octets.replace(b"\r\n", b"\n")
