"""What a mail says and what it brings: text, HTML and files, chosen from its parts (RFC 2046, 5.1).

Nothing that a person could read is left out: what is no text is a file, what is too long is a file
as well, and the text always stands, made from HTML when there is no other.
"""

import re
from collections.abc import Mapping

import msgspec

from intake_email.charset import decode, decode_html
from intake_email.cms import signed_content
from intake_email.file import File, file_in, file_of, given_name, is_tnef
from intake_email.flowed import unflowed
from intake_email.invite import MOST_READ, Invite, read_invite
from intake_email.line_end import with_line_feeds
from intake_email.markup import bound, from_text, marked_text, sanitised, to_text
from intake_email.mime import Entity, Structure, structure
from intake_email.quote import NO_MARKS, Marks
from intake_email.rtf import MOST_RTF, rtf_text
from intake_email.tnef import Tnef, read_tnef

LONGEST_TEXT = 128 * 1024
LONGEST_HTML = 192 * 1024
"""Bytes of UTF-8. A message has to fit into one of the bus, and is read whole in many places."""
MOST_FILES = 100
_MOST_PARSED = 1 << 20
"""Octets of HTML that are read, over all parts together; what is beyond is a file."""

_LINE_BREAK = re.compile(r"[\r\u2028\u2029]")
_CONTROL_BYTES = bytes([*range(9), 11, 12, *range(14, 32), 127])
_NO_CONTROL = dict.fromkeys(_CONTROL_BYTES)
_SECOND_BEST = {"text/x-amp-html", "text/watch-html", "text/enriched"}
"""Further shapes of what another part of the same alternative says."""
_DEEPEST = 3
_FORWARDED = "---------- Forwarded message ----------"
_HEAD = (("From", b"from"), ("Date", b"date"), ("Subject", b"subject"), ("To", b"to"))


class Content(msgspec.Struct, frozen=True):
    text: str
    html: str
    files: tuple[File, ...]
    flaws: tuple[str, ...]
    marks: Marks = NO_MARKS
    """What the HTML says of the text's lines, where the text was made from it."""
    beside: str = ""
    """The HTML beside the text, as it came, where the text was not made from it."""
    invite: Invite | None = None


class _Words(msgspec.Struct):
    """Text and HTML of one part and what is in it; either may be empty."""

    text: str = ""
    html: str = ""

    def as_text(self) -> str:
        return self.text if self.text.strip() or not self.html else to_text(self.html)


def content(mail: Structure) -> Content:
    """What `mail` says and brings."""
    reading = _Reading(list(mail.flaws))
    found = reading.words(mail.root, alone=True)
    text, marks, beside = "", NO_MARKS, ""
    if found.text.strip() or not found.html:
        text = _tidy(found.text)
        beside = found.html
    else:
        made, marks = marked_text(found.html)
        text = _tidy(made)
        if text.count("\n") != made.strip("\n").rstrip().count("\n"):
            marks = NO_MARKS
    # Text beside HTML is made HTML for showing; what that makes too long was so already.
    html = sanitised(found.html) if 0 < len(found.html) <= 2 * _MOST_PARSED else found.html
    if not text:
        text = _tidy(reading.second_best())
    if "cid:" in html:
        html = bound(html, [file.content_id for file in reading.files if file.content_id])
    if len(html) * 4 > LONGEST_HTML and len(html.encode()) > LONGEST_HTML:
        reading.add(File("message.html", "text/html", found.html.encode(), inline=True))
        html = ""
    if len(text) * 4 > LONGEST_TEXT and len(text.encode()) > LONGEST_TEXT:
        reading.add(File("message.txt", "text/plain", text.encode(), inline=True))
        text = text.encode()[:LONGEST_TEXT].decode(errors="ignore")
    return Content(text, html, tuple(reading.files), tuple(dict.fromkeys(reading.flaws)), marks, beside, reading.invite)


