"""A mail that is looked at while it comes in, and never held whole: its fields, and the hashes of its body. Pure."""

from intake_email.authenticity.canonical import BodyHash, Field, split_mail

_LONGEST_HEAD = 1 << 20
_SIGNED = {b"dkim-signature", b"arc-message-signature"}


class Streamed:
    """`authenticity.signature.Hashes` of what is fed to it; of no use as such unless it is `hashed`."""

    def __init__(self, *, hashed: bool = True) -> None:
        self._hashed = hashed
        self._head = bytearray()
        self._begun = False
        self._hashes: dict[bool, BodyHash] = {}
        self._made: dict[bool, tuple[bytes, int]] = {}
        self.fields: list[Field] = []
        """Complete once all is fed."""

    def feed(self, octets: bytes) -> None:
        if self._begun:
            for each in self._hashes.values():
                each.feed(octets)
            return
        searched = max(0, len(self._head) - 3)
        self._head += octets
        if self._head.find(b"\r\n\r\n", searched) >= 0 or len(self._head) > _LONGEST_HEAD:
            self._begin()

    def finish(self) -> None:
        if not self._begun:
            self._begin()

    def of(self, *, relaxed: bool) -> tuple[bytes, int]:
        """SHA-256 and length of the canonical body."""
        if relaxed not in self._made:
            found = self._hashes[relaxed]
            self._made[relaxed] = (found.digest(), found.length)
        return self._made[relaxed]

    def _begin(self) -> None:
        self._begun = True
        head = bytes(self._head)
        self.fields, body = split_mail(head)
        if self._hashed and any(field.name in _SIGNED for field in self.fields):  # else nobody asks
            self._hashes = {relaxed: BodyHash(relaxed=relaxed) for relaxed in (True, False)}
        self._head.clear()
        self.feed(head[body:])
