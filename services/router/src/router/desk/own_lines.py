"""Lines of transcripts that the desk writes by itself. Pure."""

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import OutboundMessage
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from router.core.event import ContactOpened
from router.core.event_move import MessagesTaken


def of_letter(letter: OutboundMessage) -> TranscriptItem:
    """What is sent to a customer who has not been answered by a person."""
    return TranscriptItem(
        id=letter.id,
        contact=letter.contact,
        at=letter.written,
        kind=ItemKind.MESSAGE,
        direction=Direction.OUT,
        author=Author(role="system", name=letter.author_name),
        channel=letter.channel,
        inbox=letter.inbox,
        subject=letter.subject,
        text=letter.text,
        recipients=letter.to,
    )


def for_agents(event: ContactOpened | MessagesTaken, id_: MessageId, contact: ContactId, text: str) -> TranscriptItem:
    """What `event` means for `contact`, in words that its customer does not see."""
    return TranscriptItem(
        id=id_,
        contact=contact,
        at=event.at,
        kind=ItemKind.SYSTEM,
        direction=Direction.INTERNAL,
        author=Author(role="system"),
        channel=event.channel,
        inbox=event.inbox,
        text=text,
    )
