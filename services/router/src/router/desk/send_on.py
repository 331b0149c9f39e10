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
        # A message may pass the same desk twice, as it comes home; and once more after it was parked there.
        number = f"{sent_on.home}.{sent_on.hops}.{sent_on.moves}.{msg.metadata.sequence.stream}"
        head = {**(msg.headers or {}), MESSAGE_ID: self._id(inbound, number)}
        head[SENT_ON] = encode_said(sent_on).decode()
        await self._store(subject.forward(where.desk), msg.data, head)
        self._log.info("desk.sent_on", message=inbound.id, contact=where.contact, to=where.desk, hops=sent_on.hops)

    async def put_back(self, msg: Msg, inbound: InboundMessage | DeliveryReceipt) -> None:
        """It has come home, and its inbox has gone to another desk meanwhile: into the inbox again, as if it had
        just come in. Return once it is stored there.
        """
        head = {key: value for key, value in (msg.headers or {}).items() if key != SENT_ON}
        head[MESSAGE_ID] = self._id(inbound, f"back.{msg.metadata.sequence.stream}")
        await self._store(subject.inbound(inbound.channel, inbound.inbox), msg.data, head)
        self._log.info("desk.put_back", message=inbound.id, channel=inbound.channel, inbox=inbound.inbox)

    def _id(self, inbound: InboundMessage | DeliveryReceipt, number: str) -> str:
        revision = f".{inbound.revision}" if isinstance(inbound, InboundMessage) and inbound.revision else ""
        return f"{inbound.id}{revision}.{self._desk}.{number}"

    async def _store(self, where: str, data: bytes, head: dict[str, str]) -> None:
        while True:
            try:
                await self._bus.publish(where, data, head)
                return
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
                await self._bus.wait_connected()
