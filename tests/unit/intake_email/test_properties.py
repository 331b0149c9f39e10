"""For any bytes at all: no error, nothing that can't be stored, the original whole."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.promises import holds_together, within_memory
from tests.unit.intake_email.outlook import winmail
from tests.unit.intake_email.samples import FIXTURES, fixture, plain, taken

CORPUS = [fixture(path.stem) for path in sorted(FIXTURES.glob("*.eml"))]

SPICE = st.sampled_from(
    [
        b"\r\n",
        b"\n\n",
        b"\r",
        b"\0",
        b"--b",
        b"--b--",
        b'"',
        b"<",
        b">",
        b"(",
        b"=?utf-7?Q?+2AA-?=",
        b"=?x?B?",
        b"\x1b$B",
        b"Content-Type: multipart/related; boundary=b\r\n",
        b"Content-Type: text/html; charset=utf-16\r\n",
        b"charset=utf-7",
        b"Content-Transfer-Encoding: base64\r\n",
        b"<a <b>&#xd800;&#0;",
        b"\xff\xfe",
        b"Message-ID: <",
        b"begin 644 x\n",
        "ü€😀".encode(),
        b"References: " + b"<a@b> " * 50,
        b"; x*0*=utf-8''%",
        b"=\r\n",
        b"> ",
        b"-- \r\n",
    ]
)

KINDS = [
    b"text/plain", b"text/html", b"text/calendar; method=REPLY", b"application/ms-tnef", b"message/delivery-status",
    b"image/png", b"text/rtf", b"application/pkcs7-mime", b"message/disposition-notification", b"multipart/mixed",
    b"multipart/alternative", b"multipart/related", b"multipart/report; report-type=delivery-status",
    b"multipart/signed", b"multipart/appledouble", b"multipart/digest", b"message/rfc822",
]  # fmt: skip
FIELDS = [
    b"", b"Content-ID: <a@b>\r\n", b"Content-Disposition: inline\r\n", b"From: MAILER-DAEMON@x.example\r\n",
    b"Content-Disposition: attachment; filename*0*=utf-8''%F0%9F; filename*1*=%98%80.pdf\r\n", b"Subject: Fwd: x\r\n",
    b"X-Failed-Recipients: a@b.example\r\nMessage-ID: <x@y>\r\n", b"Precedence: list\r\nFrom: a@b.example\r\n",
]  # fmt: skip
BODIES = [
    b'<img src="cid:a@b"><div class="gmail_quote"><div class="gmail_attr">x:</div><blockquote>y', b"> q\r\n\r\nx \r\ny",
    b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b",
    b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1", b"{\\rtf1 \\u8364?\\'e4}",
    winmail(files=[("A", "a.txt", b"x", "")], rtf="{\\rtf1 x}"), "Größe 😀 заказ".encode(),
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A mail of the corpus with pieces cut out, doubled, and put in."""
    raw = bytearray(draw(st.sampled_from(CORPUS)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(raw)))
        length = draw(st.integers(0, 80))
        match draw(st.sampled_from("cdpr")):
            case "c":
                del raw[at : at + length]
            case "d":
                raw[at:at] = raw[at : at + length]
            case "p":
                raw[at:at] = draw(SPICE)
            case "r":
                raw[at : at + 1] = draw(st.binary(max_size=4))
    return bytes(raw)


@st.composite
def built(draw: st.DrawFn, depth: int = 3) -> bytes:
    """A mail of parts in parts, most of them right, with what senders get wrong."""
    kind = draw(st.sampled_from(KINDS[: len(KINDS) if depth else 9]))
    encoding = draw(st.sampled_from([b"", b"base64", b"quoted-printable", b"8bit", b"x-uuencode"]))
    head = (
        b"Content-Type: "
        + kind
        + draw(st.sampled_from([b"", b"; name=winmail.dat", b'; charset="utf-16"', b"; format=flowed"]))
    )
    head += b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n" + draw(st.sampled_from(FIELDS))
    if not kind.startswith((b"multipart/", b"message/rfc822")):
        body = draw(st.one_of(st.binary(max_size=60), st.sampled_from(BODIES)))
        return head + b"\r\n" + (base64.encodebytes(body) if encoding == b"base64" else body)
    parts = draw(st.lists(built(depth=depth - 1), min_size=1, max_size=3))
    if kind.startswith(b"message/"):
        return head + b"\r\n" + parts[0]
    boundary = b"b%d" % depth
    end = draw(st.sampled_from([b"--", b"", b"-"]))
    return b"".join([head.replace(kind, kind + b"; boundary=" + boundary, 1), b"\r\n",
                     *(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts), b"--" + boundary + end])  # fmt: skip


@given(st.binary())
def test_any_bytes_are_a_message(raw: bytes) -> None:
    holds_together(raw)


@given(built())
@settings(max_examples=150)
def test_any_tree_of_parts_is_a_message(raw: bytes) -> None:
    holds_together(raw)


@given(st.one_of(mutated(), built()))
@settings(max_examples=40)
def test_any_mail_takes_memory_in_proportion(raw: bytes) -> None:
    within_memory(raw)


@given(mutated())
def test_any_mutation_of_a_mail_is_a_message(raw: bytes) -> None:
    holds_together(raw)


@given(st.text(min_size=1).filter(lambda text: text.isprintable() and text.strip()))
def test_text_that_is_there_is_never_lost(text: str) -> None:
    message = taken(plain(text, Content_Type="text/plain; charset=utf-8")).message
    assert message.text == text.rstrip()
    assert message.reply_text
