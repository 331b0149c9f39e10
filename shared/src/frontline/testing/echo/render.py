"""From an `OutboundMessage` to the body of a request. Pure."""

import msgspec

from frontline.contract.error import Reason, Rejected
from frontline.contract.message import OutboundMessage


def render(message: OutboundMessage) -> bytes:
    """`Rejected` for what can't be carried: nothing is left out silently."""
    if message.attachments:
        raise Rejected("this channel carries no files", Reason.MALFORMED)
    if not message.to:
        raise Rejected("nobody to send it to", Reason.MALFORMED)
    return msgspec.json.encode(
        {"id": message.id, "to": message.to[0].address, "author": message.author_name, "text": message.text}
    )
