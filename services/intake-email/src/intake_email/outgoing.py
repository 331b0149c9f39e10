"""Where rendered mail goes: its octets as a stream, and the two ways out."""

from binascii import b2a_base64
from collections.abc import AsyncIterator
from typing import Protocol

from frontline.contract.channel import ObjectReader
from frontline.contract.message import ObjectRef
from intake_email.render import Rendered

_LINE = 57
"""Octets that make a line of 76 letters of base64 (RFC 2045, 6.8)."""


class Carrier(Protocol):
    """Takes one mail. Raises `Rejected`, `Unavailable`; the same mail again is harmless."""

    async def carry(self, mail: Rendered, octets: AsyncIterator[bytes], name: str, /) -> str:
        """`name` is short, safe and the same for the same mail. Gives what an agent should know of a mail that
        was taken all the same, "" for nothing; it names no address.
        """
        ...


async def octets(mail: Rendered, objects: ObjectReader) -> AsyncIterator[bytes]:
    """The mail from its first octet to its last, files read from the object store as they are needed."""
    for piece in mail.pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            async for lines in _base64(objects.get(piece)):
                yield lines


def length(mail: Rendered) -> int:
    """How many octets `octets` gives."""
    return sum(len(piece) if isinstance(piece, bytes) else _base64_length(piece) for piece in mail.pieces)


def _base64_length(ref: ObjectRef) -> int:
    lines, rest = divmod(ref.size, _LINE)
    return lines * 78 + ((rest + 2) // 3 * 4 + 2 if rest else 0)


async def _base64(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    buffer = b""
    async for chunk in chunks:
        buffer += chunk
        whole = len(buffer) // _LINE * _LINE
        yield _lines(buffer[:whole])
        buffer = buffer[whole:]
    yield _lines(buffer)


def _lines(data: bytes) -> bytes:
    return b"".join(b2a_base64(data[at : at + _LINE], newline=False) + b"\r\n" for at in range(0, len(data), _LINE))
