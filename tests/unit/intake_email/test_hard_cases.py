"""The cases of other systems' trouble that reading a mail decides, each under its number in the list of hard cases."""

import re
from datetime import timedelta

import pytest

from frontline.contract.channel import Inbox
from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import Automation, DeliveryState, OutboundKind, OutboundMessage, Recipient
from intake_email.normalize import CHANNEL
from intake_email.render import render
from intake_email.report import reported
from tests.unit.intake_email.samples import FIXTURES, RECEIVED, fixture, message, plain, sign, taken

BY_KIND = {
    name: sorted(path.stem for path in FIXTURES.glob(f"{name}*.eml")) for name in ("absence", "bounce", "charset")
}


def test_case_2_a_mail_without_message_id_that_comes_twice_is_one_message() -> None:
    raw = plain(Message_ID=None)
    again = b"Received: from b.example by c.example\r\n" + raw
    assert message(raw).id == message(again, received=RECEIVED + timedelta(days=9)).id


def test_case_3_two_different_mails_with_one_message_id_are_both_kept() -> None:
    assert message(plain("One.")).id != message(plain("Two.")).id


@pytest.mark.parametrize(
    "said,automation",
    [
        ("no", Automation.NO),
        ("auto-generated", Automation.AUTO_GENERATED),
        ("auto-replied", Automation.AUTO_REPLIED),
        ("auto-replied (vacation; x)", Automation.AUTO_REPLIED),
    ],
)
def test_case_17_auto_submitted_tells_a_person_from_a_shop_order_from_an_absence_notice(
    said: str, automation: Automation
) -> None:
    assert message(plain(Auto_Submitted=said)).automation == automation


def test_case_17_a_list_is_a_way_and_no_machine() -> None:
    found = message(plain(Precedence="list", List_Id="<users.lists.example>"))
    assert found.automation == Automation.NO
    assert (found.native["kind"], found.native["quiet"]) == ("list", ["precedence", "list"])


def test_case_18_what_another_frontline_sends_by_itself_is_no_person_s_word() -> None:
    """Its acknowledgement does not make ours acknowledge it."""
    inbox = Inbox(channel=CHANNEL, inbox=InboxId("help"), desk="d", address="help@other.example", name="Help")
    theirs = OutboundMessage(
        id=MessageId("r1"),
        channel=CHANNEL,
        inbox=InboxId("help"),
        desk=DeskId("d"),
        contact=ContactId("c1"),
        customer=CustomerId("u1"),
        author=AgentId(""),
        author_name="",
        to=(Recipient(address="support@frontline.example"),),
        written=RECEIVED,
        subject="Lamp",
        text="We have your message.",
        kind=OutboundKind.ACKNOWLEDGEMENT,
    )
    raw = b"".join(piece for piece in render(theirs, inbox, sign).pieces if isinstance(piece, bytes))
    found = message(raw, return_path="help@other.example")
    assert found.automation == Automation.AUTO_REPLIED
    assert "suppressed" in found.native["quiet"]


@pytest.mark.parametrize("sender", ["noreply@x.example", "no-reply@x.example", "do_not_reply@x.example"])
def test_case_19_an_address_that_nobody_reads_is_known_without_any_header(sender: str) -> None:
    assert message(plain(From=sender), return_path=sender).native["quiet"] == ["no_reply_address"]


@pytest.mark.parametrize("name", [name for name in BY_KIND["bounce"] if "base64" not in name])
def test_case_20_a_bounce_is_a_report_and_is_bound_only_by_our_own_signature(name: str) -> None:
    raw = fixture(name)
    arrived = {"return_path": "", "recipients": ("support+r7c0ffee.75qh5i66z4nigdlucocp@frontline.example",)}
    for found, known in (
        (message(raw, **arrived), True),
        (message(raw.replace(b"75qh5i66", b"aaaaaaaa"), return_path=""), False),
    ):
        report = reported(found)
        assert report is not None
        assert report.reply == ("r7c0ffee" if known else None)


