"""Where each line has been, as the desk's log tells of it: for those who erase it.

Everything here follows from the log alone, so it comes out the same whichever stream is read first, and again when the
words are gone. A line is in the contact that it was moved to last. What was in an erased contact goes, wherever it was
before. What was moved out of one stays, unless it is an erased customer's: they wrote it, or nobody else did and it
began in a contact of theirs.
"""

import sqlite3
from collections.abc import Iterable

from frontline.contract.ids import ContactId, CustomerId, MessageId
from router.core.event import DeskDecision
from router.core.event_move import MessagesTaken
from router.desk.acknowledge import acknowledgement_of
from router.desk.erasing_moved import Moved

_IN = (
    "SELECT id, customer FROM moved AS m WHERE contact IN (SELECT contact FROM erased)"
    " AND moves = (SELECT max(moves) FROM moved WHERE id = m.id)"
)
_AUTHOR = (
    "coalesce(m.customer, (SELECT c.customer FROM moved AS f JOIN contact AS c ON c.id = f.origin WHERE f.id = m.id"
    " ORDER BY f.moves LIMIT 1))"
)
_OUT = (
    "SELECT m.id, m.customer FROM moved AS m WHERE m.origin IN (SELECT contact FROM erased)"  # noqa: S608 - our own
    f" AND {_AUTHOR} IN (SELECT customer FROM erased_customer)"
)


def save_moves(connection: sqlite3.Connection, event: DeskDecision) -> None:
    """A repeat changes nothing."""
    if isinstance(event, MessagesTaken):
        connection.executemany(
            "INSERT INTO moved VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            ((each.id, each.moves, event.origin, event.contact, each.customer) for each in event.items),
        )


def lose(connection: sqlite3.Connection, moved: Iterable[MessageId] | None) -> list[MessageId]:
    """What has to go and was not gone before, by id: of these lines, which were moved just now, or with `None` of all,
    as somebody was erased. What acknowledged a message goes with it, so do receipts, which are not named.
    """
    found = []
    for select in (_IN, _OUT):
        if moved is None:
            found += connection.execute(select).fetchall()
        else:
            found += [row for id_ in moved for row in connection.execute(f"{select} AND m.id = ?", (id_,))]
    ids = {MessageId(id_) for id_, _ in found}
    ids |= {acknowledgement_of(MessageId(id_)) for id_, customer in found if customer is not None}
    return [
        id_ for id_ in sorted(ids) if connection.execute("INSERT OR IGNORE INTO gone VALUES (?)", (id_,)).rowcount == 1
    ]


def moved_of(connection: sqlite3.Connection, contacts: Iterable[ContactId]) -> Moved:
    """What was moved in or out of these erased contacts: what is gone of it, with each contact that it was in, and what is not."""
    gone: dict[MessageId, frozenset[ContactId]] = {}
    stays = set()
    for contact in contacts:
        for (id_,) in connection.execute("SELECT DISTINCT id FROM moved WHERE ?1 IN (origin, contact)", (contact,)):
            if connection.execute("SELECT 1 FROM gone WHERE id = ?", (id_,)).fetchone() is None:
                stays.add(MessageId(id_))
                continue
            rows = connection.execute("SELECT origin, contact FROM moved WHERE id = ?", (id_,))
            gone[MessageId(id_)] = frozenset(ContactId(place) for row in rows for place in row)
    return Moved(gone, frozenset(stays))


def erased_of(connection: sqlite3.Connection, customer: CustomerId) -> list[ContactId]:
    found = connection.execute(
        "SELECT DISTINCT id FROM contact WHERE customer = ? AND id IN (SELECT contact FROM erased)", (customer,)
    )
    return [id_ for (id_,) in found]
