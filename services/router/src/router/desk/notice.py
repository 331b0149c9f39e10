"""What agents are told of their own accord: lines of the transcript that only they read. Pure."""

from collections.abc import Iterator

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.transcript import TranscriptItem
from router.core.event import ContactOpened
from router.desk.own_lines import for_agents


def notices(event: ContactOpened) -> Iterator[TranscriptItem]:
    """For a contact whose first message named another one without proof, a line in each of the two."""
    named = event.linked_to
    if named is None or event.split_by is not None:
        return
    yield _line(event, "s", event.contact, f"This names contact {named}. Its sender is not known to take part there.")
    yield _line(
        event, "t", named, f"Somebody who is not known to take part here named this contact: see {event.contact}."
    )


def _line(event: ContactOpened, kind: str, contact: ContactId, text: str) -> TranscriptItem:
    return for_agents(event, MessageId(kind + event.contact[1:]), contact, text)
