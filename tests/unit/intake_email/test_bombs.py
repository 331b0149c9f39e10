"""Mails made to cost more than they weigh: time and memory grow no faster than their size (behaviour 4.7)."""

import base64
import time
from collections.abc import Callable

import pytest

from tests.fuzz.promises import holds_together, within_memory
from tests.unit.intake_email.outlook import attribute, properties, winmail
from tests.unit.intake_email.samples import plain, taken

MIXED = "multipart/mixed; boundary=b"
ICS = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
ROBOT = "MAILER-DAEMON@x.example"


def html(text: str) -> bytes:
    return plain(text, Content_Type="text/html")


def mixed(text: str) -> bytes:
    return plain(text, Content_Type=MIXED)


def nest(size: int) -> bytes:
    one = "Content-Type: multipart/mixed; boundary=b{0}\r\n\r\n--b{0}\r\n"
    return "".join(one.format(level) for level in range(size // 60)).encode()


def rich(size: int) -> bytes:
    """References that stand for seventeen octets each, in a file that says it is a gigabyte."""
    packed = (1 << 30).to_bytes(4, "little") * 2 + b"LZFu" + bytes(4) + (b"\xff" + b"\x00\x0f" * 8) * (size // 23)
    data = winmail(more=[attribute(1, 0x00069003, properties([(0x102, 0x1009, packed)]))])
    body = base64.encodebytes(data).decode()
    return plain(body, Content_Type="application/ms-tnef", Content_Transfer_Encoding="base64")


BOMBS: dict[str, Callable[[int], bytes]] = {
    "parts": lambda n: mixed("--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n" * (n // 38)),
    "files": lambda n: mixed("--b\r\nContent-Type: image/png\r\n\r\nx\r\n" * (n // 35)),
    "lines that are almost delimiters": lambda n: mixed("\r\n--c" * (n // 5)),
    "multiparts in each other": nest,
    "fields": lambda n: b"X: y\r\n" * (n // 6) + b"\r\nx",
    "encoded words": lambda n: b"Subject: " + b"=?utf-8?B?R3I=?= " * (n // 17) + b"\r\n\r\nx",
    "open brackets": lambda n: b"From: " + b"(" * n + b"\r\n\r\nx",
    "recipients": lambda n: b"To: " + b"a@b.example, " * (n // 13) + b"\r\n\r\nx",
    "references": lambda n: b"References: " + b"<a@b> " * (n // 6) + b"\r\n\r\nx",
    "parameters": lambda n: b"Content-Type: text/plain" + b"; a*0*=x" * (n // 8) + b"\r\n\r\nx",
    "soft line breaks": lambda n: plain("=\r\n" * (n // 3), Content_Transfer_Encoding="quoted-printable"),
    "lines of uuencode": lambda n: plain("begin 644 x\n" + ("M" + "A" * 60 + "\n") * (n // 62),
                                         Content_Transfer_Encoding="x-uuencode"),
    "quotations in HTML": lambda n: html("<blockquote>" * 30 + "<br>" * (n // 4)),
    "entities": lambda n: html("&amp;" * (n // 5)),
    "tags that never close": lambda n: html("<meta " * (n // 6) + "ü"),
    "attributes that never close": lambda n: html('<a href="' * (n // 9)),
    "signatures in each other": lambda n: html('<div id="Signature">' * (n // 20)),
    "signatures side by side": lambda n: html('<div id="Signature"><br></div>' * (n // 30)),
    "pictures of nowhere": lambda n: html('<img src="cid:a@b">' * (n // 19)),
    "quoted lines": lambda n: plain("> \n" * (n // 3)),
    "lines with colons": lambda n: plain("a:\n" * (n // 3)),
    "who wrote": lambda n: plain("On 2026-05-04 12:00 a@b.example wrote\n" * (n // 38)),
    "labels": lambda n: plain("From: a\n" * (n // 8)),
    "rules": lambda n: plain("---- ---\n" * (n // 9)),
    "a rule and empty lines": lambda n: plain("---- x ---\n" + "\n" * n),
    "addresses": lambda n: plain("a@" * (n // 2)),
    "flowing lines": lambda n: plain("x \n" * (n // 3), Content_Type="text/plain; format=flowed"),
    "UTF-7": lambda n: plain("+AGEAYg-" * (n // 8), Content_Type="text/plain; charset=utf-7"),
    "guests": lambda n: plain(ICS + 'ATTENDEE;X="":a\r\n' * (n // 18), Content_Type="text/calendar"),
    "folded lines of a calendar": lambda n: plain(ICS + "SUMMARY:" + "\r\n x" * (n // 4), Content_Type="text/calendar"),
    "quotes in a calendar": lambda n: plain(ICS + "SUMMARY" + ';A=":' * (n // 5), Content_Type="text/calendar"),
    "reports": lambda n: plain("--b\r\nContent-Type: message/delivery-status\r\n\r\n" + "Final-Recipient: x\r\n\r\n" * (n // 22),
                               Content_Type="multipart/report; boundary=b"),
    "bounces": lambda n: plain("this is the qmail-send program " + "a@b.example " * (n // 12), From=ROBOT),
    "ids in a bounce": lambda n: plain("undeliverable\n" + "message-id: <a@b>\n" * (n // 18), From=ROBOT),
    "mails in mails": lambda n: mixed("--b\r\n" + "Content-Type: message/rfc822\r\n\r\n" * (n // 32)),
    "rich text": lambda n: plain("{\\rtf1 " + "\\u8364?" * (n // 7), Content_Type="text/rtf"),
    "packed rich text": rich,
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_a_message_within_time_and_memory(kind: str) -> None:
    def cost(size: int) -> float:
        raw = BOMBS[kind](size)
        started = time.process_time()
        taken(raw, return_path="")
        return time.process_time() - started

    small = min(cost(3_000) for _ in range(2))
    # Quadratic would be 256 times; what a busy machine adds is far from that.
    assert cost(48_000) < max(small, 0.005) * 80
    raw = BOMBS[kind](16_000)
    holds_together(raw)
    within_memory(raw)
