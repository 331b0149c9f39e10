"""What comes with MAIL and RCPT is taken as RFC 5321 has it, and nothing else is guessed at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.error import Reason, Rejected
from intake_email.command import Malformed, Sender, recipient, sender


def said(argument: str, *, extended: bool = True, limit: int = 1000) -> Sender:
    return sender(argument, extended=extended, limit=limit)


@pytest.mark.parametrize(
    "argument,found",
    [
        ("FROM:<one@customer.example>", Sender("one@customer.example", 0, international=False)),
        ("from:<One@Customer.Example>", Sender("One@Customer.Example", 0, international=False)),
        ("FROM:<>", Sender("", 0, international=False)),
        ("FROM: <one@customer.example> size=7", Sender("one@customer.example", 7, international=False)),
        ("FROM:<a@b.example> BODY=8BITMIME SIZE=0", Sender("a@b.example", 0, international=False)),
        ("FROM:<@x.example,@y.example:a@b.example>", Sender("a@b.example", 0, international=False)),
        ('FROM:<"a > b"@c.example>', Sender('"a > b"@c.example', 0, international=False)),
        ("FROM:<a@[192.0.2.1]>", Sender("a@[192.0.2.1]", 0, international=False)),
        ("FROM:<größe@b.example> SMTPUTF8", Sender("größe@b.example", 0, international=True)),
        ("FROM:<root>", Sender("root", 0, international=False)),
        ("FROM:<SRS0=x=y=b.example=a@c.example>", Sender("SRS0=x=y=b.example=a@c.example", 0, international=False)),
    ],
)
def test_a_sender_is_read(argument: str, found: Sender) -> None:
    assert said(argument) == found


@pytest.mark.parametrize(
    "argument,answer",
    [
        ("", "501 5.5.4"),
        ("FROM:one@customer.example", "501 5.5.4"),
        ("FROM:one@customer.example SIZE=1", "501 5.5.4"),
        ("FROM:<one@customer.example", "501 5.5.4"),
        ("FROM:<one@customer.example>SIZE=1", "501 5.5.4"),
        ("TO:<one@customer.example>", "501 5.5.4"),
        ("<one@customer.example>", "501 5.5.4"),
        ("FROM:<a@b.example> SIZE=x", "501 5.5.4"),
        ("FROM:<a@b.example> SIZE", "501 5.5.4"),
        ("FROM:<a@b.example> SIZE=1 SIZE=2", "501 5.5.4"),
        ("FROM:<a@b.example> BODY=BINARYMIME", "501 5.5.4"),
        ("FROM:<a@b.example> SMTPUTF8=1", "501 5.5.4"),
        ("FROM:<a@b.example> ENVID=1", "555 5.5.4"),
        ("FROM:<größe@b.example>", "553 5.6.7"),
        ("FROM:<gr\udcf6e@b.example> SMTPUTF8", "553 5.1.3"),
        ("FROM:<a b@c.example>", "553 5.1.3"),
        ("FROM:<a@b..example>", "553 5.1.3"),
        ("FROM:<a@>", "553 5.1.3"),
        ("FROM:<@b.example>", "553 5.1.3"),
        (f"FROM:<{'a' * 400}@b.example>", "553 5.1.3"),
    ],
)
def test_what_is_no_sender_is_refused(argument: str, answer: str) -> None:
    with pytest.raises(Malformed) as told:
        said(argument)
    assert told.value.answer.startswith(answer)


def test_a_size_over_the_limit_is_refused_at_once() -> None:
    assert said("FROM:<a@b.example> SIZE=1000").size == 1000
    with pytest.raises(Rejected) as told:
        said("FROM:<a@b.example> SIZE=1001")
    assert told.value.reason is Reason.TOO_LARGE


def test_parameters_need_an_extended_greeting() -> None:
    assert said("FROM:<a@b.example>", extended=False).address == "a@b.example"
    with pytest.raises(Malformed):
        said("FROM:<a@b.example> SIZE=1", extended=False)


def test_a_recipient_is_read() -> None:
    assert recipient("TO:<a+b@c.example>", international=False) == "a+b@c.example"
    assert recipient("to: <größe@c.example>", international=True) == "größe@c.example"
    assert recipient("TO:<Postmaster>", international=False) == "Postmaster"


@pytest.mark.parametrize("argument", ["TO:a@b.example", "FROM:<a@b.example>", "TO:<>", "TO:<a@b.example> NOTIFY=NEVER"])
def test_what_is_no_recipient_is_refused(argument: str) -> None:
    with pytest.raises(Malformed):
        recipient(argument, international=False)


@given(st.text(st.sampled_from('FROMTO:<>@"\\ a.é=,[]\t'), max_size=60))
def test_any_argument_has_an_answer(argument: str) -> None:
    for read in (
        lambda: said(argument),
        lambda: recipient(argument, international=True),
        lambda: said(f"FROM:<{argument}>"),
    ):
        try:
            read()
        except Malformed as error:
            assert error.answer[:3] in {"501", "553", "555"}
