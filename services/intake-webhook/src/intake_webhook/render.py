"""From an `OutboundMessage` to the body of a webhook. Pure."""

import msgspec

from frontline.contract.error import Reason, Rejected
from frontline.contract.message import OutboundMessage


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reply as it is posted. `in_reply_to` are the sender's ids of what it answers, the oldest first."""

    id: str
    inbox: str
    to: str
    author: str
    text: str
    written: str
    subject: str = ""
    html: str = ""
    in_reply_to: tuple[str, ...] = ()


def render(message: OutboundMessage) -> bytes:
    """`Rejected` for what can't be carried: nothing is left out silently."""
    if message.attachments:
        raise Rejected("webhooks carry no files", Reason.MALFORMED)
    if not message.to:
        raise Rejected("nobody to send it to", Reason.MALFORMED)
    reply = Reply(
        id=message.id,
        inbox=message.inbox,
        to=message.to[0].address,
        author=message.author_name,
        text=message.text,
        html=message.html,
        subject=message.subject,
        written=message.written.isoformat(timespec="milliseconds"),
        in_reply_to=tuple(each.native_id for each in message.thread if each.native_id),
    )
    return msgspec.json.encode(reply)
