"""Headers and frames are read as nats-py reads them, only sooner."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nats.aio.client import Client
from nats.protocol.parser import Parser

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


class Hearing(PromptClient):
    """Notes what it is given, in order; awaits what is sent to `ours.1` and `ours.2`."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[object, ...]] = []
        self.replies_sid = 7
        self.acknowledged = self._acknowledged

    def _acknowledged(self, subject: bytes, data: bytes) -> bool:
        awaited = bytes(subject) in (b"ours.1", b"ours.2")
        if awaited:
            self.heard.append(("acknowledged", bytes(subject), bytes(data)))
        return awaited

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        if sid != self.replies_sid or not self.acknowledged(subject, data):
            self.heard.append((sid, bytes(subject), bytes(reply), data, headers))

    async def _process_pong(self) -> None:
        self.heard.append(("pong",))


_FRAMES = some.sampled_from(
    [
        b'MSG ours.1 7 13\r\n{"seq":12345}\r\n',
        b"MSG ours.2 7 0\r\n\r\n",
        b"MSG ours.3 7 2\r\n{}\r\n",
        b"MSG ours.1 8 2\r\nno\r\n",
        b"MSG  ours.1  7  2\r\nok\r\n",
        b"MSG ours.1 7 who.asks 4\r\n\r\n\r\n\r\n",
        b"HMSG ours.1 7 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
        b"PONG\r\n",
        b"+OK\r\n",
    ]
)


@given(some.lists(_FRAMES, max_size=6).map(b"".join), some.lists(some.integers(1, 200), max_size=4))
def test_frames_are_read_as_nats_py_reads_them_wherever_they_are_cut(raw: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]

    async def heard(*, plain: bool) -> list[tuple[object, ...]]:
        client = Hearing()
        if plain:
            client._ps = Parser(client)
        for begin, end in pairwise(edges):
            await client._ps.parse(raw[begin:end])
        return client.heard

    assert asyncio.run(heard(plain=False)) == asyncio.run(heard(plain=True))
