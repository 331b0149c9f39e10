"""What other desks sent on: a message for a contact that is here, and what became of a reply.

Each goes the way of a message that came in by one of our own inboxes, one after another. One that is faster than
its contact waits for it, and so do those behind it, unless a log has lost that the contact was to come. What belongs
to nothing here goes back where it came in: to the
desk that sent it on, and from there into its inbox, if that is another desk's by then.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from nats.aio.msg import Msg

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.codec import decode_inbound
from frontline.contract.ids import ContactId, DeskId
from frontline.contract.message import DeliveryReceipt, InboundMessage
from frontline.runtime.bus import Bus
from router.core.command import DeskCommand, SentOn
from router.core.decide_message import NOT_TAKEN, UNKNOWN_INBOX
from router.core.elsewhere import NOT_HERE_YET, Elsewhere, by_way_of, has_come
from router.core.refusal import Refused
from router.desk.between_words import sent_on_of
from router.desk.effects import stored
from router.desk.figures import RouterFigures
from router.desk.intake import Park
from router.desk.listening import Listening
from router.desk.loop import Decided, DeskLoop, Stale, Work
from router.desk.resolve import Resolved, Resolver
from router.desk.send_on import SendsOn
from router.desk.writing_down import WritesDown

_AT_ONCE = 64
_LOOK_AGAIN_SECONDS = 0.1
_ASK_SECONDS = 2.0
_PATIENCE_SECONDS = 60.0
"""How long those behind it wait for a contact that is on its way."""


class Forwarded:
    """Of one desk; its leader runs it. `is_lost` says whether a contact that was to come here does not, for a log
    has lost that it had changed desks so often.
    """

    def __init__(
        self,
        bus: Bus,
        desk: DeskId,
        *,
        resolver: Resolver,
        loop: DeskLoop,
        writes: WritesDown,
        sends_on: SendsOn,
        is_lost: Callable[[ContactId, int], Awaitable[bool]],
        park: Park,
        figures: RouterFigures,
        clock: Clock,
        log: Log,
    ) -> None:
        self._resolver = resolver
        self._loop = loop
        self._writes = writes
        self._sends_on = sends_on
        self._is_lost = is_lost
        self._clock = clock
        self._messages = Listening(
            bus,
            desk,
            "forwarded",
            durable=subject.forward_consumer(desk),
            on=subject.forward(desk),
            at_once=_AT_ONCE,
            sure=loop.sure,
            park=park,
            figures=figures,
            log=log,
        )

    async def run(self) -> None:
        """Take them in until cancelled; what is in hand then comes again to the next leader. Raises `Deposed`."""
        await self._messages.run(self._take)

    async def _take(self, msg: Msg) -> None:
        sent_on, inbound = sent_on_of(msg.headers), decode_inbound(msg.data)
        try:
            await self._settle(msg, inbound, sent_on)
        except Elsewhere as elsewhere:
            await self._sends_on.send_on(msg, inbound, elsewhere, sent_on)
        except Refused as refused:
            if refused.conflict not in (UNKNOWN_INBOX, NOT_TAKEN):
                raise
            await self._sends_on.put_back(msg, inbound)

    async def _settle(self, msg: Msg, inbound: InboundMessage | DeliveryReceipt, sent_on: SentOn) -> None:
        """Raises `Elsewhere`, `Refused`, `Unavailable`."""
        trace, again = (msg.headers or {}).get("traceparent", ""), msg.metadata.num_delivered > 1
        if isinstance(inbound, DeliveryReceipt):
            decided, _ = await self._decide(inbound, sent_on)
            await stored(await self._writes.receipt(inbound, decided, again=again, trace=trace))
            return
        decided, resolved = await self._decide(inbound, sent_on)
        assert resolved is not None
        await stored(await self._writes.message(inbound, resolved, decided, again=again, trace=trace))

    async def _decide(
        self, inbound: InboundMessage | DeliveryReceipt, sent_on: SentOn
    ) -> tuple[Decided, Resolved | None]:
        begun, asked = asyncio.get_running_loop().time(), 0.0
        while True:
            now, floor, resolved = self._clock(), self._loop.state.overlay.floor, None
            come = has_come(self._loop.state, sent_on)
            if isinstance(inbound, DeliveryReceipt):
                receipt = await self._resolver.receipt(inbound, now)
                command: DeskCommand = msgspec.structs.replace(receipt, sent_on=sent_on)
            else:
                resolved = await self._resolver.message(inbound, now)
                command = by_way_of(resolved.command, sent_on, come=come)
            try:
                decided = await (await self._loop.submit(Work(command, cause=inbound.id, floor=floor)))
            except Stale:
                continue
            except Refused as refused:
                waited = asyncio.get_running_loop().time() - begun
                if refused.conflict != NOT_HERE_YET or waited > _PATIENCE_SECONDS:
                    raise
                if waited > asked + _ASK_SECONDS:
                    asked = waited
                    if await self._is_lost(sent_on.contact, sent_on.moves):
                        sent_on = msgspec.structs.replace(sent_on, moves=0)
                        continue
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                continue
            return decided, resolved
