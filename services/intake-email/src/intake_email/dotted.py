"""The body of SMTP's DATA as it comes in: up to the line with the dot, and not a byte beyond.

Only CR LF `.` CR LF ends a mail (RFC 5321, 4.1.1.4). A dot between other line ends is text, so that
nobody can smuggle a second mail into the first.
"""

_END = b"\r\n.\r\n"
_STUFFED = b"\r\n."
_BEGUN = (_END[:4], _END[:3], _END[:2], _END[:1])


class DottedBody:
    """Undoes the dots (RFC 5321, 4.5.2) of what arrives, piece by piece; holds four octets at most."""

    __slots__ = ("_held", "_skip")

    def __init__(self) -> None:
        # The line break before a body that begins with the dot was the command's own.
        self._held = b"\r\n"
        self._skip = 2

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """What of the mail is certain by now, and what came behind its end; `None` as long as it goes on."""
        window = self._held + data
        end = window.find(_END)
        if end >= 0:
            return self._plain(window[: end + 2]), window[end + len(_END) :]
        cut = len(window) - _begun(window)
        self._held = window[cut:]
        return self._plain(window[:cut]), None

    def _plain(self, octets: bytes) -> bytes:
        if not octets:
            return octets
        octets = octets.replace(_STUFFED, b"\r\n")
        if self._skip:
            octets, self._skip = octets[self._skip :], 0
        return octets


def _begun(window: bytes) -> int:
    """How many octets at the end may be the beginning of the end."""
    for beginning in _BEGUN:
        if window.endswith(beginning):
            return len(beginning)
    return 0
