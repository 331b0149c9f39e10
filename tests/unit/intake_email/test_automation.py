"""A person, an automatic answer, or a machine of its own accord (hard case 17)."""

import pytest

from frontline.contract.message import Automation
from tests.unit.intake_email.samples import message, plain

NO, REPLIED, GENERATED = Automation.NO, Automation.AUTO_REPLIED, Automation.AUTO_GENERATED


@pytest.mark.parametrize(
    "fields,automation",
    [
        ({}, NO),
        ({"Auto-Submitted": "no"}, NO),
        ({"Auto-Submitted": "NO (a person)"}, NO),
        ({"Auto-Submitted": "no", "Precedence": "bulk"}, NO),
        ({"Auto-Submitted": "auto-generated"}, GENERATED),
        ({"Auto-Submitted": "auto-replied"}, REPLIED),
        ({"Auto-Submitted": "Auto-Replied; owner-email=x"}, REPLIED),
        ({"Auto-Submitted": "auto-notified"}, GENERATED),
        ({"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "In-Reply-To": "<a@b>"}, REPLIED),
        ({"Auto-Submitted": "auto-generated", "In-Reply-To": "<a@b>"}, GENERATED),
        ({"X-Auto-Response-Suppress": "OOF, AutoReply"}, GENERATED),
        ({"X-Auto-Response-Suppress": "OOF", "In-Reply-To": "<a@b>"}, REPLIED),
        ({"X-Auto-Response-Suppress": "DR, RN"}, NO),
        ({"Precedence": "bulk"}, GENERATED),
        ({"Precedence": "junk"}, GENERATED),
        ({"Precedence": "list"}, NO),
        ({"Precedence": "auto_reply"}, REPLIED),
        ({"X-Autoreply": "yes"}, REPLIED),
        ({"X-Autoreply": "no"}, NO),
        ({"X-Autorespond": ""}, REPLIED),
        ({"X-Failed-Recipients": "x@y.example"}, REPLIED),
        ({"List-Id": "<support.frontline.example>", "List-Unsubscribe": "<mailto:x@y.example>"}, NO),
        ({"From": "MAILER-DAEMON@mx.customer.example"}, REPLIED),
        ({"From": "bounces+one=customer.example@lists.example"}, REPLIED),
        ({"From": "bouncer@club.example"}, NO),
        ({"Content-Type": "multipart/report; boundary=b"}, NO),
    ],
)
def test_automation_by_fields(fields: dict[str, str], automation: Automation) -> None:
    assert message(plain(**fields)).automation == automation


def test_the_null_return_path_is_that_of_bounces() -> None:
    assert message(plain(), return_path="").automation == REPLIED


def test_where_nobody_knows_the_envelope_the_delivering_server_s_note_counts() -> None:
    """Of a mailbox that is fetched from; what stands below the first one is the sender's own."""
    note = b"Return-Path: <>\r\n"
    forged = b"Return-Path: <one@customer.example>\r\n" + note
    assert message(note + plain(), return_path=None).automation == REPLIED
    assert message(forged + plain(), return_path=None).automation == NO
    assert message(note + plain(), return_path="one@customer.example").automation == NO


def test_an_unknown_return_path_says_nothing() -> None:
    assert message(plain(), return_path=None).automation == NO
