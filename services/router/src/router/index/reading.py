"""What can be asked of the index. Each answer is one moment of it."""

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, MessageId
from frontline.contract.message import DeliveryState
from frontline.contract.transcript import TranscriptItem, decode_item
from router.desk.erasing_moved import Moved
from router.index.moves import erased_of, moved_of
from router.index.projection_between import whole
from router.index.rota import RotaRow, load_rota
from router.index.row import AgentRow, Assignment, ContactRow, Offer
from router.index.said import Utterance, load_said
from router.index.search import SAME_PERSON, ContactQuery, where
from router.index.shape import Customer, EncodedContact, Former
from router.index.table import left_behind, load_agents, load_contact, load_offers

_SELECT = (
    "SELECT c.ordinal, c.id, c.desk, c.inbox, c.channel, c.customer, c.state, c.presence, c.lane, c.priority_reason, c.opened_at,"
    " c.updated_at, c.agent, c.since, c.via, c.offer, c.linked_to, c.merged_into, c.alarm, c.clocks, c.why, s.subject, p.view FROM contact AS c"
    " LEFT JOIN conversation AS s ON s.contact = c.id LEFT JOIN person AS p ON p.id = c.customer"
)


HISTORY = 50
"""How many former contacts are shown with one; a list by customer gives them all."""


class Said(msgspec.Struct, frozen=True):
    """A transcript item, where it stands, and what became of it if it was to be delivered."""

    seq: int
    item: TranscriptItem
    delivery: DeliveryState | None


_HISTORY = (
    "SELECT c.id, c.channel, coalesce(s.subject, ''), c.state, c.customer, c.opened_at, c.updated_at"  # noqa: S608 - our own
    " FROM contact AS c LEFT JOIN conversation AS s ON s.contact = c.id"
    f" WHERE c.desk = ?1 AND c.moved_to IS NULL AND c.customer IN ({SAME_PERSON.replace('?', '?2')}) AND c.id <> ?3"
    " ORDER BY c.ordinal DESC LIMIT ?4"
)


_TRANSCRIPT = (
    "WITH RECURSIVE part(id) AS (VALUES (?) UNION SELECT c.id FROM contact AS c JOIN part ON c.merged_into = part.id)"
    " SELECT seq, delivery, data FROM item WHERE contact IN (SELECT id FROM part) AND seq > ? ORDER BY seq LIMIT ?"
)
_STANDING = (
    "WITH RECURSIVE part(id) AS (VALUES (?) UNION SELECT c.id FROM contact AS c JOIN part ON c.merged_into = part.id)"
    " SELECT seq, contact, moved, data FROM item WHERE contact IN (SELECT id FROM part) ORDER BY seq"
)


class Standing(msgspec.Struct, frozen=True):
    """A transcript item, the contact that it is in, and how often it was moved to get there."""

    seq: int
    contact: ContactId
    moved: int
    item: TranscriptItem


class Page(msgspec.Struct, frozen=True):
    """`next` is the ordinal to go on behind, `None` at the end."""

    contacts: list[EncodedContact]
    next: int | None


