"""Content-Transfer-Encoding (RFC 2045, 6) undone piece by piece, for bodies that never lie in memory whole. Pure."""

from base64 import b64encode
from binascii import a2b_qp

from intake_email.transfer import from_base64

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_LONGEST_LINE = 64 * 1024


class Unpack:
    """A body that is not encoded, or by something that nobody knows: it stays as it is."""

    def feed(self, octets: bytes) -> bytes:
        return octets

    def end(self) -> bytes:
        """What was held back for want of more."""
        return b""

    def mark(self, octets: bytes) -> bytes:
        """How `octets` look in this encoding."""
        return octets


class _Base64(Unpack):
    def __init__(self) -> None:
        self._rest = b""

    def feed(self, octets: bytes) -> bytes:
        packed = self._rest + octets.translate(None, _NOT_BASE64)
        whole = len(packed) // 4 * 4
        self._rest = packed[whole:]
        return from_base64(packed[:whole])

    def end(self) -> bytes:
        return from_base64(self._rest)

    def mark(self, octets: bytes) -> bytes:
        return b64encode(octets)


class _QuotedPrintable(Unpack):
    def __init__(self) -> None:
        self._rest = b""

    def feed(self, octets: bytes) -> bytes:
        """By whole lines: white space at the end of one is not the sender's (RFC 2045, 6.7)."""
        octets = self._rest + octets
        cut = octets.rfind(b"\n") + 1
        if not cut and len(octets) > _LONGEST_LINE:
            escape = octets.rfind(b"=", -3)
            cut = escape if escape >= 0 else len(octets)
        self._rest = octets[cut:]
        return a2b_qp(octets[:cut])

    def end(self) -> bytes:
        return a2b_qp(self._rest)


def unpack(encoding: str) -> Unpack:
    match encoding:
        case "base64":
            return _Base64()
        case "quoted-printable":
            return _QuotedPrintable()
        case _:
            return Unpack()
