"""For any bytes at all: no error, nothing that can't be stored, the original whole."""

from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.codec import decode_inbound, encode
from intake_email.content import LONGEST_HTML, LONGEST_TEXT
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


def holds_together(raw: bytes) -> None:
    found = taken(raw)
    message = found.message
    assert "not understood" not in message.flaw
    payload = encode(message)
    assert decode_inbound(payload) == message
    assert taken(raw).message == message
    assert found.pieces[0].data == raw
    assert bool(message.reply_text) == bool(message.text.strip())
    assert len(message.text.encode()) <= LONGEST_TEXT
    assert len(message.html.encode()) <= LONGEST_HTML
    assert "\n" not in message.subject


@given(st.binary())
def test_any_bytes_are_a_message(raw: bytes) -> None:
    holds_together(raw)


@given(mutated())
def test_any_mutation_of_a_mail_is_a_message(raw: bytes) -> None:
    holds_together(raw)


@given(st.text(min_size=1).filter(lambda text: text.isprintable() and text.strip()))
def test_text_that_is_there_is_never_lost(text: str) -> None:
    message = taken(plain(text, Content_Type="text/plain; charset=utf-8")).message
    assert message.text == text.rstrip()
    assert message.reply_text
