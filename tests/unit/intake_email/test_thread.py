"""Mails find their contact by our signed token, by the mails they answer, or by an ancestor nobody saw."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.ids import MessageId
from frontline.contract.message import ThreadEvidence, ThreadKey
from intake_email.thread import ANCESTOR, MESSAGE_ID, REPLY, reply_of, thread_keys, token_id
from tests.unit.intake_email.samples import message, plain, sign

TOKEN = token_id(MessageId("r1"), "frontline.example", sign)


def finding(keys: tuple[ThreadKey, ...]) -> set[tuple[str, str, str]]:
    return {(key.kind, key.value, key.evidence) for key in keys if key.finds}


def binding(keys: tuple[ThreadKey, ...]) -> set[tuple[str, str]]:
    return {(key.kind, key.value) for key in keys if key.binds}


@pytest.mark.parametrize("field", ["In-Reply-To", "References"])
def test_our_token_finds_the_reply_that_it_was_sent_with(field: str) -> None:
    keys = message(plain(**{field: f"<{TOKEN}>"})).thread
    assert (REPLY, "r1", ThreadEvidence.TOKEN) in finding(keys)
    assert not any(key.value == TOKEN for key in keys)


def test_an_id_that_the_sender_encoded_is_read() -> None:
    """The standard library of Python does so with ids that fill a line."""
    made = EmailMessage()
    made["In-Reply-To"] = f"<{TOKEN.replace('frontline', 'f' * 60)}>"
    assert b"=?utf-8?" in bytes(made)
    assert [key.value for key in message(bytes(made)).thread] == ["r1"]


def test_the_token_is_right_under_another_domain() -> None:
    assert reply_of(TOKEN.replace("frontline.example", "other.example"), sign) == "r1"


def test_the_token_is_right_in_capitals_but_not_for_another_reply() -> None:
    reply, _, rest = TOKEN.partition(".")
    assert reply_of(f"{reply}.{rest.upper()}", sign) == "r1"
    assert reply_of(f"r2.{rest}", sign) is None


@pytest.mark.parametrize(
    "forged",
    [
        "r1@frontline.example",
        f"r1.{'a' * 20}@frontline.example",
        f"r1.{TOKEN.partition('.')[2][:19]}",
        f"r1..{TOKEN.partition('.')[2]}",
        token_id(MessageId("r1"), "frontline.example", lambda data: sign(b"other" + data)),
        f"x.{TOKEN}",
        "",
    ],
)
def test_a_forged_token_is_no_token(forged: str) -> None:
    """Hard case 10."""
    assert reply_of(forged, sign) is None
    keys = message(plain(In_Reply_To=f"<{forged}>")).thread
    assert not any(key.evidence == ThreadEvidence.TOKEN for key in keys)


@given(st.text())
def test_no_text_passes_for_a_token_by_chance(text: str) -> None:
    assert reply_of(text, sign) is None


def test_a_subject_finds_nothing() -> None:
    """Hard case 11."""
    subject = f"Re: [#4711] [ref:{TOKEN}] <{TOKEN}>"
    assert message(plain(Subject=subject)).thread == message(plain(Subject="x")).thread


def test_an_answer_finds_the_mail_that_it_answers() -> None:
    keys = message(plain(In_Reply_To="<a@x.example>", References="<z@x.example> <a@x.example>")).thread
    assert (MESSAGE_ID, "a@x.example", ThreadEvidence.REFERENCE) in finding(keys)
    assert (MESSAGE_ID, "z@x.example", ThreadEvidence.REFERENCE) in finding(keys)


def test_a_mail_is_found_by_its_own_id_and_does_not_find_by_it() -> None:
    keys = message(plain()).thread
    assert (MESSAGE_ID, "plain@customer.example") in binding(keys)
    assert (MESSAGE_ID, "plain@customer.example", ThreadEvidence.REFERENCE) not in finding(keys)


def test_two_mails_with_an_ancestor_that_we_never_saw_have_it_in_common() -> None:
    """Hard case 14."""
    first = message(plain(Message_ID="<1@x.example>", References="<never@seen.example>")).thread
    second = message(plain(Message_ID="<2@x.example>", References="<never@seen.example> <other@x.example>")).thread
    shared = (ANCESTOR, "never@seen.example")
    assert shared in binding(first)
    assert (*shared, ThreadEvidence.ANCESTOR) in finding(second)


def test_a_question_that_comes_after_its_answer_finds_it() -> None:
    answer = message(plain(Message_ID="<2@x.example>", In_Reply_To="<1@x.example>")).thread
    question = message(plain(Message_ID="<1@x.example>")).thread
    assert (ANCESTOR, "1@x.example") in binding(answer)
    assert (ANCESTOR, "1@x.example", ThreadEvidence.ANCESTOR) in finding(question)


def test_a_mail_without_an_id_binds_nothing_of_its_own() -> None:
    assert message(plain(Message_ID=None)).thread == ()


def test_a_mail_that_names_itself_does_not_find_itself() -> None:
    keys = message(plain(References="<plain@customer.example>")).thread
    assert keys == message(plain()).thread


def test_a_chain_of_any_length_gives_a_bounded_number_of_keys() -> None:
    references = [f"{number}@x.example" for number in range(5000)]
    keys = thread_keys("own@x.example", [], references, sign)
    values = {key.value for key in keys}
    assert len(keys) <= 100
    assert {"0@x.example", "4999@x.example"} <= values


@pytest.mark.parametrize("identifier", ["", "a b", "r.1", "r@1", "<r1>", "ü", "r" * 300])
def test_an_id_that_no_message_id_can_carry_is_refused(identifier: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        token_id(MessageId(identifier), "frontline.example", sign)
