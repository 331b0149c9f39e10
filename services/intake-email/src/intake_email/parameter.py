"""A field with parameters: `Content-Type`, `Content-Disposition` (RFC 2045, 5.1; RFC 2231)."""

import re
from binascii import unhexlify
from collections.abc import Mapping
from functools import lru_cache

from intake_email.charset import decode
from intake_email.header import words

_MOST = 64
_USUAL = 80
_PARAMETER = re.compile(r';\s*+([^\s=;"]{1,80}+)\s*+=\s*+(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"?|([^;]*+))', re.DOTALL)
# All that most multiparts say; nothing in it is escaped.
_BOUNDARY = re.compile(r'[ \t]*+(?i:boundary)="([!#-\[\]-~]++)"')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")


def parameters(value: str) -> tuple[str, Mapping[str, str]]:
    """The value before the first semicolon in lower case, and the parameters by lower-case name."""
    if len(value) > _USUAL or "boundary" in value:
        return _parameters(value)
    return _usual(value)  # nearly all parts of all mail say one of a few things; a boundary is another each time


def _parameters(value: str) -> tuple[str, Mapping[str, str]]:
    main, semicolon, rest = value.partition(";")
    main = main.strip().lower()
    found: dict[str, str] = {}
    if not semicolon:
        return main, found
    only = _BOUNDARY.fullmatch(rest)
    if only is not None and "=?" not in only[1]:
        return main, {"boundary": only[1]}
    parts: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(value)):
        if count >= _MOST:
            break
        name, quoted, plain = match[1].lower(), match[2], match[3]
        text = _ESCAPED.sub(r"\1", quoted) if quoted is not None else plain.strip()
        base, star, rest = name.partition("*")
        if not star:
            found.setdefault(base, words(text))
            continue
        number, extended = rest.removesuffix("*"), rest == "" or rest.endswith("*")
        if not number:
            number = "0"
        if number.isdecimal() and number.isascii() and len(number) < 4:
            parts.setdefault(base, []).append((int(number), extended, text))
    for base, pieces in parts.items():
        found[base] = _joined(pieces)
    return main, found


_usual = lru_cache(maxsize=512)(_parameters)


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """The sections of one value in order; the first says the character set for those that are extended."""
    pieces.sort(key=lambda piece: piece[0])
    charset, octets = "utf-8", b""
    for index, (_, extended, text) in enumerate(pieces):
        if extended and index == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)  # noqa: PLW2901 - what is left of it
        data = text.encode("utf-8", "replace")
        octets += _PERCENT.sub(lambda match: unhexlify(match[1]), data) if extended else data
    return words(decode(octets, charset))
