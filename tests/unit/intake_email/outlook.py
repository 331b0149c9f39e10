"""Makes `winmail.dat` as Outlook does ([MS-OXTNEF]), for tests of who reads it."""

from collections.abc import Iterable


def winmail(
    *,
    files: Iterable[tuple[str, str, bytes, str]] = (),
    rtf: str = "",
    html: str = "",
    more: Iterable[bytes] = (),
) -> bytes:
    """TNEF of files (short name, long name, bytes, media type) and a text."""
    said = [attribute(1, 0x00089006, b"\x00\x00\x01\x00"), attribute(1, 0x00069007, (1252).to_bytes(4, "little") * 2)]
    if rtf:
        said.append(attribute(1, 0x00069003, properties([(0x102, 0x1009, packed(rtf.encode("cp1252")))])))
    if html:
        said.append(attribute(1, 0x00069003, properties([(0x102, 0x1013, html.encode("cp1252"))])))
    for short, long, data, media_type in files:
        of_file = [
            (0x1F, 0x3707, f"{long}\0".encode("utf-16-le")),
            (0x1F, 0x370E, f"{media_type}\0".encode("utf-16-le")),
        ]
        said += [
            attribute(2, 0x00069002, bytes(14)),
            attribute(2, 0x00018010, f"{short}\0".encode("cp1252", "replace")),
            attribute(2, 0x0006800F, data),
            attribute(2, 0x00069005, properties(of_file)),
        ]
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join([*said, *more])


def attribute(level: int, identifier: int, data: bytes) -> bytes:
    head = bytes([level]) + identifier.to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return head + data + (sum(data) & 0xFFFF).to_bytes(2, "little")


def properties(values: list[tuple[int, int, bytes]]) -> bytes:
    """Values of variable length by type and id, among them one of a fixed length and one with a name."""
    found = [(3).to_bytes(2, "little") + (0x0E08).to_bytes(2, "little") + bytes(4), named()]
    for kind, identifier, value in values:
        padded = value + bytes(-len(value) % 4)
        count = (1).to_bytes(4, "little") + len(value).to_bytes(4, "little")
        found.append(kind.to_bytes(2, "little") + identifier.to_bytes(2, "little") + count + padded)
    return len(found).to_bytes(4, "little") + b"".join(found)


def named() -> bytes:
    name = "X-Some-Name\0".encode("utf-16-le")
    head = (0x0B).to_bytes(2, "little") + (0x8001).to_bytes(2, "little") + bytes(16)
    padded = name + bytes(-len(name) % 4)
    return head + (1).to_bytes(4, "little") + len(name).to_bytes(4, "little") + padded + bytes(4)


def packed(rtf: bytes) -> bytes:
    """Compressed as [MS-OXRTFCP] allows it: literals only, and the mark at the end."""
    body = bytearray()
    position = 207
    for at in range(0, len(rtf) + 1, 8):
        chunk = rtf[at : at + 8]
        position += len(chunk)
        if len(chunk) == 8:
            body += b"\0" + chunk
            continue
        body += bytes([1 << len(chunk)]) + chunk + ((position % 4096) << 4).to_bytes(2, "big")
    head = (len(body) + 12).to_bytes(4, "little") + len(rtf).to_bytes(4, "little") + b"LZFu" + bytes(4)
    return head + bytes(body)
