"""Chat as a channel: a WebSocket for each window of a visitor, and the widget that speaks to it."""

from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from frontline.contract.channel import (
    Capabilities,
    Channel,
    Delivered,
    DeliversReplies,
    DescribesItself,
    Host,
    Receive,
)
from frontline.contract.clock import Clock
from frontline.contract.ids import ChannelName
from frontline.contract.message import DeliveryState, OutboundMessage
from intake_chat.normalize import CHANNEL
from intake_chat.server import Server
from intake_chat.settings import ChatSettings


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ChatChannel:
    """See `frontline.contract.channel`: a channel whose replies are read from the transcript."""

    name: ClassVar[ChannelName] = CHANNEL
    Settings: ClassVar[type[msgspec.Struct]] = ChatSettings
    capabilities: ClassVar[Capabilities] = Capabilities(delivers_replies=True, attachments=True, shows_transcript=True)
    repeatable: ClassVar[bool] = True
    """A reply is a line of the transcript; a repeat changes nothing."""

    def __init__(self, settings: ChatSettings, host: Host, clock: Clock = _utc_now) -> None:
        self._server = Server(settings, host, clock)

    async def serve(self, receive: Receive) -> None:
        await self._server.run(receive)

    async def deliver(self, message: OutboundMessage) -> Delivered:
        """The reply stands in the transcript already, where every socket of the visitor reads it: what is
        left to say is whether one is open here.
        """
        hub = self._server.hub
        seen = hub is not None and hub.is_here(message.contact)
        return Delivered(native_id=message.id, state=DeliveryState.DELIVERED if seen else DeliveryState.SENT)


_channel: type[Channel] = ChatChannel
_delivers: type[DeliversReplies] = ChatChannel
_describes: type[DescribesItself] = ChatChannel
