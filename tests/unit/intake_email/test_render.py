"""A reply becomes one certain mail, whose fields every client reads and that finds its way back."""

import email
import email.policy
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from frontline.contract.error import Rejected
from frontline.contract.ids import MessageId
from frontline.contract.message import OutboundKind, Recipient, ThreadEvidence, ThreadRef
from intake_email.render import Manner, render
from intake_email.thread import reply_of_address
from tests.unit.intake_email.replies import INBOX, attachment, octets, outbound, parsed, raw
from tests.unit.intake_email.samples import message, plain, sign
from tests.unit.intake_email.test_thread import USUAL


def test_a_reply_has_the_fields_of_an_answer() -> None:
    mail = parsed()
    assert mail["From"] == '"Demo agent 1 (Support)" <support@frontline.example>'
    assert mail["To"] == "Customer One <one@customer.example>"
    assert mail["Subject"] == "Re: It does not work"
    assert mail["Date"] == "Mon, 04 May 2026 12:00:00 +0000"
    assert mail["In-Reply-To"] == mail["References"] == "<first@customer.example>"
    assert re.fullmatch(r"<r1\.[a-z2-7]{20}@frontline\.example>", mail["Message-ID"])
    assert mail.get_content().rstrip() == "Please try again."
    assert "Auto-Submitted" not in mail


def test_a_repeat_is_the_same_mail_to_the_octet() -> None:
    """Hard case 30."""
    parts: dict[str, Any] = {"html": "<p>x</p>", "attachments": (attachment(),)}
    assert raw(**parts) == raw(**parts)


def test_our_own_mails_stand_in_references_under_the_id_that_they_had() -> None:
    first = parsed()
    thread = (ThreadRef(native_id="<first@customer.example>"), ThreadRef(reply=MessageId("r1")))
    second = parsed(id=MessageId("r2"), thread=thread)
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["References"].split() == ["<first@customer.example>", first["Message-ID"]]


def test_a_mail_that_came_without_an_id_is_not_referred_to() -> None:
    mail = parsed(
        thread=(ThreadRef(native_id="sha256:0123"), ThreadRef(native_id="<x\r\nBcc: y@z>"), ThreadRef(native_id=""))
    )
    assert "References" not in mail
    assert "Bcc" not in mail


def test_a_long_chain_keeps_its_beginning_and_its_end() -> None:
    thread = tuple(ThreadRef(native_id=f"<{number}@customer.example>") for number in range(500))
    references = parsed(thread=thread)["References"].split()
    assert len(references) == 40
    assert (references[0], references[-1]) == ("<0@customer.example>", "<499@customer.example>")


@pytest.mark.parametrize(
    "subject,rendered",
    [
        ("A question", "Re: A question"),
        ("Re: A question", "Re: A question"),
        ("RE: AW: Re[2]: A question", "Re: A question"),
        ("Antw: SV: A question", "Re: A question"),
        ("回复：A question", "Re: A question"),
        ("Fwd: A question", "Re: Fwd: A question"),
        ("Reply to you", "Re: Reply to you"),
        ("Größe", "Re: Größe"),
        ("", "Re:"),
        ("a\r\nBcc: x@y.example", "Re: a Bcc: x@y.example"),
        ("=?utf-8?Q?x?=", "Re: =?utf-8?Q?x?="),
        ("word " * 60, "Re: " + ("word " * 60).strip()),
        ("x" * 300, "Re: " + "x" * 300),
    ],
)
def test_a_subject_is_answered_once(subject: str, rendered: str) -> None:
    mail = parsed(subject=subject)
    assert mail["Subject"] == rendered
    assert "Bcc" not in mail
    assert message(raw(subject=subject)).subject == rendered


def test_when_we_write_first_the_subject_is_no_answer() -> None:
    mail = parsed(thread=(), subject="Your order")
    assert mail["Subject"] == "Your order"
    assert "In-Reply-To" not in mail


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Customer One",
        'Customer "One"',
        "One, Customer",
        "Größe",
        "back\\slash",
        "a\r\nBcc: x@y.example",
        "<x@y.example>",
        "x" * 200,
        "=?utf-8?Q?x?=",
        "(comment)",
    ],
)
def test_any_name_is_a_name_and_nothing_else(name: str) -> None:
    mail = parsed(to=(Recipient(address="one@customer.example", name=name),), author_name=name)
    (address,) = mail["To"].addresses
    assert address.addr_spec == "one@customer.example"
    assert address.display_name == " ".join(name.split()) or "\n" not in address.display_name
    assert [each.addr_spec for each in mail["From"].addresses] == ["support@frontline.example"]
    assert "Bcc" not in mail


def test_who_is_copied_is_named_and_who_is_hidden_is_not() -> None:
    to = (
        Recipient(address="one@customer.example"),
        Recipient(address="two@customer.example", role="cc"),
        Recipient(address="three@customer.example", role="bcc"),
    )
    mail = parsed(to=to)
    assert (mail["To"], mail["Cc"]) == ("one@customer.example", "two@customer.example")
    assert b"three@" not in raw(to=to)
    assert render(outbound(to=to), INBOX, sign).recipients == (
        "one@customer.example",
        "two@customer.example",
        "three@customer.example",
    )


@pytest.mark.parametrize(
    "to", [(), (Recipient(address="nobody"),), (Recipient(address="a@x.example\r\nBcc: b@y.example"),)]
)
def test_a_mail_to_nobody_is_refused(to: tuple[Recipient, ...]) -> None:
    with pytest.raises(Rejected):
        render(outbound(to=to), INBOX, sign)


def test_an_id_that_no_message_id_can_carry_is_refused() -> None:
    with pytest.raises(Rejected):
        render(outbound(id=MessageId("a b")), INBOX, sign)


