"""Takes what was erased out of the file, to the last byte: deleted rows, words in the full-text index, the log of writes.

The file is opened with `secure_delete`, so that what is deleted is overwritten. Two places keep more: the full-text
index has a deleted word in older segments until these are merged, and the write-ahead log has whole pages until
it is cut off. `scrub` does both. A crash before it is made good at the next start: see `wanted`.
"""

import sqlite3
from collections.abc import Collection

from frontline.contract.ids import ContactId, CustomerId, MessageId
from frontline.contract.transcript import ItemKind, TranscriptItem, decode_item
from router.index.moves import lose
from router.index.words import retitle, searched

_PAGES_AT_ONCE = 2_000
_ITEMS = "SELECT seq, data FROM item WHERE id = ?1 OR reply = ?1"
_IS_ERASED = (
    "SELECT 1 FROM erased WHERE contact = ?1 OR contact = (SELECT contact FROM spoken WHERE id = ?2)"
    " UNION ALL SELECT 1 FROM gone WHERE id IN (?2, ?3)"
)


def is_erased(connection: sqlite3.Connection, item: TranscriptItem) -> bool:
    """Whether its contact is, or the one that it was moved to since, or it went with one of an erased customer."""
    return connection.execute(_IS_ERASED, (item.contact, item.id, item.reply)).fetchone() is not None


def erase_words(
    connection: sqlite3.Connection, contacts: Collection[ContactId], customers: Collection[CustomerId]
) -> None:
    """Within a transaction: the items of these contacts go, wherever they stood before, also what was moved out of
    erased customers' contacts, and none of it is taken in any more.
    """
    for contact in contacts:
        connection.execute("INSERT OR IGNORE INTO erased (contact) VALUES (?)", (contact,))
        gone = connection.execute(
            "SELECT seq, data FROM item WHERE contact = ?1 OR id IN (SELECT id FROM spoken WHERE contact = ?1)",
            (contact,),
        ).fetchall()
        _delete(connection, gone)
        connection.execute("DELETE FROM conversation WHERE contact = ?", (contact,))
        want(connection)
    connection.executemany("INSERT OR IGNORE INTO erased_customer VALUES (?)", ((each,) for each in customers))
    if contacts or customers:
        erase_moved(connection, lose(connection, None))


def erase_moved(connection: sqlite3.Connection, gone: Collection[MessageId]) -> None:
    """Within a transaction: these lines and their receipts go, wherever they are."""
    for id_ in gone:
        _delete(connection, connection.execute(_ITEMS, (id_,)).fetchall())
        want(connection)


def _delete(connection: sqlite3.Connection, gone: Collection[tuple[int, bytes]]) -> None:
    for seq, data in gone:
        item = decode_item(data)
        connection.execute("DELETE FROM item WHERE seq = ?", (seq,))
        if item.kind is not ItemKind.RECEIPT:
            connection.execute(
                "INSERT INTO words (words, rowid, subject, body) VALUES ('delete', ?, ?, ?)", (seq, *searched(item))
            )
    for seq, _ in gone:
        retitle(connection, seq)


def want(connection: sqlite3.Connection) -> None:
    """Within the transaction that deletes: what it leaves behind is still to be scrubbed."""
    connection.execute("INSERT OR IGNORE INTO scrub (wanted) VALUES (1)")


def wanted(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM scrub").fetchone() is not None


def merge_some(connection: sqlite3.Connection, *, begin: bool) -> bool:
    """A part of the work of making one segment of all; whether there is more of it."""
    more = False
    for table in ("words", "person_words"):
        before = connection.total_changes
        pages = -_PAGES_AT_ONCE if begin else _PAGES_AT_ONCE
        connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (pages,))  # noqa: S608 - our own names
        more = more or connection.total_changes - before >= 2  # the command itself counts as one
    return more


def cut_off(connection: sqlite3.Connection) -> bool:
    """Empty the write-ahead log; false while a reader still needs it."""
    connection.execute("DELETE FROM scrub")
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        want(connection)
    return not busy


def scrub(connection: sqlite3.Connection) -> None:
    """All of it at once: for a file that nobody reads yet."""
    more = merge_some(connection, begin=True)
    while more:
        more = merge_some(connection, begin=False)
    cut_off(connection)
