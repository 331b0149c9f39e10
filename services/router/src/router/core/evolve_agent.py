"""How the desk's people change: settings, comings and goings; a part of `evolve`, with the same promises."""

from router.core import evolve_offer, evolve_rota
from router.core.capacity import AVAILABLE, OFFLINE, STATES, Agent
from router.core.event import AgentSettings, AvailabilityChanged, ConfigChanged
from router.core.illegal import known_agent, no
from router.core.settings import faults
from router.core.state import DeskState


def config_changed(state: DeskState, event: ConfigChanged) -> None:
    settings = event.settings
    if settings.version <= state.settings.version:
        no(f"settings {settings.version} are not newer than {state.settings.version}")
    if found := faults(settings):
        no("; ".join(found))
    if settings.shifts or state.settings.shifts:
        evolve_rota.look_again(state, event.at)
    state.configure(settings)
    named = {agent.id for agent in settings.agents}
    for agent in [agent for agent in state.agents.values() if agent.id not in named]:
        state.dues.arm_availability(agent, None)
        if agent.empty_handed:
            evolve_offer.forget_gone(state, agent)
        else:
            agent.gone, agent.state, agent.missed = True, OFFLINE, 0
            state.leaving.add(agent.id)
            evolve_offer.look(state, agent)
    for wanted in settings.agents:
        _employ(state, wanted)
    state.matching.staff(agent for agent in state.agents.values() if not agent.gone)


def _employ(state: DeskState, wanted: AgentSettings) -> None:
    agent = state.agents.get(wanted.id)
    first_state = AVAILABLE if wanted.available else OFFLINE
    if agent is None:
        state.turns += 1
        state.agents[wanted.id] = Agent(wanted.id, wanted.capacity, frozenset(wanted.skills), first_state, state.turns)
        return
    agent.capacity, agent.skills = wanted.capacity, frozenset(wanted.skills)
    if agent.gone:
        agent.gone, agent.state = False, first_state
        state.leaving.discard(agent.id)
        evolve_offer.look(state, agent)


def availability_changed(state: DeskState, event: AvailabilityChanged) -> None:
    agent = known_agent(state, event.agent)
    if agent.gone or event.state not in STATES:
        no(f"agent {agent.id} can't be {event.state}")
    state.dues.arm_availability(agent, event.until)
    back = event.state == AVAILABLE and agent.state != AVAILABLE
    agent.state, agent.missed = event.state, 0
    evolve_offer.look(state, agent)
    if back:
        state.turns += 1
        agent.turn = state.turns
        state.matching.gained(agent, 0)
