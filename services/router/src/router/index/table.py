"""Rows of the index to and from SQL."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from frontline.contract.ids import AgentId, ContactId, DeskId
from router.index.row import AgentRow, Assignment, Clock, ContactRow, Offer, Why

_encode = msgspec.json.Encoder().encode
_decode_clocks = msgspec.json.Decoder(tuple[Clock, ...]).decode
_decode_offer = msgspec.json.Decoder(Offer).decode
_decode_why = msgspec.json.Decoder(tuple[Why, ...]).decode

_COLUMNS = (
    "desk, id, ordinal, inbox, channel, customer, state, presence, lane, priority_reason, opened_at, updated_at,"
    " agent, since, via, asked, offer, linked_to, merged_into, moved_to, alarm, clocks, why"
)
_SELECT = f"SELECT {_COLUMNS} FROM contact WHERE desk = ? AND id = ?"  # noqa: S608 - our own constants
_CHANGING = (
    "state", "presence", "lane", "priority_reason", "updated_at", "agent", "since", "via", "asked", "offer",
    "merged_into", "moved_to", "alarm", "clocks", "why",
)  # fmt: skip
_UPSERT = (
    f"INSERT INTO contact ({_COLUMNS}) VALUES (?{', ?' * 22})"  # noqa: S608 - as above
    f" ON CONFLICT (desk, id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _CHANGING)}"
)


def load_contact(connection: sqlite3.Connection, desk: DeskId, contact: ContactId) -> ContactRow | None:
    found = connection.execute(_SELECT, (desk, contact)).fetchone()
    if found is None:
        return None
    *plain, agent, since, via, _, offer, linked_to, merged_into, moved_to, alarm, clocks, why = found
    fields: dict[str, Any] = dict(zip(_PLAIN, plain, strict=True))
    return ContactRow(
        **fields,
        assignment=Assignment(agent=agent, since=since, via=via) if agent is not None else None,
        offer=_decode_offer(offer) if offer is not None else None,
        linked_to=linked_to,
        merged_into=merged_into,
        moved_to=moved_to,
        alarm=bool(alarm),
        clocks=_decode_clocks(clocks),
        why=_decode_why(why),
    )


def left_behind(connection: sqlite3.Connection, desk: DeskId, contact: ContactId) -> list[ContactRow]:
    """The rows of a contact at desks that it has left, but for `desk`."""
    found = connection.execute("SELECT desk FROM contact WHERE id = ? AND moved_to IS NOT NULL", (contact,))
    rows = [load_contact(connection, DeskId(other), contact) for (other,) in found.fetchall() if other != desk]
    return [row for row in rows if row is not None]


def forget_reasons(connection: sqlite3.Connection, contacts: Iterable[ContactId]) -> None:
    """Within a transaction: of what was erased, at whichever desk, nobody says any more why it was where."""
    connection.executemany(
        "UPDATE contact SET why = '[]', priority_reason = '' WHERE id = ? AND moved_to IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM erased WHERE erased.contact = contact.id)",
        ((contact,) for contact in contacts),
    )


def save_contacts(connection: sqlite3.Connection, rows: Iterable[ContactRow]) -> None:
    connection.executemany(_UPSERT, map(_columns, rows))


def _columns(row: ContactRow) -> tuple[Any, ...]:
    held = row.assignment
    return (
        *(getattr(row, name) for name in _PLAIN),
        held.agent if held else None,
        held.since if held else None,
        held.via if held else None,
        row.offer.agent if row.offer else None,
        _encode(row.offer) if row.offer else None,
        row.linked_to,
        row.merged_into,
        row.moved_to,
        row.alarm,
        _encode(row.clocks),
        _encode(row.why),
    )


_PLAIN = (
    "desk",
    "id",
    "ordinal",
    "inbox",
    "channel",
    "customer",
    "state",
    "presence",
    "lane",
    "priority_reason",
    "opened_at",
    "updated_at",
)


def load_agents(connection: sqlite3.Connection, desk: DeskId) -> dict[AgentId, AgentRow]:
    found = connection.execute("SELECT id, state, until, reason FROM agent WHERE desk = ?", (desk,))
    return {id_: AgentRow(id=id_, state=state, until=until, reason=why) for id_, state, until, why in found}


def load_offers(connection: sqlite3.Connection, desk: DeskId, agent: AgentId) -> list[Offer]:
    """Those that are open and wait for this agent's answer, the one that ends first in front."""
    found = connection.execute("SELECT offer FROM contact WHERE desk = ? AND asked = ?", (desk, agent))
    return sorted((_decode_offer(offer) for (offer,) in found), key=lambda offer: (offer.expires_at, offer.id))


def save_agents(connection: sqlite3.Connection, desk: DeskId, agents: Mapping[AgentId, AgentRow]) -> None:
    connection.execute("DELETE FROM agent WHERE desk = ?", (desk,))
    connection.executemany(
        "INSERT INTO agent VALUES (?, ?, ?, ?, ?)",
        ((desk, agent.id, agent.state, agent.until, agent.reason) for agent in agents.values()),
    )
