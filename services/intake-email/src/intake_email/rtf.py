"""Rich text as Outlook packs it: unpacked ([MS-OXRTFCP]), and read as plain text or as the HTML that it was
made from ([MS-OXRTFEX] keeps that in it).
"""

import re
from binascii import unhexlify

from intake_email.charset import decode, without_surrogates
from intake_email.octets import EndOfOctets, Octets

MOST_RTF = 512 * 1024
"""What is beyond is left: 3 octets can stand for 17, over and over."""
_COMPRESSED, _UNCOMPRESSED = b"LZFu", b"MELA"
_DICTIONARY = 4096
_PRESET = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32}+)(-?\d{1,10})?+ ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]++|([^\\{}\r\n]++)|\\"
)
_BREAKS = {b"par", b"line", b"row", b"sect", b"page"}
_SIGNS = {b"tab": "\t", b"cell": "\t", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
          b"bullet": "•", b"endash": "–", b"emdash": "—"}  # fmt: skip
_SILENT = {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer", b"htmltag",
           b"mhtmltag", b"fldinst", b"themedata", b"listtable", b"listoverridetable", b"generator", b"xmlnstbl"}  # fmt: skip


def decompressed(packed: bytes) -> bytes:
    """The rich text in `packed`, as far as it can be read; at most `MOST_RTF` octets."""
    source = Octets(packed)
    try:
        source.take(4)
        size, kind = min(source.number(4), MOST_RTF), source.take(4)
        source.take(4)
    except EndOfOctets:
        return b""
    if kind == _UNCOMPRESSED:
        return packed[16 : 16 + size]
    return _expanded(source, size) if kind == _COMPRESSED else b""


def _expanded(source: Octets, size: int) -> bytes:
    # All that was written, the preset dictionary before it: a place in the ring is one of its last 4,096.
    written = bytearray(_PRESET)
    wanted = size + len(_PRESET)
    try:
        while len(written) < wanted:
            flags = source.number(1)
            for bit in range(8):
                if not flags >> bit & 1:
                    written += source.take(1)
                    continue
                reference = int.from_bytes(source.take(2), "big")
                place, length = reference >> 4, (reference & 15) + 2
                back = (len(written) - place) % _DICTIONARY
                if back == 0:
                    raise EndOfOctets
                for _ in range(length):
                    written.append(written[-back] if back <= len(written) else 0x20)
    except EndOfOctets:
        pass
    del written[wanted:], written[: len(_PRESET)]
    return bytes(written)


def rtf_text(rtf: bytes) -> str:
    """The words of `rtf`. What was HTML before comes out as its text without the tags."""
    if not rtf.lstrip().startswith(b"{\\rtf"):
        return ""
    reading = _Reading()
    for match in _TOKEN.finditer(rtf):
        reading.take(match)
    return reading.result()


class _Reading:
    """One way through the tokens. Groups that hold no text are silent, with all that is in them."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.octets = bytearray()
        self.charset = "cp1252"
        self.depth = 0
        self.silent: int | None = None
        """The depth of the outermost group that says nothing."""
        self.fresh = False
        """Whether a group has just begun."""
        self.after_unicode = 1
        self.skip = 0

    def take(self, match: re.Match[bytes]) -> None:
        word, number, octet, sign, brace, text = match.groups()
        if brace:
            self._group(opens=brace == b"{")
            return
        fresh, self.fresh = self.fresh, False
        if word:
            self._word(word, int(number) if number else None, fresh=fresh)
        elif self.silent is not None:
            return
        elif octet:
            self._octets(unhexlify(octet))
        elif sign == b"*" and fresh:
            self.silent = self.depth
        elif sign in (b"\\", b"{", b"}", b"~"):
            self._octets(b"\xa0" if sign == b"~" else sign)
        elif text:
            self._octets(text)

    def result(self) -> str:
        self._flush()
        # A letter beyond the first plane comes as its two halves.
        lines = without_surrogates("".join(self.pieces)).split("\n")
        return "\n".join(line.rstrip() for line in lines).strip()

    def _group(self, *, opens: bool) -> None:
        self._flush()
        self.skip = 0
        self.fresh = opens
        self.depth += 1 if opens else -1
        if self.silent is not None and self.depth < self.silent:
            self.silent = None

    def _word(self, word: bytes, number: int | None, *, fresh: bool) -> None:
        if word in _SILENT and self.silent is None and (fresh or word == b"fldinst"):
            self.silent = self.depth
        elif self.silent is not None:
            return
        elif word == b"ansicpg" and number:
            self.charset = f"cp{number}"
        elif word == b"uc" and number is not None:
            self.after_unicode = max(0, min(number, 16))
        elif word == b"u" and number is not None:
            self._flush()
            self.pieces.append(chr(number % 65536))
            self.skip = self.after_unicode
        elif word in _BREAKS:
            self._flush()
            self.pieces.append("\n")
        elif word in _SIGNS:
            self._flush()
            self.pieces.append(_SIGNS[word])

    def _octets(self, octets: bytes) -> None:
        if self.skip:
            skipped = min(self.skip, len(octets))
            self.skip -= skipped
            octets = octets[skipped:]
        self.octets += octets

    def _flush(self) -> None:
        if self.octets:
            self.pieces.append(decode(bytes(self.octets), self.charset))
            self.octets.clear()
