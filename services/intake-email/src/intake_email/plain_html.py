"""HTML so simple that a parser and a serialiser would give it back as it is: most mail that a person types
in a web mailer without formatting it, and what programs make of plain text. To see that costs a fourth of them.
"""

import re
from itertools import accumulate

_DEEPEST = 32
_TEXT = r"[^<>&\r\x00]*+(?:&(?:nbsp|amp|lt|gt);[^<>&\r\x00]*+)*+"
_INLINE = "|".join(f"{tag}>{_TEXT}</{tag}>" for tag in ("b", "i", "u", "em", "strong"))
_WORDS = rf"{_TEXT}(?:<(?:br>|{_INLINE}){_TEXT})*+"
_PLAIN = re.compile(rf'{_WORDS}(?:<(?:p>{_WORDS}</p>|div(?: dir="(?:ltr|rtl|auto)")?>|/div>){_WORDS})*+')
_DIVISION = re.compile("<(/?)div")
_REWRITTEN = ("\u00a0", "\ufeff")
"""What a serialiser writes otherwise, or a parser drops."""


def as_it_stands(html: str) -> str | None:
    """`html` with its line ends as line feeds, when all of it is plain words in the few tags above, each closed
    where it has to be, with no attribute but the direction of writing; `None` for all other.
    """
    html = html.replace("\r\n", "\n")
    if any(letter in html for letter in _REWRITTEN) or _PLAIN.fullmatch(html) is None:
        return None
    return html if "div" not in html or _is_balanced(html) else None


def _is_balanced(html: str) -> bool:
    depths = list(accumulate(-1 if closing else 1 for closing in _DIVISION.findall(html)))
    return not depths or (depths[-1] == 0 and min(depths) >= 0 and max(depths) <= _DEEPEST)
