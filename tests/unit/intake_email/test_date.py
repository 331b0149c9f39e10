"""When a mail was sent: the shape that programs write is read as the standard library would read it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.date import date_of

NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Foo", "jan"]
USUAL = st.builds(
    "{}{} {} {} {:02}:{:02}:{:02} {}{:02}{:02}{}".format,
    st.sampled_from(["", "Thu, ", "Xyz, "]),
    st.one_of(st.integers(0, 32), st.sampled_from(["01", "09"])),
    st.sampled_from(NAMES),
    st.integers(1970, 2100),
    st.integers(0, 24),
    st.integers(0, 60),
    st.integers(0, 60),
    st.sampled_from("+-"),
    st.integers(0, 25),
    st.integers(0, 60),
    st.sampled_from(["", " (UTC)", " (CET)", " (Mitteleuropa)", " GMT"]),
)


def by_the_library(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError):
        return None


@given(USUAL)
def test_a_date_is_what_the_standard_library_reads(value: str) -> None:
    assert date_of(value) == by_the_library(value)


@pytest.mark.parametrize(
    "value, wanted",
    [
        ("Thu, 1 Jan 2026 10:11:12 +0130", "2026-01-01T08:41:12+00:00"),
        ("1 Jan 2026 10:11:12 -0130 (CET)", "2026-01-01T11:41:12+00:00"),
        ("Thu, 01 Jan 2026 10:11:12 -0000", "2026-01-01T10:11:12+00:00"),
        ("Thu, 1 Jan 26 10:11 GMT", "2026-01-01T10:11:00+00:00"),
        ("Thu, 1 jan 2026 10:11:12", "2026-01-01T10:11:12+00:00"),
        ("Thu, 31 Feb 2026 10:11:12 +0000", None),
        ("Thu, 1 Foo 2026 10:11:12 +0000", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_an_instant_in_utc_and_what_is_no_date_is_none(value: str, wanted: str | None) -> None:
    found = date_of(value)
    assert (found.isoformat() if found else None) == wanted