@pytest.mark.parametrize(
    "status,state,hard",
    [
        ("Action: failed\r\nStatus: 5.1.1", DeliveryState.FAILED, True),
        ("Action: failed\r\nStatus: 5.7.1", DeliveryState.FAILED, True),
        ("Action: failed\r\nStatus: 5.2.2", DeliveryState.FAILED, False),
        ("Action: failed\r\nStatus: 4.4.7", DeliveryState.FAILED, False),
        ("Action: delayed\r\nStatus: 4.4.1", DeliveryState.UNKNOWN, False),
        ("Action: delivered\r\nStatus: 2.0.0", DeliveryState.DELIVERED, False),
        ("Action: relayed\r\nStatus: 2.0.0", DeliveryState.SENT, False),
        ("Status: 4.4.1", DeliveryState.UNKNOWN, False),
        ("Action: FAILED (user unknown)", DeliveryState.FAILED, True),
        ("Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 452 4.2.2 full", DeliveryState.FAILED, False),
    ],
)
def test_case_20_hard_soft_and_delayed_are_three_things(status: str, state: DeliveryState, hard: bool) -> None:
    body = f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n{status}\r\n--b--"
    report = reported(message(plain(body, Content_Type="multipart/report; boundary=b"), return_path=""))
    assert report is not None
    assert (report.state, report.hard) == (state, hard)


@pytest.mark.parametrize("name", BY_KIND["absence"])
def test_case_21_an_absence_notice_is_an_automatic_answer_and_no_bounce(name: str) -> None:
    path = (
        ""
        if name in ("absence-exchange", "absence-vacation-program", "absence-that-speaks-of-delivery")
        else "a@b.example"
    )
    found = message(fixture(name), return_path=path)
    assert found.automation == Automation.AUTO_REPLIED
    assert reported(found) is None


@pytest.mark.parametrize("name", BY_KIND["charset"])
def test_case_24_a_broken_or_unknown_character_set_gives_readable_text(name: str) -> None:
    found = message(fixture(name))
    assert not re.search("[\ufffd\x80-\x9f]", found.text + found.subject)
    assert found.flaw == ""


def test_case_24_an_emoji_in_a_file_s_name_is_kept() -> None:
    (file,) = message(fixture("file-name-with-emoji")).attachments
    assert file.name == "🧾 bill.pdf"


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("html-*.eml")))
def test_case_25_hostile_html_does_nothing_and_loses_no_words(name: str) -> None:
    found = message(fixture(name))
    assert not re.search(r"(?i)<(?:script|svg|style|iframe|form|object)|\bon\w+=|javascript:|url\(|style=", found.html)
    assert found.text


def test_case_25_a_picture_that_names_another_message_s_part_shows_nothing() -> None:
    found = message(fixture("picture-of-another-message"))
    assert re.findall(r'src="([^"]*)"', found.html) == ["cid:photo@customer.example", ""]


def test_case_25_words_that_quote_strip_hides_stand_in_the_whole_text() -> None:
    found = message(fixture("gmail-inline-answers-html-only"))
    assert "Which version" in found.text
    assert "Which version" not in found.reply_text


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("reply-*-??.eml")))
def test_case_26_an_answer_above_a_quote_is_found_in_every_language(name: str) -> None:
    found = message(fixture(name))
    assert "Please try again" in found.text
    assert "Please try again" not in found.reply_text
    assert found.reply_text in found.text


@pytest.mark.parametrize("name", ["thunderbird-bottom-posted", "mutt-reply-bottom", "thunderbird-inline-answers"])
def test_case_26_an_answer_below_or_between_quotes_is_found(name: str) -> None:
    found = message(fixture(name))
    assert found.reply_text
    assert ">" not in found.reply_text


def test_case_26_text_before_the_html_is_text() -> None:
    assert message(fixture("yahoo-android-text-before-html")).text.startswith("Thank you, it works now.")


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.eml")))
def test_case_27_stripping_never_empties_a_message_and_the_original_is_whole(name: str) -> None:
    raw = fixture(name)
    found = taken(raw)
    assert bool(found.message.reply_text) == bool(found.message.text.strip())
    assert found.pieces[0].data == raw


@pytest.mark.parametrize(
    "name,files",
    [
        ("winmail-with-files", ["Invoice für Müller.pdf", "notes.txt"]),
        ("calendar-invite-of-outlook", ["attachment-1.ics"]),
        ("shape-signed-openpgp", ["signature.asc"]),
        ("shape-encrypted-openpgp", ["attachment-1.bin", "encrypted.asc"]),
        ("shape-signed-smime", ["smime.p7s"]),
        ("shape-encrypted-smime", ["smime.p7m"]),
        ("picture-without-content-id", ["IMG_1.png"]),
        ("file-name-empty", ["attachment-1.pdf"]),
    ],
)
def test_case_28_every_kind_of_file_is_there_under_a_name(name: str, files: list[str]) -> None:
    assert [file.name for file in message(fixture(name)).attachments] == files
