"""Rows of the index to and from SQL."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from frontline.contract.ids import AgentId, ContactId, DeskId
from router.index.row import AgentRow, Assignment, Clock, ContactRow, Why

_encode = msgspec.json.Encoder().encode
_decode_clocks = msgspec.json.Decoder(tuple[Clock, ...]).decode
_decode_why = msgspec.json.Decoder(tuple[Why, ...]).decode

_COLUMNS = (
    "desk, id, ordinal, inbox, channel, customer, state, lane, priority_reason, opened_at, updated_at,"
    " agent, since, via, linked_to, clocks, why"
)
_SELECT = f"SELECT {_COLUMNS} FROM contact WHERE desk = ? AND id = ?"  # noqa: S608 - our own constants
_CHANGING = ("state", "lane", "priority_reason", "updated_at", "agent", "since", "via", "clocks", "why")
_UPSERT = (
    f"INSERT INTO contact ({_COLUMNS}) VALUES (?{', ?' * 16})"  # noqa: S608 - as above
    f" ON CONFLICT (desk, id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _CHANGING)}"
)


def load_contact(connection: sqlite3.Connection, desk: DeskId, contact: ContactId) -> ContactRow | None:
    found = connection.execute(_SELECT, (desk, contact)).fetchone()
    if found is None:
        return None
    *plain, agent, since, via, linked_to, clocks, why = found
    fields: dict[str, Any] = dict(zip(_PLAIN, plain, strict=True))
    return ContactRow(
        **fields,
        assignment=Assignment(agent=agent, since=since, via=via) if agent is not None else None,
        linked_to=linked_to,
        clocks=_decode_clocks(clocks),
        why=_decode_why(why),
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
        row.linked_to,
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
    "lane",
    "priority_reason",
    "opened_at",
    "updated_at",
)


def load_agents(connection: sqlite3.Connection, desk: DeskId) -> dict[AgentId, AgentRow]:
    found = connection.execute("SELECT id, state, until FROM agent WHERE desk = ?", (desk,))
    return {id_: AgentRow(id=id_, state=state, until=until) for id_, state, until in found}


def save_agents(connection: sqlite3.Connection, desk: DeskId, agents: Mapping[AgentId, AgentRow]) -> None:
    connection.execute("DELETE FROM agent WHERE desk = ?", (desk,))
    connection.executemany(
        "INSERT INTO agent VALUES (?, ?, ?, ?)",
        ((desk, agent.id, agent.state, agent.until) for agent in agents.values()),
    )
