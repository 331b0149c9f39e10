"""What travels between the parts of Frontline, and what a channel plug-in must be.

This room is pure: no clock, randomness, environment or I/O. Everything a plug-in author
needs is named here; the modules behind it may move.
"""

from frontline.contract.channel import (
    AccountName,
    Channel,
    DeliversReplies,
    Host,
    Inboxes,
    ObjectReader,
    ObjectWriter,
    Receive,
)
from frontline.contract.error import Rejected, SettingsError, Unavailable
from frontline.contract.message import (
    Attachment,
    Automation,
    DeliveryReceipt,
    Evidence,
    Identity,
    IdentityStatus,
    Inbound,
    InboundMessage,
    MessageKind,
    ObjectRef,
    OutboundKind,
    OutboundMessage,
    Presence,
    Quoted,
    Recipient,
    ThreadKey,
    ThreadRef,
    Times,
    idempotency_key,
    message_id,
)

__all__ = [
    "AccountName",
    "Attachment",
    "Automation",
    "Channel",
    "DeliversReplies",
    "DeliveryReceipt",
    "Evidence",
    "Host",
    "Identity",
    "IdentityStatus",
    "Inbound",
    "InboundMessage",
    "Inboxes",
    "MessageKind",
    "ObjectReader",
    "ObjectRef",
    "ObjectWriter",
    "OutboundKind",
    "OutboundMessage",
    "Presence",
    "Quoted",
    "Receive",
    "Recipient",
    "Rejected",
    "SettingsError",
    "ThreadKey",
    "ThreadRef",
    "Times",
    "Unavailable",
    "idempotency_key",
    "message_id",
]
