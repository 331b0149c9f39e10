"""What Outlook hides in a winmail.dat is taken out of it, and a broken one breaks nothing (hard case 28)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.rtf import MOST_RTF, decompressed, rtf_text
from intake_email.tnef import SIGNATURE, read_tnef
from tests.unit.intake_email.outlook import attribute, packed, winmail

PDF = ("INVOIC~1.PDF", "Invoice für Müller.pdf", b"%PDF-1.4", "application/pdf")


def test_files_have_their_long_names_and_their_bytes() -> None:
    found = read_tnef(winmail(files=[PDF, ("A.TXT", "a.txt", b"notes", "")]))
    assert found is not None
    assert [(file.name, file.media_type, file.data) for file in found.files] == [
        ("Invoice für Müller.pdf", "application/pdf", b"%PDF-1.4"),
        ("a.txt", "", b"notes"),
    ]
    assert found.whole


def test_a_message_inside_gives_its_files_and_its_text() -> None:
    inner = winmail(files=[PDF], rtf="{\\rtf1 The inner words.}")
    found = read_tnef(winmail(files=[("M", "forwarded", inner, "")]))
    assert found is not None
    assert [(file.name, file.data) for file in found.files] == [
        ("forwarded.txt", b"The inner words."),
        ("Invoice für Müller.pdf", b"%PDF-1.4"),
    ]


def test_what_is_no_winmail_is_none() -> None:
    assert read_tnef(b"") is None
    assert read_tnef(b"%PDF-1.4") is None


def test_a_length_that_lies_is_not_believed() -> None:
    lying = SIGNATURE + b"\x01\x00" + b"\x02" + (0x0006800F).to_bytes(4, "little") + b"\xff\xff\xff\xff" + b"x"
    found = read_tnef(lying)
    assert found is not None
    assert not found.whole
    assert found.files == ()


def test_more_files_than_are_read_are_told() -> None:
    """Each file costs a few bytes; a thousand in a nest of themselves must not cost a thousand times as much."""
    raw = winmail(files=[PDF] * 200)
    found = read_tnef(raw)
    assert found is not None
    assert len(found.files) == 100


@pytest.mark.parametrize(
    "rtf,text",
    [
        ("{\\rtf1\\ansi One\\par Two\\line Three\\tab Four}", "One\nTwo\nThree\tFour"),
        ("{\\rtf1\\ansi\\ansicpg1251 \\'c4\\'e0}", "Да"),
        ("{\\rtf1\\ansi 10 \\u8364?, \\u-10179?\\u-8704?}", "10 €, 😀"),
        ("{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\colortbl;\\red0;}{\\*\\generator x;}{\\info{\\author me}}Said}", "Said"),
        ("{\\rtf1\\fromhtml1 {\\*\\htmltag64 <p>}Said\\htmlrtf \\par\\htmlrtf0 {\\*\\htmltag72 </p>}}", "Said"),
        ("{\\rtf1 a \\{brace\\} and \\\\ slash}", "a {brace} and \\ slash"),
        ("{\\rtf1 never closed {\\b bold", "never closed bold"),
        ("no rich text", ""),
    ],
)
def test_the_words_of_rich_text(rtf: str, text: str) -> None:
    assert rtf_text(rtf.encode("cp1252")) == text


def test_rich_text_is_unpacked_with_its_references() -> None:
    """The example of [MS-OXRTFCP], 3.1: literals, and places in the preset dictionary."""
    example = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert decompressed(example) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_a_reference_to_itself_repeats() -> None:
    """The example of [MS-OXRTFCP], 3.2."""
    example = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert decompressed(example) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_packed_and_unpacked_is_the_same() -> None:
    rtf = b"{\\rtf1 " + b"words " * 2000 + b"}"
    assert decompressed(packed(rtf)) == rtf


def test_rich_text_that_swells_is_cut() -> None:
    flood = (1 << 30).to_bytes(4, "little") * 2 + b"LZFu" + bytes(4) + b"\xff" + b"\x00\x0f" * 1_000_000
    assert len(decompressed(flood)) <= MOST_RTF


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_are_read_without_an_error(noise: bytes, cut: int) -> None:
    read_tnef(SIGNATURE + noise)
    read_tnef(winmail(files=[PDF], rtf="{\\rtf1 x}")[:cut] + noise)
    rtf_text(b"{\\rtf1" + noise).encode()
    decompressed(noise)


def test_time_grows_no_faster_than_the_input() -> None:
    def cost(count: int) -> float:
        raw = winmail(more=[attribute(1, 0x00069003, b"\xff\xff\xff\x7f" + b"\x1e\x00\x00\x10" * 4)] * count)
        started = time.process_time()
        read_tnef(raw)
        return time.process_time() - started

    small = cost(500)
    assert cost(8000) < max(small, 0.005) * 80
