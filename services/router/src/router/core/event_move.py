"""What a desk decides when messages go from one contact to another. See `event.py` for the rules."""

from datetime import datetime

import msgspec

from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, InboxId, KeyHash, MessageId
from router.core.happened import Event


class Moving(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a transcript that goes to another contact, with what the desk once decided about it.

    `at` is when it was said, and empty for what nobody decided (an acknowledgement). `key` and
    `customer` are a customer's message's own, `binds` the thread keys that go along.
    """

    id: MessageId
    moves: int = 1
    """How often it has been moved, this time included."""
    at: datetime | None = None
    asks: bool = False
    """Somebody waited for an answer to it."""
    key: KeyHash | None = None
    customer: CustomerId | None = None
    binds: tuple[KeyHash, ...] = ()


class MessagesMoved(Event, frozen=True, kw_only=True):
    """`agent` has moved these out of a contact. What is told of them stands in `MessagesTaken`."""

    contact: ContactId
    to: ContactId
    agent: AgentId
    items: tuple[MessageId, ...]
    split: bool = False
    """They have become a contact of their own."""


class MessagesTaken(Event, frozen=True, kw_only=True):
    """They are part of this contact from here on; their keys find it, and what is said to answer them comes here."""

    contact: ContactId
    origin: ContactId
    agent: AgentId
    channel: ChannelName
    inbox: InboxId
    items: tuple[Moving, ...]
    replies: tuple[tuple[MessageId, datetime], ...] = ()
    """Those of the items that are public replies by a person and have not failed."""
    public: bool = True
    """Whether the customer of this contact may see what was public before."""
    split: bool = False
