"""Webhooks as a channel: signed JSON in, signed JSON out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

from frontline.contract.channel import (
    Capabilities,
    Channel,
    Delivered,
    DeliversReplies,
    DescribesItself,
    Host,
    Receive,
    Replays,
)
from frontline.contract.clock import Clock
from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ChannelName
from frontline.contract.message import InboundMessage, ObjectRef, OutboundMessage
from intake_webhook.listener import Listener
from intake_webhook.normalize import CHANNEL, arrival_of, normalise, parse
from intake_webhook.poster import Poster
from intake_webhook.render import render
from intake_webhook.settings import WebhookSettings


def _utc_now() -> datetime:
    return datetime.now(UTC)


class WebhookChannel:
    """See `frontline.contract.channel`: a channel that delivers replies and can read originals again."""

    name: ClassVar[ChannelName] = CHANNEL
    Settings: ClassVar[type[msgspec.Struct]] = WebhookSettings
    capabilities: ClassVar[Capabilities] = Capabilities(delivers_replies=True, replays=True)
    repeatable: ClassVar[bool] = True
    """A reply goes out under its own id as `webhook-id`, by which the far end knows a repeat."""

    def __init__(self, settings: WebhookSettings, host: Host, clock: Clock = _utc_now) -> None:
        self._settings = settings
        self._host = host
        self._clock = clock
        self._targets = settings.targets
        self._poster = Poster(settings, clock)

    async def serve(self, receive: Receive) -> None:
        await Listener(self._settings, self._host, receive, self._clock).run()

    async def deliver(self, message: OutboundMessage) -> Delivered:
        url = self._targets.get(message.inbox)
        if url is None:
            raise Rejected("the settings name no address for the replies of this inbox", Reason.NOT_FOUND)
        await self._poster.post(url, message.id, render(message))
        return Delivered(native_id=message.id)

    async def parse_again(self, original: ObjectRef, context: Mapping[str, Any]) -> InboundMessage:
        try:
            arrival = arrival_of(dict(context))
        except msgspec.ValidationError as error:
            raise Rejected("this message does not say how it came", Reason.MALFORMED) from error
        body = b"".join([chunk async for chunk in self._host.objects.get(original)])
        return normalise(parse(body), arrival, original)


_channel: type[Channel] = WebhookChannel
_delivers: type[DeliversReplies] = WebhookChannel
_describes: type[DescribesItself] = WebhookChannel
_replays: type[Replays] = WebhookChannel
