"""Header fields (RFC 5322, 2.2) and the words in them (RFC 2047), taken as they come.

The standard library's header registry parses a field anew at each access and costs five of the six
milliseconds of a mail; here a field stays bytes until somebody asks for it.
"""

import re
from binascii import a2b_qp
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from intake_email.charset import decode
from intake_email.transfer import from_base64

MOST_FIELDS = 2000
MOST_BYTES = 1 << 20
_LONGEST_VALUE = 65536

# No field begins with two hyphens, and a line that does may be the next boundary.
_FIELD = re.compile(rb"(?!--)([!-9;-~]{1,200}+)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_FIELDS = re.compile(rb"(?:(?!--)[!-9;-~]{1,200}+[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|\Z)){0,%d}+" % MOST_FIELDS)
_MBOX = re.compile(rb"[> ]?From (?![ \t]*:)[^\n]*\n")
_MBOX_BEGINS = (b"From ", b">From ", b" From ")
_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r*\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
# A question mark inside is against the rules and common ("=?utf-8?Q?Really??="); eight of them keep the search linear.
_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,60})?\?(?:[bB]\?([^?]*+)|[qQ]\?([^?]*+(?:\?(?!=)[^?]*+){0,8}))\?=")


class Headers:
    """The fields of one entity, by lower-case name, each as often as it came."""

    __slots__ = ("_charset", "_fields", "_first", "_read", "complete")

    def __init__(self, fields: Mapping[bytes, Sequence[bytes]], *, complete: bool = True) -> None:
        self._fields = fields
        self.complete = complete
        """Whether all fields are here; false when there were too many."""
        self._charset = ""
        self._first: dict[bytes, str] = {}
        self._read: dict[bytes, str] = {}

    def presume(self, charset: str) -> None:
        """What 8-bit fields are in that are not UTF-8: they have no label of their own, but the text may."""
        if charset != self._charset:
            self._charset = charset
            self._first.clear()
            self._read.clear()

    def __contains__(self, name: bytes) -> bool:
        return name in self._fields

    def every(self, name: bytes, *, most: int = MOST_FIELDS) -> list[str]:
        """Each value of the field, `most` at most, unfolded, its encoded words as they are."""
        values = self._fields.get(name, ())
        return [self.first(name)] if len(values) == 1 else [_unfolded(value, self._charset) for value in values[:most]]

    def first(self, name: bytes) -> str:
        """The first value, unfolded, its encoded words as they are; "" when there is none."""
        found = self._first.get(name)
        if found is not None:
            return found
        values = self._fields.get(name)
        if values is None:
            return ""
        found = self._first[name] = _unfolded(values[0], self._charset)
        return found

    def text(self, name: bytes) -> str:
        """The first value as a person reads it, in one line."""
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = words(self.first(name))
        return found

    def has_any(self, names: AbstractSet[bytes]) -> bool:
        """Whether one of these fields is there."""
        return not names.isdisjoint(self._fields)


def split(raw: bytes, at: int = 0) -> tuple[Headers, int]:
    """The fields from `at` on, and where the body begins.

    As mail software does, a line that is no field ends the headers and is the body's first.
    """
    if raw.startswith(_MBOX_BEGINS, at) and (mbox := _MBOX.match(raw, at)) is not None:
        at = mbox.end()
    found = _FIELDS.match(raw, at)
    end = found.end() if found is not None else at
    if end - at > MOST_BYTES:
        end = next(match.end() for match in _FIELD.finditer(raw, at, end) if match.end() - at > MOST_BYTES)
    pairs = _FIELD.findall(raw, at, end)
    fields: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        known = name.lower()
        if known in fields:
            fields[known].append(value)
        else:
            fields[known] = [value]
    if len(pairs) >= MOST_FIELDS or end - at > MOST_BYTES:
        empty = _END.search(raw, end - 1)
        return Headers(fields, complete=empty is not None and empty.start() <= end), empty.end() if empty else len(raw)
    if raw.startswith(b"\r\n", end):
        return Headers(fields), end + 2
    return Headers(fields), end + 1 if raw.startswith(b"\n", end) else end


def words(text: str) -> str:
    """`text` with its encoded words decoded (RFC 2047, also where they should not stand), in one line."""
    if "=?" in text:
        text = _decoded(text)
    return _CONTROL.sub(" ", text).strip() if not text.isprintable() else text.strip()


def _unfolded(value: bytes, charset: str) -> str:
    if len(value) > _LONGEST_VALUE:
        value = value[: max(value.rfind(mark, 0, _LONGEST_VALUE) for mark in (b",", b" ", b"\n"))]
    value = _FOLD.sub(b"", value).strip() if b"\n" in value else value.strip()
    try:
        return value.decode()
    except UnicodeDecodeError:
        return decode(value, charset)


def _decoded(text: str) -> str:
    pieces: list[str] = []
    run, run_charset, end = b"", "", 0
    for match in _WORD.finditer(text):
        between = text[end : match.start()]
        charset, base64, quoted = match.groups()
        data = from_base64(_octets(base64)) if base64 is not None else a2b_qp(_octets(quoted), header=True)
        end = match.end()
        # Neighbours are one text, and a letter may be cut in two between them.
        if run_charset and not between.strip():
            if charset.lower() == run_charset:
                run += data
                continue
            between = ""
        pieces += (decode(run, run_charset), between)
        run, run_charset = data, charset.lower()
    pieces += (decode(run, run_charset), text[end:])
    return "".join(pieces)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "replace")
