"""Mailboxes in header fields (RFC 5322, 3.4), and the canonical form of an address.

One pass over the text, whatever is in it; the standard library's parser recurses into comments.
"""

import re
from contextlib import suppress

import msgspec

from intake_email.header import words

MOST = 200
LONGEST_ADDRESS = 320
LONGEST_NAME = 128

_TOKEN = re.compile(
    r"""(?P<word>=\?[^?\s]{1,80}\?[bBqQ]\?[^\s]*?\?=)"""
    r"""|"(?P<quoted>[^"\\]*+(?:\\.[^"\\]*+)*+)"?"""
    r"""|<(?P<angle>[^<>]*+)>?"""
    r"""|(?P<open>\()"""
    r"""|(?P<mark>[,;:])"""
    r"""|(?P<atom>[^\s"<(,;:]++)""",
    re.DOTALL,
)
# What nearly all fields hold: one mailbox, whose name has no signs that mean anything.
_ONE = re.compile(
    r'\s*+(?:(?:"([^"\\=]*+)"\s*+|([^"<>(,;:=]*+))<([^<>@\s]++@[^<>@\s]++)>|([\w.+-]++@[\w.-]++))\s*+', re.ASCII
)
_USUAL = re.compile(r"[A-Za-z0-9._+-]{1,200}+@(?:[A-Za-z0-9-]{1,20}+\.){1,5}+[A-Za-z0-9-]{1,20}+")
_BRACKET = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_UNFIT = re.compile(r"[\s<>,;\x00-\x1f\x7f\ud800-\udfff]")


class Mailbox(msgspec.Struct, frozen=True):
    """A canonical address and the name beside it."""

    address: str
    name: str = ""


def mailboxes(value: str) -> list[Mailbox]:
    """The mailboxes of a field in order, `MOST` at most; what has no address is left out."""
    one = _ONE.fullmatch(value)
    if one is not None:
        quoted, plain, angle, bare = one.groups()
        if bare is not None:
            address = canonical_address(bare)
            return [Mailbox(address)] if address else []
        return _mailbox(angle, quoted or " ".join((plain or "").split()), "")
    found: list[Mailbox] = []
    entry = _Entry()
    at, comments_until = 0, len(value)
    while at < len(value) and len(found) < MOST:
        match = _TOKEN.search(value, at)
        if match is None:
            break
        at = match.end()
        if match["open"]:
            end = _comment_end(value, at) if at < comments_until else None
            if end is None:
                comments_until = 0  # no bracket after this one closes it, nor the next: they are letters
            else:
                entry.comment = entry.comment or value[at : end - 1]
                at = end
        elif match["mark"] == ":":
            entry = _Entry()  # the name of a group
        elif match["mark"]:
            found += entry.close()
            entry = _Entry()
        else:
            entry.take(match)
    found += entry.close()
    return found[:MOST]


def _mailbox(address: str, name: str, comment: str) -> list[Mailbox]:
    """One, or none if it has no address. A name that only repeats it is none."""
    # A route ("@a,@b:user@c", RFC 5322, 4.4) is obsolete; what follows it is the address.
    canonical = canonical_address(address.rpartition(":")[2] if address.startswith("@") else address)
    if not canonical:
        return []
    name = (words(name) or words(comment))[:LONGEST_NAME].strip()
    return [Mailbox(canonical, "" if name.lower() == canonical else name)]


class _Entry:
    """One mailbox while it is being read."""

    __slots__ = ("angle", "comment", "pieces")

    def __init__(self) -> None:
        self.angle: str | None = None
        self.comment = ""
        self.pieces: list[str] = []

    def take(self, match: re.Match[str]) -> None:
        if match["angle"] is not None:
            self.angle = match["angle"] if self.angle is None else self.angle
        elif match["quoted"] is not None:
            self.pieces.append(_ESCAPED.sub(r"\1", match["quoted"]))
        else:
            self.pieces.append(match[0])

    def close(self) -> list[Mailbox]:
        address, pieces = self.angle, self.pieces
        if address is None:
            bare = next((piece for piece in pieces if "@" in piece[1:]), "")
            address, pieces = bare, [piece for piece in pieces if piece is not bare]
        return _mailbox(address, " ".join(pieces), self.comment)


def _comment_end(value: str, at: int) -> int | None:
    """Where the comment ends whose inside begins at `at`; comments nest."""
    depth = 1
    for match in _BRACKET.finditer(value, at):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return None


def canonical_address(text: str) -> str:
    """The form by which an address is compared and kept, "" for what is none.

    Letters are small in the local part as well: RFC 5321 would tell `A@` from `a@`, no mail system
    of today does, and people type both. An international domain is in its ASCII form (RFC 5890).
    """
    if _USUAL.fullmatch(text):
        return text.lower()
    address = text.strip()
    local, _, domain = address.rpartition("@")
    domain = domain.rstrip(".")
    if not local or not domain or len(address) > LONGEST_ADDRESS:
        return ""
    if not domain.isascii():
        with suppress(UnicodeError):
            domain = domain.encode("idna").decode("ascii")
    found = f"{local}@{domain}".lower()
    return "" if _UNFIT.search(found) else found
