"""What follows from a message, or from what became of a reply, once the desk has decided it: its words are stored,
wherever it came in.

Whoever was erased meanwhile is written down no more: neither in a transcript nor among the people.
"""

import msgspec

from frontline.contract.clock import Clock
from frontline.contract.erasure import ERASED
from frontline.contract.ids import ContactId
from frontline.contract.message import DeliveryReceipt, InboundMessage
from frontline.runtime.bus import Bus
from router.core.event import DeliveryRecorded, MessageReceived
from router.core.state import DeskState
from router.desk.acknowledge import Acknowledgements
from router.desk.erasing_objects import erase_objects
from router.desk.loop import Decided
from router.desk.opt_out import OptOuts, wants_no_more
from router.desk.resolve import Resolved, Resolver
from router.desk.words import Acks, People, Words, item_of, item_of_receipt


class WritesDown:
    """Of one desk; `state` is its leader's, to look at. Each call gives the acknowledgements to wait for. Both raise
    `Unavailable`: do it again, with `again`.
    """

    def __init__(
        self,
        bus: Bus,
        state: DeskState,
        resolver: Resolver,
        words: Words,
        acknowledgements: Acknowledgements,
        clock: Clock,
    ) -> None:
        self._bus = bus
        self._state = state
        self._resolver = resolver
        self._words = words
        self._acknowledgements = acknowledgements
        self._opt_outs = OptOuts(bus)
        self._clock = clock

    async def receipt(self, receipt: DeliveryReceipt, decided: Decided, *, again: bool, trace: str) -> Acks:
        recorded = next((event for event in decided.events if isinstance(event, DeliveryRecorded)), None)
        contact = recorded.contact if recorded is not None else await self._told_in(receipt)
        if self._is_erased(contact):
            return []
        line = item_of_receipt(receipt, min(receipt.times.received, self._clock()))
        line = msgspec.structs.replace(line, contact=contact)  # the reply may have been moved since
        return await self._words.heard(line, again=again or not decided.events, traceparent=trace)

    async def message(
        self,
        message: InboundMessage,
        resolved: Resolved,
        decided: Decided,
        *,
        again: bool,
        trace: str,
        people: People | None = None,
    ) -> Acks:
        """`people` are those who have been read already; they are brought up to date."""
        command = resolved.command
        received = next((event for event in decided.events if isinstance(event, MessageReceived)), None)
        placed = received or self._state.overlay.placement(command.key)
        contact = placed.contact if placed else command.known or await self._indexed(message)
        if self._is_erased(contact or command.new_contact):
            await erase_objects(self._bus, [message])  # what its channel has stored of it again goes again
            return []
        assert contact is not None, "a message that decides nothing is one that is known"
        known = resolved.known_customer
        if (customer := self._state.called_now(command.customer)) != command.customer:
            command, known = msgspec.structs.replace(command, customer=customer), False
        line = item_of(message, contact, command.customer, command.at, placed.threaded_by if placed else "")
        again = again or received is None
        acks = await self._words.met(command.customer, message.sender, known=known, people=people)
        acks += await self._words.heard(line, again=again, traceparent=trace)
        if wants_no_more(message):
            acks.append(await self._opt_outs.begin(command.customer))
        return acks + await self._acknowledgements.tell(message, command, contact, again=again)

    def _is_erased(self, contact: ContactId) -> bool:
        return contact == ERASED or contact in self._state.erased

    async def _told_in(self, receipt: DeliveryReceipt) -> ContactId:
        """Where a repeat was recorded the first time; if nowhere, as its contact is closed, where the reply is."""
        placed = self._state.overlay.placement(self._resolver.key_of(receipt))
        if placed is not None:
            return placed.contact
        command = await self._resolver.receipt(receipt, self._clock())
        moved = None if command.finds is None else self._state.overlay.contact(command.finds)
        return command.known or moved or command.contact

    async def _indexed(self, message: InboundMessage) -> ContactId | None:
        """Where a repeat went the first time, if the desk has left its key to the index since it decided."""
        return (await self._resolver.message(message, self._clock())).command.known
