"""How the desk's people change: settings, comings and goings; a part of `evolve`, with the same promises."""

import msgspec

from router.core import evolve_check_in, evolve_offer, evolve_rota, waiting
from router.core.capacity import AVAILABLE, NO_ROOM, OFFLINE, STATES, Agent
from router.core.contact import OFFERED, STICKY, WAITING
from router.core.crew import kind_of
from router.core.desk_settings import LEAST_LOADED, ROUND_ROBIN, AgentSettings, DeskSettings
from router.core.event_people import AvailabilityChanged, ConfigChanged, DutyChanged, GraceEnded
from router.core.illegal import known_agent, no
from router.core.leaving import OFFLINE_TOO_LONG, REMOVED, end_shift, look
from router.core.settings import faults
from router.core.state import DeskState


def config_changed(state: DeskState, event: ConfigChanged) -> None:
    settings, before = event.settings, state.settings
    if settings.version <= before.version:
        no(f"settings {settings.version} are not newer than {before.version}")
    if found := faults(settings):
        no("; ".join(found))
    if settings.shifts or before.shifts:
        evolve_rota.look_again(state, event.at)
    state.configure(settings)
    evolve_check_in.configured(state)
    named = {agent.id for agent in settings.agents}
    for agent in [agent for agent in state.agents.values() if agent.id not in named]:
        state.dues.arm_availability(agent, None)
        state.dues.arm_grace(agent, None)
        if agent.empty_handed:
            evolve_offer.forget_gone(state, agent)
        else:
            agent.gone, agent.state, agent.missed = True, OFFLINE, 0
            state.leaving[agent.id] = REMOVED
            look(state, agent)
            evolve_offer.look(state, agent)
    for wanted in settings.agents:
        _employ(state, wanted)
    rostered = _rostered(settings)
    for agent in state.agents.values():
        agent.by_load = settings.strategy == LEAST_LOADED
        agent.on_duty = agent.id not in rostered or agent.id in state.duty.agents
    state.matching.staff(agent for agent in state.agents.values() if not agent.gone)
    _wait_anew(state, before)


def duty_changed(state: DeskState, event: DutyChanged) -> None:
    evolve_rota.duty_changed(state, event)
    rostered = _rostered(state.settings)
    for agent in state.agents.values():
        on_duty = agent.id not in rostered or agent.id in state.duty.agents
        if agent.gone or on_duty == agent.on_duty:
            continue
        before = kind_of(agent)
        agent.on_duty = on_duty
        if kind_of(agent) != before:
            state.matching.changed(agent, before)
        end_shift(state, agent)


def availability_changed(state: DeskState, event: AvailabilityChanged) -> None:
    agent = known_agent(state, event.agent)
    if agent.gone or event.state not in STATES:
        no(f"agent {agent.id} can't be {event.state}")
    state.dues.arm_availability(agent, event.until)
    was_there = agent.present
    agent.state, agent.missed = event.state, 0
    evolve_offer.look(state, agent)
    grace = state.settings.offline_grace
    waits = event.state == OFFLINE and grace is not None
    state.dues.arm_grace(agent, state.now + grace if waits and grace is not None else None)
    if event.state == AVAILABLE:
        state.leaving.pop(agent.id, None)
    if agent.present and not was_there:
        if state.settings.strategy != ROUND_ROBIN:
            state.turns += 1
            agent.turn = state.turns
        state.matching.came(agent)
        state.matching.gained(agent, NO_ROOM)
    elif was_there and not agent.present:
        state.matching.went(agent)
    end_shift(state, agent)


def grace_ended(state: DeskState, event: GraceEnded) -> None:
    agent = known_agent(state, event.agent)
    if agent.state != OFFLINE or agent.gone:
        no(f"agent {agent.id} is {agent.state}")
    state.dues.arm_grace(agent, None)
    state.leaving[agent.id] = OFFLINE_TOO_LONG
    end_shift(state, agent)


def _employ(state: DeskState, wanted: AgentSettings) -> None:
    agent = state.agents.get(wanted.id)
    first_state = AVAILABLE if wanted.available else OFFLINE
    if agent is None:
        state.turns += 1
        agent = Agent(wanted.id, wanted.capacity, frozenset(wanted.skills), first_state, state.turns)
        state.agents[wanted.id] = agent
    agent.capacity, agent.skills, agent.off_duty_too = wanted.capacity, frozenset(wanted.skills), wanted.off_duty
    if agent.gone:
        agent.gone, agent.state = False, first_state
        state.leaving.pop(agent.id, None)
        evolve_offer.look(state, agent)


def _rostered(settings: DeskSettings) -> set[str]:
    """Those whom the rota names; the others are always on duty."""
    crews = [crew for shift in settings.shifts for crew in shift.weeks]
    crews += [override.agents for shift in settings.shifts for override in shift.overrides if override.agents]
    return {agent for crew in crews for agent in crew}


def _wait_anew(state: DeskState, before: DeskSettings) -> None:
    """Rings, ageing and alarms count as they are set now, from when each contact began to wait; for how long it is
    kept for one agent, as its inbox has it now. Everybody else waits as they did: there may be a million of them.
    """
    settings = state.settings
    all_of_them = (settings.rings, settings.age_after, settings.alarm_after) != (
        before.rings,
        before.age_after,
        before.alarm_after,
    )
    if not before.version or not (all_of_them or settings.inboxes != before.inboxes):
        return
    last = len(state.rings) - 1
    for contact in state.contacts.values():
        if contact.ring != STICKY and not all_of_them:
            continue
        if contact.phase not in (WAITING, OFFERED):
            continue
        contact.ring = min(contact.ring, last)
        need = msgspec.structs.replace(waiting.need_of(state, contact), cost=contact.line.need.cost)
        line = state.matching.line(need)
        if line is not contact.line:  # of one that is offered, too: it waits there when nobody takes it
            if contact.phase == WAITING:
                state.matching.leave(contact)
                contact.line = line
                state.matching.join(contact)
            else:
                contact.line = line
        moment = waiting.next_moment(state, contact)
        if moment != contact.moment:
            state.dues.arm_moment(contact, moment)
