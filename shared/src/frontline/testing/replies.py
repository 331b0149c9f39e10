"""Replies to messages that came in, as the desk composes them, and what `deliver` says to them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from frontline.contract.channel import ATTACHMENTS, Delivered
from frontline.contract.ids import AgentId, ContactId, CustomerId, MessageId
from frontline.contract.message import Attachment, InboundMessage, OutboundMessage, Recipient, ThreadRef
from frontline.runtime.objects import Objects
from frontline.testing.stage import DESK, Stage

_FILE = b"a file that goes with a reply\n"


def reply_to(message: InboundMessage, **parts: Any) -> OutboundMessage:
    """An answer to `message`; `parts` are fields that are to be otherwise."""
    given: dict[str, Any] = {
        "id": MessageId("r1"),
        "channel": message.channel,
        "inbox": message.inbox,
        "desk": DESK,
        "contact": ContactId("c1"),
        "customer": CustomerId("u1"),
        "author": AgentId("agent-1"),
        "author_name": "Demo agent 1",
        "to": (Recipient(address=message.sender.address, name=message.sender.name),),
        "written": datetime(2026, 5, 4, 12, tzinfo=UTC),
        "subject": message.subject,
        "text": "Please try it once more.",
        "thread": (ThreadRef(native_id=message.native_id),),
        **parts,
    }
    return OutboundMessage(**given)


async def kept_file(stage: Stage) -> tuple[Attachment, bytes]:
    """A file in the object store, as an agent attaches one; and its bytes."""

    async def chunks() -> AsyncIterator[bytes]:
        yield _FILE

    ref = await Objects(stage.bus).put(ATTACHMENTS, "r1/1", chunks())
    return Attachment(name="note.txt", media_type="text/plain", content=ref), _FILE


async def error_of(stage: Stage, reply: OutboundMessage) -> Exception | None:
    """What `deliver` raises for it."""
    try:
        delivered = await stage.channel.deliver(reply)
    except Exception as error:  # noqa: BLE001 - which one it is, is the question
        return error
    assert isinstance(delivered, Delivered), "deliver gave something else than Delivered"
    return None


def named(error: Exception | None) -> str:
    return type(error).__name__ if error else "no error"
