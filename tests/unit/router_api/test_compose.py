"""Where a reply goes, and what it refers to."""

from datetime import UTC, datetime

import msgspec
import pytest

from frontline.configuration.model import Agent, Configuration, Desk, Inbox
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import Automation, Identity, IdentityStatus, Quoted, Recipient
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from frontline.runtime.signing import Signer
from router.api.access import Access, Who
from router.api.compose import LONGEST_QUOTE, MAX_REFERENCES, Letter, address_letter, note_draft, reply_draft
from router.api.problem import Invalid
from router.index.reading import Said
from router.index.row import ContactRow
from router.index.shape import Customer, CustomerIdentity

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EMAIL, CHAT, PHONE = ChannelName("email"), ChannelName("chat"), ChannelName("phone")
SUPPORT = InboxId("support")
DESK = Desk(
    id=DeskId("support"),
    agents=(Agent(id=AgentId("agent-1"), name="Demo agent 1"),),
    inboxes=(
        Inbox(channel=EMAIL, id=InboxId("sales"), address="sales@frontline.example"),
        Inbox(channel=EMAIL, id=SUPPORT, address="support@frontline.example"),
        Inbox(channel=CHAT, id=InboxId("site"), address="site"),
    ),
)
WHO = Who(DESK.agents[0], DESK)
ACCESS = Access(Signer(b"a secret for tests only"), Configuration(desks=(DESK,)))


def contact(channel: ChannelName = EMAIL) -> ContactRow:
    return ContactRow(
        desk=DESK.id,
        id=ContactId("c1"),
        ordinal=1,
        inbox=SUPPORT,
        channel=channel,
        customer=CustomerId("ann"),
        state="assigned",
        lane="normal",
        priority_reason="",
        opened_at="",
        updated_at="",
    )


def heard(
    n: int,
    address: str = "ann@one.example",
    *,
    customer: str = "ann",
    channel: ChannelName = EMAIL,
    inbox: str = "support",
) -> Said:
    item = TranscriptItem(
        id=MessageId(f"m{n}"),
        contact=ContactId("c1"),
        at=NOW,
        kind=ItemKind.MESSAGE,
        direction=Direction.IN,
        author=Author(role="customer", id=customer, identity=Identity(channel=channel, address=address, name="Ann")),
        channel=channel,
        inbox=InboxId(inbox),
        native_id=f"<{n}@one.example>",
        recipients=(Recipient(address="elsewhere@evil.example", role="reply_to"),),
    )
    return Said(n, item, None)


def answered(n: int, kind: ItemKind = ItemKind.MESSAGE) -> Said:
    item = TranscriptItem(
        id=MessageId(f"r{n}"),
        contact=ContactId("c1"),
        at=NOW,
        kind=kind,
        direction=Direction.OUT if kind is ItemKind.MESSAGE else Direction.INTERNAL,
        author=Author(role="agent", id="agent-1"),
        channel=EMAIL,
        inbox=SUPPORT,
    )
    return Said(n, item, None)


def letter(
    *said: Said,
    customer: Customer | None = None,
    row: ContactRow | None = None,
    channel: str | None = None,
    to: str | list[str] | None = None,
    cc: list[str] | str | None = None,
) -> Letter:
    name = ChannelName(channel) if channel else None
    return address_letter(
        row or contact(), "Printer on fire", customer, said, DESK, channel=name, to=to, cc=cc, is_ours=ACCESS.is_ours
    )


def addresses(letter: Letter) -> list[str]:
    return [recipient.address for recipient in letter.to]


def test_a_reply_goes_to_the_customer_who_wrote_last_and_never_to_a_reply_to() -> None:
    """Hard case 23: an attacker can set it as well as a contact form."""
    assert addresses(letter(heard(1), heard(2, "ann@two.example"))) == ["ann@two.example"]


def with_recipients(said: Said, *recipients: Recipient, automation: Automation = Automation.NO) -> Said:
    item = msgspec.structs.replace(said.item, recipients=(*said.item.recipients, *recipients), automation=automation)
    return Said(said.seq, item, None)


SUPPORT_HERE = Recipient(address="support@frontline.example")
BOB = Recipient(address="bob@one.example", name="Bob", role="cc")
CEO = Recipient(address="ceo@one.example", role="to")


def test_a_reply_keeps_those_who_were_copied_and_never_our_own_addresses() -> None:
    """Hard case 12."""
    sales = Recipient(address="Sales+x@frontline.example", role="cc")
    found = letter(with_recipients(heard(1), SUPPORT_HERE, CEO, BOB, sales))
    assert [(each.address, each.role) for each in found.to] == [
        ("ann@one.example", "to"),
        ("ceo@one.example", "cc"),
        ("bob@one.example", "cc"),
    ]
    assert found.to[2].name == "Bob"


def test_somebody_who_joins_by_answering_is_copied_and_never_the_customer() -> None:
    """Hard case 12."""
    bob = with_recipients(
        heard(2, "bob@one.example", customer="bob"), SUPPORT_HERE, Recipient(address="ann@one.example")
    )
    found = letter(heard(1), bob)
    assert [(each.address, each.role) for each in found.to] == [("ann@one.example", "to"), ("bob@one.example", "cc")]


