"""`winmail.dat`: what Outlook puts around a mail's files when it takes the other side for another Outlook.

The format is [MS-OXTNEF]: a stream of attributes, some of which hold MAPI properties ([MS-OXCDATA]).
Only what a person would miss is taken out: files, and the text.
"""

from dataclasses import dataclass

from intake_email.charset import decode
from intake_email.octets import EndOfOctets, Octets
from intake_email.rtf import decompressed, rtf_text

SIGNATURE = b"\x78\x9f\x3e\x22"
MOST_ATTRIBUTES = 20_000
MOST_FILES = 100
_DEEPEST = 3

# Attributes, by their id with its type.
_BODY, _CODE_PAGE, _PROPERTIES = 0x0002800C, 0x00069007, 0x00069003
_RENDERING, _TITLE, _DATA, _ATTACHMENT = 0x00069002, 0x00018010, 0x0006800F, 0x00069005

# Properties, by their id.
_PR_BODY, _PR_HTML, _PR_RTF = 0x1000, 0x1013, 0x1009
_PR_FILENAME, _PR_LONG_FILENAME, _PR_DISPLAY_NAME = 0x3704, 0x3707, 0x3001
_PR_MIME_TAG, _PR_CONTENT_ID, _PR_DATA = 0x370E, 0x3712, 0x3701

_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Octets of one value of a type, padding counted."""
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_MULTIPLE, _NAMED = 0x1000, 0x8000

Properties = dict[int, bytes | str]


@dataclass(slots=True)
class Unpacked:
    """A file. `media_type` is "" where none is given."""

    name: str = ""
    media_type: str = ""
    data: bytes = b""
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Tnef:
    """What is in it; `whole` is false when it was read up to a fault only."""

    files: tuple[Unpacked, ...]
    text: str
    html: str
    whole: bool


def read_tnef(data: bytes) -> Tnef | None:
    """What `data` holds, `None` when it is no TNEF. Time and memory are linear in its size."""
    return _Reader(Octets(data, 6), 0).run() if data.startswith(SIGNATURE) else None


class _Reader:
    def __init__(self, source: Octets, depth: int) -> None:
        self.source = source
        self.depth = depth
        self.files: list[Unpacked] = []
        self.body = b""
        self.code_page = ""
        self.properties: Properties = {}

    def run(self) -> Tnef:
        whole = True
        try:
            for _ in range(MOST_ATTRIBUTES):
                if not self.source:
                    break
                self._attribute()
        except EndOfOctets:
            whole = False
        said = self.properties
        html = said.get(_PR_HTML, b"")
        files = [file for file in self.files if file.data]
        return Tnef(
            files=tuple(files),
            text=self._text(said.get(_PR_BODY, b"") or self.body or _from_rtf(said)),
            html=html if isinstance(html, str) else decode(html, self.code_page),
            whole=whole and len(files) == len(self.files),
        )

    def _text(self, value: bytes | str) -> str:
        return (value if isinstance(value, str) else decode(value, self.code_page)).rstrip("\0")

    def _attribute(self) -> None:
        self.source.take(1)  # level: message or attachment; the id says as much
        attribute = self.source.number(4)
        inside = self.source.part(self.source.number(4))
        self.source.at += 2  # a checksum, which not every writer gets right
        value = inside.data
        if attribute == _CODE_PAGE:
            self.code_page = f"cp{int.from_bytes(value[:4], 'little')}"
        elif attribute == _BODY:
            self.body = value
        elif attribute == _PROPERTIES:
            self.properties |= _properties(inside, self.code_page)
        elif attribute == _RENDERING and len(self.files) < MOST_FILES:
            self.files.append(Unpacked())
        elif self.files:
            self._of_file(self.files[-1], attribute, inside)

    def _of_file(self, file: Unpacked, attribute: int, inside: Octets) -> None:
        if attribute == _TITLE and not file.name:
            file.name = self._text(inside.data)
        elif attribute == _DATA:
            file.data = inside.data
        elif attribute == _ATTACHMENT:
            said = _properties(inside, self.code_page)
            names = (said.get(name, b"") for name in (_PR_LONG_FILENAME, _PR_FILENAME, _PR_DISPLAY_NAME))
            file.name = next((self._text(name) for name in names if name), file.name)
            file.media_type = self._text(said.get(_PR_MIME_TAG, b""))
            file.content_id = self._text(said.get(_PR_CONTENT_ID, b"")).strip("<> ")
            data = said.get(_PR_DATA, b"")
            if isinstance(data, bytes) and data and not file.data:
                # An object begins with the id of its interface; a whole message is TNEF again.
                file.data = data[16:] if data[16:20] == SIGNATURE else data
            if file.data.startswith(SIGNATURE) and self.depth < _DEEPEST:
                self._inner(file)

    def _inner(self, file: Unpacked) -> None:
        """A message inside: its files are ours, its text is a file."""
        inner = _Reader(Octets(file.data, 6), self.depth + 1).run()
        file.data = inner.text.encode()
        file.name, file.media_type = f"{file.name or 'message'}.txt", "text/plain"
        self.files += inner.files[: MOST_FILES - len(self.files)]


def _from_rtf(said: Properties) -> str:
    packed = said.get(_PR_RTF, b"")
    return rtf_text(decompressed(packed)) if isinstance(packed, bytes) and packed else ""


def _properties(source: Octets, code_page: str) -> Properties:
    """The properties that can be read; what follows a fault is left."""
    found: Properties = {}
    try:
        for _ in range(min(source.number(4), MOST_ATTRIBUTES)):
            kind, identifier = source.number(2), source.number(2)
            if identifier >= _NAMED:
                _skip_name(source)
            values = _values(source, kind)
            if values:
                first = values[0]
                text = {_UNICODE: "utf-16-le", _STRING8: code_page}.get(kind)
                found[identifier] = first if text is None else _string(first, kind, text)
    except EndOfOctets:
        pass
    return found


def _string(value: bytes, kind: int, charset: str) -> str:
    return (value.decode(charset, "replace") if kind == _UNICODE else decode(value, charset)).rstrip("\0")


def _skip_name(source: Octets) -> None:
    """A property of the program's own has a GUID and a number or a name."""
    source.take(16)
    if source.number(4):
        source.take(source.number(4))
        source.align(4)
    else:
        source.take(4)


def _values(source: Octets, kind: int) -> list[bytes]:
    size = _FIXED.get(kind & ~_MULTIPLE)
    if size is not None:
        count = source.number(4) if kind & _MULTIPLE else 1
        return [source.take(size * count)[:size]] if count else []
    if kind & ~_MULTIPLE not in (_STRING8, _UNICODE, _OBJECT, _BINARY):
        raise EndOfOctets  # a type that nobody knows: where it ends is not known either
    values = []
    for _ in range(source.number(4)):
        values.append(source.take(source.number(4)))
        source.align(4)
    return values