class _Reading(msgspec.Struct):
    """One way through the tree; files are gathered as they are met."""

    flaws: list[str]
    depth: int = 0
    """How many mails this one is in."""
    files: list[File] = []
    parsed: int = 0
    """Octets of HTML so far."""
    invite: Invite | None = None
    packed: _Words | None = None
    """What a winmail.dat says."""
    nested: Entity | None = None
    """The first mail inside this one."""
    other: Entity | None = None
    """The first text of a kind that nobody here shows."""

    def add(self, file: File) -> None:
        if len(self.files) < MOST_FILES:
            self.files.append(file)
        else:
            self.flaws.append(f"more than {MOST_FILES} files; the others are in the original only")

    def words(self, entity: Entity, *, alone: bool = False, related: bool = False) -> _Words:
        match entity.media_type:
            case "text/plain" | "text/html":
                return self._text(entity, alone=alone, related=related)
            case "multipart/alternative":
                return self._best(entity)
            case "multipart/related":
                main, *others = entity.children
                found = self.words(main)
                return _together([found, *(self.words(other, related=True) for other in others)])
            case "multipart/appledouble" if len(entity.children) == 2:
                return self.words(entity.children[1])  # the first holds icons and the like, in the original
            case "multipart/encrypted":
                self.flaws.append("encrypted (OpenPGP): what it says is in its files, for whoever has the key")
                return _together([self.words(child) for child in entity.children])
            case _ if entity.is_multipart:
                return _together([self.words(child) for child in entity.children])
            case "application/pkcs7-mime" | "application/x-pkcs7-mime":
                return self._enveloped(entity)
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
        html = entity.media_type == "text/html"
        if not alone and _is_file(entity):
            self._file(entity, related=related)
            return _Words()
        data = entity.octets()
        label = entity.parameters.get("charset", "")
        if not html:
            text = decode(data, label)
            if "format" in entity.parameters and len(text) <= _MOST_PARSED:
                text = _of_format(text, entity.parameters)
            return _Words(text=text)
        text = decode_html(data, label)
        self.parsed += len(data)
        if self.parsed > _MOST_PARSED:
            room = max(0, _MOST_PARSED - self.parsed + len(data))
            self._file(entity, related=True)
            return _Words(text=to_text(text[:room]))
        return _Words(html=_without_control(text))

    def _file(self, entity: Entity, *, related: bool) -> None:
        data = entity.octets()
        file = file_of(entity, data, number=len(self.files) + 1, related=related)
        match file.media_type:
            case "text/calendar" if self.invite is None:
                text = decode(data[: 4 * MOST_READ], entity.parameters.get("charset", "utf-8"))
                self.invite = read_invite(text, entity.parameters.get("method", ""))
            case "message/rfc822" | "message/global" if self.nested is None:
                self.nested = entity
            case _ if is_tnef(file) and (inside := read_tnef(data)) is not None:
                self._unpack(file, inside)
                return
            case media_type if media_type.startswith("text/") and self.other is None and not _is_attachment(entity):
                self.other = entity
        self.add(file)

    def _enveloped(self, entity: Entity) -> _Words:
        """S/MIME as one file; a signature around a mail lets it be read."""
        self._file(entity, related=False)
        inside = signed_content(entity.octets()) if self.depth < _DEEPEST else None
        if inside is None:
            if "certs" not in entity.parameters.get("smime-type", ""):
                self.flaws.append("encrypted (S/MIME): what it says is in its file, for whoever has the key")
            return _Words()
        mail = structure(inside)
        self.flaws += mail.flaws
        self.depth += 1
        found = self.words(mail.root, alone=True)
        self.depth -= 1
        return found

    def _unpack(self, file: File, inside: Tnef) -> None:
        """The files in place of the winmail.dat that held them; that stays where it could not be read whole."""
        for unpacked in inside.files:
            self.add(file_in(unpacked, number=len(self.files) + 1))
        if self.packed is None and (inside.text or inside.html):
            self.packed = _Words(inside.text, inside.html)
        if not inside.whole:
            self.add(file)
            self.flaws.append("winmail.dat could not be read whole")

    def second_best(self) -> str:
        """The words of a mail that has no text of its own, from what it brings."""
        if self.packed is not None and (said := self.packed.as_text()).strip():
            return said
        if self.invite is not None:
            return self.invite.words()
        if self.other is not None:
            return _of_other(self.other)
        return self._of_nested() if self.nested is not None and self.depth < _DEEPEST else ""

    def _of_nested(self) -> str:
        """A mail that was forwarded as a file, and nothing said to it."""
        assert self.nested is not None
        mail = structure(self.nested.octets())
        inner = _Reading([], self.depth + 1, parsed=self.parsed)
        said = _tidy(inner.words(mail.root, alone=True).as_text()) or inner.second_best()
        head = [f"{label}: {mail.root.headers.text(name)}" for label, name in _HEAD if name in mail.root.headers]
        return "\n".join((_FORWARDED, *head, "", said))


def _of_format(text: str, parameters: Mapping[str, str]) -> str:
    if parameters["format"].lower() != "flowed":
        return text
    return unflowed(text, delete_space=parameters.get("delsp", "").lower() == "yes")


def _is_file(entity: Entity) -> bool:
    """Whether a text was sent as a file: most say nothing of either."""
    if b"content-disposition" not in entity.headers and "name" not in entity.parameters:
        return False
    return _is_attachment(entity) or given_name(entity) != ""


def _is_attachment(entity: Entity) -> bool:
    return entity.headers.first(b"content-disposition")[:10].lower() == "attachment"


def _of_other(entity: Entity) -> str:
    """Text in a kind of its own: rich text, or enriched, whose marks look like HTML; the rest is read as it is."""
    data = entity.octets()
    if entity.media_type in ("text/rtf", "text/richtext", "text/enriched") and data.lstrip().startswith(b"{\\rtf"):
        return rtf_text(data[:MOST_RTF])
    text = decode(data, entity.parameters.get("charset", ""))
    return to_text(text[:_MOST_PARSED]) if entity.media_type in ("text/enriched", "text/richtext") else text


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
    text = with_line_feeds(text)
    if "\r" in text or not text.isascii():
        text = _LINE_BREAK.sub("\n", text)
    return _without_control(text).strip("\n").rstrip()


def _without_control(text: str) -> str:
    data = text.encode()
    return text if len(data.translate(None, _CONTROL_BYTES)) == len(data) else text.translate(_NO_CONTROL)
