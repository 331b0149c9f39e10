"""A message of ours on its way out: rendered, signed, carried."""

from functools import partial

from frontline.contract.channel import Delivered, Host
from frontline.contract.error import Reason, Rejected
from frontline.contract.message import OutboundMessage
from intake_email.mailbox import LocalMailbox
from intake_email.outgoing import Carrier, octets
from intake_email.relay import Relay
from intake_email.render import Manner, render
from intake_email.settings import EmailSettings
from intake_email.sign import SigningKeys, signed
from intake_email.thread import Sign


class Sending:
    """`DeliversReplies` for mail. The same message is the same mail each time, to the octet."""

    def __init__(self, settings: EmailSettings, host: Host, sign: Sign) -> None:
        self._host = host
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
        whole = partial(octets, mail, self._host.objects)
        mail = await signed(mail, whole, self._keys.of(inbox.address), message.written)
        name = f"{message.written:%Y%m%dT%H%M%S}-{message.id}"
        detail = await self._carrier.carry(mail, octets(mail, self._host.objects), name)
        return Delivered(native_id=mail.message_id, detail=detail)

    def _is_ours(self, address: str) -> bool:
        local, _, domain = address.partition("@")
        inboxes = self._host.inboxes
        plain = f"{local.partition('+')[0]}@{domain}"
        return inboxes.by_address(address) is not None or inboxes.by_address(plain) is not None
