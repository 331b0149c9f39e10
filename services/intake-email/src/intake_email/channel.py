"""E-mail as a channel: SMTP in, an SMTP relay or the local mailbox out."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
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
from frontline.contract.ids import ChannelName
from frontline.contract.message import InboundMessage, ObjectRef, OutboundMessage
from intake_email.checking import Checking
from intake_email.imap_mailboxes import Mailboxes
from intake_email.keyring import keyring
from intake_email.listener import Listener
from intake_email.normalize import CHANNEL
from intake_email.reporting import Reporting
from intake_email.sending import Sending
from intake_email.settings import EmailSettings
from intake_email.taking import Taking
from intake_email.thread import PURPOSE


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EmailChannel:
    """See `frontline.contract.channel`: a channel that delivers replies and can read originals again."""

    name: ClassVar[ChannelName] = CHANNEL
    Settings: ClassVar[type[msgspec.Struct]] = EmailSettings
    capabilities: ClassVar[Capabilities] = Capabilities(delivers_replies=True, replays=True, attachments=True)
    repeatable: ClassVar[bool] = True
    """A reply has one fixed Message-ID, so that a repeat is the same mail to every mail system."""

    def __init__(self, settings: EmailSettings, host: Host, clock: Clock = _utc_now) -> None:
        self._settings = settings
        self._host = host
        self._clock = clock
        sign = keyring(settings.email_token_secrets, partial(host.sign, PURPOSE))
        self._taking = Taking(host.objects, sign, clock, Checking(settings, host.log, host.meter))
        self._sending = Sending(settings, host, sign, clock)

    async def serve(self, receive: Receive) -> None:
        host = self._host
        reporting = Reporting(receive, host.conversations, host.log, host.meter)
        listener = Listener(self._settings, host, self._taking, reporting)
        if not self._settings.imap_mailboxes:
            await listener.run()
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listener.run())
            tasks.create_task(self.mailboxes(reporting).run())

    def mailboxes(self, receive: Receive) -> Mailboxes:
        """The mailboxes that are read by IMAP; for `serve`, and for commands."""
        return Mailboxes(self._settings, self._host, self._taking, receive, self._clock)

    async def deliver(self, message: OutboundMessage) -> Delivered:
        return await self._sending.deliver(message)

    async def parse_again(self, original: ObjectRef, context: Mapping[str, Any]) -> InboundMessage:
        return await self._taking.again(original, context)


_channel: type[Channel] = EmailChannel
_delivers: type[DeliversReplies] = EmailChannel
_describes: type[DescribesItself] = EmailChannel
_replays: type[Replays] = EmailChannel