class Reader:
    """Lives in the thread that owns `connection`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def row(self, desk: DeskId, contact: ContactId) -> ContactRow | None:
        """What the desk has decided of it, also if it has gone to another one since."""
        return load_contact(self._connection, desk, contact)

    def here(self, desk: DeskId, contact: ContactId) -> ContactRow | None:
        """A contact that the desk has, with what happened to it at others before."""
        row = self.row(desk, contact)
        if row is None or row.moved_to is not None:
            return None
        return whole(row, left_behind(self._connection, desk, contact))

    def subject(self, contact: ContactId) -> str:
        """What the conversation is about, in the words of its first message that said so."""
        found = self._connection.execute("SELECT subject FROM conversation WHERE contact = ?", (contact,)).fetchone()
        return found[0] if found else ""

    def contact(self, desk: DeskId, contact: ContactId) -> EncodedContact | None:
        """As `here`, on its way out."""
        sql = f"{_SELECT} WHERE c.desk = ? AND c.id = ? AND c.moved_to IS NULL"
        found = self._connection.execute(sql, (desk, contact)).fetchone()
        row = self.here(desk, contact) if found and left_behind(self._connection, desk, contact) else None
        if row is None:
            return _contact(found) if found else None
        return msgspec.structs.replace(
            _contact(found),
            opened_at=row.opened_at,
            presence=row.presence,
            clocks=msgspec.Raw(msgspec.json.encode(row.clocks)),
            why=msgspec.Raw(msgspec.json.encode(row.why)),
        )

    def contacts(self, query: ContactQuery) -> Page:
        condition, values = where(query)
        found = self._connection.execute(
            f"{_SELECT} WHERE {condition} ORDER BY c.ordinal DESC LIMIT ?", (*values, query.limit + 1)
        ).fetchall()
        rows = found[: query.limit]
        return Page([_contact(row) for row in rows], rows[-1][0] if len(found) > query.limit else None)

    def transcript(self, contact: ContactId, after: int, limit: int) -> list[Said]:
        """Items above `after`, oldest first; those of contacts that go on in this one, too."""
        return _said(self._connection.execute(_TRANSCRIPT, (contact, after, limit)))

    def standing(self, contact: ContactId) -> list[Standing]:
        """Every item of `transcript`, with where it stands."""
        rows = self._connection.execute(_STANDING, (contact,))
        return [Standing(seq, where, moved, decode_item(data)) for seq, where, moved, data in rows]

    def said(self, contact: ContactId) -> list[Utterance]:
        """What the log knows to be said in a contact, in its order; not of those that go on in it."""
        return list(load_said(self._connection, contact))

    def linked_from(self, desk: DeskId, contact: ContactId) -> tuple[ContactId, ...]:
        """The latest contacts that are linked to this one, oldest first."""
        rows = self._connection.execute(
            "SELECT id FROM contact WHERE desk = ? AND linked_to = ? ORDER BY ordinal DESC LIMIT ?",
            (desk, contact, HISTORY),
        )
        return tuple(reversed([id_ for (id_,) in rows]))

    def gist(self, contact: ContactId, limit: int) -> list[Said]:
        """The first item and the latest `limit` of them, oldest first."""
        rows = self._connection.execute(
            "SELECT seq, delivery, data FROM item WHERE contact = ?1 AND (seq = (SELECT min(seq) FROM item WHERE contact = ?1)"
            " OR seq IN (SELECT seq FROM item WHERE contact = ?1 ORDER BY seq DESC LIMIT ?2)) ORDER BY seq",
            (contact, limit),
        )
        return _said(rows)

    def item(self, id_: MessageId) -> Said | None:
        found = _said(self._connection.execute("SELECT seq, delivery, data FROM item WHERE id = ?", (id_,)))
        return found[0] if found else None

    def customer(self, customer: CustomerId) -> Customer | None:
        found = self._connection.execute("SELECT view FROM person WHERE id = ?", (customer,)).fetchone()
        return msgspec.json.decode(found[0], type=Customer) if found else None

    def contacts_of(self, desk: DeskId, customer: CustomerId) -> list[ContactId]:
        """Every contact of this customer at the desk that is not erased."""
        found = self._connection.execute(
            "SELECT id FROM contact WHERE desk = ? AND customer = ? AND state <> 'erased'", (desk, customer)
        )
        return [id_ for (id_,) in found]

    def erased_of(self, customer: CustomerId) -> list[ContactId]:
        """Every contact of this customer that is erased, at any desk."""
        return erased_of(self._connection, customer)

    def moved_of(self, contacts: Iterable[ContactId]) -> Moved:
        """What was moved in or out of contacts that are erased."""
        return moved_of(self._connection, contacts)

    def same_person(self, customer: CustomerId) -> list[CustomerId]:
        """Who else proved to have one of the same addresses."""
        return [id_ for (id_,) in self._connection.execute(SAME_PERSON, (customer, customer)) if id_ != customer]

    def history(self, desk: DeskId, contact: ContactId, customer: CustomerId) -> tuple[Former, ...]:
        """The latest other contacts of this person at the desk, youngest first."""
        rows = self._connection.execute(_HISTORY, (desk, customer, contact, HISTORY))
        return tuple(
            Former(id=id_, channel=channel, subject=subject, state=state, customer=who, opened_at=at, updated_at=then)
            for id_, channel, subject, state, who, at, then in rows
        )

    def agents(self, desk: DeskId) -> dict[AgentId, AgentRow]:
        return load_agents(self._connection, desk)

    def waiting(self, desk: DeskId) -> dict[ChannelName, int]:
        """How many contacts nobody has, by channel."""
        found = self._connection.execute(
            "SELECT channel, count(*) FROM contact WHERE desk = ? AND state IN ('waiting', 'offered') GROUP BY channel",
            (desk,),
        )
        return dict(found.fetchall())

    def in_hand(self, desk: DeskId) -> dict[AgentId, int]:
        """How many contacts each agent has."""
        found = self._connection.execute(
            "SELECT agent, count(*) FROM contact WHERE desk = ? AND state = 'assigned' GROUP BY agent", (desk,)
        )
        return dict(found.fetchall())

    def rota(self, desk: DeskId) -> RotaRow:
        return load_rota(self._connection, desk)

    def offers(self, desk: DeskId, agent: AgentId) -> list[Offer]:
        return load_offers(self._connection, desk, agent)


def _contact(row: tuple[Any, ...]) -> EncodedContact:
    _, id_, desk, inbox, channel, customer, state, presence, lane, reason, opened, updated, *more = row
    agent, since, via, offer, linked_to, merged_into, alarm, clocks, why, subject, person = more
    return EncodedContact(
        id=id_,
        desk=desk,
        inbox=inbox,
        channel=channel,
        subject=subject or "",
        state=state,
        presence=presence,
        lane=lane,
        priority_reason=reason,
        language=None,
        tags=(),
        customer=msgspec.Raw(person) if person else Customer(id=customer),
        assignment=Assignment(agent=agent, since=since, via=via) if agent is not None else None,
        offer=msgspec.Raw(offer) if offer is not None else None,
        why=msgspec.Raw(why),
        clocks=msgspec.Raw(clocks),
        wait=None,
        opened_at=opened,
        updated_at=updated,
        linked_to=linked_to,
        merged_into=merged_into,
        alarm=bool(alarm),
    )


def _said(rows: Iterable[tuple[int, str | None, bytes]]) -> list[Said]:
    return [Said(seq, decode_item(data), DeliveryState(delivery) if delivery else None) for seq, delivery, data in rows]
