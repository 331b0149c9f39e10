"""The mail that a reply answers, as it stands below the reply."""

import re
from html import escape

from frontline.contract.message import Quoted

_OF_MAIL = re.compile(r"""<img\b[^>]*\bsrc=["']?cid:[^>]*>""", re.IGNORECASE)
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def quoted_text(quoted: Quoted) -> str:
    """Who wrote when, and each line behind a mark."""
    lines = quoted.text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    return "\n".join([_who(quoted), *(f">{line}" if line[:1] in {">", ""} else f"> {line}" for line in lines)])


def quoted_html(quoted: Quoted) -> str:
    """The same as HTML, in a form that mail programs fold away. Pictures that came with that mail are not sent
    back, so they are not shown either.
    """
    body = (
        _OF_MAIL.sub("", quoted.html)
        if quoted.html
        else f'<div style="white-space:pre-wrap">{escape(quoted.text)}</div>'
    )
    return (
        f'<div class="gmail_quote"><p>{escape(_who(quoted))}</p>\n'
        f'<blockquote type="cite" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">{body}'
        "</blockquote></div>"
    )


def _who(quoted: Quoted) -> str:
    at = quoted.at
    name = " ".join(quoted.name.split())
    day = f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    return f"On {day} at {at:%H:%M} UTC, {name} wrote:" if name else f"On {day} at {at:%H:%M} UTC you wrote:"
