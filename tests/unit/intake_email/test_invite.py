"""Invitations and answers to them, in words (RFC 5546)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.invite import MOST_READ, read_invite

EVENT = """BEGIN:VCALENDAR
PRODID:-//Web Calendar//EN
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Vienna
BEGIN:STANDARD
DTSTART:16010101T030000
SUMMARY:not this one
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:4711
SUMMARY:Look at the
  lamp\\, together
DTSTART;TZID=Europe/Vienna:20260505T140000
DTEND:20260505T123000Z
ORGANIZER;CN="One: the first, Customer":mailto:one@customer.example
ATTENDEE;PARTSTAT=accepted:mailto:support@frontline.example
ATTENDEE;PARTSTAT=DECLINED:mailto:two@customer.example
BEGIN:VALARM
DESCRIPTION:not this one either
END:VALARM
END:VEVENT
BEGIN:VEVENT
SUMMARY:the second
END:VEVENT
END:VCALENDAR
"""


def test_an_invitation_says_what_when_and_who() -> None:
    found = read_invite(EVENT)
    assert found is not None
    assert (found.method, found.uid, found.summary) == ("REQUEST", "4711", "Look at the lamp, together")
    assert (found.start, found.end) == ("2026-05-05 14:00 (Europe/Vienna)", "2026-05-05 12:30 (UTC)")
    assert (found.organizer, found.answer) == ("One: the first, Customer", "ACCEPTED")
    assert found.words() == (
        "Invitation: Look at the lamp, together\n"
        "2026-05-05 14:00 (Europe/Vienna) – 2026-05-05 12:30 (UTC)\nOne: the first, Customer"
    )


@pytest.mark.parametrize(
    "method,answer,said",
    [
        ("REPLY", "ACCEPTED", "Accepted"),
        ("REPLY", "DECLINED", "Declined"),
        ("REPLY", "TENTATIVE", "Tentatively accepted"),
        ("REPLY", "X-NEW", "Answered"),
        ("CANCEL", "ACCEPTED", "Cancelled"),
        ("COUNTER", "ACCEPTED", "Another time is proposed"),
        ("X-NEW", "ACCEPTED", "Event"),
    ],
)
def test_each_method_has_its_word(method: str, answer: str, said: str) -> None:
    text = EVENT.replace("METHOD:REQUEST", f"METHOD:{method}").replace("accepted", answer)
    found = read_invite(text)
    assert found is not None
    assert found.words().startswith(f"{said}: Look at")


@pytest.mark.parametrize(
    "value,said", [("20260505", "2026-05-05"), ("20260505T1400", "20260505T1400"), ("soon", "soon")]
)
def test_a_day_without_a_time_and_what_is_no_day(value: str, said: str) -> None:
    found = read_invite(EVENT.replace(";TZID=Europe/Vienna:20260505T140000", f":{value}"))
    assert found is not None
    assert found.start == said


def test_the_method_of_the_part_stands_in_for_one_that_is_missing() -> None:
    found = read_invite(EVENT.replace("METHOD:REQUEST\n", ""), "reply")
    assert found is not None
    assert found.is_reply


@pytest.mark.parametrize("text", ["", "no calendar", "x" * 1000 + "BEGIN:VCALENDAR"])
def test_what_is_no_calendar_is_none(text: str) -> None:
    assert read_invite(text) is None


def test_a_calendar_of_a_thousand_guests_is_read_to_its_measure() -> None:
    many = "ATTENDEE;CN=x:mailto:x@customer.example\n" * 50_000
    found = read_invite(EVENT.replace("UID:4711\n", many + "UID:4711\n"))
    assert found is not None
    assert len(many) > MOST_READ
    assert found.uid == ""


@given(st.lists(st.sampled_from([*EVENT.split("\n"), "END:VEVENT", ";;::", 'X;="":', "\\", " "]), max_size=40))
def test_any_lines_are_read_without_an_error(lines: list[str]) -> None:
    found = read_invite("BEGIN:VCALENDAR\n" + "\n".join(lines))
    assert found is not None
    found.words().encode()
