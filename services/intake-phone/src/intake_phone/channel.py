"""Phone as a channel: calls and text messages by Twilio, or by the simulator that stands in for it."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

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
from frontline.contract.message import OutboundMessage
from frontline.contract.secret import Secret
from intake_phone.announcing import Announcing, is_aloud
from intake_phone.calls import Calls
from intake_phone.filelink import FileLinks
from intake_phone.inhand import InHand
from intake_phone.messaging import LONGEST, TextsIn, TextsOut, Told
from intake_phone.normalize import CHANNEL
from intake_phone.rest import Account, Rest
from intake_phone.ringing import Ringing
from intake_phone.server import Server
from intake_phone.settings import PhoneSettings
from intake_phone.stray import Strays
from intake_phone.voice import Voice

if TYPE_CHECKING:
    from intake_phone.simulator.desktop import Desktop


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PhoneChannel:
    """See `frontline.contract.channel`: a channel that delivers replies, as text messages."""

    name: ClassVar[ChannelName] = CHANNEL
    Settings: ClassVar[type[msgspec.Struct]] = PhoneSettings
    capabilities: ClassVar[Capabilities] = Capabilities(delivers_replies=True, attachments=True, max_text=LONGEST)
    repeatable: ClassVar[bool] = False
    """Twilio sends whatever it is asked to, as often as it is asked to."""

    def __init__(self, settings: PhoneSettings, host: Host, clock: Clock = _utc_now) -> None:
        self._settings = settings
        self._host = host
        self._clock = clock
        self._base = settings.phone_public_url.rstrip("/")
        self._rest = Rest(settings.twilio_timeout, host.log, host.meter)
        self._told = Told()
        self._files = FileLinks(host.sign, clock)
        self._announcing = Announcing(settings, host, self._rest)
        self._texts_out = TextsOut(host, self._rest, self._told, self._files, self._link)

    async def serve(self, receive: Receive) -> None:
        async with asyncio.TaskGroup() as tasks:
            if not self._settings.simulated:
                await self._run(receive, tasks, None)
                return
            from intake_phone.simulator.desktop import Desktop  # nothing of it is loaded in production

            desktop = Desktop(self._host.sign, tasks)
            async with desktop.opened():
                await self._run(receive, tasks, desktop)

    async def _run(self, receive: Receive, tasks: asyncio.TaskGroup, desktop: "Desktop | None") -> None:
        settings, host = self._settings, self._host
        server = Server(settings, host, desktop.tokens if desktop else settings.twilio_auth_tokens, self._files)
        in_hand = InHand(tasks, settings.phone_answer_seconds, host.log, host.meter)
        calls = Calls(host, self._rest, receive, settings.phone_region, self._clock)
        ringing = Ringing(settings, host, calls, self._rest, in_hand, self._link, tasks)
        voice = Voice(settings, host, receive, calls, self._rest, in_hand, self._link, self._clock)
        texts = TextsIn(settings, host, receive, self._rest, in_hand, self._told, self._clock)
        server.routes(voice, ringing, texts)
        if desktop is not None:
            desktop.mount(server.app)
        address = await server.start()
        self._base = settings.phone_public_url.rstrip("/") or f"http://{_reachable(address)}"
        account = desktop.at(f"http://{_reachable(address)}", self._base) if desktop else _account(settings)
        async with self._rest.opened(account, settings.phone_grace):
            strays = Strays(settings, host, calls, in_hand, self._clock)
            following = [
                tasks.create_task(ringing.run(), name="signals"),
                tasks.create_task(strays.run(), name="strays"),
            ]
            try:
                host.listening("http", address)
                await asyncio.get_running_loop().create_future()
            finally:
                for task in following:
                    task.cancel()
                await server.close()
                await ringing.back.stop()
                await in_hand.drain(settings.phone_grace)
                await server.cleanup()

    async def deliver(self, message: OutboundMessage) -> Delivered:
        return await (self._announcing if is_aloud(message) else self._texts_out).send(message)

    def _link(self, path: str) -> str:
        """Where Twilio finds a page of ours."""
        return f"{self._base}/twilio/{path}"


def _account(settings: PhoneSettings) -> Account:
    token = settings.twilio_auth_tokens[0] if settings.twilio_auth_tokens else Secret()
    return Account(
        sid=settings.twilio_account_sid,
        base=settings.twilio_api.rstrip("/"),
        user=settings.twilio_api_key or settings.twilio_account_sid,
        secret=settings.twilio_api_secret or token,
    )


def _reachable(address: str) -> str:
    """An address that listens on all interfaces is reached on this machine's own."""
    host, _, port = address.rpartition(":")
    return {"0.0.0.0": f"127.0.0.1:{port}", "[::]": f"[::1]:{port}"}.get(host, address)


_channel: type[Channel] = PhoneChannel
_delivers: type[DeliversReplies] = PhoneChannel
_describes: type[DescribesItself] = PhoneChannel
