"""IMAP's own notation, read and written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.imap_wire import code_of, folder_name, internal_date, pairs, quoted, search_date, tokens, uid_set


def test_an_answer_is_read_with_its_literals_brackets_and_quotes() -> None:
    found = tokens([b'(UID 7 FLAGS (\\Seen $x) X NIL Y "a \\"b\\"" BODY[]<0> {5}', b"(1\r\n)", b" RFC822.SIZE 12)"])
    assert isinstance(found[0], list)
    assert pairs(found[0]) == {
        "UID": "7", "FLAGS": ["\\Seen", "$x"], "X": None, "Y": b'a "b"', "BODY[]": b"(1\r\n)", "RFC822.SIZE": "12",
    }  # fmt: skip


@pytest.mark.parametrize("line", [b"(UID 1", b"UID 1)", b'("open)'])
def test_what_is_no_answer_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        tokens([line])


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_whatever_a_server_says_is_read_or_said_to_be_no_answer(pieces: list[bytes]) -> None:
    try:
        assert isinstance(tokens(pieces), list)
    except ValueError:
        return


@given(st.sets(st.integers(min_value=1, max_value=3000)))
def test_a_set_of_uids_names_each_of_them_once(uids: set[int]) -> None:
    found: list[int] = []
    for part in filter(None, uid_set(sorted(uids)).split(",")):
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1)
    assert found == sorted(uids)


@pytest.mark.parametrize(
    "name, written",
    [("INBOX", '"INBOX"'), ("Für uns", '"F&APw-r uns"'), ("R&D", '"R&-D"'), ('a"\\b', '"a\\"\\\\b"'),
     ("~peter/台北/日本語", '"~peter/&U,BTFw-/&ZeVnLIqe-"')],
)  # fmt: skip
def test_a_folder_is_written_as_the_rfc_has_it(name: str, written: str) -> None:
    assert folder_name(name) == written


@given(st.text(max_size=30))
def test_no_name_of_a_folder_can_end_a_command(name: str) -> None:
    assert folder_name(name).isprintable()
    assert folder_name(name).isascii()


def test_what_would_end_a_command_is_not_written_in_quotes() -> None:
    with pytest.raises(ValueError, match="not to be written"):
        quoted("a\r\nF2 LOGOUT")


def test_an_internal_date_is_an_instant() -> None:
    assert internal_date(b" 4-May-2026 13:59:30 +0200") == datetime(2026, 5, 4, 11, 59, 30, tzinfo=UTC)
    assert internal_date(b"yesterday") is None
    assert internal_date(b"31-Feb-2026 00:00:00 +0000") is None
    assert search_date(datetime(2026, 5, 4, tzinfo=UTC)) == "4-May-2026"


def test_the_code_of_a_status_line_is_found() -> None:
    assert code_of(b"* OK [UIDVALIDITY 17] valid") == ("UIDVALIDITY", "17")
    assert code_of(b"F1 NO [TRYCREATE] none") == ("TRYCREATE", "")
    assert code_of(b"F1 NO none") == ("", "")
