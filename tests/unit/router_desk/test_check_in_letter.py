"""What is written to customers of whom nothing was heard, to whom, and in which language; and what STOP means."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from frontline.configuration.model import Desk, Inbox
from frontline.contract.ids import ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import (
    Attachment,
    Automation,
    Identity,
    InboundMessage,
    ObjectRef,
    OutboundKind,
    OutboundMessage,
    Presence,
    Recipient,
    ThreadRef,
)
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from router.core.event_check_in import CheckInDue
from router.desk.check_in_letter import letter
from router.desk.opt_out import says_nothing_else, wants_no_more
from router.desk.own_lines import of_letter
from tests.integration.router_desk.desk import mail

NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)
MAIL, CHAT = ChannelName("email"), ChannelName("chat")
SUPPORT = InboxId("support")
ANN = CustomerId("ann")
DESK = Desk(
    id=DeskId("support"),
    name="Support",
    inboxes=(
        Inbox(channel=CHAT, id=SUPPORT, address="support"),
        Inbox(channel=MAIL, id=SUPPORT, address="support@desk.example", name="Help", languages=("fr",)),
    ),
)
TEXTS = {"en": "Well?", "de": "Geht es?", "fr": "Ça va ?"}


def due(channel: ChannelName = MAIL) -> CheckInDue:
    return CheckInDue(
        at=NOW, contact=ContactId("c1"), rule="well", customer=ANN, channel=channel, inbox=SUPPORT,
        message=MessageId("k1"),
    )  # fmt: skip


def said(name: str, *, by: str = "ann", channel: ChannelName = MAIL, **more: object) -> TranscriptItem:
    address = f"{by}@one.example" if channel == MAIL else by
    plain = TranscriptItem(
        id=MessageId(name),
        contact=ContactId("c1"),
        at=NOW - timedelta(days=3),
        kind=ItemKind.MESSAGE,
        direction=Direction.IN,
        author=Author(role="customer", id=by, name=by.title(), identity=Identity(channel=channel, address=address)),
        channel=channel,
        inbox=SUPPORT,
        native_id=f"<{name}@one.example>",
        subject="The printer",
    )
    return msgspec.structs.replace(plain, **more)


def answered(name: str, *to: str, channel: ChannelName = MAIL) -> TranscriptItem:
    return TranscriptItem(
        id=MessageId(name),
        contact=ContactId("c1"),
        at=NOW - timedelta(days=2),
        kind=ItemKind.MESSAGE,
        direction=Direction.OUT,
        author=Author(role="agent", id="a"),
        channel=channel,
        inbox=SUPPORT,
        subject="The printer",
        recipients=tuple(Recipient(address=address) for address in to),
    )


def written(*items: TranscriptItem, channel: ChannelName = MAIL) -> OutboundMessage | None:
    return letter(due(channel), TEXTS, DESK, items, NOW)


def test_rule_7_it_is_automatic_mail_to_the_customer_in_their_conversation() -> None:
    found = written(said("m1"), answered("r1", "ann@one.example"), said("m2", by="bob"))
    assert found is not None
    assert (found.kind, found.id, found.author) == (OutboundKind.CHECK_IN, "k1", "")
    assert found.to == (Recipient(address="ann@one.example"),)
    assert (found.subject, found.author_name, found.written) == ("The printer", "Help", NOW)
    assert found.thread == (
        ThreadRef(native_id="<m1@one.example>"),
        ThreadRef(reply=MessageId("r1")),
        ThreadRef(native_id="<m2@one.example>"),
    )


def test_rule_7_written_again_it_is_the_same_letter_and_does_not_answer_itself() -> None:
    before = said("m1"), answered("r1", "ann@one.example")
    first = written(*before)
    assert first is not None
    assert written(*before, of_letter(first)) == first


def test_rule_7_written_again_to_who_never_wrote_it_still_goes_to_where_we_wrote_first() -> None:
    first = written(answered("r1", "ann@one.example"))
    assert first is not None
    assert written(answered("r1", "ann@one.example"), of_letter(first)) == first


@pytest.mark.parametrize(
    "languages,text",
    [
        (("de",), "Geht es?"),
        (("de-AT",), "Geht es?"),
        (("de", "en"), "Well?"),
        (("",), "Ça va ?"),
        (("ja",), "Ça va ?"),
    ],
)
def test_rule_7_it_is_in_the_customer_s_language_else_in_the_inbox_s(languages: tuple[str, ...], text: str) -> None:
    found = written(*(said(f"m{n}", language=language) for n, language in enumerate(languages)))
    assert found is not None
    assert found.text == text


def test_rule_7_without_any_language_that_is_known_it_is_the_first_text() -> None:
    plain = msgspec.structs.replace(DESK, inboxes=(msgspec.structs.replace(DESK.inboxes[1], languages=()),))
    found = letter(due(), TEXTS, plain, [said("m1")], NOW)
    assert found is not None
    assert found.text == "Well?"


def test_rule_7_who_left_a_chat_and_an_address_is_written_to_there_and_else_in_the_chat() -> None:
    chat = said("m1", channel=CHAT, subject="", native_id="x")
    here = written(chat, channel=CHAT)
    assert here is not None
    assert (here.channel, here.to[0].address) == (CHAT, "ann")
    left = msgspec.structs.replace(chat, recipients=(Recipient(address="ann@left.example", role="reply_to"),))
    there = written(left, channel=CHAT)
    assert there is not None
    assert (there.channel, there.to[0].address, there.subject) == (
        MAIL,
        "ann@left.example",
        "Your conversation with Help",
    )


def test_rule_7_a_reply_to_of_a_mail_which_anybody_can_set_is_not_written_to() -> None:
    found = written(said("m1", recipients=(Recipient(address="evil@else.example", role="reply_to"),)))
    assert found is not None
    assert found.to[0].address == "ann@one.example"


def test_rule_7_to_whom_we_wrote_first_and_who_never_answered_it_goes_to_where_we_wrote() -> None:
    found = written(answered("r1", "ann@one.example"))
    assert found is not None
    assert found.to[0].address == "ann@one.example"


@pytest.mark.parametrize(
    "last",
    [
        said("m2", automation=Automation.AUTO_GENERATED),
        said("m2", native={"quiet": ["a mailing list"]}),
    ],
)
def test_rule_7_no_machine_and_no_list_is_written_to(last: TranscriptItem) -> None:
    assert written(said("m1"), last) is None


def test_rule_7_when_the_words_are_gone_nobody_is_written_to() -> None:
    assert written() is None


@pytest.mark.parametrize(
    "text,subject,none,only",
    [
        ("STOP", "", True, True),
        (" Stop. ", "Re: The printer", True, True),
        ("", "unsubscribe", True, True),
        ("This message was automatically generated by the mail program.", "Unsubscribe", True, True),
        ("Please take me off, and " + "also close my account at once, " * 4, "unsubscribe", True, False),
        ("Do not stop", "", False, False),
        ("How do I unsubscribe?", "Newsletter", False, False),
    ],
)
def test_rule_7_a_customer_says_stop(text: str, subject: str, none: bool, only: bool) -> None:
    message: InboundMessage = msgspec.structs.replace(mail("<1@one.example>", text=text), subject=subject)
    assert wants_no_more(message) is none
    assert (none and says_nothing_else(message)) is only


def test_rule_7_who_waits_in_a_chat_or_sends_a_file_has_something_to_say() -> None:
    message = mail("<1@one.example>", text="stop")
    assert not says_nothing_else(msgspec.structs.replace(message, presence=Presence.LIVE))
    file = Attachment(name="a", media_type="text/plain", content=ObjectRef(bucket="b", name="n", size=1, sha256="0"))
    assert not says_nothing_else(msgspec.structs.replace(message, attachments=(file,)))
