"""How a message for a customer or an agent goes to the channel that delivers it. Pure."""

from frontline.contract import cloudevent, subject
from frontline.contract.codec import encode
from frontline.contract.ids import DeskId
from frontline.contract.message import OutboundMessage


def outgoing(desk: DeskId, message: OutboundMessage) -> tuple[str, bytes, dict[str, str]]:
    """Subject, bytes and headers of what `desk` gives out, under the message's own id: stored again it is one message."""
    head = cloudevent.headers(id=message.id, kind="outbound_message", source=f"/desks/{desk}", at=message.written)
    return subject.outbound(message.channel, message.inbox), encode(message), head
