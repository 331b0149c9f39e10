"""Bytes to text by what the mail says of itself, and by what they look like when it says wrong.

Labels are read as browsers read them (WHATWG Encoding: `iso-8859-1` is windows-1252, `gb2312` is
GB 18030), because that is what the senders' software meant. Text never holds lone surrogates.
"""

import codecs
import re

from intake_email.guess import guess_8bit

_MEANT = {
    "utf-8": "utf-8", "utf8": "utf-8",
    "us-ascii": "ascii", "ascii": "ascii", "ansi_x3.4-1968": "ascii", "646": "ascii",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252",
    "ansi": "cp1252", "iso-8859-9": "cp1254", "iso8859-9": "cp1254",
    "iso-8859-11": "cp874", "tis-620": "cp874", "windows-874": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "chinese": "gb18030", "x-gbk": "gb18030",
    "big5": "big5hkscs", "x-x-big5": "big5hkscs", "big5-hkscs": "big5hkscs",
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949", "ks_c_5601-1989": "cp949", "euc-kr": "cp949", "ksc5601": "cp949", "windows-949": "cp949",
    "iso-2022-jp": "iso2022_jp_ext", "iso-8859-8-i": "iso8859_8", "iso-8859-8-e": "iso8859_8",
    "unicode-1-1-utf-7": "utf-7", "x-unicode-2-0-utf-7": "utf-7", "unicode-1-1-utf-8": "utf-8", "utf8mb4": "utf-8",
    "x-mac-roman": "mac_roman", "macintosh": "mac_roman", "x-mac-cyrillic": "mac_cyrillic",
}  # fmt: skip

_UTF8 = ("utf-8", "UTF-8")
_BOM_UTF8, _BOMS_UTF16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")

# Text encodings of Python that are no charsets of mail.
_NO_CHARSETS = {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "mbcs", "oem"}
_SEVEN_BIT = ("utf-7", "iso2022", "hz")

_META = re.compile(rb"(?i)<meta[^>]{1,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([a-z0-9_:.-]{2,40})")
_ESCAPES_JAPANESE = re.compile(rb"\x1b\$[@B]")
_UTF7_RUN = re.compile(rb"\+[A-Za-z0-9/]{3,400}-")


def decode(data: bytes, label: str = "") -> str:
    """`data` as text. A label that does not fit gives way to UTF-8, then to what the bytes look like."""
    if label in _UTF8 and data.isascii() and b"\x1b" not in data:
        return data.decode("ascii")  # what follows comes to the same, in six calls
    if data.startswith(_BOM_UTF8):
        data, label = data[3:], "utf-8"
    elif data.startswith(_BOMS_UTF16) and len(data) > 3:
        label = "utf-16"
    codec = _codec(label)
    if codec is None or codec == "ascii" or (codec.startswith(_SEVEN_BIT) and not data.isascii()):
        return _unlabelled(data)
    if b"\x1b" in data and not codec.startswith("iso2022") and _ESCAPES_JAPANESE.search(data):
        return _unlabelled(data)
    found = _strictly(data, codec)
    if found is None:
        found = _strictly(data, "utf-8") if codec != "utf-8" else _broken_utf8(data)
    return without_surrogates(data.decode(codec, "replace")) if found is None else found


def decode_html(data: bytes, label: str = "") -> str:
    """The same for HTML, which may name its character set itself where the mail does not (WHATWG HTML, 13.2.3.2)."""
    if not label and not data.isascii():
        stated = _META.search(data, 0, 2048)
        label = stated[1].decode("ascii") if stated else ""
        if label.lower().startswith("utf-16"):  # it could not have been read if it were
            label = ""
    return decode(data, label)


def _codec(label: str) -> str | None:
    """The codec for a label, `None` for one that nobody knows."""
    name = label.strip().strip("\"'").lower()
    meant = _MEANT.get(name)
    if meant is not None:
        return meant
    if not 0 < len(name) < 40 or not name.isascii() or not name.isprintable():
        return None
    try:
        "".encode(name)  # only text encodings pass: `zip` and `rot13` are codecs as well
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return None if found in _NO_CHARSETS else found


def _unlabelled(data: bytes) -> str:
    if not data.isascii():
        found = _strictly(data, "utf-8")
        return without_surrogates(guess_8bit(data)) if found is None else found
    text = data.decode("ascii")
    if "\x1b" in text and _ESCAPES_JAPANESE.search(data):
        return _strictly(data, "iso2022_jp_ext") or text
    if "+" in text and _UTF7_RUN.search(data):
        return _utf7(data, text)
    return text


def _utf7(data: bytes, text: str) -> str:
    """Unlabelled UTF-7, if it is that; `+ABC-` in a product's name stays what it is."""
    decoded = _strictly(data, "utf-7") or text
    letters = [letter for letter in decoded if not letter.isascii()]
    return decoded if letters and all(letter.isalpha() or letter.isspace() for letter in letters) else text


def _broken_utf8(data: bytes) -> str:
    """UTF-8 with a few bytes lost stays UTF-8; with many, the label lies."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(1 for letter in text if letter > "\x7f") - wrong
    return text if right > 4 * wrong else without_surrogates(guess_8bit(data))


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return without_surrogates(data.decode(codec))
    except (UnicodeError, ValueError):
        return None


def without_surrogates(text: str) -> str:
    """UTF-7 and others can give halves of pairs, which no JSON carries."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
