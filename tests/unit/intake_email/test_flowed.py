"""Lines that were broken for the way only are put together again (RFC 3676)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.flowed import unflowed


@pytest.mark.parametrize(
    "text,whole",
    [
        ("one \ntwo \nthree\nfour", "one two three\nfour"),
        ("> one \n> two\n>> deeper \n>> still\nmine", "> one two\n>> deeper still\nmine"),
        ("one \n> another depth", "one \n> another depth"),
        ("The end. \n-- \nCustomer One", "The end. \n-- \nCustomer One"),
        (" >not a quote\n From here", ">not a quote\nFrom here"),
        ("\n\n", "\n\n"),
        (">\n> x", ">\n> x"),
    ],
)
def test_soft_line_ends_are_no_line_ends(text: str, whole: str) -> None:
    assert unflowed(text, delete_space=False) == whole


def test_the_space_goes_where_it_is_no_part_of_the_text() -> None:
    assert unflowed("東京 \n都", delete_space=True) == "東京都"


@given(st.text(st.characters(codec="utf-8")), st.booleans())
def test_no_letter_is_lost(text: str, delete_space: bool) -> None:
    def letters(said: str) -> str:
        return "".join(letter for letter in said if letter not in " >\n\r")

    assert letters(unflowed(text, delete_space=delete_space)) == letters(text)
