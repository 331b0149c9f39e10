"""The structure of a mail (RFC 2046), found in one pass over its bytes.

Bodies stay where they are until somebody asks; nothing is copied on the way down. What is broken is
read as far as it goes and noted in `flaws`; nothing raises. Time and memory are linear in the size.
"""

from collections.abc import Iterator, Mapping

import msgspec

from intake_email.header import Headers, split
from intake_email.parameter import parameters
from intake_email.transfer import from_transfer

MOST_PARTS = 1000
DEEPEST = 32
_LONGEST_BOUNDARY = 200
_LONGEST_LINE = 1000
_USUAL = frozenset({"text/plain", "text/html", "multipart/alternative", "multipart/mixed", "multipart/related"})


class Entity:
    """One part of a mail, or all of it: its fields and either children or a body."""

    __slots__ = ("_raw", "children", "end", "headers", "media_type", "parameters", "start")

    def __init__(self, raw: bytes, headers: Headers, start: int, default_type: str = "text/plain") -> None:
        self._raw = raw
        self.headers = headers
        self.start = start
        self.end = len(raw)
        media_type, self.parameters = parameters(headers.first(b"content-type"))
        if media_type not in _USUAL:
            known = (
                media_type.count("/") == 1
                and media_type.isascii()
                and media_type.isprintable()
                and len(media_type) < 100
            )
            media_type = media_type.replace(" ", "") if known else default_type
        self.media_type = media_type
        self.children: list[Entity] = []

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")

    def octets(self) -> bytes:
        """The body with its transfer encoding undone."""
        return from_transfer(self._raw[self.start : self.end], self.headers.first(b"content-transfer-encoding"))

    def walk(self) -> Iterator["Entity"]:
        yield self
        for child in self.children:
            yield from child.walk()


class Structure(msgspec.Struct, frozen=True):
    """A whole mail: its root, and what was wrong with it."""

    root: Entity
    flaws: tuple[str, ...]


def structure(raw: bytes) -> Structure:
    """The tree of `raw`."""
    headers, start = split(raw)
    root = Entity(raw, headers, start)
    flaws = [] if headers.complete else ["more header fields than are read"]
    entities = [root]
    if root.is_multipart:
        descent = _Descent(raw, root)
        flaws += descent.run()
        entities = descent.entities
        for entity in descent.multiparts:
            if not entity.children:
                flaws.append("a multipart without parts")
                entity.media_type = "text/plain"
    for entity in entities:
        if entity.media_type.startswith("text/"):
            root.headers.presume(entity.parameters.get("charset", ""))
            break
    return Structure(root, tuple(flaws))


class _Descent:
    """One way through the bytes, from delimiter to delimiter, with the open multiparts on a stack."""

    def __init__(self, raw: bytes, root: Entity) -> None:
        self.raw = raw
        self.current: Entity | None = root
        self.entities = [root]
        """All of them in order."""
        self.multiparts: list[Entity] = []
        self.stack: list[tuple[bytes, Entity]] = []
        self.lines: dict[bytes, tuple[int, bool]] = {}
        """What a delimiter's line may be, with its level and whether it is the last of its kind."""
        self.ahead: dict[bytes, int] = {}
        """How such a line begins, and where one does next, as far as that is known."""
        self.flaws: list[str] = []
        self._push(root)

    def run(self) -> list[str]:
        assert self.current is not None
        at, count = self.current.start, 0
        while self.stack and (found := self._delimiter(at - 1)) is not None:
            at, last = found
            if last:
                self._leave(len(self.stack) - 1)
                continue
            count += 1
            if count > MOST_PARTS:
                self.flaws.append(f"more than {MOST_PARTS} parts")
                break
            at = self._part(at)
        return self.flaws

    def _delimiter(self, line_break: int) -> tuple[int, bool] | None:
        """Close what the next delimiter closes; where its line ends, and whether it is the last of its kind.

        Looks from the line after `line_break` on. `None` when there is none.
        """
        raw, ahead, size = self.raw, self.ahead, len(self.raw)
        at = max(line_break, 0)
        while True:
            nearest = size
            for begin, seen in ahead.items():
                if seen < at:
                    seen = raw.find(begin, at)  # noqa: PLW2901 - looked for once, however many are between
                    ahead[begin] = seen = size if seen < 0 else seen  # noqa: PLW2901
                nearest = min(nearest, seen)
            if nearest == size:
                return None
            line = nearest + 3
            end = raw.find(b"\n", line, line + _LONGEST_LINE) + 1 or min(size, line + _LONGEST_LINE)
            found = self.lines.get(raw[line:end].rstrip())
            if found is not None:
                self._close(found[0], nearest)
                return end, found[1]
            at = nearest + 1

    def _close(self, level: int, line_break: int) -> None:
        """End what is open inside; the line break before a delimiter belongs to it (RFC 2046, 5.1.1)."""
        before = line_break - 1 if self.raw.startswith(b"\r", line_break - 1) else line_break
        if self.current is not None:
            self.current.end = max(before, self.current.start)
            self.current = None
        if level + 1 < len(self.stack):
            for _, entity in self.stack[level + 1 :]:
                entity.end = max(before, entity.start)
            self._leave(level + 1)

    def _leave(self, level: int) -> None:
        """Only the multiparts above `level` are still open."""
        del self.stack[level:]
        self.lines, known, self.ahead = {}, self.ahead, {}
        for at, (boundary, _) in enumerate(self.stack):
            self._know(at, boundary, known)

    def _know(self, level: int, boundary: bytes, known: Mapping[bytes, int]) -> None:
        self.lines[boundary] = (level, False)
        self.lines[boundary + b"--"] = (level, True)
        begin = b"\n--" + boundary
        self.ahead[begin] = known.get(begin, -1)

    def _part(self, at: int) -> int:
        headers, start = split(self.raw, at)
        _, parent = self.stack[-1]
        default = "message/rfc822" if parent.media_type == "multipart/digest" else "text/plain"
        self.current = Entity(self.raw, headers, start, default)
        parent.children.append(self.current)
        self.entities.append(self.current)
        if not headers.complete:
            self.flaws.append("more header fields than are read")
        if self.current.is_multipart:
            self._push(self.current)
        return start

    def _push(self, entity: Entity) -> None:
        self.multiparts.append(entity)
        boundary = entity.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
        if not 0 < len(boundary) < _LONGEST_BOUNDARY:
            return
        if len(self.stack) >= DEEPEST:
            self.flaws.append(f"nested deeper than {DEEPEST}")
            return
        self._know(len(self.stack), boundary, self.ahead)
        self.stack.append((boundary, entity))
