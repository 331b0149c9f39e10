"""What agents write, as it is stored before the desk is asked."""

from datetime import datetime

from frontline.configuration.model import Desk
from frontline.contract.draft import Draft
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId
from frontline.contract.message import OutboundMessage, Recipient
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from router.core.command import AddNote, Promise, SendReply, WriteFirst
from tests.simulation.desk.firm import EMAIL

Drafted = SendReply | AddNote | Promise | WriteFirst


def draft_of(command: Drafted, desk: Desk, agent: AgentId, now: datetime) -> Draft:
    told = isinstance(command, SendReply | WriteFirst)
    item = TranscriptItem(
        id=command.reply if isinstance(command, SendReply | WriteFirst) else command.note,
        contact=command.contact,
        at=now,
        kind=ItemKind.MESSAGE if told else ItemKind.NOTE,
        direction=Direction.OUT if told else Direction.INTERNAL,
        author=Author(role="agent", id=agent),
        channel=EMAIL,
        inbox=desk.inboxes[0].id,
        text="An answer",
    )
    outbound = _outbound(desk.id, command, now) if isinstance(command, SendReply | WriteFirst) else None
    return Draft(item=item, outbound=outbound)


def _outbound(desk: DeskId, command: SendReply | WriteFirst, now: datetime) -> OutboundMessage:
    return OutboundMessage(
        id=command.reply,
        channel=ChannelName(command.channel),
        inbox=InboxId(command.inbox),
        desk=desk,
        contact=ContactId(command.contact),
        customer=CustomerId("u"),
        author=command.agent,
        author_name="An agent",
        to=(Recipient(address="customer@one.example"),),
        written=now,
        text="An answer",
    )
