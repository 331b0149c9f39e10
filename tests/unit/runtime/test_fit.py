from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.codec import decode_inbound, encode
from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ChannelName, InboxId, MessageId
from frontline.contract.message import (
    Identity,
    InboundMessage,
    ObjectRef,
    Recipient,
    ThreadEvidence,
    ThreadKey,
    Times,
)
from frontline.runtime.fit import fit

PIGEON = ChannelName("pigeon")
LIMIT = 64 * 1024
ORIGINAL = ObjectRef(bucket="ORIGINALS", name="m1/0", size=1, sha256="0" * 64)


def message(**parts: object) -> InboundMessage:
    given: dict[str, object] = {
        "id": MessageId("m1"),
        "key": "k",
        "channel": PIGEON,
        "inbox": InboxId("support"),
        "native_id": "n",
        "sender": Identity(channel=PIGEON, address="ada@customer.example"),
        "times": Times(received=datetime(2026, 1, 1, tzinfo=UTC)),
        "original": ORIGINAL,
        **parts,
    }
    return InboundMessage(**given)  # type: ignore[arg-type]


def test_a_message_that_fits_is_left_as_it_is() -> None:
    small = message(text="hello", html="<p>hello</p>")
    assert fit(small, LIMIT) == (small, encode(small))


def test_html_goes_before_words() -> None:
    fitted, payload = fit(message(text="the words", html="x" * LIMIT), LIMIT)
    assert (fitted.text, fitted.html) == ("the words", "")
    assert len(payload) <= LIMIT
    assert fitted.flaw == "too large to carry whole, see the original: html left out"


def test_long_text_is_cut_and_keeps_its_beginning() -> None:
    fitted, payload = fit(message(text="word " * LIMIT, reply_text="word " * LIMIT), LIMIT)
    assert len(payload) <= LIMIT
    assert fitted.text.startswith("word word")
    assert len(fitted.text) >= 4096
    assert "text cut" in fitted.flaw


def test_ten_thousand_recipients_and_keys_are_cut_to_what_can_be_carried() -> None:
    crowd = tuple(Recipient(address=f"{n}@customer.example") for n in range(10_000))
    keys = tuple(ThreadKey(kind="references", value=f"{n}", evidence=ThreadEvidence.ANCESTOR) for n in range(10_000))
    fitted, payload = fit(message(text="hi", recipients=crowd, thread=keys), LIMIT)
    assert len(payload) <= LIMIT
    assert fitted.recipients == crowd[: len(fitted.recipients)]
    assert len(fitted.recipients) >= 50
    assert len(fitted.thread) >= 50


def test_a_former_flaw_is_kept_beside_the_new_one() -> None:
    fitted, _ = fit(message(html="x" * LIMIT, flaw="no charset"), LIMIT)
    assert fitted.flaw.startswith("no charset; too large")


def test_without_a_kept_original_nothing_is_cut_and_the_sender_is_told() -> None:
    with pytest.raises(Rejected) as caught:
        fit(message(text="x" * LIMIT, original=None), LIMIT)
    assert caught.value.reason is Reason.TOO_LARGE


def test_what_cannot_be_cut_is_refused() -> None:
    with pytest.raises(Rejected):
        fit(message(native={"blob": "x" * LIMIT}), LIMIT)


@given(st.text(max_size=200), st.integers(1, 2000), st.text(max_size=200), st.integers(0, 2000))
def test_what_is_carried_is_a_valid_message_within_the_limit(text: str, n: int, html: str, m: int) -> None:
    whole = message(text=text * n, reply_text=text * n, html=html * m)
    fitted, payload = fit(whole, LIMIT)
    assert len(payload) <= LIMIT
    assert decode_inbound(payload) == fitted
    assert whole.text.startswith(fitted.text)
    assert (fitted.id, fitted.key, fitted.original) == (whole.id, whole.key, whole.original)
