"""Mails find their contact by our signed token, by the mails they answer, or by an ancestor nobody saw."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.ids import MessageId
from frontline.contract.message import ThreadEvidence, ThreadKey
from intake_email.keyring import keyring
from intake_email.thread import (
    ANCESTOR,
    MESSAGE_ID,
    NAMED,
    REPLY,
    reply_address,
    reply_of,
    reply_of_address,
    thread_keys,
    token_id,
)
from tests.unit.intake_email.samples import message, plain, sign

TOKEN = token_id(MessageId("r1"), "frontline.example", sign)
USUAL = MessageId("r0123456789abcdef0123456789abcde")
DESK_LOOKS_UP = 48


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
    assert len(keys) <= DESK_LOOKS_UP
    assert {"0@x.example", "4999@x.example"} <= values


@pytest.mark.parametrize("identifier", ["", "a b", "r.1", "r@1", "<r1>", "ü", "r" * 300])
def test_an_id_that_no_message_id_can_carry_is_refused(identifier: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        token_id(MessageId(identifier), "frontline.example", sign)


def test_a_mail_of_any_kind_gives_no_more_keys_than_a_desk_looks_up_and_its_own_are_among_them() -> None:
    to = [f"{number}@x.example" for number in range(500)]
    references = [f"{number}@y.example" for number in range(500)]
    keys = thread_keys("own@x.example", references[:100], references, sign, sender="one@x.example", to=to)
    assert len(keys) <= DESK_LOOKS_UP
    assert (MESSAGE_ID, "own@x.example") in binding(keys)


def test_who_was_copied_may_answer_the_mail_that_named_them() -> None:
    """Hard case 12."""
    asked = message(plain(Cc="Two <Two@customer.example>")).thread
    answer = message(plain(From="two@customer.example", Message_ID="<2@x>", In_Reply_To="<plain@customer.example>"))
    key = (NAMED, "plain@customer.example two@customer.example")
    assert key in binding(asked)
    assert (*key, ThreadEvidence.NAMED) in finding(answer.thread)


def test_a_stranger_in_bcc_is_named_by_nobody() -> None:
    """Hard case 12."""
    asked = message(plain(Cc="two@customer.example")).thread
    answer = message(plain(From="three@customer.example", Message_ID="<3@x>", In_Reply_To="<plain@customer.example>"))
    assert not {(key.kind, key.value) for key in answer.thread if key.evidence == NAMED and key.finds} & binding(asked)


@pytest.mark.parametrize(
    "parts",
    [
        {"Subject": "WG: It does not work"},
        {"Subject": "TR: It does not work"},
        {"Subject": "RV: It does not work"},
        {"Subject": "Re: Fwd: It does not work"},
        {"Subject": "Fw : It does not work"},
        {"text": "See below.\r\n\r\n---------- Forwarded message ---------\r\nFrom: support@frontline.example"},
        {"text": "Begin forwarded message:\r\n\r\n> From: support@frontline.example"},
        {"X_Forwarded_Message_Id": f"<{TOKEN}>"},
    ],
)
def test_a_mail_that_hands_ours_on_proves_nothing_with_our_token(parts: dict[str, str]) -> None:
    """Hard case 13."""
    given = {"In_Reply_To": f"<{TOKEN}>", "References": f"<first@customer.example> <{TOKEN}>", **parts}
    keys = message(plain(given.pop("text", "Text."), **given)).thread
    assert (REPLY, "r1", ThreadEvidence.FORWARD) in finding(keys)
    assert {evidence for _, _, evidence in finding(keys)} <= {ThreadEvidence.FORWARD, ThreadEvidence.ANCESTOR}
    assert (ANCESTOR, "first@customer.example") not in binding(keys)
    assert (MESSAGE_ID, "plain@customer.example") in binding(keys)


@pytest.mark.parametrize(
    "subject", ["Re: It does not work", "AW: WG", "Fw", "Triumph: it works", "Via: x", "VS: It works"]
)
def test_an_answer_is_not_taken_for_a_mail_that_is_handed_on(subject: str) -> None:
    keys = message(plain(Subject=subject, In_Reply_To=f"<{TOKEN}>")).thread
    assert (REPLY, "r1", ThreadEvidence.TOKEN) in finding(keys)


def test_an_answer_whose_ids_were_rewritten_is_found_by_the_address_that_it_was_sent_to() -> None:
    """Hard case 15: a tracker or a relay replaced our Message-ID and dropped the references."""
    address = reply_address("support@frontline.example", USUAL, sign)
    assert address is not None
    raw = plain(To=f"Support <{address.upper()}>", In_Reply_To="<rewritten@relay.example>", Message_ID="<new@x>")
    assert (REPLY, USUAL, ThreadEvidence.TOKEN) in finding(message(raw).thread)


def test_an_answer_in_bcc_is_found_by_the_address_in_the_envelope() -> None:
    """Hard case 15."""
    address = reply_address("support@frontline.example", USUAL, sign) or ""
    keys = message(plain(To="undisclosed-recipients:;"), recipients=(address,)).thread
    assert (REPLY, USUAL, ThreadEvidence.TOKEN) in finding(keys)


@pytest.mark.parametrize("reply", [USUAL, "r1", "r-2_x", "a" * 25])
def test_an_address_is_the_replys_own(reply: str) -> None:
    address = reply_address("support@frontline.example", MessageId(reply), sign)
    assert address is not None
    assert address.startswith("support+")
    assert reply_of_address(address, sign) == reply
    forged = address.replace("+", "+x", 1)
    assert reply_of_address(forged, sign) is None
    assert reply_of_address(f"support+{reply}.{'a' * 20}@frontline.example", sign) is None


def test_an_address_that_would_be_too_long_or_not_read_back_is_not_made() -> None:
    assert reply_address(f"{'x' * 40}@frontline.example", USUAL, sign) is None
    for reply in ("R1", "a" * 26, "ü", ""):
        assert reply_address("support@frontline.example", MessageId(reply), sign) is None


@given(st.text())
def test_no_address_passes_for_ours_by_chance(text: str) -> None:
    assert reply_of_address(f"support+{text}@frontline.example", sign) is None


def test_a_secret_that_was_replaced_is_still_believed_and_signs_no_more() -> None:
    old, new = keyring(["old secret"], sign), keyring(["new secret", "old secret"], sign)
    before, after = (token_id(MessageId("r1"), "frontline.example", each) for each in (old, new))
    assert before != after
    assert reply_of(before, new) == reply_of(after, new) == reply_of(TOKEN, new) == "r1"
    assert reply_of(after, old) is None
    address = reply_address("support@frontline.example", USUAL, old) or ""
    assert reply_of_address(address, new) == USUAL
    assert reply_of_address(reply_address("support@frontline.example", USUAL, new) or "", old) is None
