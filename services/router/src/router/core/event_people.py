"""What a desk decides about its people and its settings. See `event.py` for the rules."""

from datetime import date, datetime

from frontline.contract.ids import AgentId
from router.core.desk_settings import DeskSettings
from router.core.happened import Event


class ConfigChanged(Event, frozen=True, kw_only=True):
    settings: DeskSettings


class AvailabilityChanged(Event, frozen=True, kw_only=True):
    agent: AgentId
    state: str
    """`available`, `away` or `offline`."""
    until: datetime | None = None
    reason: str = ""
    """Empty if the agent said so or `until` came; `missed_offers` if they did not answer; `shift_began`
    and `shift_ended` by the rota.
    """


class DutyChanged(Event, frozen=True, kw_only=True):
    """From `at` on these are on duty by the rota, and nobody else, up to `until` at least."""

    agents: tuple[AgentId, ...]
    available: tuple[AgentId, ...] = ()
    """Those of them whom their shift makes available."""
    until: datetime | None = None
    """When to look again; `None`: nothing will change."""


class RotaSwapped(Event, frozen=True, kw_only=True):
    """`agent` gave their turn in a shift to `to`. `day` is the one on which it begins, where the shift is."""

    shift: str
    day: date
    agent: AgentId
    to: AgentId


class GraceEnded(Event, frozen=True, kw_only=True):
    """An agent who went offline has not come back: their live contacts go to others."""

    agent: AgentId
