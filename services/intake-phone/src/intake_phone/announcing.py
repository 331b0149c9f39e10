"""Notices that are said on the phone: the agent's phone rings, and says what waits for them."""

from frontline.contract.channel import Delivered, Host
from frontline.contract.error import Reason, Rejected
from frontline.contract.message import ALOUD, OutboundKind, OutboundMessage
from intake_phone import twiml
from intake_phone.rest import Rest
from intake_phone.settings import PhoneSettings


def is_aloud(message: OutboundMessage) -> bool:
    return message.kind is OutboundKind.NOTICE and message.native.get(ALOUD) is True


class Announcing:
    """Rings once: whoever does not pick up sees a missed call of ours, and hears the rest in the console."""

    def __init__(self, settings: PhoneSettings, host: Host, rest: Rest) -> None:
        self._host = host
        self._rest = rest
        self._seconds = settings.phone_ring_seconds
        self._style = twiml.Style(
            language=settings.phone_language,
            greeting="",
            hold_music="",
            wait_seconds=0,
            voicemail_seconds=0,
            transcribe=False,
        )

    async def send(self, message: OutboundMessage) -> Delivered:
        inbox = self._host.inboxes.by_id(message.inbox)
        if inbox is None:
            raise Rejected("the number that this notice goes out from is not there any more", Reason.UNKNOWN_INBOX)
        if len(message.to) != 1 or not message.to[0].address.startswith("+"):
            raise Rejected("a notice rings one phone")
        call = await self._rest.create_call(
            [
                ("To", message.to[0].address),
                ("From", inbox.address),
                ("Twiml", twiml.announce(self._style, message.text)),
                ("Timeout", str(self._seconds)),
            ]
        )
        self._host.meter.count("notices_rung")
        return Delivered(native_id=call)
