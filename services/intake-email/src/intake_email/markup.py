"""HTML of strangers: read as text, and made safe to show.

Both go over the tags in one pass. A tree is built (by nh3) only from HTML with few tags, or from
HTML that was balanced here first: browsers' rules for broken nesting are quadratic by design.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape, unescape
from typing import NamedTuple
from urllib.parse import unquote

import nh3

from intake_email.plain_html import as_it_stands
from intake_email.quote import NO_MARKS, Marks

_FEW_TAGS = 400
_DEEPEST = 32
_LONGEST_TAG = 8192
_OPENING = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,30})")
_ATTRIBUTE = re.compile(r"""([a-zA-Z]{1,20})\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""")
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")

_QUOTES = tuple(" ".join(">" * depth) for depth in range(7))
"""What stands before a line of a quote; deeper ones look the same."""
_UNSEEN = {"script", "style", "title", "textarea", "template", "xmp", "noembed", "noframes", "iframe", "select"}
_VOID = {"br", "hr", "img"}
_CELLS = {"td", "th"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = {"p", "div", "blockquote", "ul", "ol", "li", "table", "tr", "pre", *_HEADINGS}
_KEPT = {*_VOID, *_CELLS, *_BLOCKS, "a", "b", "i", "u", "em", "strong", "span", "code"}
_BREAKS = {*_BLOCKS, "dl", "dt", "dd", "address", "article", "aside", "center", "fieldset", "figure", "footer", "form",
           "header", "main", "nav", "section", "caption", "hr"}  # fmt: skip
_PARAGRAPHS = {"p", "ul", "ol", "dl", "table", "pre", *_HEADINGS}
_ATTRIBUTES = {"href", "src", "alt", "title", "width", "height", "colspan", "rowspan", "start", "align", "dir"}

# What mail programs call the elements around a quote, in any language of theirs; then headings and signatures.
_QUOTE = ("divRplyFwdMsg", "appendonsend", "OLK_SRC_BODY_SECTION", "yahoo_quoted", "mail-editor-reference-message-container",
          "ms-outlook-mobile-reference-message", "zmail_extra", "protonmail_quote", 'name="quote"', "isReplyContent",
          "border-top:solid #E1E1E1", "border-top:solid #B5C4DF", "border-top: solid #E1E1E1")  # fmt: skip
_BESIDE = ("gmail_attr", "moz-cite-prefix", "gmail_signature", "moz-signature", "AppleMailSignature",
           "ms-outlook-mobile-signature", "protonmail_signature_block", 'id="Signature"')  # fmt: skip
_CID = re.compile(r'src="cid:([^"]*+)"')
_cleaner = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS - {"area", "map"},
    attributes={**nh3.ALLOWED_ATTRIBUTES, "*": {"dir", "lang", "title"}},
    url_schemes={"http", "https", "mailto", "tel", "sms", "cid"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


class _Token(NamedTuple):
    """A run of text (`name` is "") or a tag."""

    name: str
    text: str
    closing: bool = False


def sanitised(html: str) -> str:
    """`html` without anything that acts: no script, style, form or frame, no links but to the web, mail,
    telephone and parts of the same mail (`cid:`).
    """
    plain = as_it_stands(html)
    if plain is not None:
        return plain.strip()
    if html.count("<") - html.count("</") > _FEW_TAGS:
        html = "".join(_balanced(html))
    return _cleaner.clean(html).strip()


def to_text(html: str) -> str:
    """What a person reads in `html`: blocks as lines, quotes behind ">", lists with hyphens."""
    return _written(html, _Writer()).result()


def marked_text(html: str) -> tuple[str, Marks]:
    """The same, with the lines that the mail program itself marked as quote, its heading, or signature."""
    if not is_marked(html):
        return to_text(html), NO_MARKS
    writer = _MarkingWriter()
    return _written(html, writer).result(), writer.marks()


def is_marked(html: str) -> bool:
    """Whether the mail program says where it quotes: in an attribute, which much HTML has none of."""
    return "=" in html and (_has(html, _QUOTE) or _has(html, _BESIDE))


def _has(text: str, marks: tuple[str, ...]) -> bool:
    return any(mark in text for mark in marks)


def bound(html: str, content_ids: Sequence[str]) -> str:
    """Sanitised `html` whose pictures are parts of this very mail: others lose their address, so that no id
    that a stranger chose leads to another message's file.
    """
    known = {unquote(each).lower(): each for each in content_ids}

    def source(match: re.Match[str]) -> str:
        found = known.get(unquote(unescape(match[1])).lower())
        return f'src="cid:{escape(found)}"' if found else 'src=""'

    return _CID.sub(source, html)


def _written(html: str, writer: "_Writer") -> "_Writer":
    for token in _tokens(html):
        if not token.name:
            writer.text(token.text)
        elif token.closing:
            writer.close(token.name)
        else:
            writer.open(token.name, token.text)
    return writer


def from_text(text: str) -> str:
    """Plain text as HTML that looks the same."""
    return "<div>" + escape(text).replace("\n", "<br>") + "</div>"


def _tokens(html: str) -> Iterator[_Token]:
    """Text and tags in order; comments, declarations and what is never shown are left out."""
    lower = html.lower() if len(html.lower()) == len(html) else html
    at, closer = 0, -1
    while (opening := _OPENING.search(html, at)) is not None:
        start = opening.start()
        if start > at:
            yield _Token("", html[at:start])
        if html.startswith("<!--", start):
            end = html.find("-->", start + 2)
            if end < 0:
                return
            at = end + 3
            continue
        if closer < start:
            closer = html.find(">", start)
            closer = len(html) if closer < 0 else closer
        end = _tag_end(html, start) if closer - start < _LONGEST_TAG else -1
        if end < 0:
            # A "<" that begins no tag is text, with all up to the next one.
            following = _OPENING.search(html, start + 1)
            at = following.start() if following else len(html)
            yield _Token("", html[start:at])
            continue
        at = end
        name = _NAME.match(html, start, at)
        if name is None:
            continue
        tag = name[1].lower()
        closing = html.startswith("</", start)
        if tag in _UNSEEN and not closing:
            end = lower.find("</" + tag, at)
            at = end if end >= 0 else len(html)
        else:
            yield _Token(tag, html[name.end() : at - 1], closing)
    if at < len(html):
        yield _Token("", html[at:])


def _tag_end(html: str, start: int) -> int:
    """Just behind the tag that begins at `start`, -1 if none does; a ">" in a quoted attribute does not end it."""
    limit = min(len(html), start + _LONGEST_TAG)
    end = html.find(">", start, limit)
    while end >= 0 and html.count('"', start, end) % 2:
        quote = html.find('"', end, limit)
        end = html.find(">", quote, limit) if quote >= 0 else -1
    if end < 0:
        end = html.find(">", start, limit)
    return end + 1 or -1


class _Writer:
    """Text as it grows: knows where a line has begun and how deep the quotes are."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.verbatim = 0

    def text(self, raw: str) -> None:
        text = unescape(raw) if "&" in raw else raw
        if self.verbatim:
            first, *rest = text.split("\n")
            self.line.append(first)
            for line in rest:
                self._break()
                self.line.append(line)
            return
        text = _SPACE.sub(" ", text)
        if not self.line or self.line[-1].endswith(" "):
            text = text.removeprefix(" ")
        if text:
            self.line.append(text)

    def open(self, tag: str, attributes: str) -> None:
        if tag == "br":
            self._break()
        elif tag in _BREAKS:
            self._new_line(blank=tag in _PARAGRAPHS)
            if tag == "blockquote":
                self.quotes += 1
            elif tag == "pre":
                self.verbatim += 1
            elif tag == "li":
                self.line.append("- ")
        elif tag in _CELLS:
            if self.line:
                self.line.append("\t")
        elif tag == "img":
            self.text(_attribute(attributes, "alt"))

    def close(self, tag: str) -> None:
        if tag not in _BREAKS:
            return
        self._new_line(blank=tag in _PARAGRAPHS)
        if tag == "blockquote":
            self.quotes = max(0, self.quotes - 1)
        elif tag == "pre":
            self.verbatim = max(0, self.verbatim - 1)

    def result(self) -> str:
        self._new_line(blank=False)
        return "\n".join(self.lines).strip("\n")

    def _new_line(self, *, blank: bool) -> None:
        if self.line:
            self._break()
        if blank and self.lines and self.lines[-1].strip("> "):
            self.lines.append(self._prefix())

    def _break(self) -> None:
        line = "".join(self.line).rstrip()
        self.line.clear()
        prefix = self._prefix()
        self.lines.append(f"{prefix} {line}" if prefix and line else line or prefix)

    def _prefix(self) -> str:
        return _QUOTES[min(self.quotes, len(_QUOTES) - 1)]


