"""Faults on the way out, and in what a channel shows of itself."""

from typing import ClassVar
from uuid import uuid4

import msgspec

from frontline.contract.channel import Delivered
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import ChannelName
from frontline.contract.message import OutboundMessage
from frontline.testing.echo.channel import EchoChannel


class DoublesOnRetry(EchoChannel):
    """Each attempt is another reply to the far end."""

    async def _post(self, key: str, body: bytes) -> int:
        return await super()._post(f"{key}-{uuid4()}", body)


class GivesUpTooSoon(EchoChannel):
    async def deliver(self, message: OutboundMessage) -> Delivered:
        try:
            return await super().deliver(message)
        except Unavailable as error:
            raise Rejected(error.detail) from error


class RaisesErrorsOfItsOwn(EchoChannel):
    """For what the far end refuses."""

    async def deliver(self, message: OutboundMessage) -> Delivered:
        try:
            return await super().deliver(message)
        except Rejected as error:
            raise RuntimeError(error.detail) from error


class LeavesFilesOut(EchoChannel):
    async def deliver(self, message: OutboundMessage) -> Delivered:
        return await super().deliver(msgspec.structs.replace(message, attachments=()))


class LeaksASecret(EchoChannel):
    async def _post(self, key: str, body: bytes) -> int:
        self._host.log.info("echo.posting", headers=f"Authorization: Bearer {self._settings.echo_token}")
        return await super()._post(key, body)


class PlainSettings(msgspec.Struct, frozen=True, kw_only=True):
    echo_host: str = "127.0.0.1"
    echo_port: int = 0
    echo_token: str = ""
    echo_url: str = ""
    echo_max_size: int = 256 * 1024
    echo_timeout: float = 20.0
    echo_grace: float = 5.0


class ShowsItsSettings(EchoChannel):
    """Its token is plain text in the settings."""

    Settings: ClassVar[type[msgspec.Struct]] = PlainSettings


class HasABadName(EchoChannel):
    name: ClassVar[ChannelName] = ChannelName("echo.v2")
