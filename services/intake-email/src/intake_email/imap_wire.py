"""IMAP's own notation (RFC 3501, RFC 9051): what is read from answers, and how folders and sets of UIDs are written. Pure."""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

Token = bytes | str | None | list["Token"]
"""A literal or quoted string, an atom, NIL, or what stands in brackets."""

LITERAL = re.compile(rb"\{([0-9]{1,15})\+?\}\Z")
"""How a line ends that goes on with so many octets."""
_TOKEN = re.compile(rb'[ ]*(?:([()])|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_CODE = re.compile(rb"\[([A-Z0-9-]+)(?: ([^\]]*))?\]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(r"([ 0-9]?[0-9])-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) ([+-][0-9]{4})")
_PLAIN_RUN = re.compile(r"[\x20-\x25\x27-\x7e]+")


def tokens(pieces: Sequence[bytes]) -> list[Token]:
    """What an answer says: lines at even places, the literals that they announce at odd ones.

    Raises `ValueError` for what is no answer.
    """
    top: list[Token] = []
    stack = [top]
    for number, piece in enumerate(pieces):
        if number % 2:
            stack[-1].append(piece)
            continue
        literal = LITERAL.search(piece)
        line = piece[: literal.start()] if literal else piece
        at = 0
        while at < len(line.rstrip()):
            match = _TOKEN.match(line, at)
            if match is None:
                raise ValueError("no answer of IMAP")
            at = match.end()
            _take(match, stack)
    if len(stack) > 1:
        raise ValueError("an open bracket")
    return top


def _take(match: re.Match[bytes], stack: list[list[Token]]) -> None:
    bracket, quoted, atom = match.groups()
    if bracket == b"(":
        inner: list[Token] = []
        stack[-1].append(inner)
        stack.append(inner)
    elif bracket:
        if len(stack) == 1:
            raise ValueError("a bracket too many")
        stack.pop()
    elif quoted is not None:
        stack[-1].append(_ESCAPED.sub(rb"\1", quoted))
    else:
        stack[-1].append(None if atom.upper() == b"NIL" else atom.decode("ascii", "replace"))


def pairs(items: Sequence[Token]) -> dict[str, Token]:
    """The items of a FETCH answer, by their names in capitals; a partial body is `BODY[]`."""
    names = (name.upper().partition("<")[0] if isinstance(name, str) else "" for name in items[::2])
    return dict(zip(names, items[1::2], strict=False))


def code_of(line: bytes) -> tuple[str, str]:
    """The response code of a status line and what it is about: `("UIDVALIDITY", "17")`, `("", "")` for none."""
    match = _CODE.search(line)
    return (match[1].decode(), (match[2] or b"").decode("ascii", "replace")) if match else ("", "")


def internal_date(value: Token) -> datetime | None:
    """INTERNALDATE, in UTC; `None` for what is none."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else ""
    match = _DATE.fullmatch(text)
    if match is None or match[2].lower() not in _MONTHS:
        return None
    month = _MONTHS.index(match[2].lower()) + 1
    try:
        said = f"{match[3]}-{month:02}-{int(match[1]):02} {match[4]} {match[5]}"
        return datetime.strptime(said, "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def search_date(instant: datetime) -> str:
    """A day for SEARCH, whose days are the server's own."""
    return f"{instant.day}-{_MONTHS[instant.month - 1].capitalize()}-{instant.year}"


def uid_set(uids: Iterable[int]) -> str:
    """`1:3,7`; the UIDs in ascending order."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)


def folder_name(name: str) -> str:
    """A folder as it is written in a command: modified UTF-7 (RFC 3501, 5.1.3), quoted."""
    written, at = "", 0
    while at < len(name):
        run = _PLAIN_RUN.match(name, at)
        if run:
            written += run[0]
            at = run.end()
        elif name[at] == "&":
            written += "&-"
            at += 1
        else:
            end = at
            while end < len(name) and name[end] != "&" and not _PLAIN_RUN.match(name[end]):
                end += 1
            encoded = b64encode(name[at:end].encode("utf-16-be", "replace")).rstrip(b"=").replace(b"/", b",")
            written += f"&{encoded.decode()}-"
            at = end
    return quoted(written)


def quoted(text: str) -> str:
    """A string of printable ASCII; `ValueError` for any other, which would end the command."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("not to be written in quotes")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
