"""Which way a customer is answered who is not where they wrote from. Pure."""

from collections.abc import Sequence

from frontline.configuration.model import Desk, Inbox
from frontline.contract.ids import ChannelName
from frontline.contract.transcript import Direction, TranscriptItem
from router.index.row import ContactRow
from router.index.shape import is_mail_address


def address_left(contact: ContactRow, items: Sequence[TranscriptItem]) -> str:
    """The mail address that the customer left to be answered at, "" for none; the latest counts.

    Theirs only, and never that of a mail: what stands beside a mail address of its own is a Reply-To,
    which anybody can set.
    """
    for item in reversed(items):
        if item.direction is not Direction.IN or item.author.id != contact.customer:
            continue
        identity = item.author.identity
        if identity is None or is_mail_address(identity.address):
            continue
        found = next((each.address for each in item.recipients if each.role == "reply_to"), "")
        if is_mail_address(found):
            return found
    return ""


def takes_mail(inbox: Inbox) -> bool:
    """Whether mail goes out from here, by the form of its address."""
    return is_mail_address(inbox.address)


def usual_channel(contact: ContactRow, left: str, desk: Desk) -> ChannelName:
    """The contact's own; for a customer who has left and can't be written to there, that of the address they left."""
    if left and contact.presence == "left":
        for inbox in desk.inboxes:
            if takes_mail(inbox):
                return inbox.channel
    return contact.channel


def first_subject(channel: ChannelName, inbox: str, desk: Desk) -> str:
    """What a first mail about a conversation that had no subject is about."""
    found = next((each for each in desk.inboxes if each.channel == channel and each.id == inbox), None)
    if found is None or not takes_mail(found):
        return ""
    return f"Your conversation with {found.name or desk.name or found.address}"
