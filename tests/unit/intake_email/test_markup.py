"""HTML of strangers: what a person reads in it, and what is safe to show (hard case 25)."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.markup import from_text, sanitised, to_text


@pytest.mark.parametrize(
    "html,text",
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<BR/>Three", "One\nTwo\nThree"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("a&nbsp;&amp;&#8364;&lt;b", "a &€<b"),
        ("  much \n\t space  ", "much space"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc"),
        ("<pre>a\n  b</pre>c", "a\n  b\n\nc"),
        ("<blockquote>x<blockquote>y</blockquote></blockquote>z", "> x\n> > y\nz"),
        ('<img alt="logo" src="x">', "logo"),
        ("<head><title>t</title><style>s</style></head><script>if (a < b) {}</script>x", "x"),
        ("a<!-- <b>hidden</b> -->b<![if !x]>c<![endif]>", "abc"),
        ('<a title="x > y" href="z">link</a>', "link"),
        ("a < b and b > c", "a < b and b > c"),
        ("<p", "<p"),
        ("1 <b and no more", "1 <b and no more"),
        ("never <b>closed", "never closed"),
        ("<o:p>Outlook</o:p>", "Outlook"),
    ],
)
def test_text_of_html(html: str, text: str) -> None:
    assert to_text(html) == text


class Tags(HTMLParser):
    """The tags and attributes of a page, by another parser than ours."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags = set[str]()
        self.attributes = list[tuple[str, str]]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<svg onload=alert(1)>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
        "<iframe src='https://evil.example'></iframe>",
        "<style>@import 'https://evil.example'</style>",
        '<p style="background:url(https://evil.example)">x</p>',
        '<form action="https://evil.example"><input></form>',
        '<meta http-equiv=refresh content="0;url=https://evil.example">',
        '<base href="https://evil.example">',
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    ],
)
@pytest.mark.parametrize("many", [0, 500])
def test_nothing_in_it_acts(html: str, many: int) -> None:
    found = Tags(sanitised("<b>" * many + html))
    assert not found.tags & {"script", "svg", "math", "iframe", "style", "form", "input", "meta", "base", "noscript"}
    assert all(name in {"href", "src", "alt", "title", "rel"} for name, _ in found.attributes)
    assert not any(value.startswith(("javascript:", "data:")) for _, value in found.attributes)


@pytest.mark.parametrize("many", [0, 500])
def test_pictures_of_the_same_mail_and_links_to_the_web_stay(many: int) -> None:
    safe = sanitised(
        "<i></i>" * many + '<img src="cid:a@b" alt="p"><a href="https://customer.example/?a=1&amp;b=2">x</a>'
    )
    assert 'src="cid:a@b"' in safe
    assert '<a href="https://customer.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow">x</a>' in safe


def test_plain_text_as_html_looks_the_same() -> None:
    assert from_text("a < b\nc") == "<div>a &lt; b<br>c</div>"


HOSTILE = {
    "deep": lambda n: "<div>" * n + "x",
    "fonts before paragraphs": lambda n: "".join(f"<font size={i}>" for i in range(n)) + "<p>x</p>" * n,
    "titles before paragraphs": lambda n: "".join(f"<b title={i}>" for i in range(n)) + "<p>x</p>" * n,
    "bold across tables": lambda n: "<b title=1><table></b><tr><td>" * n,
    "links around blocks": lambda n: '<a href="https://x.example"><div>' * n,
    "closers in attributes": lambda n: ("<div>" * 32 + '<i title="' + "</div>" * 32 + '">x') * (n // 32),
    "comments": lambda n: "<!--" * n,
    "quotes": lambda n: '<a "' * n,
    "scripts": lambda n: "<script>" * n,
    "cells": lambda n: "<table><td>" * n,
    "quotations": lambda n: ("<blockquote>" * 40 + "x" + "</blockquote>" * 40) * (n // 40),
    "ends": lambda n: "</div>" * n,
    "entities": lambda n: "&amp" * n,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_time_and_result_grow_no_faster_than_the_input(kind: str) -> None:
    def cost(size: int) -> tuple[float, int]:
        html = HOSTILE[kind](size)
        started = time.process_time()
        made = len(sanitised(html)) + len(to_text(html))
        return time.process_time() - started, made // max(1, len(html))

    small, _ = cost(2_000)
    large, ratio = cost(32_000)
    assert ratio <= 20
    # Quadratic would be 256 times; what a busy machine adds is far from that.
    assert large < max(small, 0.005) * 80


@given(st.text())
def test_any_text_is_sanitised_and_read(html: str) -> None:
    sanitised(html).encode()
    to_text(html).encode()


@given(
    st.lists(
        st.sampled_from(
            ["<b>", "</b>", "<p>", "</p>", "<table>", "<td>", "</table>", "<a href=y>", "<!---->", " x ", "<li>"]
        )
    )
)
def test_any_tangle_of_tags_keeps_its_words(pieces: list[str]) -> None:
    html = "".join(pieces)
    assert to_text(html).count("x") >= pieces.count("x")
    assert sanitised("<b></b>" * 500 + html).count("x") >= pieces.count("x")
