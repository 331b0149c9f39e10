"""What stands in a reply that goes out: text, HTML, files, and below them what is answered."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.ids import MessageId
from frontline.contract.message import Quoted, ThreadEvidence, ThreadRef
from intake_email.render import Manner, render
from tests.unit.intake_email.replies import FILE, INBOX, attachment, octets, outbound, parsed, raw
from tests.unit.intake_email.samples import message, sign


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "Größe",
        "x" * 2000,
        "trailing space \nnext",
        ".\n..\nFrom here",
        "a\r\nb\rc",
        "\n\nleading",
        "tab\tand = sign",
        "😀" * 100,
        "",
    ],
    ids=["plain", "umlaut", "long", "trailing", "dots", "line ends", "leading", "tab", "wide", "empty"],
)
def test_text_comes_through_in_short_lines(text: str) -> None:
    mail = raw(text=text)
    assert max(map(len, mail.split(b"\r\n"))) <= 78
    assert mail.isascii()
    assert b"\n" not in mail.replace(b"\r\n", b"")
    got = parsed(text=text).get_content().replace("\r\n", "\n")
    assert got.rstrip("\n") == text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def test_html_is_beside_the_text_and_pictures_are_with_the_html() -> None:
    picture = attachment("logo.png", media_type="image/png", content_id="logo@frontline", inline=True)
    mail = parsed(html='<p>Hi <img src="cid:logo@frontline"></p>', attachments=(picture, attachment("Größe.pdf")))
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "Größe.pdf"
    assert file.get_content() == FILE


@pytest.mark.parametrize("name", ["a.pdf", 'quo"ted.pdf', "Größe " * 30 + ".pdf", "a\r\nb.pdf", "", "😀.png"])
def test_a_file_keeps_its_name(name: str) -> None:
    mail = parsed(attachments=(attachment(name),))
    (file,) = mail.iter_attachments()
    got = file.get_filename()
    assert got is not None
    assert got.replace("_", '"') == (" ".join(name.split()) or "attachment").replace("_", '"')
    (ours,) = message(raw(attachments=(attachment(name),))).attachments
    assert ours.name == got
    assert max(map(len, raw(attachments=(attachment(name),)).split(b"\r\n"))) <= 200


@pytest.mark.parametrize("media_type", ["", "text", "message/rfc822", "multipart/mixed", "a/b\r\nBcc: x", "ü/x"])
def test_a_type_that_can_not_stand_is_octets(media_type: str) -> None:
    (file,) = parsed(attachments=(attachment(media_type=media_type),)).iter_attachments()
    assert file.get_content_type() == "application/octet-stream"


QUOTED = Quoted(
    at=datetime(2026, 5, 3, 9, 5, tzinfo=UTC),
    name="Customer One",
    text="It does not work.\n\n> What does not?\n",
    html='<p>It does <b>not</b> work.</p><img alt="x" src="cid:1@x"><img src="https://x.example/1.png">',
)


def test_the_mail_that_is_answered_stands_below_the_answer() -> None:
    mail = parsed(quoted=QUOTED, html="<p>Please try again.</p>")
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert text.get_content().splitlines() == [
        "Please try again.",
        "",
        "On 3 May 2026 at 09:05 UTC, Customer One wrote:",
        "> It does not work.",
        ">",
        ">> What does not?",
    ]
    shown = html.get_content()
    assert shown.index("Please try again.") < shown.index("Customer One wrote:") < shown.index("It does <b>not</b>")
    assert "<blockquote" in shown
    assert "cid:" not in shown
    assert "https://x.example/1.png" in shown


def test_without_html_the_quoted_text_is_shown_as_it_was_and_can_not_be_markup() -> None:
    mail = parsed(quoted=Quoted(at=QUOTED.at, name="<One>", text="1 < 2\n</blockquote>"), html="<p>x</p>")
    html = mail.get_body(("html",))
    assert isinstance(html, EmailMessage)
    shown = html.get_content().replace("\r\n", "\n")
    assert "&lt;One&gt; wrote:" in shown
    assert shown.count("</blockquote>") == 1
    assert "1 &lt; 2\n&lt;/blockquote&gt;" in shown


def test_a_quote_is_left_out_where_the_operator_wants_none() -> None:
    assert b"wrote:" in raw(quoted=QUOTED)
    assert b"wrote:" not in octets(render(outbound(quoted=QUOTED), INBOX, sign, manner=Manner(quote=False)))


def test_what_we_quote_is_told_from_what_is_new_when_the_answer_to_it_comes_back() -> None:
    ours = message(raw(quoted=QUOTED))
    assert ours.reply_text == "Please try again."


WORDS = st.text(st.characters(codec="utf-8"), max_size=80)


@given(WORDS, WORDS, WORDS, WORDS, st.integers(0, 3))
def test_an_answer_to_any_reply_of_ours_finds_it_by_its_token(
    text: str, subject: str, name: str, html: str, before: int
) -> None:
    thread = tuple(ThreadRef(reply=MessageId(f"r-{number}")) for number in range(before))
    sent = raw(text=text, subject=subject, author_name=name, html=html, thread=thread)
    ours = message(sent)
    answer = b"From: one@customer.example\r\nIn-Reply-To: %s\r\n\r\nThank you." % ours.native_id.encode()
    assert [key.value for key in message(answer).thread if key.evidence == ThreadEvidence.TOKEN] == ["r1"]
    tokens = {key.value for key in ours.thread if key.evidence == ThreadEvidence.TOKEN}
    assert tokens == {f"r-{number}" for number in range(before)}
    assert ours.sender.address == "support@frontline.example"
    assert ours.flaw == ""
