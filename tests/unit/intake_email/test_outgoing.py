"""The octets of a mail, with files streamed in as base64."""

import base64
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.message import ObjectRef
from intake_email.outgoing import length, octets
from intake_email.render import Rendered
from tests.chunks import whole


class Shelf:
    """An `ObjectReader` that holds one object and hands it out in pieces."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = data
        self._size = size

    async def get(self, _: ObjectRef) -> AsyncIterator[bytes]:
        for at in range(0, len(self._data), self._size):
            yield self._data[at : at + self._size]


def mail(size: int) -> Rendered:
    ref = ObjectRef(bucket="ATTACHMENTS", name="r1/1", size=size, sha256="")
    return Rendered(sender="", recipients=(), message_id="", pieces=(b"before\r\n", ref, b"after\r\n"))


@given(st.binary(max_size=600), st.integers(1, 200))
async def test_a_file_is_base64_in_lines_however_it_is_read(data: bytes, size: int) -> None:
    read = await whole(octets(mail(len(data)), Shelf(data, size)))
    encoded = read.removeprefix(b"before\r\n").removesuffix(b"after\r\n")
    assert base64.b64decode(encoded) == data
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert not encoded or encoded.endswith(b"\r\n")


@pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 114, 115, 1000])
async def test_the_length_is_known_before(size: int) -> None:
    assert length(mail(size)) == len(await whole(octets(mail(size), Shelf(b"x" * size, 64))))
