"""What follows from messages that were moved: their lines in the transcript of the contact that has them now.

Transcripts only grow. A line that moves is stored again under its new contact, with its own id and a higher
`moved`, by which readers know where it stands; an internal line in each of the two contacts says what happened.
"""

import asyncio

import msgspec

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.error import Rejected
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.transcript import TranscriptItem, decode_item
from frontline.runtime.bus import Bus, PubAck
from frontline.runtime.reader import read_whole
from frontline.runtime.topology import TRANSCRIPT
from router.core.event_move import MessagesTaken
from router.desk.own_lines import for_agents
from router.desk.words import Words

Acks = list[asyncio.Future[PubAck]]


class Moves:
    def __init__(self, bus: Bus, words: Words, log: Log) -> None:
        self._bus = bus
        self._words = words
        self._log = log

    async def carry_out(self, event: MessagesTaken, *, again: bool) -> Acks:
        """With `again` only what does not stand there yet. A line whose words are gone (erased) stays gone."""
        found = await self._lines(event.origin, {item.id for item in event.items})
        lines = [
            msgspec.structs.replace(found[item.id], contact=event.contact, moved=item.moves, moved_from=event.origin)
            for item in event.items
            if item.id in found
        ]
        if len(lines) < len(event.items):
            self._log.error("effects.moved_lines_missing", contact=event.contact, missing=len(event.items) - len(lines))
        acks: Acks = []
        for line in lines:  # first, so that a contact that was split off begins with what was said
            acks += await self._words.heard(line, again=again, hidden=not event.public)
        for line in notices(event):
            acks += await self._words.heard(line, again=again)
        return acks

    async def _lines(self, contact: ContactId, wanted: set[MessageId]) -> dict[MessageId, TranscriptItem]:
        """The latest view of each line, as it stands in that contact's transcript. What is missed here is missed for
        good, so a replica that is behind is not believed.
        """
        found: dict[MessageId, TranscriptItem] = {}
        for each in await read_whole(self._bus, TRANSCRIPT, subject.transcript_all(contact)):
            try:
                item = decode_item(each.data)
            except Rejected:  # of another major version: nobody here can read it
                continue
            if item.id in wanted and (item.id not in found or item.revision >= found[item.id].revision):
                found[item.id] = item
        return found


def notices(event: MessagesTaken) -> tuple[TranscriptItem, TranscriptItem]:
    """For agents only: one for the contact that the lines came from, one for the one that has them."""
    n = len(event.items)
    if event.split:
        what = "One line became a contact of its own" if n == 1 else f"{n} lines became a contact of their own"
        there = f"{what}: {event.contact}. Split off by {event.agent}."
        here = f"Split off from contact {event.origin} by {event.agent}."
    else:
        there = f"A message was moved to contact {event.contact} by {event.agent}."
        here = f"A message was moved here from contact {event.origin} by {event.agent}."
    return _notice(event, "o", event.origin, there), _notice(event, "i", event.contact, here)


def _notice(event: MessagesTaken, kind: str, contact: ContactId, text: str) -> TranscriptItem:
    first = event.items[0]
    return for_agents(event, MessageId(f"{kind}{first.moves}{first.id[1:]}"), contact, text)
