"""A message of ours on its way out: rendered, signed, carried."""

from functools import partial

from frontline.contract.channel import Delivered, Host
from frontline.contract.clock import Clock
from frontline.contract.error import Reason, Rejected
from frontline.contract.message import DeliveryState, OutboundKind, OutboundMessage
from intake_email.mailbox import LocalMailbox
from intake_email.outgoing import Carrier, octets
from intake_email.reception import inbox_of
from intake_email.relay import Relay
from intake_email.render import Manner, render
from intake_email.restraint import PURPOSE as RESTRAINT_PURPOSE
from intake_email.restraint import Restraint
from intake_email.settings import EmailSettings
from intake_email.sign import SigningKeys, signed
from intake_email.thread import Sign


class Sending:
    """`DeliversReplies` for mail. The same message is the same mail each time, to the octet."""

    def __init__(self, settings: EmailSettings, host: Host, sign: Sign, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._restraint = Restraint(
            settings.email_automatic_per_day, host.checkpoints, partial(host.sign, RESTRAINT_PURPOSE)
        )
        self._sign = sign
        self._manner = Manner(
            domain=settings.email_domain, quote=settings.email_quote, reply_tokens=settings.email_reply_tokens
        )
        self._keys = SigningKeys(settings.dkim_keys, host.log, host.meter)
        self._carrier: Carrier = (
            Relay(settings, host.log, host.meter) if settings.relay else LocalMailbox(settings.mailbox)
        )

    async def deliver(self, message: OutboundMessage) -> Delivered:
        inbox = self._host.inboxes.by_id(message.inbox)
        if inbox is None:
            raise Rejected("the inbox that this reply goes out from is not there any more", Reason.UNKNOWN_INBOX)
        mail = render(message, inbox, self._sign, manner=self._manner, ours=self._is_ours)
        # How often one of us is told is the desk's to say.
        automatic = message.kind not in (OutboundKind.REPLY, OutboundKind.NOTICE)
        if automatic and not await self._restraint.allows(message.id, mail.recipients, self._clock()):
            self._host.meter.count("automatic_mails_held_back", kind=message.kind)
            self._host.log.warning("mail.automatic_held_back", message=message.id, inbox=message.inbox)
            return Delivered(
                state=DeliveryState.FAILED, detail="not sent: enough automatic mail for one address and day"
            )
        whole = partial(octets, mail, self._host.objects)
        mail = await signed(mail, whole, self._keys.of(inbox.address), message.written)
        name = f"{message.written:%Y%m%dT%H%M%S}-{message.id}"
        detail = await self._carrier.carry(mail, octets(mail, self._host.objects), name)
        return Delivered(native_id=mail.message_id, detail=detail)

    def _is_ours(self, address: str) -> bool:
        return inbox_of(address, self._host.inboxes) is not None
