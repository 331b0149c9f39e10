"""The body of SMTP's DATA as it comes in: up to the line with the dot, and not a byte beyond.

Only CR LF `.` CR LF ends a mail (RFC 5321, 4.1.1.4). A dot between other line ends is text, so that
nobody can smuggle a second mail into the first.
"""

from collections.abc import Callable

_END = b"\r\n.\r\n"


class DottedBody:
    """Takes what arrives, `limit` octets at most; `claim` is asked before more is held in memory.

    A body that is `too_large` or `refused` is read to its end and dropped.
    """

    __slots__ = ("_chunks", "_claim", "_limit", "_overlap", "held", "refused", "size", "too_large")

    def __init__(self, limit: int, claim: Callable[[int], bool]) -> None:
        self._chunks: list[bytes] = []
        self._claim = claim
        self._limit = limit
        # The line break before a body that begins with the dot was the command's own.
        self._overlap = b"\r\n"
        self.held = 0
        """Octets that were claimed; whoever gave them gets them back."""
        self.size = 0
        self.too_large = False
        self.refused = False

    def feed(self, data: bytes) -> bytes | None:
        """`None` as long as the body goes on; else what came behind it."""
        window = self._overlap + data
        end = window.find(_END)
        if end < 0:
            self._keep(data)
            self._overlap = window[-len(_END) + 1 :]
            return None
        ours = end + 2 - len(self._overlap)
        self._keep(data[: max(ours, 0)])
        if ours < 0 and self._chunks:
            # The end came in pieces; some of it was taken for text.
            self._chunks = [b"".join(self._chunks)[:ours]]
        return window[end + len(_END) :]

    def octets(self) -> bytes:
        """The whole body, the dots that were put before dots taken away (RFC 5321, 4.5.2)."""
        whole = b"\r\n" + b"".join(self._chunks)
        self._chunks.clear()
        return whole.replace(b"\r\n.", b"\r\n")[2:]

    def _keep(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._limit:
            self.too_large = True
        elif not self.refused and not self.too_large:
            if self._claim(len(data)):
                self.held += len(data)
                self._chunks.append(data)
                return
            self.refused = True
        self._chunks.clear()