class _MarkingWriter(_Writer):
    """Keeps, too, where the mail program's own marks stand."""

    def __init__(self) -> None:
        super().__init__()
        self.cut: int | None = None
        self.left_out: set[int] = set()
        self.inside: tuple[str, int, int] | None = None
        """The tag of a heading or signature, where its lines began, and how many of its name are open."""

    def open(self, tag: str, attributes: str) -> None:
        super().open(tag, attributes)
        if self.inside is not None:
            name, since, depth = self.inside
            self.inside = (name, since, depth + (tag == name))
        elif tag not in _VOID and not self.quotes and attributes and len(attributes) < _LONGEST_TAG:
            if self.cut is None and _has(attributes, _QUOTE):
                self.cut = self._next()
            elif tag in _BREAKS and _has(attributes, _BESIDE):
                self.inside = (tag, self._next(), 1)

    def close(self, tag: str) -> None:
        super().close(tag)
        if self.inside is not None and tag == self.inside[0]:
            name, since, depth = self.inside
            self.inside = (name, since, depth - 1) if depth > 1 else None
            if self.inside is None:
                self.left_out.update(range(since, len(self.lines)))

    def marks(self) -> Marks:
        """By lines of the result, which begins where the first word is."""
        before = next((at for at, line in enumerate(self.lines) if line), 0)
        cut = None if self.cut is None else max(self.cut - before, 0)
        return Marks(cut, frozenset(line - before for line in self.left_out))

    def _next(self) -> int:
        """The line that comes next; one that has begun belongs to what was before."""
        return len(self.lines) + bool(self.line)


