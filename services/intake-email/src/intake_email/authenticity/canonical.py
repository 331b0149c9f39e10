"""The canonical forms that DKIM and ARC sign (RFC 6376, 3.4). Pure, and linear in time whatever the octets are."""

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

# A blank that stands alone stays as it is, and most do.
_WSP = re.compile(rb"\t[ \t]*| [ \t]+")
_SPACE = re.compile(rb"[ \t\r\n]+")
_FIELD_END = re.compile(rb"\r\n(?![ \t])")

MOST_FIELDS = 2000
_MOST_OCTETS = 1 << 20


class Field(NamedTuple):
    """One header field as it stands in a mail, without its last line break. `name` is in lower case."""

    name: bytes
    raw: bytes

    @property
    def value(self) -> bytes:
        return self.raw.partition(b":")[2]


def split_mail(raw: bytes) -> tuple[list[Field], int]:
    """The fields, topmost first, and where the body begins. Line breaks are CRLF, as SMTP has them."""
    end = raw.find(b"\r\n\r\n")
    head = raw[: min(end if end >= 0 else len(raw), _MOST_OCTETS)]
    fields = [
        Field(name.strip(b" \t").lower(), line)
        for line in _FIELD_END.split(head, MOST_FIELDS)[:MOST_FIELDS]
        if (name := line.partition(b":")[0]) and name != line
    ]
    return fields, end + 4 if end >= 0 else len(raw)


def canonical_field(field: Field, *, relaxed: bool) -> bytes:
    """Without its last line break."""
    if not relaxed:
        return field.raw
    return field.name + b":" + _SPACE.sub(b" ", field.value).strip(b" ")


def chosen(fields: Sequence[Field], names: Sequence[bytes]) -> list[Field]:
    """The fields that a signature over `names` covers: of several with one name the lowest first; a name that
    has none (left) stands for nothing (RFC 6376, 5.4.2).
    """
    left: dict[bytes, list[Field]] = {}
    for field in fields:
        left.setdefault(field.name, []).append(field)
    return [left[name].pop() for name in names if left.get(name)]


class BodyHash:
    """SHA-256 over the canonical form of a body that comes in pieces."""

    def __init__(self, *, relaxed: bool) -> None:
        self._relaxed = relaxed
        self._hash = hashlib.sha256()
        self._partial: list[bytes] = []
        self._held = b""
        self._breaks = 0
        """Line ends that may turn out to be the body's last."""
        self.length = 0
        """Octets of the canonical form so far."""

    def feed(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        if data.endswith(b"\r"):
            data, self._held = data[:-1], b"\r"  # half of a line break, or not
        end = data.rfind(b"\r\n") + 2
        if end < 2:
            self._partial.append(data)
            return
        self._partial.append(data[:end])
        self._lines(b"".join(self._partial))
        self._partial = [data[end:]]

    def digest(self) -> bytes:
        """Of the whole body; nothing may be fed after it."""
        rest = b"".join((*self._partial, self._held))
        if rest:
            self._lines(rest + b"\r\n")
        if (self._breaks and (self.length or not self._relaxed)) or (not self.length and not self._relaxed):
            self._take(b"\r\n")
        return self._hash.digest()

    def _lines(self, lines: bytes) -> None:
        if self._relaxed:
            lines = _WSP.sub(b" ", lines).replace(b" \r\n", b"\r\n")
        end = _last_breaks(lines)
        if end:
            self._take(b"\r\n" * self._breaks)
            self._take(lines[:end])
            self._breaks = 0
        self._breaks += (len(lines) - end) // 2

    def _take(self, data: bytes) -> None:
        self.length += len(data)
        self._hash.update(data)


def _last_breaks(lines: bytes) -> int:
    """Where the line breaks begin that end `lines`."""
    start = len(lines.rstrip(b"\r\n"))
    start = max(start, lines.rfind(b"\r\r", start) + 1, lines.rfind(b"\n\n", start) + 1)
    return start + 1 if lines.startswith(b"\n", start) else start
