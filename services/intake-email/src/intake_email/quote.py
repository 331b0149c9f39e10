"""What somebody wrote now, apart from what they quote and how they sign.

It stands beside the whole text and never in place of it. A forwarded mail is the message itself and
stays. Where nothing would be left, everything is.
"""

import re
from collections.abc import Iterator
from itertools import compress
from typing import NamedTuple

from intake_email.phrases import (
    DEVICE,
    DEVICE_ENDS,
    FORWARDED,
    FROM,
    LABELS,
    ORIGINAL,
    OTHER,
    SENT,
    WROTE,
    WROTE_WITHIN,
)

_LONGEST_ATTRIBUTION = 500
_LINES = 3
"""How many an attribution may be broken into."""
_LONGEST_LABEL = 24
_LONGEST_DEVICE = 120
_LONGEST_DIVIDER = 200
_MARKS = frozenset("-_—–*=")
"""What a divider begins with, or the heading of a forwarded mail that has no colon."""
_INDENTS = " \t\xa0"
_FIRST = _MARKS | set(">" + _INDENTS)
_COLONS = (":", "：")
_UNSEEN = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_ABOUT = " \t*|_" + _UNSEEN
"""What stands around a label: emphasis in text that was made from HTML, marks of writing direction."""

_RULED = re.compile(r"\s*[-_—–*=]{3,60}+\s*([^-_—–*=\s][^\n]{2,80}?)\s*[-_—–*=]{0,60}\s*")
_DATED = re.compile(r"\d{1,2}[:.h時时]\d{2}|\d{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_TIMED = re.compile(r"\d{1,2}[:.hH]\s?\d{2}|\d\s?[時时点시]")
_WORD = re.compile(r"[^\W\d_]{3,20}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ADDRESSED = re.compile(r"[<(\[][^<>()\[\]\s]{1,200}@[^<>()\[\]\s]{1,200}[>)\]]|mailto:|\S@\S")
_SIGNATURE = re.compile(r"--\s?\Z")
_SPACES = "\t\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
# Each with a letter of it that a search finds faster, and that most text has not.
_TELLING = (
    *((colon, colon) for colon in _COLONS),
    ("-", "--"),
    *((mark, "\n" + mark) for mark in sorted(_MARKS | {">"})),
    *((space, space + "\n") for space in _SPACES),
    ("\n\n\n", "\n\n\n"),
)
"""What a text has in which any line may be no words of the sender's own, or may be written otherwise."""
_TELLING_ASCII = tuple(pair for pair in _TELLING if pair[0].isascii())


class Marks(NamedTuple):
    """What the HTML behind a text says of its lines, counted from 0."""

    cut: int | None = None
    """Where a quote begins that goes on to the end."""
    left_out: frozenset[int] = frozenset()
    """Headings of quotes, and the signature."""


NO_MARKS = Marks()


def reply_text(text: str, marks: Marks = NO_MARKS, *, forwards: bool = False) -> str:
    """`text` without quotes, their headings and the signature; all of it when that would be nothing.

    In a mail that `forwards` another one, only marked lines are quotes.
    """
    whole = text.strip()
    if "\n" not in whole or (marks is NO_MARKS and _is_plain(whole)):
        return whole
    lines = whole.split("\n")
    if marks is not NO_MARKS:
        skipped = text.count("\n", 0, len(text) - len(text.lstrip()))
        cut = None if marks.cut is None else marks.cut - skipped
        marks = Marks(cut, frozenset(line - skipped for line in marks.left_out))
    colons = [at for at, line in enumerate(lines) if ":" in line] if ":" in whole else []
    colons += [at for at, line in enumerate(lines) if "：" in line] if "：" in whole else []
    own = _own(lines, colons, marks, forwards=forwards)
    unsigned = _joined(_unsigned(own, signed="--" in whole))
    if unsigned or len(own) == len(lines):
        return unsigned or whole
    return _joined(own) or whole


def _is_plain(whole: str) -> bool:
    """Whether nothing in it quotes, heads, signs or has to be tidied up, as in most first letters: what goes over
    the lines would leave each as it is.
    """
    if whole[0] in _FIRST:
        return False
    marked = False
    for letter, telling in _TELLING_ASCII if whole.isascii() else _TELLING:
        if letter in whole:
            if telling in whole:
                return False
            marked = marked or letter in _MARKS
    # What is indented is looked at for the sake of a mark behind that.
    if marked and any("\n" + indent in whole for indent in _INDENTS):
        return False
    last = whole[whole.rfind("\n") + 1 :]
    return not _is_device(last) and not _is_rule(last)


def _own(lines: list[str], colons: list[int], marks: Marks, *, forwards: bool) -> list[str]:
    """The lines that are no quote, up to where a quote begins that does not mark its lines."""
    own: list[str] = []
    at = 0
    for special in _special(lines, colons, marks):
        if special < at:
            continue
        own += lines[at:special]
        at = special
        line = lines[at]
        if at == marks.cut and not forwards and not _forward_follows(lines, at):
            return own
        if line.startswith(">") or (at in marks.left_out and not _forwards(line)):
            at += 1
            continue
        if _forwards(line):
            return own + lines[at:]
        if not forwards and (_divides(lines, at) or _heads_a_block(lines, at)):
            return own
        length = 0 if forwards else _attribution(lines, at)
        if length:
            at += length
            if not _quote_follows(lines, at):
                return own
    return own + lines[at:]


def _special(lines: list[str], colons: list[int], marks: Marks) -> Iterator[int]:
    """The lines to look at. All that is looked for has a colon near or begins with a mark; most lines have neither."""
    begin = [line[:1] for line in lines]
    if not colons and marks is NO_MARKS and _FIRST.isdisjoint(begin):
        return iter(())
    found = bytearray(map(_FIRST.__contains__, begin))
    for at in colons:
        found[max(at - _LINES + 1, 0) : at + 1] = b"\1" * min(at + 1, _LINES)
    for at in marks.left_out if marks.cut is None else (marks.cut, *marks.left_out):
        if 0 <= at < len(found):
            found[at] = 1
    return compress(range(len(found)), found)


def _forwards(line: str) -> bool:
    """Whether a forwarded mail begins here."""
    bare = line.strip(_ABOUT)
    if not 8 <= len(bare) <= 120 or not (bare[0] in "-—–=" or bare.endswith(_COLONS)):
        return False
    return FORWARDED.match(bare.strip("-—–= ")) is not None


def _forward_follows(lines: list[str], at: int) -> bool:
    return any(_forwards(line) for line in lines[at : at + 3])


def _divides(lines: list[str], at: int) -> bool:
    """Whether this is "-----Original Message-----" in any language."""
    line = lines[at]
    if line.lstrip()[:1] not in _MARKS or len(line) > _LONGEST_DIVIDER:
        return False
    ruled = _RULED.fullmatch(line)
    if ruled is None:
        return False
    if ruled[1].strip(" *-").lower() in ORIGINAL:
        return True
    return line.rstrip().endswith("--") and _heads_a_block(lines, at + 1)


def _heads_a_block(lines: list[str], at: int) -> bool:
    """Whether a quoted mail's own header (From, Sent, To, Subject) begins here."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    if at >= len(lines) or _role(lines[at]) != FROM:
        return False
    return {SENT, OTHER} <= {_role(line) for line in lines[at + 1 : at + 6]}


def _role(line: str) -> str | None:
    """Which field of a mail's header a line is in some language, `None` for none; its value must stand beside it."""
    line = line.strip(_ABOUT)
    found = [end for end in (line.find(colon, 0, _LONGEST_LABEL) for colon in _COLONS) if end > 0]
    if not found:
        return None
    end = min(found)
    return LABELS.get(line[:end].strip(_ABOUT).lower()) if line[end + 1 :].strip(_ABOUT) else None


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here on say who wrote what follows; 0 for none.

    That is an address and a time before a colon in whatever language, or a time or an address and "wrote".
    """
    joined = ""
    for count, line in enumerate(lines[at : at + _LINES], 1):
        joined = f"{joined} {line.strip(_ABOUT)}".strip()
        if not line.strip() or len(joined) > _LONGEST_ATTRIBUTION:
            return 0
        if not joined.endswith(_COLONS):
            continue
        if not _attributes(joined, quoted=_quote_follows(lines, at + count)):
            return 0
        return count if count == 1 or _begins(lines[at], joined) else 0
    return 0


def _begins(first: str, joined: str) -> bool:
    """Whether an attribution of several lines begins with this one, and not with one of those behind it."""
    if not (_DATED.search(first) or _ADDRESSED.search(first)):
        return False
    rest = joined[len(first.strip(_ABOUT)) :].strip()
    whole = rest.count("<") == rest.count(">") and rest[:1] != "<"
    return not (whole and _ADDRESSED.search(rest) and _TIMED.search(rest) and _YEAR.search(rest))


def _attributes(said: str, *, quoted: bool) -> bool:
    addressed = _ADDRESSED.search(said) is not None
    if not WROTE.isdisjoint(_WORD.findall(said.lower())) or (
        not said.isascii() and any(words in said for words in WROTE_WITHIN)
    ):
        return addressed or quoted or _DATED.search(said) is not None
    # "The appointment at 12:00 with a@b.example:" is none, so without the verb there must be a year as well.
    return addressed and _TIMED.search(said) is not None and _YEAR.search(said) is not None


def _quote_follows(lines: list[str], at: int) -> bool:
    for line in lines[at : at + 3]:
        if line.strip():
            return line.startswith(">")
    return False


def _unsigned(lines: list[str], *, signed: bool) -> list[str]:
    """The lines up to the signature, for which they are searched when there may be one (`signed`)."""
    for at, line in enumerate(lines if signed else ()):
        if line[:2] == "--" and _SIGNATURE.match(line):
            lines = lines[:at]
            break
    end = len(lines)
    while end and (not lines[end - 1].strip() or _is_device(lines[end - 1]) or _is_rule(lines[end - 1])):
        end -= 1
    return lines[:end]


def _is_device(line: str) -> bool:
    line = line.strip(" \t*>-_" + _UNSEEN)
    if len(line) > _LONGEST_DEVICE:
        return False
    return DEVICE.match(line) is not None or line.lower().rstrip(".。").endswith(DEVICE_ENDS)


def _is_rule(line: str) -> bool:
    """The line of underscores that Outlook puts before a quoted mail's header."""
    return len(line.strip()) > 4 and not line.strip("_ ")


def _joined(lines: list[str]) -> str:
    """The lines as a text, with no more than one empty line together."""
    kept = [*map(str.rstrip, lines)]
    if "" in kept:
        kept = [line for at, line in enumerate(kept) if line or (at and kept[at - 1])]
    return "\n".join(kept).strip()
