"""Header fields and bodies as RFC 5322, 2045 and 2047 want them: CRLF, short lines, ASCII.

Nothing that is put into a field can end it: line breaks and other controls become spaces.
"""

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterable

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_SPECIAL = re.compile(r'["\\]')
_PLAIN_WORD = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_UNESCAPED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
_WORD_OCTETS = 45
_SECTION = 55
_LINE = 78


def field(name: str, value: str) -> bytes:
    """One field of free text, encoded where it must be, folded at spaces."""
    text = one_line(value)
    if not text.isascii() or "=?" in text or max(map(len, text.split(" ")), default=0) > _LINE:
        return f"{name}: {encoded_words(text)}\r\n".encode("ascii")
    return folded(name, text.split(" "), " ")


def folded(name: str, parts: Iterable[str], between: str) -> bytes:
    """One field of parts that must not be broken; `between` stands before each line break."""
    lines = [f"{name}:"]
    for number, part in enumerate(parts):
        joint = between.rstrip() if number else ""
        if number and len(lines[-1]) + len(joint) + len(part) + 1 > _LINE:
            lines[-1] += joint
            lines.append(f" {part}")
        else:
            lines[-1] += f"{joint} {part}"
    return ("\r\n".join(lines) + "\r\n").encode()


def mailbox(address: str, name: str) -> str:
    """`"Name" <address>`; the name quoted or encoded as it needs."""
    name = one_line(name)
    if not name:
        return address
    if not name.isascii() or "=?" in name or len(name) > _LINE - 10:
        return f"{encoded_words(name)} <{address}>"
    if _PLAIN_WORD.fullmatch(name):
        return f"{name} <{address}>"
    return f'"{_SPECIAL.sub(lambda match: chr(92) + match[0], name)}" <{address}>'


def one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()


def encoded_words(text: str) -> str:
    """`text` as encoded words on lines of their own (RFC 2047, 2); no letter is cut in two."""
    words, chunk = [], b""
    for letter in text:
        octets = letter.encode("utf-8", "replace")
        if len(chunk) + len(octets) > _WORD_OCTETS:
            words.append(chunk)
            chunk = b""
        chunk += octets
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?B?{b64encode(word).decode()}?=" for word in words)


def parameter(name: str, value: str) -> str:
    """`; name="value"` on a line of its own, in sections by RFC 2231 where it is not ASCII."""
    value = one_line(value)
    if value.isascii():
        return f';\r\n {name}="{_SPECIAL.sub("_", value)}"'
    sections = [""]
    for letter in value:
        escaped = "".join(chr(o) if chr(o) in _UNESCAPED else f"%{o:02X}" for o in letter.encode("utf-8", "replace"))
        if len(sections[-1]) + len(escaped) > _SECTION:
            sections.append("")
        sections[-1] += escaped
    if len(sections) == 1:
        return f";\r\n {name}*=utf-8''{sections[0]}"
    sections[0] = f"utf-8''{sections[0]}"
    return "".join(f";\r\n {name}*{number}*={section}" for number, section in enumerate(sections))


def text_part(media_type: str, text: str) -> bytes:
    """Fields and body of a text: as it is if any mail system can carry it so, else quoted-printable."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    plain = lines.isascii() and "\0" not in lines and max(map(len, lines.split("\n"))) <= _LINE
    if plain and not any(line.startswith(("From ", ".")) or line.endswith((" ", "\t")) for line in lines.split("\n")):
        encoding, body = "7bit", lines.encode()
    else:
        encoding, body = "quoted-printable", b2a_qp(lines.encode("utf-8", "replace"), istext=True)
    head = f"Content-Type: {media_type}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body.replace(b"\n", b"\r\n")
