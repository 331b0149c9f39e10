"""What a signed S/MIME mail says, where the signature is wrapped around it (RFC 8551, 3.5.2; RFC 5652, 5.1).

Nothing is verified here, and nothing of ASN.1 is read but the way to the content.
"""

_SIGNED = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")
_SEQUENCE, _EXPLICIT, _OCTETS, _OCTETS_IN_PIECES = 0x30, 0xA0, 0x04, 0x24
_DEEPEST = 8
_END = b"\0\0"


class _Broken(ValueError):
    """This is no such structure, or it ends too soon."""


def signed_content(data: bytes) -> bytes | None:
    """The mail inside of `data`, `None` where there is none: encrypted, a bare signature, broken."""
    try:
        at, _ = _inside(data, 0, _SEQUENCE)
        at, _ = _inside(data, _past(data, at, _SIGNED), _EXPLICIT)
        at, _ = _inside(data, at, _SEQUENCE)
        at = _behind(data, _behind(data, at))  # the version, the algorithms
        at, _ = _inside(data, at, _SEQUENCE)
        at, _ = _inside(data, _past(data, at, _DATA), _EXPLICIT)
        return b"".join(_pieces(data, at))
    except (_Broken, IndexError):
        return None


def _past(data: bytes, at: int, identifier: bytes) -> int:
    if not data.startswith(identifier, at):
        raise _Broken
    return at + len(identifier)


def _inside(data: bytes, at: int, tag: int) -> tuple[int, int | None]:
    """Where the content of the value at `at` begins and ends; an end of `None` is marked where it is."""
    if data[at] != tag:
        raise _Broken
    length = data[at + 1]
    at += 2
    if length == 0x80:
        return at, None
    if length > 0x80:
        octets = length & 0x7F
        if octets > 4 or at + octets > len(data):
            raise _Broken
        length = int.from_bytes(data[at : at + octets], "big")
        at += octets
    return at, at + length


def _behind(data: bytes, at: int, depth: int = 0) -> int:
    """Where the next value begins."""
    at, end = _inside(data, at, data[at])
    if end is not None:
        return end
    if depth >= _DEEPEST:
        raise _Broken
    while not data.startswith(_END, at):
        at = _behind(data, at, depth + 1)
    return at + len(_END)


def _pieces(data: bytes, at: int) -> list[bytes]:
    """The octets at `at`, which may come in pieces."""
    if data[at] == _OCTETS:
        start, end = _inside(data, at, _OCTETS)
        if end is None:
            raise _Broken
        return [data[start:end]]
    at, end = _inside(data, at, _OCTETS_IN_PIECES)
    found = []
    while at < (len(data) if end is None else min(end, len(data))) and not data.startswith(_END, at):
        start, after = _inside(data, at, _OCTETS)
        if after is None:
            raise _Broken
        found.append(data[start:after])
        at = after
    return found
