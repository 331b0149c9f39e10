"""How duty and swaps change the desk; a part of `evolve`, with the same promises."""

from datetime import datetime, timedelta

from router.core.event_people import DutyChanged, RotaSwapped
from router.core.illegal import known_agent, no
from router.core.rota import Duty
from router.core.state import DeskState

SWAPS_KEPT = timedelta(days=400)
"""Long enough to see who took how many turns in a year."""


def duty_changed(state: DeskState, event: DutyChanged) -> None:
    for agent in event.agents:
        known_agent(state, agent)
    if not set(event.available) <= set(event.agents):
        no("the rota makes somebody available who is not on duty")
    if event.until is not None and event.until <= event.at:
        no(f"the duty that began at {event.at} can't end at {event.until}")
    state.duty = Duty(frozenset(event.agents), frozenset(event.available))
    state.dues.arm_duty(event.until)


def rota_swapped(state: DeskState, event: RotaSwapped) -> None:
    known_agent(state, event.agent)
    known_agent(state, event.to)
    if event.agent == event.to:
        no(f"agent {event.agent} can't swap with themselves")
    turn = (event.shift, event.day)
    state.swaps[turn] = (*state.swaps.get(turn, ()), (event.agent, event.to))
    oldest = (event.at - SWAPS_KEPT).date()
    for former in [former for former in state.swaps if former[1] < oldest]:
        del state.swaps[former]
    look_again(state, event.at)


def look_again(state: DeskState, at: datetime) -> None:
    """Who is on duty may be different from `at` on: find out at once."""
    state.dues.arm_duty(at)
