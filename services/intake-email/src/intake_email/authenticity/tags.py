"""Lists of tags, `v=1; d=desk.example`, as DKIM, ARC and DMARC have them (RFC 6376, 3.2). Pure."""

import re
from binascii import Error, a2b_base64

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FOLD = re.compile(r"[ \t\r\n]+")
_B_TAG = re.compile(rb"((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_MOST = 60


class Malformed(Exception):
    """What a signature or a record says can't be read; the text is why."""


def tags(text: str) -> dict[str, str]:
    """Each tag once; `Malformed` for a list that is none or has a tag twice."""
    found: dict[str, str] = {}
    for part in text.split(";", _MOST)[:_MOST]:
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name):
            raise Malformed("no list of tags")
        if name in found:
            raise Malformed(f"tag {name} twice")
        found[name] = value.strip()
    return found


def without_space(value: str) -> str:
    return _FOLD.sub("", value)


def octets(value: str) -> bytes:
    """Base64, which may be folded. Raises `Malformed`."""
    try:
        return a2b_base64(without_space(value).encode("ascii"), strict_mode=True)
    except (Error, ValueError) as error:
        raise Malformed("no base64") from error


def without_signature(value: bytes) -> bytes:
    """The value of a signature's field as it was when it was signed: `b=` empty (RFC 6376, 3.5)."""
    return _B_TAG.sub(rb"\1", value, count=1)
