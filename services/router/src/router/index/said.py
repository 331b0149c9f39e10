"""What was said in a contact, as the desk's log tells of it: for those who move it to another one.

Transcripts have the words; the log has when each was said, what it asks or answers, and the keys that find it.
"""

import sqlite3
from collections.abc import Iterator
from datetime import datetime

import msgspec

from frontline.contract.ids import ChannelName, ContactId, CustomerId, InboxId, KeyHash, MessageId
from frontline.contract.message import Presence
from router.core.decide_message import asks
from router.core.event import (
    ContactMerged,
    ContactReopened,
    ContactResolved,
    DeskDecision,
    MessageReceived,
    NoteAdded,
    ReplyQueued,
)
from router.core.event_move import MessagesTaken


class Utterance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message, reply or note. `answers` says that it is a public reply by a person; `binds` are its thread keys.
    Only a customer's message has a `key`, a `customer` and where it came in. `done` says that the contact was
    resolved since.
    """

    id: MessageId
    at: datetime
    asks: bool = False
    answers: bool = False
    key: KeyHash | None = None
    customer: CustomerId | None = None
    channel: ChannelName | None = None
    inbox: InboxId | None = None
    binds: tuple[KeyHash, ...] = ()
    done: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Utterance).decode


def utterance(event: DeskDecision) -> Utterance | None:
    """What an event says that was said, if it does."""
    match event:
        case MessageReceived():
            return Utterance(
                id=event.message,
                at=event.at,
                asks=asks(event),
                answers=event.presence is Presence.ANSWERED,
                key=event.key,
                customer=event.customer,
                channel=event.channel,
                inbox=event.inbox,
                binds=event.keys,
            )
        case ReplyQueued():
            return Utterance(id=event.reply, at=event.at, answers=True, binds=event.keys)
        case NoteAdded():
            return Utterance(id=event.note, at=event.at)
        case _:
            return None


def save_said(connection: sqlite3.Connection, contact: ContactId, ordinal: int, event: DeskDecision) -> None:
    """A repeat changes nothing."""
    if (said := utterance(event)) is not None:
        connection.execute(
            "INSERT INTO spoken (id, contact, ordinal, data) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (said.id, contact, ordinal, _encode(said)),
        )
        return
    match event:
        case MessagesTaken():
            moved = ((contact, item.id) for item in event.items)
            connection.executemany("UPDATE spoken SET contact = ?, done = NULL WHERE id = ?", moved)
        case ContactResolved() | ContactMerged():
            connection.execute("UPDATE spoken SET done = ? WHERE contact = ? AND done IS NULL", (ordinal, contact))
        case ContactReopened(rule="agent" | "delivery_failed"):  # as if it had not been resolved
            connection.execute(
                "UPDATE spoken SET done = NULL WHERE contact = ?1 AND done = (SELECT max(done) FROM spoken WHERE contact = ?1)",
                (contact,),
            )


def load_said(connection: sqlite3.Connection, contact: ContactId) -> Iterator[Utterance]:
    """All that is in a contact, in the order in which it was decided upon."""
    for data, done in connection.execute(
        "SELECT data, done FROM spoken WHERE contact = ? ORDER BY ordinal", (contact,)
    ):
        yield msgspec.structs.replace(_decode(data), done=done is not None)
