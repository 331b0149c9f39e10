"""What a mail says and what it brings: text, HTML and files, chosen from its parts (RFC 2046, 5.1).

Nothing that a person could read is left out: what is no text is a file, what is too long is a file
as well, and the text always stands, made from HTML when there is no other.
"""

import re
from dataclasses import dataclass, field

from intake_email.charset import decode
from intake_email.header import split
from intake_email.markup import from_text, sanitised, to_text
from intake_email.mime import Entity, Structure
from intake_email.parameter import parameters

LONGEST_TEXT = 128 * 1024
LONGEST_HTML = 192 * 1024
"""Bytes of UTF-8. A message has to fit into one of the bus, and is read whole in many places."""
MOST_FILES = 100
_MOST_PARSED = 1 << 20
"""Octets of HTML that are read, over all parts together; what is beyond is a file."""
_LONGEST_NAME = 200

_LINE_BREAK = re.compile(r"[\r\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_BYTES = bytes([*range(9), 11, 12, *range(14, 32), 127])
_PATH = re.compile(r"[/\\\x00-\x1f\x7f]+")
_ENDINGS = {
    "application/pdf": "pdf", "application/zip": "zip", "application/ms-tnef": "dat", "audio/mpeg": "mp3",
    "image/gif": "gif", "image/jpeg": "jpg", "image/png": "png", "message/rfc822": "eml", "text/calendar": "ics",
    "text/csv": "csv", "text/html": "html", "text/plain": "txt", "text/vcard": "vcf", "text/x-vcard": "vcf",
}  # fmt: skip
_SECOND_BEST = {"text/x-amp-html", "text/watch-html", "text/enriched"}
"""Further shapes of what another part of the same alternative says."""


@dataclass(frozen=True, slots=True)
class File:
    """One file, decoded. `content_id` is without brackets."""

    name: str
    media_type: str
    data: bytes
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    text: str
    html: str
    files: tuple[File, ...]
    flaws: tuple[str, ...]


@dataclass(slots=True)
class _Words:
    """Text and HTML of one part and what is in it; either may be empty."""

    text: str = ""
    html: str = ""

    def as_text(self) -> str:
        return self.text if self.text.strip() or not self.html else to_text(self.html)


def content(mail: Structure) -> Content:
    """What `mail` says and brings."""
    reading = _Reading(list(mail.flaws))
    found = reading.words(mail.root, alone=True)
    text = _tidy(found.as_text())
    # Text beside HTML is made HTML for showing; what that makes too long was so already.
    html = sanitised(found.html) if len(found.html) <= 2 * _MOST_PARSED else found.html
    if len(html.encode()) > LONGEST_HTML:
        reading.add(File("message.html", "text/html", found.html.encode(), inline=True))
        html = ""
    if len(text.encode()) > LONGEST_TEXT:
        reading.add(File("message.txt", "text/plain", text.encode(), inline=True))
        text = text.encode()[:LONGEST_TEXT].decode(errors="ignore")
    return Content(text, html, tuple(reading.files), tuple(dict.fromkeys(reading.flaws)))


@dataclass(slots=True)
class _Reading:
    """One way through the tree; files are gathered as they are met."""

    flaws: list[str]
    files: list[File] = field(default_factory=list)
    parsed: int = 0
    """Octets of HTML so far."""

    def add(self, file: File) -> None:
        if len(self.files) < MOST_FILES:
            self.files.append(file)
        else:
            self.flaws.append(f"more than {MOST_FILES} files; the others are in the original only")

    def words(self, entity: Entity, *, alone: bool = False, related: bool = False) -> _Words:
        match entity.media_type:
            case "multipart/alternative":
                return self._best(entity)
            case "multipart/related":
                main, *others = entity.children
                found = self.words(main)
                return _together([found, *(self.words(other, related=True) for other in others)])
            case _ if entity.is_multipart:
                return _together([self.words(child) for child in entity.children])
            case "text/plain" | "text/html":
                return self._text(entity, alone=alone, related=related)
            case _:
                self._file(entity, related=related)
                return _Words()

    def _best(self, entity: Entity) -> _Words:
        """The plain text of one alternative and the HTML of the last, which is the best (RFC 2046, 5.1.4)."""
        best = _Words()
        for child in entity.children:
            if child.media_type in _SECOND_BEST:
                continue
            found = self.words(child)
            best.text = best.text if best.text.strip() else found.text
            best.html = found.html or best.html
        return best

    def _text(self, entity: Entity, *, alone: bool, related: bool) -> _Words:
        disposition, _ = parameters(entity.headers.first(b"content-disposition"))
        html = entity.media_type == "text/html"
        if not alone and (disposition == "attachment" or _given_name(entity)):
            self._file(entity, related=related)
            return _Words()
        data = entity.octets()
        text = decode(data, entity.parameters.get("charset", ""))
        self.parsed += len(data) if html else 0
        if html and self.parsed > _MOST_PARSED:
            room = max(0, _MOST_PARSED - self.parsed + len(data))
            self._file(entity, related=True)
            return _Words(text=to_text(text[:room]))
        return _Words(html=_without_control(text)) if html else _Words(text=text)

    def _file(self, entity: Entity, *, related: bool) -> None:
        disposition, _ = parameters(entity.headers.first(b"content-disposition"))
        content_id = entity.headers.first(b"content-id").strip("<> \t")[:_LONGEST_NAME]
        data = entity.octets()
        self.add(
            File(
                name=_name(entity, data, len(self.files) + 1),
                media_type=entity.media_type,
                data=data,
                content_id=content_id,
                inline=disposition != "attachment" and (related or disposition == "inline" or bool(content_id)),
            )
        )


def _together(parts: list[_Words]) -> _Words:
    """Parts that are shown one after the other."""
    said = [part for part in parts if part.text.strip() or part.html.strip()]
    if len(said) < 2:
        return said[0] if said else _Words()
    text = "\n\n".join(_tidy(part.as_text()) for part in said)
    if not any(part.html for part in said):
        return _Words(text=text)
    return _Words(text=text, html="\n".join(part.html or from_text(_tidy(part.text)) for part in said))


def _tidy(text: str) -> str:
    """Lines end in a line feed, nothing in them but letters; the rest is as it came."""
    text = text.replace("\r\n", "\n")
    if "\r" in text or not text.isascii():
        text = _LINE_BREAK.sub("\n", text)
    return _without_control(text).strip("\n").rstrip()


def _without_control(text: str) -> str:
    data = text.encode()
    return text if len(data.translate(None, _CONTROL_BYTES)) == len(data) else _CONTROL.sub("", text)


def _given_name(entity: Entity) -> str:
    _, disposition = parameters(entity.headers.first(b"content-disposition"))
    name = disposition.get("filename", "") or entity.parameters.get("name", "")
    return _PATH.split(name)[-1].strip()[-_LONGEST_NAME:]


def _name(entity: Entity, data: bytes, number: int) -> str:
    name = _given_name(entity)
    if name:
        return name
    ending = _ENDINGS.get(entity.media_type, "bin")
    if entity.media_type == "message/rfc822":
        subject = _PATH.sub(" ", split(data[:65536])[0].text(b"subject")).strip()[: _LONGEST_NAME - 4]
        if subject:
            return f"{subject}.{ending}"
    return f"attachment-{number}.{ending}"
