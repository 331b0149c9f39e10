"""Headers are read as nats-py reads them, only sooner."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nats.aio.client import Client

from frontline.runtime.prompt_client import PromptClient

_PARTS = (
    b"Nats-Sequence",
    b":",
    b": ",
    b" ",
    b"\t",
    b"12",
    b"\r\n",
    b"\r",
    b"\n",
    b"a b",
    "\u00fc".encode(),
    b"\xff",
    b"ce-id",
    b"\x00",
)


@given(some.lists(some.sampled_from(_PARTS), max_size=14).map(b"".join))
def test_any_headers_read_as_nats_py_reads_them(raw: bytes) -> None:
    assert PromptClient._parse_header_lines(raw) == Client._parse_header_lines(raw)


@pytest.mark.parametrize(
    "raw, read",
    [
        (b"", {}),
        (b"\r\n", {}),
        (b"Nats-Sequence: 12\r\nNats-Subject: a.b\r\n\r\n", {"Nats-Sequence": "12", "Nats-Subject": "a.b"}),
        (b"twice: 1\r\ntwice: 2\r\n\r\n", {"twice": "2"}),
        (b"odd:1\r\nplain: 2\r\n", {"odd": "1", "plain": "2"}),
        (b"empty: \r\nsigns: a: b  c\r\n\r\n", {"empty": "", "signs": "a: b  c"}),
    ],
)
def test_headers_read_as_they_stand(raw: bytes, read: dict[str, str]) -> None:
    assert PromptClient._parse_header_lines(raw) == read
    assert Client._parse_header_lines(raw) == read