def _attribute(attributes: str, name: str) -> str:
    for match in _ATTRIBUTE.finditer(attributes):
        if match[1].lower() == name:
            return unescape(match[2] or match[3] or match[4] or "")
    return ""


def _balanced(html: str) -> Iterator[str]:
    """The same with each tag closed where it must be, nothing nested deep, and attributes written anew,
    so that no parser sees other tags in it than were seen here.
    """
    stack: list[str] = []
    for token in _tokens(html):
        if not token.name:
            yield escape(unescape(token.text), quote=False)
        elif token.name not in _KEPT:
            continue
        elif token.closing:
            if token.name in stack:
                yield from _closed(stack, token.name)
        else:
            if token.name in _BLOCKS and "p" in stack:
                yield from _closed(stack, "p")
            elif token.name == "a" and "a" in stack:
                yield from _closed(stack, "a")
            if token.name not in _VOID:
                if len(stack) >= _DEEPEST:
                    continue
                stack.append(token.name)
            yield f"<{token.name}{_rewritten(token.text)}>"
    for name in reversed(stack):
        yield f"</{name}>"


def _closed(stack: list[str], name: str) -> Iterator[str]:
    """End everything down to the innermost `name`."""
    while (last := stack.pop()) != name:
        yield f"</{last}>"
    yield f"</{name}>"


def _rewritten(attributes: str) -> str:
    return "".join(
        f' {match[1].lower()}="{escape(unescape(match[2] or match[3] or match[4] or ""))}"'
        for match in _ATTRIBUTE.finditer(attributes)
        if match[1].lower() in _ATTRIBUTES
    )
