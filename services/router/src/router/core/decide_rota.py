"""Who comes on duty and who leaves, and swaps of turns. Looks, never touches."""

from datetime import datetime

from frontline.contract.ids import AgentId
from router.core.capacity import AVAILABLE, OFFLINE
from router.core.command import SwapTurn
from router.core.event import DeskDecision
from router.core.event_people import AvailabilityChanged, DutyChanged, RotaSwapped
from router.core.refusal import Refused
from router.core.rota import Turn, duty, next_change, rota, turn_on
from router.core.state import DeskState

SHIFT_BEGAN = "shift_began"
SHIFT_ENDED = "shift_ended"


def changed(state: DeskState, at: datetime) -> AvailabilityChanged | DutyChanged:
    """What to do next about the duty that begins or ends at `at`: first those are let go and called in
    whom their shift makes available, one by one; then the change itself, after which nothing is due.
    """
    people = rota(state.settings, state.swaps)
    after = duty(people, at)
    for agent in sorted(state.duty.available - after.available):
        if _lets_go(state, agent):
            return AvailabilityChanged(at=at, agent=agent, state=OFFLINE, reason=SHIFT_ENDED)
    for agent in sorted(after.available - state.duty.available):
        if _calls_in(state, agent):
            return AvailabilityChanged(at=at, agent=agent, state=AVAILABLE, reason=SHIFT_BEGAN)
    return DutyChanged(
        at=at,
        agents=tuple(sorted(after.agents)),
        available=tuple(sorted(after.available)),
        until=next_change(people, at),
    )


def swap(state: DeskState, command: SwapTurn, now: datetime) -> tuple[DeskDecision, ...]:
    for agent in (command.agent, command.partner):
        if agent not in state.agents or state.agents[agent].gone:
            raise Refused("unknown_agent", f"There is no agent {agent} on this desk.")
    if command.agent == command.partner:
        raise Refused("same_agent", "A turn is swapped with somebody else.")
    people = rota(state.settings, state.swaps)
    turn = turn_on(people, command.shift, command.day)
    if turn is None:
        raise Refused("not_found", f"Nobody has a turn in shift {command.shift} on {command.day}.")
    if turn.end <= now:
        raise Refused("turn_over", "The turn is over.")
    gives, takes = (
        (command.agent, command.partner) if command.agent in turn.agents else (command.partner, command.agent)
    )
    _check(turn, gives, takes)
    return (RotaSwapped(at=now, shift=turn.shift, day=turn.day, agent=gives, to=takes),)


def _check(turn: Turn, gives: AgentId, takes: AgentId) -> None:
    if gives not in turn.agents:
        raise Refused("not_yours", f"Neither {takes} nor {gives} has this turn.")
    if takes in turn.agents:
        raise Refused("on_already", f"Agent {takes} has this turn, too.")


def _lets_go(state: DeskState, agent: AgentId) -> bool:
    """Whoever said that they stay until later, stays."""
    one = state.agents.get(agent)
    if one is None or one.gone or one.state == OFFLINE:
        return False
    return not (one.state == AVAILABLE and one.until is not None)


def _calls_in(state: DeskState, agent: AgentId) -> bool:
    """Whoever said until when they are not there, is not."""
    one = state.agents.get(agent)
    return one is not None and not one.gone and one.state != AVAILABLE and one.until is None
