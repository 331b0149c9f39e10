"""The plug-in: what the host makes, runs and asks to deliver."""

from datetime import UTC, datetime
from typing import ClassVar

import aiohttp
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
from frontline.contract.error import Reason, Rejected, Unavailable
from frontline.contract.ids import ChannelName
from frontline.contract.message import OutboundMessage
from frontline.testing.echo.listener import Listener
from frontline.testing.echo.normalize import CHANNEL
from frontline.testing.echo.render import render
from frontline.testing.echo.settings import EchoSettings

_LATER = frozenset({408, 425, 429})


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EchoChannel:
    """See `frontline.contract.channel`."""

    name: ClassVar[ChannelName] = CHANNEL
    Settings: ClassVar[type[msgspec.Struct]] = EchoSettings
    capabilities: ClassVar[Capabilities] = Capabilities(delivers_replies=True)
    repeatable: ClassVar[bool] = True
    """A reply goes out under its own id, by which the far end knows a repeat."""

    def __init__(self, settings: EchoSettings, host: Host, clock: Clock = _utc_now) -> None:
        self._settings = settings
        self._host = host
        self._clock = clock

    async def serve(self, receive: Receive) -> None:
        await Listener(self._settings, self._host, receive, self._clock).run()

    async def deliver(self, message: OutboundMessage) -> Delivered:
        if not self._settings.echo_url:
            raise Rejected("there is no address that replies go to", Reason.NOT_FOUND)
        status = await self._post(message.id, render(message))
        if status >= 500 or status in _LATER:
            raise Unavailable(f"the far end answered {status}")
        if status >= 300:
            raise Rejected(f"the far end answered {status}", Reason.MALFORMED)
        return Delivered(native_id=message.id)

    async def _post(self, key: str, body: bytes) -> int:
        headers = {
            "Authorization": f"Bearer {self._settings.echo_token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        url = self._settings.echo_url
        timeout = aiohttp.ClientTimeout(total=self._settings.echo_timeout)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.post(url, data=body, allow_redirects=False) as response,
            ):
                return response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable("the far end can't be reached") from error


_channel: type[Channel] = EchoChannel
_delivers: type[DeliversReplies] = EchoChannel
_describes: type[DescribesItself] = EchoChannel
