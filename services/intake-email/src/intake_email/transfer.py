"""Content-Transfer-Encoding (RFC 2045, 6) undone, for what senders really send: never raises."""

import re
from binascii import Error, a2b_base64, a2b_qp, a2b_uu

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_AS_IT_IS = {"", "7bit", "8bit", "binary"}
_SLICE = 1 << 20
_UU_LINE = re.compile(rb"[^\r\n]+")
_UU_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} [^\r\n]*\r?$\n?")


def from_transfer(body: bytes, encoding: str) -> bytes:
    """The octets that were sent. An encoding that nobody knows leaves the body as it is."""
    if encoding in _AS_IT_IS:
        return body
    match encoding.strip().lower():
        case "base64":
            return from_base64(body)
        case "quoted-printable":
            return a2b_qp(body) if b"=" in body or b" \r\n" in body else body
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return _from_uu(body)
        case _:
            return body


def from_base64(body: bytes) -> bytes:
    """Octets of base64 with line breaks, stray characters and missing padding.

    Large bodies go by slices, so that a thread that decodes one lets the others run.
    """
    packed = body.translate(None, _NOT_BASE64)
    if len(packed) <= _SLICE:
        return _base64_slice(packed)
    return b"".join(_base64_slice(packed[at : at + _SLICE]) for at in range(0, len(packed), _SLICE))


def _base64_slice(packed: bytes) -> bytes:
    try:
        return a2b_base64(packed)
    except Error:
        packed = packed.rstrip(b"=")
        if len(packed) % 4 == 1:  # one sextet is no octet
            packed = packed[:-1]
        try:
            return a2b_base64(packed + b"==")
        except Error:
            return b""


def _from_uu(body: bytes) -> bytes:
    begin = _UU_BEGIN.search(body)
    if begin is None:
        return body
    octets = bytearray()
    for match in _UU_LINE.finditer(body, begin.end()):
        line = match[0]
        if line == b"end":
            break
        try:
            octets += a2b_uu(line)
        except Error:
            # Some encoders count the padding; the first octet says how many are meant.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                octets += a2b_uu(line[:wanted])
            except Error:
                continue
    return bytes(octets)
