"""The digest that tells a repeated mail from another one, of a mail that is never whole in memory. Pure.

The same as `normalize` takes of a mail in one piece: a test holds the two together.
"""

import hashlib

from intake_email.header import Headers

_HASHED = (b"message-id", b"date", b"from", b"subject")


class BodyDigest:
    """SHA-256 of the sender's own fields and the body, with line feeds for line ends, without white space at its end."""

    def __init__(self, headers: Headers) -> None:
        self._running = hashlib.sha256()
        for name in _HASHED:
            self._running.update(b" ".join(headers.first(name).strip().encode("utf-8", "replace").split()) + b"\0")
        self._until_text = self._running.copy()
        self._held = b""

    def update(self, octets: bytes) -> None:
        octets = self._held + octets
        self._held = b"\r" if octets.endswith(b"\r") else b""
        octets = octets[: len(octets) - len(self._held)].replace(b"\r\n", b"\n")
        text = octets.rstrip()
        if text:
            self._running.update(text)
            self._until_text = self._running.copy()
        self._running.update(octets[len(text) :])

    def hexdigest(self) -> str:
        return self._until_text.hexdigest()
