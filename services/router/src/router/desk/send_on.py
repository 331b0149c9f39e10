"""Sending on what is for another desk: a message, or what became of a reply, as it came and under its own id."""

import asyncio

from nats.aio.msg import Msg

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.cloudevent import MESSAGE_ID
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.contract.message import DeliveryReceipt, InboundMessage
from frontline.runtime.bus import Bus
from router.core.command import SentOn
from router.core.elsewhere import Elsewhere
from router.desk.between_words import SENT_ON, encode_said, sent_on_to

_RETRY_SECONDS = 0.5


class SendsOn:
    """Of one desk."""

    def __init__(self, bus: Bus, desk: DeskId, log: Log) -> None:
        self._bus = bus
        self._desk = desk
        self._log = log

    async def send_on(
        self, msg: Msg, inbound: InboundMessage | DeliveryReceipt, where: Elsewhere, before: SentOn | None
    ) -> None:
        """Return once it is stored for the other desk; then it is that desk's, and may be acknowledged here."""
        sent_on = sent_on_to(where, before, self._desk)
        revision = f".{inbound.revision}" if isinstance(inbound, InboundMessage) and inbound.revision else ""
        # A message may pass the same desk twice, as it comes home; and once more after it was parked there.
        number = f"{sent_on.home}.{sent_on.hops}.{sent_on.moves}.{msg.metadata.sequence.stream}"
        head = {**(msg.headers or {}), MESSAGE_ID: f"{inbound.id}{revision}.{self._desk}.{number}"}
        head[SENT_ON] = encode_said(sent_on).decode()
        while True:
            try:
                await self._bus.publish(subject.forward(where.desk), msg.data, head)
                break
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
                await self._bus.wait_connected()
        self._log.info("desk.sent_on", message=inbound.id, contact=where.contact, to=where.desk, hops=sent_on.hops)
