"""Transcript items and people into the index: to be shown, and to be searched."""

import sqlite3

import msgspec

from frontline.contract.customer import decode_person
from frontline.contract.message import DeliveryState
from frontline.contract.transcript import Direction, ItemKind, TranscriptItem, decode_item
from frontline.runtime.reader import Stored
from router.index.row import stamp
from router.index.shape import customer_of, proven

_SEARCHED_CHARACTERS = 65_536
"""How much of one message can be searched; all of it can be read."""

_SAYS = (
    DeliveryState.UNKNOWN,
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
    DeliveryState.READ,
    DeliveryState.FAILED,
)
"""Of two receipts for a reply, the one further on says more."""


def save_item(connection: sqlite3.Connection, stored: Stored, item: TranscriptItem) -> None:
    """A repeat changes nothing; a higher revision takes the place of the view before it, where that stood. What
    was moved stands where it was moved to.
    """
    known = connection.execute("SELECT seq, revision, data, moved FROM item WHERE id = ?", (item.id,)).fetchone()
    if known is None:
        _add(connection, stored, item)
    elif item.moved > known[3]:
        _move(connection, known[0], decode_item(known[2]), stored, item)
    elif item.revision > known[1]:
        _revise(connection, known[0], decode_item(known[2]), stored, item)


def _add(connection: sqlite3.Connection, stored: Stored, item: TranscriptItem) -> None:
    said = None if item.delivery is None else _SAYS.index(item.delivery)
    connection.execute(
        "INSERT INTO item (seq, id, contact, at, revision, moved, reply, delivery, said, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            stored.seq,
            item.id,
            item.contact,
            stamp(item.at),
            item.revision,
            item.moved,
            item.reply,
            item.delivery,
            said,
            stored.data,
        ),
    )
    if item.kind is ItemKind.RECEIPT:
        # Carriers report late and out of order: what says most holds, and a failure is final.
        connection.execute(
            "UPDATE item SET delivery = ?1, said = ?2 WHERE id = ?3 AND (said IS NULL OR said < ?2)",
            (item.delivery, said, item.reply),
        )
        return
    if item.direction is Direction.OUT:
        connection.execute(
            "UPDATE item SET (delivery, said) = (r.delivery, r.said) FROM"
            " (SELECT delivery, said FROM item WHERE reply = ?1 ORDER BY said DESC LIMIT 1) AS r WHERE id = ?1",
            (item.id,),
        )
    connection.execute("INSERT INTO words (rowid, subject, body) VALUES (?, ?, ?)", (stored.seq, *searched(item)))
    if item.subject:
        _title(connection, stored.seq, item)


def _move(
    connection: sqlite3.Connection, seq: int, before: TranscriptItem, stored: Stored, item: TranscriptItem
) -> None:
    """From where it stood at `seq` to the end of another contact. What became of a reply goes with it."""
    connection.execute(
        "UPDATE item SET seq = ?, contact = ?, revision = ?, moved = ?, data = ? WHERE id = ?",
        (stored.seq, item.contact, item.revision, item.moved, stored.data, item.id),
    )
    if item.kind is ItemKind.RECEIPT:
        return
    connection.execute(
        "INSERT INTO words (words, rowid, subject, body) VALUES ('delete', ?, ?, ?)", (seq, *searched(before))
    )
    connection.execute("INSERT INTO words (rowid, subject, body) VALUES (?, ?, ?)", (stored.seq, *searched(item)))
    retitle(connection, seq)
    if item.subject:
        _title(connection, stored.seq, item)


def _title(connection: sqlite3.Connection, seq: int, item: TranscriptItem) -> None:
    connection.execute(
        "INSERT INTO conversation (contact, subject, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (item.contact, item.subject, seq),
    )


def retitle(connection: sqlite3.Connection, gone: int) -> None:
    """The conversation that had its subject from there has it from what is left in it."""
    found = connection.execute("DELETE FROM conversation WHERE seq = ? RETURNING contact", (gone,)).fetchone()
    if found is None:
        return
    for seq, data in connection.execute("SELECT seq, data FROM item WHERE contact = ? ORDER BY seq", found):
        item = decode_item(data)
        if item.subject and item.kind is not ItemKind.RECEIPT:
            _title(connection, seq, item)
            return


def _revise(
    connection: sqlite3.Connection, seq: int, before: TranscriptItem, stored: Stored, item: TranscriptItem
) -> None:
    connection.execute("UPDATE item SET revision = ?, data = ? WHERE seq = ?", (item.revision, stored.data, seq))
    connection.execute(
        "INSERT INTO words (words, rowid, subject, body) VALUES ('delete', ?, ?, ?)", (seq, *searched(before))
    )
    connection.execute("INSERT INTO words (rowid, subject, body) VALUES (?, ?, ?)", (seq, *searched(item)))
    connection.execute(
        "UPDATE conversation SET subject = ? WHERE contact = ? AND seq = ?", (item.subject, item.contact, seq)
    )


def searched(item: TranscriptItem) -> tuple[str, str]:
    """What of it can be searched."""
    return item.subject, item.text[:_SEARCHED_CHARACTERS]


def save_person(connection: sqlite3.Connection, stored: Stored) -> None:
    """Raises `msgspec.DecodeError` for what is no person."""
    id_ = stored.subject.rpartition(".")[2]
    person = decode_person(stored.data) if stored.data else None
    view = customer_of(person) if person else None
    connection.execute("DELETE FROM person_words WHERE rowid IN (SELECT number FROM person WHERE id = ?)", (id_,))
    connection.execute("DELETE FROM person_address WHERE person = ?", (id_,))
    if person is None or view is None:  # the key was deleted
        connection.execute("DELETE FROM person WHERE id = ?", (id_,))
        return
    connection.executemany("INSERT INTO person_address VALUES (?, ?)", ((each, id_) for each in proven(person)))
    addresses = " ".join(identity.address for identity in view.identities)
    [number] = connection.execute(
        "INSERT INTO person (id, view) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET view = excluded.view RETURNING number",
        (id_, msgspec.json.encode(view)),
    ).fetchone()
    connection.execute(
        "INSERT INTO person_words (rowid, name, addresses) VALUES (?, ?, ?)", (number, view.name, addresses)
    )
