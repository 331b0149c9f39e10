"""A large mail while it comes in: its big bodies are let through decoded, the rest is kept and read like a small mail.

Pure. What is kept, the skeleton, is the same mail with marks in place of the bodies that went through. A
text is let through as well, but its beginning stays, to be read. Time is linear, memory is bounded by
`MOST_KEPT`, whatever comes; what is beyond it is in the original, and `overflowed` says so.
"""

from collections.abc import Iterator

from intake_email.header import MOST_BYTES, Headers, split
from intake_email.mime import DEEPEST, MOST_PARTS, Entity
from intake_email.parameter import parameters
from intake_email.unpack import Unpack, unpack

CUT = 64 * 1024
"""A body larger than this goes through."""
MOST_KEPT = 2 << 20
MOST_CUTS = 100
_LEAST_CUT = 1024
_LONGEST_LINE = 1000
_LONGEST_BOUNDARY = 200
_BEGUN = (b"\r\n--", b"\r\n-", b"\r\n", b"\r", b"\n--", b"\n-", b"\n")


class Cut:
    """A body that goes through. `text` is its media type if its beginning is kept as text, "" for a file."""

    __slots__ = ("mark", "number", "text")

    def __init__(self, number: int, mark: bytes, text: str) -> None:
        self.number = number
        self.mark = mark
        self.text = text


