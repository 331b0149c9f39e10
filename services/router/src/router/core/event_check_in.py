"""Customers who are written to because nothing is heard of them. See `event.py` for the rules."""

from datetime import datetime

from frontline.contract.ids import ChannelName, ContactId, CustomerId, InboxId, MessageId
from router.core.happened import Event


class CheckInArmed(Event, frozen=True, kw_only=True):
    """The customer is written to at `due_at`, as `rule` says, unless they are heard of before."""

    contact: ContactId
    rule: str
    customer: CustomerId
    channel: ChannelName
    inbox: InboxId
    due_at: datetime


class CheckInDue(Event, frozen=True, kw_only=True):
    """Nothing was heard: `message` goes to the customer, if they did not say that they want none."""

    contact: ContactId
    rule: str
    customer: CustomerId
    channel: ChannelName
    inbox: InboxId
    message: MessageId
