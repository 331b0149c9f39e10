"""What holds of any bytes that come as a mail, whoever made them up: Hypothesis, libFuzzer, or a sender."""

import tracemalloc

from frontline.contract.codec import decode_inbound, encode
from intake_email.content import LONGEST_HTML, LONGEST_TEXT
from intake_email.report import reported
from tests.unit.intake_email.samples import taken

MOST_TIMES = 20
"""How many times its own size a mail may take in memory while it is read,"""
BESIDES = 1 << 20
"""beside what any mail takes: tables that are built once, and the small objects of a small mail."""


def holds_together(raw: bytes) -> None:
    """A message, no error; it can be stored, it is the same each time, the original is whole, no text is lost."""
    for return_path in ("one@customer.example", ""):
        found = taken(raw, return_path=return_path)
        message = found.message
        assert "not understood" not in message.flaw, message.flaw
        assert decode_inbound(encode(message)) == message
        assert found.pieces[0].data == raw
        assert bool(message.reply_text) == bool(message.text.strip())
        assert len(message.text.encode()) <= LONGEST_TEXT
        assert len(message.html.encode()) <= LONGEST_HTML
        assert "\n" not in message.subject
        assert len(message.language) in range(13)
        assert taken(raw, return_path=return_path).message == message
        reported(message)


def memory(raw: bytes) -> int:
    """The most octets that reading `raw` holds at one time, without `raw` itself."""
    taken(raw)
    tracemalloc.start()
    try:
        taken(raw)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def within_memory(raw: bytes) -> None:
    used = memory(raw)
    assert used <= MOST_TIMES * len(raw) + BESIDES, f"{used} octets for a mail of {len(raw)}"
