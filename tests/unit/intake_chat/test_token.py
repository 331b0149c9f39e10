"""Visitor tokens, identities and sealed references: what was not made here is not believed here."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import InboxId
from frontline.contract.message import ObjectRef
from intake_chat.admission import admit
from intake_chat.frames import Hello
from intake_chat.identity import person_of
from intake_chat.seal import Link, Upload, seal, unseal
from intake_chat.token import anonymous, identified, issue, verify

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
SUPPORT = InboxId("support")
SECRET = "long enough to be a secret of HS256"
REF = ObjectRef(bucket="ATTACHMENTS", name="m1/1", size=3, sha256="0" * 64)


def sign(purpose: str, data: bytes) -> bytes:
    return hmac.digest(b"a secret " + purpose.encode(), data, hashlib.sha256)


def test_a_token_says_whose_it_is_until_it_is_over() -> None:
    visitor = anonymous(SUPPORT, b"\x01" * 16)
    token = issue(visitor, sign, NOW)
    assert verify(token, sign, NOW + MONTH, MONTH) == visitor
    for instant in (NOW + MONTH + timedelta(seconds=1), NOW - timedelta(hours=1)):
        with pytest.raises(Rejected) as refused:
            verify(token, sign, instant, MONTH)
        assert refused.value.reason is Reason.UNAUTHORISED


@given(st.text())
def test_no_text_that_we_have_not_signed_is_a_token(text: str) -> None:
    with pytest.raises(Rejected):
        verify(text, sign, NOW, MONTH)
    with pytest.raises(Rejected):
        unseal(text, Link, sign)


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_token_that_was_touched_anywhere_is_refused(place: int, letter: str) -> None:
    token = issue(anonymous(SUPPORT, b"\x01" * 16), sign, NOW)
    place %= len(token)
    if token[place] == letter:
        return
    with pytest.raises(Rejected):
        verify(token[:place] + letter + token[place + 1 :], sign, NOW, MONTH)


def test_the_same_person_is_another_visitor_in_another_inbox() -> None:
    assert identified(SUPPORT, "1", sign) == identified(SUPPORT, "1", sign)
    assert identified(SUPPORT, "1", sign).id != identified(InboxId("sales"), "1", sign).id
    assert identified(SUPPORT, "1", sign).identified
    assert not anonymous(SUPPORT, b"\x01" * 16).identified


def signed(**claims: object) -> str:
    return jwt.encode({"sub": "1", "exp": NOW.timestamp() + 60, **claims}, SECRET, algorithm="HS256")


def test_an_identity_is_judged_by_the_clock_that_is_given() -> None:
    token = signed(name="Customer One", email="one@customer.example", aud=["support", "sales"])
    person = person_of(token, SECRET, SUPPORT, NOW)
    assert (person.subject, person.name, person.email) == ("1", "Customer One", "one@customer.example")
    for instant in (NOW + timedelta(minutes=3), NOW + timedelta(days=3650)):
        with pytest.raises(Rejected):
            person_of(token, SECRET, SUPPORT, instant)


@pytest.mark.parametrize(
    "claims", [{"exp": None}, {"sub": None}, {"sub": ""}, {"sub": "x" * 201}, {"aud": "sales"}, {"nbf": 4e9}]
)
def test_an_identity_that_is_not_complete_or_not_for_here_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(Rejected) as refused:
        person_of(signed(**claims), SECRET, SUPPORT, NOW)
    assert refused.value.reason is Reason.FORBIDDEN


def test_without_a_secret_nobody_is_vouched_for() -> None:
    with pytest.raises(Rejected):
        person_of(signed(), None, SUPPORT, NOW)


def test_another_algorithm_is_not_taken() -> None:
    token = jwt.encode({"sub": "1", "exp": 9e9}, SECRET * 2, algorithm="HS512")
    with pytest.raises(Rejected):
        person_of(token, SECRET * 2, SUPPORT, NOW)


def test_an_identity_outweighs_whatever_token_is_left_in_the_browser() -> None:
    token = issue(anonymous(SUPPORT, b"\x01" * 16), sign, NOW)
    hello = Hello(v=1, inbox="support", token=token, identity=signed())
    admitted = admit(hello, sign=sign, secret=SECRET, now=NOW, life=MONTH, chance=b"\x02" * 16)
    assert admitted.visitor == identified(SUPPORT, "1", sign)
    assert admitted.known


def test_a_sealed_reference_opens_as_what_it_is_only() -> None:
    upload = Upload("a1", REF, "a.png", "image/png")
    assert unseal(seal(upload, sign), Upload, sign) == upload
    with pytest.raises(Rejected):
        unseal(seal(upload, sign), Link, sign)
    link = Link(REF, "a.png", "image/png", 1)
    assert unseal(seal(link, sign), Link, sign) == link
