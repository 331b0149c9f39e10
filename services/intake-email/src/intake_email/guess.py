"""Which encoding 8-bit text is in when its label says nothing or nonsense, and it is not UTF-8.

Looks at a sample only. Languages of double-byte encodings and Cyrillic are told by the letters that
people use most; all else is taken for Western European, which loses no byte.
"""

import re

_SAMPLE = 8192
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")
_KANA = re.compile("[\u3041-\u30fe]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_EAST_ASIAN = re.compile("[\u2010-\u2026\u3000-\u30fe\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff65]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_COMMON_GB = re.compile(rb"[\xb0-\xd7\xa1\xa3][\xa1-\xfe]")
_COMMON_BIG5 = re.compile(rb"[\xa1\xa4-\xc6][\x40-\x7e\xa1-\xfe]")
_CYRILLIC = ("cp1251", "koi8_r", "iso8859_5")
_CYRILLIC_SMALL = re.compile("[а-яё]")
_CYRILLIC_AMISS = re.compile("[^\x00-\x7fА-Яа-яЁё№«»–—]|[а-я][А-Я]")


def guess_8bit(data: bytes) -> str:
    """Text for `data`, which holds bytes above 127 and is not UTF-8."""
    sample = data[:_SAMPLE]
    runs = _HIGH_RUNS.findall(sample)
    # Accents stand alone among ASCII letters; other scripts come in runs. Big5 and Shift-JIS have ASCII in them.
    together = sum(len(run) for run in runs if len(run) > 1)
    if together * 10 > 7 * sum(map(len, runs)):
        cyrillic = max(_CYRILLIC, key=lambda codec: _looks_cyrillic(sample, codec))
        if _looks_cyrillic(sample, cyrillic) * 10 > 6 * together:
            return data.decode(cyrillic, "replace")
        if (codec := _east_asian(sample)) is not None:
            return data.decode(codec, "replace")
    elif (codec := _east_asian(sample)) in ("cp932", "big5hkscs"):
        return data.decode(codec, "replace")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _looks_cyrillic(sample: bytes, codec: str) -> int:
    text = sample.decode(codec, "replace")
    return len(_CYRILLIC_SMALL.findall(text)) - len(_CYRILLIC_AMISS.findall(text))


def _east_asian(sample: bytes) -> str | None:
    if _share(_HANGUL, _decoded(sample, "euc_kr")) > 0.85:  # Chinese read as Korean gives 0.6
        return "cp949"
    for codec in ("euc_jp", "cp932"):
        text = _decoded(sample, codec)
        if _share(_KANA, text) > 0.2 and _share(_EAST_ASIAN, text) > 0.95:
            return codec
    for codec, common in (("gb18030", _COMMON_GB), ("big5hkscs", _COMMON_BIG5)):
        text = _decoded(sample, codec)
        if len(common.findall(sample)) > 0.8 * len(_NOT_ASCII.findall(text)) and _share(_EAST_ASIAN, text) > 0.95:
            return codec
    return None


def _decoded(sample: bytes, codec: str) -> str:
    """The sample as text, "" if it is not of this encoding; its last letter may be cut in two."""
    for end in (len(sample), len(sample) - 1, len(sample) - 2, len(sample) - 3):
        try:
            return sample[:end].decode(codec)
        except UnicodeDecodeError as error:
            if error.start < end - 4:
                return ""
    return ""


def _share(letters: re.Pattern[str], text: str) -> float:
    of = len(_NOT_ASCII.findall(text))
    return len(letters.findall(text)) / of if of else 0.0
