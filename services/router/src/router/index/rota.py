"""The rota of a desk as its log tells it; only the two functions that read and write the table touch anything."""

import sqlite3
from datetime import date, datetime

import msgspec

from frontline.contract.ids import AgentId, DeskId
from router.core.event import DeskDecision
from router.core.event_people import ConfigChanged, DutyChanged, RotaSwapped
from router.core.rota import Rota
from router.core.rota_settings import ShiftSettings
from router.index.row import Row


class RotaRow(Row, frozen=True, kw_only=True):
    """`swaps` in the order in which they were made; `duty` is who is on, up to `until` at least."""

    shifts: tuple[ShiftSettings, ...] = ()
    agents: tuple[AgentId, ...] = ()
    swaps: tuple[RotaSwapped, ...] = ()
    duty: tuple[AgentId, ...] = ()
    until: datetime | None = None

    @property
    def rota(self) -> Rota:
        swaps: dict[tuple[str, date], tuple[tuple[AgentId, AgentId], ...]] = {}
        for swap in self.swaps:
            turn = (swap.shift, swap.day)
            swaps[turn] = (*swaps.get(turn, ()), (swap.agent, swap.to))
        return Rota(self.shifts, swaps, frozenset(self.agents))


def on_duty(row: RotaRow, agent: AgentId) -> bool:
    """As the desk has it: whom no shift names is always on duty."""
    crews = [crew for shift in row.shifts for crew in shift.weeks]
    crews += [override.agents for shift in row.shifts for override in shift.overrides if override.agents]
    return agent in row.duty or not any(agent in crew for crew in crews)


def rota_after(row: RotaRow, event: DeskDecision) -> RotaRow:
    """The row once `event` has happened."""
    match event:
        case ConfigChanged(settings=settings):
            agents = tuple(agent.id for agent in settings.agents)
            return msgspec.structs.replace(row, shifts=settings.shifts, agents=agents)
        case RotaSwapped():
            return msgspec.structs.replace(row, swaps=(*row.swaps, event))
        case DutyChanged():
            return msgspec.structs.replace(row, duty=event.agents, until=event.until)
        case _:
            return row


def load_rota(connection: sqlite3.Connection, desk: DeskId) -> RotaRow:
    found = connection.execute("SELECT data FROM rota WHERE desk = ?", (desk,)).fetchone()
    return RotaRow() if found is None else msgspec.json.decode(found[0], type=RotaRow)


def save_rota(connection: sqlite3.Connection, desk: DeskId, row: RotaRow) -> None:
    connection.execute("INSERT OR REPLACE INTO rota VALUES (?, ?)", (desk, msgspec.json.encode(row)))
