"""Tells a customer who has written that we have it, and by when they hear from a person.

Only the message that opens a contact is acknowledged, only if a person wrote it, and only where the
inbox says so. It happens once: its id follows from the message's, and every place on its way drops
what it has seen. What it promises is the contact's own clock.
"""

from datetime import datetime

from frontline.configuration.model import Desk, Inbox
from frontline.contract.clock import Clock
from frontline.contract.ids import AgentId, ContactId, CustomerId, MessageId
from frontline.contract.message import InboundMessage, OutboundKind, OutboundMessage, Recipient, ThreadRef
from frontline.runtime.bus import Bus
from router.core.command import ReceiveMessage
from router.core.decide_message import asks
from router.core.state import DeskState
from router.core.term import FIRST_RESPONSE
from router.desk.outgoing import outgoing
from router.desk.own_lines import of_letter
from router.desk.words import Acks, Words

QUIET = "quiet"
"""In a message's own part: why it gets no automatic answer. A channel says so of a list, a loop, a machine."""


class Acknowledgements:
    """Of one desk; `state` is its leader's, to look at."""

    def __init__(self, bus: Bus, desk: Desk, state: DeskState, words: Words, clock: Clock) -> None:
        self._bus = bus
        self._desk = desk
        self._state = state
        self._words = words
        self._clock = clock
        self._inboxes = {(inbox.channel, inbox.id): inbox for inbox in desk.inboxes if inbox.acknowledge}

    async def tell(self, message: InboundMessage, command: ReceiveMessage, contact: ContactId, *, again: bool) -> Acks:
        """Store what is to be sent and shown, if anything is. With `again` it may have been stored before."""
        inbox = self._inboxes.get((message.channel, message.inbox))
        if inbox is None or contact != command.new_contact or not asks(command) or message.native.get(QUIET):
            return []
        if command.opts_out:
            return []
        letter = self._letter(message, inbox, contact, command.customer)
        acks = await self._words.heard(of_letter(letter), again=again)
        return [*acks, await self._bus.begin(*outgoing(self._desk.id, letter))]

    def _letter(
        self, message: InboundMessage, inbox: Inbox, contact: ContactId, customer: CustomerId
    ) -> OutboundMessage:
        held = self._state.contacts.get(contact)
        clock = None if held is None else held.clock(FIRST_RESPONSE)
        return OutboundMessage(
            id=acknowledgement_of(message.id),
            channel=message.channel,
            inbox=message.inbox,
            desk=self._desk.id,
            contact=contact,
            customer=customer,
            author=AgentId(""),
            author_name=inbox.name or self._desk.name or self._desk.id,
            to=(Recipient(address=message.sender.address, name=message.sender.name),),
            written=self._clock(),
            subject=message.subject,
            text=said(None if clock is None else clock.due_at),
            thread=(ThreadRef(native_id=message.native_id),),
            kind=OutboundKind.ACKNOWLEDGEMENT,
        )


def acknowledgement_of(message: MessageId) -> MessageId:
    return MessageId(f"a{message[1:]}")


def acknowledged_by(line: MessageId) -> MessageId | None:
    """The message that this acknowledges, if it is the id of an acknowledgement: no other line's begins like it."""
    return MessageId(f"m{line[1:]}") if line.startswith("a") else None


def said(due_at: datetime | None) -> str:
    promise = "A person will answer you as soon as possible."
    if due_at is not None:
        promise = f"A person will answer you by {due_at.day} {due_at:%B %Y, %H:%M} UTC at the latest."
    return f"We have received your message.\n\n{promise} You can add to it by answering this mail."
