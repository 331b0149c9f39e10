"""A wrong request is told everything that is wrong with it."""

import gc
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from frontline.contract.error import Rejected
from router.api.decoding import decode_body, decode_query
from router.api.instant import instant_ahead
from router.api.problem import Invalid
from router.api.shape import ContactFilter, Nothing, ReplyBody, SplitBody, TranscriptFilter

REPLY = msgspec.json.Decoder(ReplyBody)


def mistakes_in(body: bytes) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        decode_body(REPLY, body)
    return {mistake.at: mistake.what for mistake in caught.value.mistakes}


def test_all_mistakes_of_a_body_are_told_at_once() -> None:
    mistakes = mistakes_in(b'{"html": 5, "cc": ["a@one.example", ""], "colour": "red", "attachments": [{"name": "x"}]}')
    assert set(mistakes) == {"$.text", "$.html", "$.cc[1]", "$.colour", "$.attachments[0]"}
    assert mistakes["$.text"] == "is missing"
    assert mistakes["$.colour"].startswith("is not known here; known are attachments, cc")
    assert mistakes["$.html"] == "Expected `str`, got `int`"


def test_a_body_that_is_no_object_is_told_so() -> None:
    assert mistakes_in(b"[]") == {"$": "must be an object"}


def test_what_is_not_json_is_another_mistake() -> None:
    for data in (b"{", b"", b"\xff\xfe", b'{"text": "\xff"}'):
        with pytest.raises(Rejected):
            decode_body(REPLY, data)


def test_what_is_no_json_only_where_nothing_is_known_is_the_same_mistake() -> None:
    """The decoder skips the value of a field that it does not know without looking at it."""
    for data in (b'{"nn": 1e999}', b'{"nn": "\\ud800"}'):
        with pytest.raises(Rejected):
            decode_body(REPLY, data)


def test_what_is_nested_too_deep_is_refused() -> None:
    for data in (b"[" * 100_000, b'{"nn": ' + b"[" * 100_000, b'{"text": ' + b'{"a":' * 100_000):
        with pytest.raises(Rejected, match="nested too deep"):
            decode_body(REPLY, data)


def test_a_place_in_a_transcript_is_a_number_that_one_can_be() -> None:
    for kind in (TranscriptFilter, SplitBody):
        (name,) = {"after", "from_seq"} & set(kind.__struct_fields__)
        with pytest.raises(Invalid):
            decode_body(msgspec.json.Decoder(kind), b'{"%s": 9223372036854775808}' % name.encode())
    with pytest.raises(Invalid):
        decode_query(TranscriptFilter, {"after": ["9223372036854775808"]})


@pytest.mark.parametrize(
    "text,told",
    [
        ("9999-12-31T23:59:59-23:59", "in the years from 1970"),
        ("9999-12-31T23:59:59Z", "in the years from 1970"),
        ("0001-01-01T00:00:00+23:59", "in the years from 1970"),
        ("2026-11-23T12:00:00", "needs its offset"),
        ("2026-11-23", "needs its offset"),
        ("2026-02-30T12:00:00Z", "RFC 3339"),
        ("friday noon", "RFC 3339"),
        ("2026-11-23T11:59:59Z", "lies in the past"),
    ],
)
def test_a_time_that_nobody_can_mean_is_told_why(text: str, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        instant_ahead("$.until", text, datetime(2026, 11, 23, 12, tzinfo=UTC))


@pytest.mark.parametrize("end", ["\\nBcc: b@one.example", "\\n", "\\u0000"])
def test_an_address_with_a_control_character_is_refused(end: str) -> None:
    assert set(mistakes_in(b'{"text": "x", "to": "a@one.example%s"}' % end.encode())) == {"$.to"}
    assert set(mistakes_in(b'{"text": "x", "cc": ["a@one.example%s"]}' % end.encode())) == {"$.cc[0]"}


def test_a_blank_text_and_a_strange_media_type_are_told_together() -> None:
    found = mistakes_in(b'{"text": " ", "attachments": [{"name": "a", "media_type": "html", "content": ""}]}')
    assert set(found) == {"$.text", "$.attachments[0].media_type"}


@pytest.mark.parametrize(
    "body", [b'{"text": "x", "nn": 5}', b'{"text": "x", "cc": ["a\\n"]}', b'{"text": 5}', b'{"to": [""], "text": ""}']
)
def test_a_thousand_wrong_requests_do_no_harm(body: bytes) -> None:
    # A `pattern` in a type makes the decoder free what it does not own; found by this test.
    for _ in range(1000):
        with pytest.raises(Invalid):
            decode_body(REPLY, body)
    gc.collect()


def test_a_file_comes_as_base64() -> None:
    body = decode_body(REPLY, b'{"text": "x", "attachments": [{"name": "a.txt", "content": "aGVsbG8="}]}')
    assert body.attachments[0].content == b"hello"


def test_a_query_is_read_by_its_types() -> None:
    query = decode_query(ContactFilter, {"state": ["waiting", "assigned"], "limit": ["7"], "q": ["fire"]})
    assert (query.state, query.limit, query.q) == (("waiting", "assigned"), 7, "fire")


@pytest.mark.parametrize(
    "query,wrong",
    [
        ({"limit": ["0"], "state": ["happy"], "colour": ["red"]}, {"limit", "state[0]", "colour"}),
        ({"channel": ["email", "chat"]}, {"channel"}),
        ({"lane": ["fast"]}, {"lane"}),
    ],
)
def test_all_mistakes_of_a_query_are_told_at_once(query: Mapping[str, list[str]], wrong: set[str]) -> None:
    with pytest.raises(Invalid) as caught:
        decode_query(ContactFilter, query)
    assert {mistake.at for mistake in caught.value.mistakes} == wrong


def test_a_route_without_parameters_takes_none() -> None:
    with pytest.raises(Invalid):
        decode_query(Nothing, {"x": ["1"]})
