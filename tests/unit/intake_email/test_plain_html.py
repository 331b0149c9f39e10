"""HTML that is let through as it stands is what the parser and serialiser would have made of it."""

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.markup import sanitised
from intake_email.plain_html import as_it_stands

_TAGS = ("p", "div", "b", "i", "u", "em", "strong")
_PIECES = st.one_of(
    st.sampled_from(
        [
            *(f"<{tag}>" for tag in _TAGS),
            *(f"</{tag}>" for tag in _TAGS),
            *(f"<{tag}>words</{tag}>" for tag in _TAGS),
            *(
                '<div dir="ltr">',
                '<div dir="auto">',
                "<br>",
                "<br/>",
                "<P>",
                "<hr>",
                "<span>",
                "<script>",
                '<p class="a">',
            ),
            *("&nbsp;", "&amp;", "&lt;", "&gt;", "&quot;", "&", "&#60;", "<", ">", '"', "'"),
            *(
                "\r\n",
                "\r",
                "\n",
                " ",
                "\u00a0",
                "\ufeff",
                "\x00",
                "\u0085",
                "\u2028",
                "\ufffe",
                "\U0001f600",
                "words",
                "wörter",
            ),
        ]
    ),
    st.text(max_size=6),
)
_cleaner = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS - {"area", "map"},
    attributes={**nh3.ALLOWED_ATTRIBUTES, "*": {"dir", "lang", "title"}},
    url_schemes={"http", "https", "mailto", "tel", "sms", "cid"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


@given(st.lists(_PIECES, max_size=24).map("".join))
def test_what_stands_is_what_the_parser_makes_of_it(html: str) -> None:
    plain = as_it_stands(html)
    assert plain is None or plain == _cleaner.clean(html)


@pytest.mark.parametrize(
    "html",
    [
        "<p>Plain words.</p>\r\n" * 600,
        '<div dir="ltr">Hello,<div><br></div><div>my order &amp; yours&nbsp;</div></div>\r\n',
        "Hello<br>\n<b>now</b>",
    ],
)
def test_what_people_type_stands(html: str) -> None:
    assert as_it_stands(html) is not None
    assert sanitised(html) == _cleaner.clean(html).strip()


@pytest.mark.parametrize(
    "html",
    [
        '<p onclick="x()">a</p>',
        '<div style="position:fixed">a</div>',
        "<script>x()</script>",
        "<p>a<div>b</div></p>",
        "<div>a",
        "a</div><div>",
        "<b>a<p>b</p></b>",
        "<p>a<script></p>",
        "<!-- a -->",
        '<div dir="ltr" onclick="x()">a</div>',
        "<div>" * 40 + "</div>" * 40,
    ],
)
def test_all_other_goes_to_the_parser(html: str) -> None:
    assert as_it_stands(html) is None
