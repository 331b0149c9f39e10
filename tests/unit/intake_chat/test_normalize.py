"""From what a visitor says to a message, and from a line of the transcript to a frame."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.channel import Line
from frontline.contract.codec import decode_inbound, encode
from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ContactId, InboxId, MessageId
from frontline.contract.message import ObjectRef
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from intake_chat import frames
from intake_chat.files import file_name
from intake_chat.normalize import CHANNEL, Surroundings, message_of, normalise, read_receipt, shows
from intake_chat.seal import Upload
from intake_chat.token import Visitor

NOW = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
SUPPORT = InboxId("support")
VISITOR = Visitor("a1", SUPPORT)


def said(text: str = "Hello", **more: object) -> frames.Say:
    return msgspec.convert({"type": "message", "id": "client-id", "text": text, **more}, frames.Say)


@given(st.text(min_size=1).filter(str.strip))
def test_the_customer_s_own_words_come_through_unchanged(text: str) -> None:
    message = normalise(said(text), VISITOR, Surroundings(), (), NOW, 1 << 20)
    assert (message.text, message.reply_text) == (text, text)
    assert decode_inbound(encode(message)) == message
    assert message.times.received.microsecond == 123000


def test_the_same_id_is_the_same_message_and_another_visitor_s_is_not() -> None:
    first = normalise(said("one"), VISITOR, Surroundings(), (), NOW, 100)
    again = normalise(said("two"), VISITOR, Surroundings(), (), NOW, 100)
    other = normalise(said("one"), Visitor("a2", SUPPORT), Surroundings(), (), NOW, 100)
    assert first.id == again.id != other.id


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_a_message_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(Rejected) as refused:
        normalise(said(text), VISITOR, Surroundings(), (), NOW, 100)
    assert refused.value.reason is Reason.CONFLICT


@pytest.mark.parametrize("place", ["m0/1", "x", ""])
def test_a_file_that_was_stored_for_another_message_is_refused(place: str) -> None:
    file = Upload("a1", ObjectRef(bucket="ATTACHMENTS", name=place, size=1, sha256=""), "a", "image/png")
    with pytest.raises(Rejected) as refused:
        normalise(said(), VISITOR, Surroundings(), (file,), NOW, 100)
    assert refused.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize("address", ["x", "a@b", "a b@c.example", "a@c.example,b@c.example", "<a@c.example>"])
def test_what_is_no_mail_address_is_not_taken_for_one(address: str) -> None:
    with pytest.raises(Rejected):
        normalise(said(reply_to=address), VISITOR, Surroundings(), (), NOW, 100)


def test_a_mark_that_a_reply_was_read_is_the_same_each_time() -> None:
    first, second = (read_receipt(MessageId("r1"), ContactId("c1"), SUPPORT, NOW) for _ in range(2))
    assert first == second
    assert first.id != read_receipt(MessageId("r2"), ContactId("c1"), SUPPORT, NOW).id


def item(**parts: object) -> TranscriptItem:
    given_: dict[str, object] = {
        "id": MessageId("r1"),
        "contact": ContactId("c1"),
        "at": NOW,
        "kind": ItemKind.MESSAGE,
        "direction": Direction.OUT,
        "author": Author(role="agent", id="agent-1", name="Demo agent 1"),
        "channel": CHANNEL,
        "inbox": SUPPORT,
        "text": "Hello",
        **parts,
    }
    return TranscriptItem(**given_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "parts,shown",
    [
        ({}, True),
        ({"kind": ItemKind.VOICEMAIL}, True),
        ({"kind": ItemKind.NOTE}, False),
        ({"kind": ItemKind.RECEIPT}, False),
        ({"direction": Direction.INTERNAL}, False),
    ],
)
def test_only_what_was_said_to_each_other_is_shown(parts: dict[str, object], shown: bool) -> None:
    assert shows(item(**parts)) is shown


def test_a_line_is_called_by_the_id_that_the_client_minted_on_this_channel_only() -> None:
    own = item(direction=Direction.IN, native_id="client-id", author=Author(role="customer"))
    assert message_of(Line(7, own), "", ()).id == "client-id"
    mailed = item(direction=Direction.IN, native_id="<x@mail.example>", author=Author(role="customer"), channel="email")
    assert message_of(Line(8, mailed), "", ()).id == "r1"


def test_a_frame_looks_as_the_protocol_says() -> None:
    data = msgspec.json.decode(frames.encode(message_of(Line(7, item()), "https://p.example/1.png", ())))
    assert data == {
        "type": "message",
        "seq": 7,
        "id": "r1",
        "from": {"role": "agent", "name": "Demo agent 1", "picture": "https://p.example/1.png"},
        "text": "Hello",
        "attachments": [],
        "at": "2026-05-04T12:00:00.123456Z",
    }


@given(st.binary(max_size=200))
def test_whatever_bytes_come_they_are_a_frame_or_refused(data: bytes) -> None:
    try:
        frames.decode(data)
    except Rejected as error:
        assert error.reason is Reason.MALFORMED


@pytest.mark.parametrize("data", [b"[" * 10_000, b'{"type":"typing","text":' + b"[" * 10_000])
def test_a_frame_that_is_nested_too_deep_is_refused_like_any_other(data: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        frames.decode(data)
    assert refused.value.reason is Reason.MALFORMED


@given(st.text(max_size=300))
def test_a_file_name_is_short_and_harmless(name: str) -> None:
    made = file_name(name)
    assert 0 < len(made) <= 120
    assert not set(made) & set("/\\\x00\n\u202e")