def test_whom_the_latest_message_leaves_out_is_left_out() -> None:
    assert addresses(letter(with_recipients(heard(1), BOB), heard(2))) == ["ann@one.example"]
    ours = with_recipients(answered(2), Recipient(address="ann@one.example"), CEO)
    assert addresses(letter(heard(1), ours)) == ["ann@one.example", "ceo@one.example"]


def test_a_machines_answer_asks_nobody_in() -> None:
    robot = with_recipients(heard(2, "bob@one.example", customer="bob"), CEO, automation=Automation.AUTO_REPLIED)
    assert addresses(letter(heard(1), robot)) == ["ann@one.example"]


def test_who_says_who_gets_it_says_so_of_everybody() -> None:
    copied = with_recipients(heard(1), BOB)
    assert addresses(letter(copied, to="x@one.example")) == ["x@one.example"]
    assert addresses(letter(copied, cc=[])) == ["ann@one.example"]
    assert addresses(letter(copied, cc=["y@one.example"])) == ["ann@one.example", "y@one.example"]


def test_a_reply_carries_the_message_that_it_answers() -> None:
    said = heard(1)
    said = Said(1, msgspec.structs.replace(said.item, text="It burns.\nBadly.", html="<p>It burns.</p>"), None)
    quoted = letter(said, answered(2)).quoted
    assert quoted == Quoted(at=NOW, name="", text="It burns.\nBadly.", html="<p>It burns.</p>")
    assert letter(heard(1)).quoted is None
    long = Said(1, msgspec.structs.replace(said.item, text="line\n" * 20_000), None)
    quoted = letter(long).quoted
    assert quoted is not None
    assert len(quoted.text) <= LONGEST_QUOTE
    assert quoted.text.endswith("line")
    assert quoted.html == ""


def test_somebody_who_joined_never_replaces_the_customer() -> None:
    found = letter(heard(1), heard(2, "bob@one.example", customer="bob"))
    assert [each.address for each in found.to if each.role == "to"] == ["ann@one.example"]


def test_a_reply_refers_to_the_messages_of_both_sides_in_order_and_to_no_note() -> None:
    thread = letter(heard(1), answered(2), answered(3, ItemKind.NOTE), heard(4)).thread
    assert [ref.native_id or ref.reply for ref in thread] == ["<1@one.example>", "r2", "<4@one.example>"]


def test_a_long_conversation_is_referred_to_by_its_beginning_and_its_end() -> None:
    thread = letter(*(heard(n) for n in range(500))).thread
    assert len(thread) == MAX_REFERENCES
    assert (thread[0].native_id, thread[1].native_id) == ("<0@one.example>", "<451@one.example>")
    assert thread[-1].native_id == "<499@one.example>"


def test_a_reply_leaves_by_the_inbox_that_the_customer_used_last() -> None:
    assert letter(heard(1), heard(2, inbox="sales")).inbox == "sales"


def test_another_channel_of_the_same_customer_may_be_named() -> None:
    known = Customer(
        id=CustomerId("ann"),
        name="Ann",
        identities=(CustomerIdentity(channel=CHAT, address="visitor-1", status=IdentityStatus.CLAIMED),),
    )
    composed = letter(heard(1), customer=known, channel="chat")
    assert (composed.channel, composed.inbox, addresses(composed)) == ("chat", "site", ["visitor-1"])
    assert composed.thread == ()


def test_a_missed_call_can_be_answered_by_mail_to_an_address_that_the_agent_names() -> None:
    composed = letter(row=contact(PHONE), channel="email", to="ann@one.example")
    assert (composed.channel, composed.inbox, addresses(composed)) == ("email", "support", ["ann@one.example"])


def test_a_channel_that_the_desk_does_not_have_is_refused() -> None:
    with pytest.raises(Invalid, match="no inbox on 'pigeon'; it has chat, email"):
        letter(heard(1), channel="pigeon")


def test_a_customer_who_can_not_be_reached_there_is_refused() -> None:
    with pytest.raises(Invalid, match="no known address on 'chat'"):
        letter(heard(1), channel="chat")


def test_copies_are_marked_as_such() -> None:
    composed = letter(heard(1), to=["a@one.example", "b@one.example"], cc="c@one.example")
    assert [(recipient.address, recipient.role) for recipient in composed.to] == [
        ("a@one.example", "to"),
        ("b@one.example", "to"),
        ("c@one.example", "cc"),
    ]


def test_what_is_delivered_and_what_is_shown_are_the_same_words() -> None:
    draft = reply_draft(
        letter(heard(1)),
        id_=MessageId("r9"),
        contact=contact().id,
        customer=contact().customer,
        who=WHO,
        text="Hi",
        html="",
        attachments=(),
        now=NOW,
    )
    assert draft.outbound is not None
    assert (draft.item.id, draft.item.text, draft.item.subject) == ("r9", "Hi", "Printer on fire")
    assert (draft.outbound.id, draft.outbound.text, draft.outbound.subject) == ("r9", "Hi", "Printer on fire")
    assert (draft.outbound.author, draft.outbound.author_name) == ("agent-1", "Demo agent 1")
    assert draft.outbound.customer == "ann"


def test_a_note_is_internal_and_goes_nowhere() -> None:
    draft = note_draft(id_=MessageId("n1"), contact=contact(), who=WHO, text="psst", now=NOW)
    assert draft.outbound is None
    assert (draft.item.kind, draft.item.direction) == (ItemKind.NOTE, Direction.INTERNAL)
