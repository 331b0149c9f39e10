"""Mailboxes are found in whatever stands in an address field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.address import Mailbox, canonical_address, mailboxes


@pytest.mark.parametrize(
    "written,found",
    [
        ("one@customer.example", [("one@customer.example", "")]),
        ("<one@customer.example>", [("one@customer.example", "")]),
        ("Customer One <One@Customer.EXAMPLE>", [("one@customer.example", "Customer One")]),
        ('"One, Customer" <one@customer.example>', [("one@customer.example", "One, Customer")]),
        (r'"Customer \"One\"" <one@customer.example>', [("one@customer.example", 'Customer "One"')]),
        ("one@customer.example (Customer One)", [("one@customer.example", "Customer One")]),
        ("a@x.example, B <b@x.example>", [("a@x.example", ""), ("b@x.example", "B")]),
        ("a@x.example; b@x.example", [("a@x.example", ""), ("b@x.example", "")]),
        (
            "Team: a@x.example, b@x.example;, c@x.example",
            [("a@x.example", ""), ("b@x.example", ""), ("c@x.example", "")],
        ),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?Q?Kundin_=C3=9C?= <u@x.example>", [("u@x.example", "Kundin Ü")]),
        ('"=?utf-8?Q?Kundin_=C3=9C?=" <u@x.example>', [("u@x.example", "Kundin Ü")]),
        ("=?utf-8?Q?Foo_(Bar),_Baz?= <f@x.example>", [("f@x.example", "Foo (Bar), Baz")]),
        ("one@x.example <one@x.example>", [("one@x.example", "")]),
        ("<@relay.example:u@x.example>", [("u@x.example", "")]),
        ("u@bücher.example", [("u@xn--bcher-kva.example", "")]),
        ('"((((" <a@x.example>', [("a@x.example", "((((")]),
        ("(((( <a@x.example>", [("a@x.example", "")]),
        ("A <a@x.example> <evil@y.example>", [("a@x.example", "A")]),
        ("Customer One", []),
        ("", []),
        (",,;,", []),
    ],
)
def test_mailboxes(written: str, found: list[tuple[str, str]]) -> None:
    assert mailboxes(written) == [Mailbox(*each) for each in found]


@pytest.mark.parametrize(
    "none", ["", "a", "@x.example", "a@", "a b@x.example", "a@x,b@y", "a@x\r\nBcc: b@y", "a" * 400 + "@x"]
)
def test_what_is_no_address_is_none(none: str) -> None:
    assert canonical_address(none) == ""


def test_one_address_has_one_form() -> None:
    assert canonical_address(" Customer.One@BÜCHER.example. ") == canonical_address(
        "customer.one@xn--bcher-kva.EXAMPLE"
    )


@given(st.text())
def test_any_text_has_mailboxes_with_safe_addresses(value: str) -> None:
    for box in mailboxes(value):
        assert "@" in box.address
        assert not set(box.address) & set(" \r\n<>,")


@given(st.text(alphabet='()"<>\\,;:@ a=?', max_size=300))
def test_any_punctuation_has_mailboxes(value: str) -> None:
    mailboxes(value)


_NAMES = st.one_of(
    st.just(""),
    st.text(st.sampled_from("Aé1.'@ \t\u3000\x1f\\>=-"), max_size=12),
    st.text(st.sampled_from("Aé1.,;:()<>@ \t=-'"), max_size=12).map(lambda name: f'"{name}"'),
)
_ADDRESSES = st.text(st.sampled_from("aZ1.+-_@é \t\u3000>[]%"), min_size=1, max_size=16)


@given(_NAMES, st.sampled_from(["", " ", "\u2003"]), _ADDRESSES, st.booleans())
def test_one_plain_mailbox_is_read_as_it_is_in_a_list(name: str, space: str, address: str, bracketed: bool) -> None:
    value = f"{name}{space}<{address}>" if bracketed else f"{space}{address}"
    assert mailboxes(value) == mailboxes(f"{value},")
