"""The parts of a mail are found in one pass, and a broken structure is read as far as it goes."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.mime import DEEPEST, MOST_PARTS, Entity, structure

HEAD = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'


def shape(entity: Entity) -> object:
    if entity.children:
        return (entity.media_type, [shape(child) for child in entity.children])
    return (entity.media_type, entity.octets())


def test_parts_are_between_delimiters_and_line_breaks_belong_to_these() -> None:
    found = structure(
        HEAD + b"preamble\r\n--b\r\n\r\none\r\n--b  \r\nContent-Type: text/html\r\n\r\ntwo\r\n\r\n--b--\r\nepilogue"
    )
    assert shape(found.root) == ("multipart/mixed", [("text/plain", b"one"), ("text/html", b"two\r\n")])
    assert found.flaws == ()


def test_bare_line_feeds_divide_as_well() -> None:
    raw = HEAD + b"--b\r\n\r\none\r\n--b--\r\n"
    assert shape(structure(raw.replace(b"\r\n", b"\n")).root) == ("multipart/mixed", [("text/plain", b"one")])


def test_an_outer_delimiter_ends_what_is_open_inside() -> None:
    found = structure(
        HEAD
        + b'--b\r\nContent-Type: multipart/alternative; boundary="bb"\r\n\r\n--bb\r\n\r\ninner\r\n--b\r\n\r\nouter\r\n--b--'
    )
    assert shape(found.root) == (
        "multipart/mixed",
        [("multipart/alternative", [("text/plain", b"inner")]), ("text/plain", b"outer")],
    )


def test_a_boundary_that_begins_like_another_is_another() -> None:
    found = structure(HEAD + b"--b\r\n\r\n--bb\r\n--b-\r\n --b\r\n--b--\r\n")
    assert shape(found.root) == ("multipart/mixed", [("text/plain", b"--bb\r\n--b-\r\n --b")])


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed\r\n\r\ntext",
        b'Content-Type: multipart/mixed; boundary=""\r\n\r\ntext',
        b"Content-Type: multipart/mixed; boundary=nowhere\r\n\r\ntext",
    ],
)
def test_a_multipart_without_parts_is_text(raw: bytes) -> None:
    found = structure(raw)
    assert shape(found.root) == ("text/plain", b"text")
    assert found.flaws == ("a multipart without parts",)


def test_a_mail_that_was_cut_off_keeps_what_came() -> None:
    assert shape(structure(HEAD + b"--b\r\n\r\nthe line went de").root) == (
        "multipart/mixed",
        [("text/plain", b"the line went de")],
    )


@pytest.mark.parametrize("stated", ["", "text", "a/b/c", "text/plain\x01", "x" * 200 + "/y"])
def test_a_type_that_is_none_is_plain_text(stated: str) -> None:
    assert structure(f"Content-Type: {stated}\r\n\r\nx".encode()).root.media_type == "text/plain"


def test_more_parts_than_are_read_are_told() -> None:
    found = structure(HEAD + b"--b\r\n\r\nx\r\n" * 10_000)
    assert len(found.root.children) == MOST_PARTS
    assert found.flaws == (f"more than {MOST_PARTS} parts",)


def test_nesting_ends_somewhere_and_is_told() -> None:
    raw = HEAD
    for level in range(200):
        raw += b"--b%s\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (
            b"%d" % (level - 1) if level else b"",
            level,
        )
    found = structure(raw)
    assert f"nested deeper than {DEEPEST}" in found.flaws
    assert sum(1 for _ in found.root.walk()) == DEEPEST + 1


def test_the_parts_of_a_digest_are_messages() -> None:
    raw = b'Content-Type: multipart/digest; boundary="b"\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\ny\r\n--b--'
    assert structure(raw).root.children[0].media_type == "message/rfc822"


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=60)


@given(TEXTS, st.lists(st.binary(max_size=200), max_size=4), st.booleans())
def test_well_formed_mail_is_read_as_the_standard_library_reads_it(text: str, files: list[bytes], html: bool) -> None:
    made = EmailMessage()
    made.set_content(text + "\n")
    if html:
        made.add_alternative(f"<p>{len(text)}</p>\n", subtype="html")
    for number, data in enumerate(files):
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=f"{number}.bin")
    raw = made.as_bytes(policy=email.policy.SMTP)
    theirs = [
        (part.get_content_type(), part.get_payload(decode=True))
        for part in email.message_from_bytes(raw).walk()
        if not part.is_multipart()
    ]
    ours = [(part.media_type, part.octets()) for part in structure(raw).root.walk() if not part.children]
    assert ours == theirs


@given(st.binary())
def test_any_bytes_have_a_structure(body: bytes) -> None:
    for raw in (body, HEAD + body, HEAD + b"--b\n" + body):
        for entity in structure(raw).root.walk():
            entity.octets()
