"""A failure is told without whom it is about: the record of a delivery outlives the customer."""

import pytest

from frontline.runtime.unnamed import without_addresses


@pytest.mark.parametrize(
    "text,kept",
    [
        ("550 5.1.1 <Customer@One.example>: no such user", "550 5.1.1 <…>: no such user"),
        ("550 other+tag@two.example is over quota (452-4.2.2)", "550 … is over quota (452-4.2.2)"),
        ("21211: +1 202-555-0101 is not a mobile number", "21211: … is not a mobile number"),
        (
            "421 4.7.0 try again later, 2026-11-22 10:00:00 +0000",
            "421 4.7.0 try again later, 2026-11-22 10:00:00 +0000",
        ),
        ("no user sip-17 here", "no user … here"),
        ("", ""),
    ],
)
def test_addresses_and_numbers_are_left_out_and_the_reason_stays(text: str, kept: str) -> None:
    assert without_addresses(text, ["customer@one.example", "sip-17", ""]) == kept