def test_an_international_domain_is_written_so_that_any_relay_knows_it() -> None:
    rendered = render(outbound(to=(Recipient(address="One@bücher.example"),)), INBOX, sign)
    assert rendered.recipients == ("One@xn--bcher-kva.example",)
    assert not rendered.international


def test_an_international_local_part_is_said_to_need_more() -> None:
    assert render(outbound(to=(Recipient(address="größe@customer.example"),)), INBOX, sign).international


def test_the_domain_of_message_ids_is_a_setting() -> None:
    manner = Manner(domain="mail.frontline.example")
    assert render(outbound(), INBOX, sign, manner=manner).message_id.endswith("@mail.frontline.example>")


def test_the_date_is_when_it_was_written_in_whatever_zone() -> None:
    written = datetime(2026, 5, 4, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert parsed(written=written)["Date"].datetime == written


@pytest.mark.parametrize(
    "kind,said",
    [
        (OutboundKind.REPLY, None),
        (OutboundKind.ACKNOWLEDGEMENT, "auto-replied"),
        (OutboundKind.SURVEY, "auto-generated"),
        (OutboundKind.CHECK_IN, "auto-generated"),
    ],
)
def test_only_automatic_mail_says_that_it_is(kind: OutboundKind, said: str | None) -> None:
    """Hard cases 17 and 18."""
    mail = parsed(kind=kind)
    assert mail["Auto-Submitted"] == said
    assert mail["X-Auto-Response-Suppress"] == ("All" if said else None)
    found = message(raw(kind=kind, thread=())).automation
    assert found == {None: "no", "auto-replied": "auto_replied", "auto-generated": "auto_generated"}[said]


def test_who_is_asked_without_having_asked_can_say_no_more() -> None:
    for kind in (OutboundKind.REPLY, OutboundKind.ACKNOWLEDGEMENT):
        assert "List-Unsubscribe" not in parsed(kind=kind)
    mail = parsed(kind=OutboundKind.SURVEY)
    assert mail["List-Unsubscribe"] == "<mailto:support@frontline.example?subject=unsubscribe>"
    assert "List-Unsubscribe-Post" not in mail
    mail = parsed(kind=OutboundKind.SURVEY, native={"unsubscribe": "https://desk.example/no-more?t=1"})
    assert mail["List-Unsubscribe"].split(",")[0] == "<https://desk.example/no-more?t=1>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("link", ["http://x.example", "https://x.example>\r\nBcc: a@b", "https://x y", 7, None, ""])
def test_an_address_that_can_not_stand_there_is_left_out(link: object) -> None:
    mail = parsed(kind=OutboundKind.CHECK_IN, native={"unsubscribe": link})
    assert mail["List-Unsubscribe"].startswith("<mailto:")
    assert "Bcc" not in mail


def test_an_answer_may_be_asked_for_at_an_address_of_its_own() -> None:
    """Hard case 15."""
    asked = octets(render(outbound(id=USUAL), INBOX, sign, manner=Manner(reply_tokens=True)))
    found = email.message_from_bytes(asked, policy=email.policy.default)
    (address,) = found["Reply-To"].addresses
    assert address.display_name == "Support"
    assert reply_of_address(address.addr_spec, sign) == USUAL
    assert found["From"].addresses[0].addr_spec == "support@frontline.example"
    assert "Reply-To" not in parsed(id=USUAL)


@pytest.mark.parametrize(
    "sender,agent,shown",
    [
        ("{agent} at Example", "Demo agent 1", "Demo agent 1 at Example"),
        ("{agent}, {inbox} {agent}", "A", "A, Support A"),
        ("{agent}", 'A "B" {inbox}', 'A "B" {inbox}'),
        ("Example", "Demo agent 1", "Example"),
        ("{agent} at Example", "", "Support"),
        ("", "Demo agent 1", "Demo agent 1 (Support)"),
        ("{agent}\r\nBcc: x@y.example", "A", "A  Bcc: x@y.example"),
    ],
)
def test_an_inbox_says_how_its_people_sign(sender: str, agent: str, shown: str) -> None:
    inbox = msgspec.structs.replace(INBOX, sender=sender)
    rendered = octets(render(outbound(author_name=agent), inbox, sign))
    found = email.message_from_bytes(rendered, policy=email.policy.default)
    (address,) = found["From"].addresses
    assert address.display_name.split() == shown.split()
    assert address.addr_spec == INBOX.address
    assert "Bcc" not in found


def test_a_report_that_holds_nothing_of_our_mail_says_by_its_recipient_which_one_it_means() -> None:
    """Hard case 20."""
    rendered = render(outbound(id=USUAL), INBOX, sign, manner=Manner(reply_tokens=True))
    assert reply_of_address(rendered.sender, sign) == USUAL
    assert render(outbound(id=USUAL), INBOX, sign).sender == "support@frontline.example"
    raw = plain("It could not be delivered.", From="MAILER-DAEMON@customer.example", Subject="Undelivered Mail")
    found = message(raw, return_path="", recipients=(rendered.sender,))
    assert (ThreadEvidence.TOKEN, USUAL) in {(key.evidence, key.value) for key in found.thread}


def test_no_mail_goes_to_our_own_addresses() -> None:
    """Hard case 18."""
    to = tuple(
        Recipient(address=address, role=role)
        for address, role in (
            ("one@customer.example", "to"),
            ("Support@frontline.example", "cc"),
            ("sales@frontline.example", "cc"),
        )
    )
    rendered = render(outbound(to=to), INBOX, sign, ours=lambda address: address.startswith("sales@"))
    assert rendered.recipients == ("one@customer.example",)
    with pytest.raises(Rejected):
        render(outbound(to=to[1:]), INBOX, sign, ours=lambda address: address.startswith("sales@"))
