"""Which language a text is in: by its script, then by the small words that people can't do without.

A first look of a few microseconds, made for choosing among agents' languages, not for science. Where a
text is too short or too mixed to tell, the answer is none: a wrong language sends a customer to somebody
who does not speak theirs, no language sends them to whoever is next.
"""

import re

from intake_email.vocabulary import LETTERS, WORDS

_SAMPLE = 250
"""Letters that are looked at."""
_MOST_WORDS = 32
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LETTERS_ONLY = {code: chr(code).lower() if chr(code).isalpha() else " " for code in range(128)}
_NOISE = re.compile(r"\S*(?:://|@|www\.)\S*")
_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e01-\u0e4e]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("hi", re.compile("[\u0904-\u0939]")),
    ("bn", re.compile("[\u0985-\u09b9]")),
    ("ta", re.compile("[\u0b85-\u0bb9]")),
    ("te", re.compile("[\u0c05-\u0c39]")),
    ("ka", re.compile("[\u10d0-\u10f0]")),
    ("hy", re.compile("[\u0561-\u0587]")),
)
_OTHER_SCRIPT = re.compile("[\u0370-\u1e9f\u3041-\ud7a3]")
_ARABIC = re.compile("[\u0621-\u064a]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1ea0-\u1ef9]")


def language_of(text: str) -> str:
    """ISO 639-1, "" where it can't be told."""
    sample = text[:_SAMPLE]
    if "@" in sample or "://" in sample or "www." in sample:
        sample = _NOISE.sub(" ", sample)
    if not sample.isascii() and _OTHER_SCRIPT.search(sample):
        found = _by_script(sample)
        if found is not None:
            return found
    return _by_words(sample)


def _by_script(sample: str) -> str | None:
    """The language of a script that has one, `None` for the others."""
    latin = len(_LATIN.findall(sample))
    found = {name: len(letters.findall(sample)) for name, letters in _SCRIPTS}
    # Japanese is written with Chinese characters too, but not without its own; the other way round never.
    if found["ja"] * 10 > found["zh"]:
        found["ja"] += found["zh"]
        found["zh"] = 0
    name = max(found, key=lambda each: found[each])
    # A letter of these stands for two or three of ours.
    if found[name] >= 4 and found[name] * 3 > latin:
        return name
    arabic = _ARABIC.findall(sample)
    if len(arabic) >= 4 and len(arabic) * 2 > latin:
        return "fa" if LETTERS["fa"] & set(sample) else "ar"
    if len(_CYRILLIC.findall(sample)) * 2 > latin:
        return _by_words(sample)
    return None


def _by_words(sample: str) -> str:
    scores: dict[str, float] = {}
    plain = sample.isascii() and "'" not in sample  # a table is six times as fast as a pattern
    found = sample.translate(_LETTERS_ONLY).split() if plain else _WORD.findall(sample.lower())
    words = found[:_MOST_WORDS]
    for languages in filter(None, map(WORDS.get, words)):
        for name, weight in languages:
            scores[name] = scores.get(name, 0.0) + weight
    if scores and not sample.isascii():
        present = set(sample)
        for name, letters in LETTERS.items():
            if name in scores and (own := len(letters & present)):
                scores[name] += 0.5 * own
    if not scores:
        return ""
    best, second = _two_best(scores)
    total = scores[best]
    enough = total >= 1.5 and total * 14 >= len(words)
    clear = total >= 1.25 * second + 0.4
    return best if enough and clear else ""


def _two_best(scores: dict[str, float]) -> tuple[str, float]:
    best = max(scores, key=lambda name: scores[name])
    return best, max((score for name, score in scores.items() if name != best), default=0.0)
