"""What people type into a search, and cursors."""

import sqlite3

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api.contacts import decode_cursor, encode_cursor
from router.api.problem import Invalid
from router.index.search import ContactQuery, match_expression


@given(st.text())
def test_nothing_that_is_typed_is_an_operator_or_breaks_the_search(typed: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5 (body)")
    expression = match_expression(typed)
    if expression:
        connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (expression,)).fetchall()
    connection.close()


def test_all_words_are_asked_for_and_the_last_as_a_beginning() -> None:
    assert match_expression("printer on fir") == '"printer" "on" "fir"*'
    assert match_expression('NOT "x" OR') == '"NOT" "x" "OR"*'
    assert match_expression(" !? ") == ""


@given(st.integers(0, 2**62))
def test_a_cursor_says_where_to_go_on(ordinal: int) -> None:
    assert decode_cursor(encode_cursor(ordinal)) == ordinal


@pytest.mark.parametrize("cursor", ["", "x", "1234", "AAAA", "ä", "AAAAAAAAAAAAAAAAAAAAAA"])
def test_a_cursor_that_we_did_not_give_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        decode_cursor(cursor)


@pytest.mark.parametrize(
    "asked,direct",
    [
        ({}, True),
        ({"states": ["waiting"]}, True),
        ({"agent": "a"}, True),
        ({"customer": "ann"}, True),
        ({"states": ["waiting", "assigned"]}, False),
        ({"states": ["waiting"], "agent": "a"}, False),
        ({"lane": "vip"}, False),
        ({"channel": "email"}, False),
        ({"words": "x"}, False),
    ],
)
def test_what_may_look_at_many_rows_is_not_done_on_the_event_loop(asked: dict[str, object], direct: bool) -> None:
    assert msgspec.convert({"desk": "support", **asked}, ContactQuery).direct is direct
