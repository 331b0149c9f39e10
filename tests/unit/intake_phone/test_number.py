"""Every way to write a number comes to one; what is no number stays what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_phone.number import canonical, whatsapp_address


@pytest.mark.parametrize(
    "written,expected",
    [
        ("+12025550199", "+12025550199"),
        ("0012025550199", "+12025550199"),
        ("(202) 555-0199", "+12025550199"),
        ("1 202 555 0199", "+12025550199"),
        ("tel:+12025550199", "+12025550199"),
        ("+49 30 901820", "+4930901820"),
        ("72345", "72345"),
        ("sip:One@Host.Example;transport=tls", "sip:One@host.example"),
        ("sips:one@host.example:5061", "sip:one@host.example:5061"),
        ("client:agent-1", "client:agent-1"),
        ("whatsapp:+5215512345678", "whatsapp:+525512345678"),
        ("whatsapp:+525512345678", "whatsapp:+525512345678"),
        ("whatsapp:+541112345678", "whatsapp:+5491112345678"),
        ("whatsapp:+5491112345678", "whatsapp:+5491112345678"),
    ],
)
def test_a_number_has_one_form(written: str, expected: str) -> None:
    """Hard case 51."""
    assert canonical(written, "US") == expected


@pytest.mark.parametrize(
    "withheld",
    [
        "",
        "Anonymous",
        "anonymous",
        "Restricted",
        "unknown",
        "+266696687",
        "+7378742833",
        "sip:anonymous@anonymous.invalid",
    ],
)
def test_a_withheld_number_has_none(withheld: str) -> None:
    assert canonical(withheld, "US") == ""


@pytest.mark.parametrize(
    "number,expected",
    [
        ("whatsapp:+525512345678", "whatsapp:+5215512345678"),
        ("+12025550199", "whatsapp:+12025550199"),
        ("whatsapp:+5491112345678", "whatsapp:+5491112345678"),
    ],
)
def test_whatsapp_is_written_to_under_the_form_that_it_knows(number: str, expected: str) -> None:
    assert whatsapp_address(number) == expected


@given(st.text(max_size=80))
def test_whatever_is_written_has_a_form_that_stays(written: str) -> None:
    once = canonical(written, "US")
    assert len(once) <= 270
    assert canonical(once, "US") == once
