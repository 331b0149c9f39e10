"""A type for each kind of id, so that no two of them can be mixed up. All are opaque strings."""

from typing import NewType

DeskId = NewType("DeskId", str)
InboxId = NewType("InboxId", str)
ChannelName = NewType("ChannelName", str)
AgentId = NewType("AgentId", str)
ContactId = NewType("ContactId", str)
CustomerId = NewType("CustomerId", str)
MessageId = NewType("MessageId", str)
"""One utterance, in or out. For a reply it is the reply's id as well."""
OfferId = NewType("OfferId", str)
KeyHash = NewType("KeyHash", str)
"""HMAC of a thread key, an idempotency key or an address under the deployment secret."""
