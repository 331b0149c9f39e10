"""What is asked of the desk's people and settings. Looks, never touches."""

from datetime import datetime

from router.core.calendar import exact
from router.core.capacity import STATES
from router.core.command import (
    ApplySettings,
    SetAvailability,
)
from router.core.decide_inbox import keeping_former
from router.core.event import DeskDecision
from router.core.event_people import AvailabilityChanged, ConfigChanged
from router.core.refusal import Refused, wanted_agent
from router.core.settings import faults
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]


def availability(state: DeskState, command: SetAvailability, now: datetime) -> Events:
    agent = wanted_agent(state, command.agent)
    until = None if command.until is None else exact(command.until)
    if command.state not in STATES:
        raise Refused("unknown_state", f"An agent is {', '.join(STATES)}; never {command.state}.")
    if until is not None and until <= now:
        raise Refused("not_in_future", "The time until which this is to hold has passed.")
    if (agent.state, agent.until) == (command.state, until):
        return ()
    return (AvailabilityChanged(at=now, agent=agent.id, state=command.state, until=until),)


def apply(state: DeskState, command: ApplySettings, now: datetime) -> Events:
    settings = command.settings
    if settings.version <= state.settings.version:
        detail = f"Version {state.settings.version} is in force; version {settings.version} is not newer."
        raise Refused("older_version", detail)
    if found := faults(settings):
        raise Refused("invalid_settings", "; ".join(found))
    return (ConfigChanged(at=now, settings=keeping_former(state, command)),)