class Sieve:
    """Fed with the octets of a mail; `nonce` is something that its sender can't know."""

    def __init__(self, nonce: str, *, cut: int = CUT) -> None:
        self.cuts: list[Cut] = []
        self.headers: Headers | None = None
        """The fields of the mail itself, once they are complete."""
        self.body_at = 0
        """Where its body begins."""
        self.overflowed = False
        self._nonce = nonce
        self._cut = cut
        self._kept = bytearray()
        self._waiting = bytearray()
        self._stack: list[tuple[bytes, str]] = []
        """The open boundaries, each with the media type of its multipart."""
        self._lines: dict[bytes, tuple[int, bool]] = {}
        self._in_header = True
        self._at_line = True
        self._between = self._parts = 0
        self._leaf: _Leaf | None = None

    @property
    def skeleton(self) -> bytes:
        return bytes(self._kept)

    def feed(self, octets: bytes) -> Iterator[tuple[Cut, bytes]]:
        """What goes through now, decoded, with the body that it belongs to."""
        if self._parts > MOST_PARTS:
            self.overflowed = True  # nobody reads on from here
            return
        self._waiting += octets
        yield from self._work(last=False)

    def finish(self) -> Iterator[tuple[Cut, bytes]]:
        """The rest, when the mail has ended."""
        yield from self._work(last=True)
        yield from self._end_leaf()

    def _work(self, *, last: bool) -> Iterator[tuple[Cut, bytes]]:
        while self._waiting:
            if self._in_header:
                if not self._header(last=last):
                    return
                continue
            found = self._delimiter(last=last) if self._lines else None
            if found is None:
                hold = 0 if last else self._hold()
                yield from self._body(len(self._waiting) - hold)
                return
            before, end, level, closes = found
            yield from self._body(before)
            if end < 0:  # it may be one: its line is not here yet
                return
            yield from self._end_leaf()
            self._keep(bytes(self._waiting[: end - before]))
            del self._waiting[: end - before]
            self._at_line, self._between = True, 0
            del self._stack[level + (0 if closes else 1) :]
            self._know()
            self._in_header = not closes

    def _header(self, *, last: bool) -> bool:
        """Take the fields of the next part, if they are all here."""
        waiting = self._waiting
        blank = waiting.find(b"\n\r\n", 0, MOST_BYTES)
        blank = max(blank, waiting.find(b"\n\n", 0, blank if blank >= 0 else MOST_BYTES))
        if blank < 0 and not waiting.startswith((b"\n", b"\r\n")) and len(waiting) <= MOST_BYTES and not last:
            return False
        window = bytes(waiting[: blank + 3] if blank >= 0 else waiting)
        headers, at = split(window)
        digest = bool(self._stack) and self._stack[-1][1] == "multipart/digest"
        entity = Entity(b"", headers, 0, "message/rfc822" if digest else "text/plain")
        if self.headers is None:
            self.headers = headers
            self.body_at = at
        self._parts += 1
        self._keep(window[:at])
        del self._waiting[:at]
        self._in_header = False
        self._at_line = True
        boundary = entity.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
        if entity.is_multipart and 0 < len(boundary) < _LONGEST_BOUNDARY and len(self._stack) < DEEPEST:
            self._stack.append((boundary, entity.media_type))
            self._know()
        elif not entity.is_multipart:
            self._leaf = _Leaf(entity)
        return True

    def _know(self) -> None:
        self._lines = {boundary: (level, False) for level, (boundary, _) in enumerate(self._stack)}
        self._lines |= {boundary + b"--": (level, True) for level, (boundary, _) in enumerate(self._stack)}

    def _delimiter(self, *, last: bool) -> tuple[int, int, int, bool] | None:
        """The next delimiter: where the body before it ends, its line ends (-1: not here yet), its level, and
        whether it closes that.
        """
        waiting, known = self._waiting, tuple(self._lines)
        for at in self._candidates():
            before = max(at - 1, 0)
            before -= before > 0 and waiting.startswith(b"\r", before - 1)
            end = waiting.find(b"\n", at, at + _LONGEST_LINE) + 1
            if not end:
                if not last and len(waiting) - at < _LONGEST_LINE:
                    return before, -1, 0, False
                end = min(len(waiting), at + _LONGEST_LINE)
            if waiting.startswith(known, at + 2):
                found = self._lines.get(bytes(waiting[at + 2 : end]).rstrip())
                if found is not None:
                    return before, end, *found
        return None

    def _candidates(self) -> Iterator[int]:
        """Where a line begins with two hyphens."""
        if self._at_line and self._waiting.startswith(b"--"):
            yield 0
        at = self._waiting.find(b"\n--") + 1
        while at:
            yield at
            at = self._waiting.find(b"\n--", at) + 1

    def _hold(self) -> int:
        """How many octets at the end may be the beginning of a delimiter."""
        if self._at_line and bytes(self._waiting[:3]) in (b"-", b"--"):
            return len(self._waiting)
        return next((len(each) for each in _BEGUN if self._waiting.endswith(each)), 0) if self._lines else 0

    def _body(self, count: int) -> Iterator[tuple[Cut, bytes]]:
        if not count:
            return
        octets = bytes(self._waiting[:count])
        del self._waiting[:count]
        self._at_line = octets.endswith(b"\n")
        leaf = self._leaf
        if leaf is None:
            self._keep(octets[: max(self._cut - self._between, 0)])  # between parts nobody looks
            self._between += count
        elif leaf.cut is not None:
            if leaf.unpack is not None and (found := leaf.unpack.feed(octets)):
                yield leaf.cut, found
        else:
            leaf.body += octets
            limit = self._cut if len(self._kept) < MOST_KEPT // 2 else _LEAST_CUT
            if len(leaf.body) > limit:
                yield from self._let_through(leaf)

    def _let_through(self, leaf: "_Leaf") -> Iterator[tuple[Cut, bytes]]:
        number = len(self.cuts)
        mark = f"{self._nonce}-{number}".encode()
        leaf.cut = Cut(number, mark, leaf.text)
        beginning = bytes(leaf.body)
        leaf.body.clear()
        if number >= MOST_CUTS:
            self.overflowed = True
            return
        self.cuts.append(leaf.cut)
        leaf.unpack = unpack(leaf.encoding)
        self._keep(beginning if leaf.text else leaf.unpack.mark(mark))
        if found := leaf.unpack.feed(beginning):
            yield leaf.cut, found

    def _end_leaf(self) -> Iterator[tuple[Cut, bytes]]:
        leaf, self._leaf = self._leaf, None
        if leaf is None:
            return
        if leaf.cut is None:
            self._keep(bytes(leaf.body))
        elif leaf.unpack is not None and (found := leaf.unpack.end()):
            yield leaf.cut, found

    def _keep(self, octets: bytes) -> None:
        room = MOST_KEPT - len(self._kept)
        if len(octets) > room:
            self.overflowed = True
        self._kept += octets[: max(room, 0)]


class _Leaf:
    """A part that is no multipart, while its body comes in."""

    __slots__ = ("body", "cut", "encoding", "text", "unpack")

    def __init__(self, entity: Entity) -> None:
        self.body = bytearray()
        self.cut: Cut | None = None
        self.unpack: Unpack | None = None
        self.encoding = entity.headers.first(b"content-transfer-encoding").strip().lower()
        disposition, given = parameters(entity.headers.first(b"content-disposition"))
        named = given.get("filename") or entity.parameters.get("name")
        shown = entity.media_type in {"text/plain", "text/html"} and disposition != "attachment" and not named
        self.text = entity.media_type if shown else ""
