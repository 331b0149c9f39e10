"""Replies of ours, as the desk gives them and as mails."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from frontline.contract.channel import Inbox
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import Attachment, ObjectRef, OutboundMessage, Recipient, ThreadRef
from intake_email.render import Rendered, render
from tests.unit.intake_email.samples import sign

INBOX = Inbox(
    channel=ChannelName("email"),
    inbox=InboxId("support"),
    desk="support",
    address="support@frontline.example",
    name="Support",
)
FILE = b"octets of a file"


def outbound(**parts: Any) -> OutboundMessage:
    given: dict[str, Any] = {
        "id": MessageId("r1"),
        "channel": ChannelName("email"),
        "inbox": InboxId("support"),
        "desk": DeskId("support"),
        "contact": ContactId("c1"),
        "customer": CustomerId("u1"),
        "author": AgentId("agent-1"),
        "author_name": "Demo agent 1",
        "to": (Recipient(address="one@customer.example", name="Customer One"),),
        "written": datetime(2026, 5, 4, 12, 0, tzinfo=UTC),
        "subject": "It does not work",
        "text": "Please try again.",
        "thread": (ThreadRef(native_id="<first@customer.example>"),),
    }
    return OutboundMessage(**{**given, **parts})


def attachment(name: str = "report.pdf", **parts: Any) -> Attachment:
    ref = ObjectRef(bucket="ATTACHMENTS", name=f"r1/{name}", size=len(FILE), sha256="")
    return Attachment(**{"name": name, "media_type": "application/pdf", "content": ref, **parts})


def octets(rendered: Rendered) -> bytes:
    """The mail with each file put in, as whoever sends it does."""
    return b"".join(each if isinstance(each, bytes) else b"b2N0ZXRzIG9mIGEgZmlsZQ==\r\n" for each in rendered.pieces)


def raw(**parts: Any) -> bytes:
    return octets(render(outbound(**parts), INBOX, sign))


def parsed(**parts: Any) -> EmailMessage:
    """The mail as the standard library reads it under its modern policy; it must find no defect."""
    found = email.message_from_bytes(raw(**parts), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not [defect for part in found.walk() for defect in part.defects]
    return found
