"""HTML so simple that a parser and a serialiser would give it back as it is: most mail that a person types
in a web mailer without formatting it, and what programs make of plain text. To see that costs a fourth of them.
"""

import re
from itertools import accumulate

from intake_email.line_end import with_line_feeds

_DEEPEST = 32


def _plain(text: str) -> re.Pattern[str]:
    """Nothing but `text` and the few tags."""
    inline = "|".join(f"{tag}>{text}</{tag}>" for tag in ("b", "i", "u", "em", "strong"))
    words = rf"{text}(?:<(?:br>|{inline}){text})*+"
    block = rf'p>{text}</p>|p>{words}</p>|div(?: dir="(?:ltr|rtl|auto)")?>|/div>'
    return re.compile(rf"{text}(?:<(?:{block}|br>|{inline}){text})*+")


_PLAIN = _plain("[^<]*+")
_PLAIN_WITH_ENTITIES = _plain("[^<&]*+(?:&(?:nbsp|amp|lt|gt);[^<&]*+)*+")
_DIVISION = re.compile("<(/?)div")


def as_it_stands(html: str) -> str | None:
    """`html` with its line ends as line feeds, when all of it is plain words in the few tags above, each closed
    where it has to be, with no attribute but the direction of writing; `None` for all other.
    """
    html = with_line_feeds(html)
    if "\r" in html or "\x00" in html or "\u00a0" in html or "\ufeff" in html:
        return None  # what a serialiser writes otherwise, or a parser drops
    # Each tag has one ">": with as many as tags there is none in the words, which are gone over the faster.
    if html.count("<") != html.count(">"):
        return None
    plain = _PLAIN_WITH_ENTITIES if "&" in html else _PLAIN
    if plain.fullmatch(html) is None:
        return None
    return html if "div" not in html or _is_balanced(html) else None


def _is_balanced(html: str) -> bool:
    depths = list(accumulate(-1 if closing else 1 for closing in _DIVISION.findall(html)))
    return not depths or (depths[-1] == 0 and min(depths) >= 0 and max(depths) <= _DEEPEST)
