"""What is a report and what only looks like one; what it is about, and for whom it failed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.codec import decode_inbound, encode
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryState
from intake_email.report import Reported, receipt, reported
from intake_email.thread import token_id
from tests.unit.intake_email.samples import fixture, message, plain, sign

TOKEN = token_id(MessageId("r1"), "frontline.example", sign)
OLDER = token_id(MessageId("r0"), "frontline.example", sign)


def dsn(status: str, returned: str = "", **fields: str | None) -> bytes:
    part = f"--b\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\n\r\nText.\r\n" if returned else ""
    body = f"--b\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n{part}--b--"
    given_fields = {"From": "MAILER-DAEMON@x.example", "Content_Type": "multipart/report; boundary=b", **fields}
    return plain(body, **given_fields)


def report(raw: bytes, **parts: object) -> Reported:
    found = reported(message(raw, **{"return_path": "", **parts}))
    assert found is not None
    return found


FAILED = "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1"


def test_the_returned_mail_s_own_id_counts_before_those_that_it_mentions() -> None:
    raw = dsn(FAILED, f"Message-ID: <{TOKEN}>\r\nReferences: <{OLDER}>", References=f"<{OLDER}>")
    assert report(raw).reply == "r1"


def test_the_last_id_of_the_report_s_references_counts_where_nothing_came_back() -> None:
    assert report(dsn(FAILED, References=f"<{OLDER}> <x@y> <{TOKEN}>")).reply == "r1"


def test_what_a_returned_mail_only_mentions_is_not_what_failed() -> None:
    """A relay that gave it an id of its own leaves nothing to know it by but the answers' ids, which are others' replies."""
    assert report(dsn(FAILED, f"Message-ID: <new@relay.example>\r\nReferences: <{OLDER}>")).reply is None


def test_the_address_that_a_report_comes_to_tells_the_reply() -> None:
    local = TOKEN.partition("@")[0]
    assert report(dsn(FAILED), recipients=(f"support+{local}@frontline.example",)).reply == "r1"


@pytest.mark.parametrize(
    "groups,state",
    [
        (["failed", "failed"], DeliveryState.FAILED),
        (["failed", "delivered"], DeliveryState.UNKNOWN),
        (["delivered", "delayed"], DeliveryState.UNKNOWN),
        (["delivered", "delivered"], DeliveryState.DELIVERED),
    ],
)
def test_a_reply_failed_only_if_it_reached_nobody_it_was_written_to(groups: list[str], state: DeliveryState) -> None:
    fates = "\r\n\r\n".join(
        f"Final-Recipient: rfc822; {n}@b.example\r\nAction: {each}" for n, each in enumerate(groups)
    )
    raw = dsn(f"Reporting-MTA: dns; x\r\n\r\n{fates}", f"To: 0@b.example, 1@b.example\r\nMessage-ID: <{TOKEN}>")
    assert report(raw).state == state


def test_a_receipt_is_the_report_under_the_mail_s_own_id() -> None:
    found = message(dsn(FAILED, f"Message-ID: <{TOKEN}>"), return_path="")
    told = reported(found)
    assert told is not None
    made = receipt(found, told, ContactId("c1"))
    assert (made.id, made.key, made.reply, made.contact, made.state) == (found.id, found.key, "r1", "c1", "failed")
    assert made.detail == "not delivered to a@b.example: 5.1.1"
    assert decode_inbound(encode(made)) == made


def test_a_report_survives_the_message_s_way_over_the_bus() -> None:
    found = message(dsn(FAILED, f"Message-ID: <{TOKEN}>"), return_path="")
    assert reported(decode_inbound(encode(found))) == reported(found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["person-forwards-a-bounce", "person-quotes-a-bounce", "absence-that-speaks-of-delivery"]
)
@pytest.mark.parametrize("return_path", ["one@customer.example", None])
def test_who_writes_of_a_bounce_sends_none(name: str, return_path: str | None) -> None:
    assert reported(message(fixture(name), return_path=return_path)) is None


@pytest.mark.parametrize("local", ["postmaster", "mailadmin", "system-administrator", "bounces+1"])
def test_an_administrator_s_own_words_are_a_contact_and_his_machine_s_are_a_report(local: str) -> None:
    """Only our signature tells the two apart for sure, where the envelope has a sender."""
    said = "Your message could not be delivered: 550 5.1.1 user unknown"
    human = plain(said, From=f"{local}@x.example")
    machine = plain(said, From=f"{local}@x.example", In_Reply_To=f"<{TOKEN}>")
    assert reported(message(human, return_path=f"{local}@x.example")) is None
    assert report(machine, return_path=f"{local}@x.example").reply == "r1"
    assert report(human).reply is None


PIECES = st.sampled_from(
    ["Action: failed", "Action:", "Status: 5.1.1", "Status: 9.9.9.9", "Final-Recipient: rfc822;", "Final-Recipient: ;;;",
     "Diagnostic-Code: smtp; 550", "", "", ":", "Original-Message-ID: <", f"Message-ID: <{TOKEN}>", "\x00\xff", "Disposition: ;"]
)  # fmt: skip


@given(
    st.lists(PIECES, max_size=30),
    st.sampled_from(["delivery-status", "disposition-notification", "feedback-report"]),
)
def test_any_report_is_read_without_an_error(pieces: list[str], kind: str) -> None:
    raw = dsn("\r\n".join(pieces)).replace(b"message/delivery-status", f"message/{kind}".encode())
    found = message(raw, return_path="")
    assert "not understood" not in found.flaw
    assert len(report(raw).detail) <= 500
