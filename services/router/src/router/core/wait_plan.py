"""Who is known to come and to leave: by what people said, and by shifts that call them in and let them go."""

from datetime import datetime, timedelta

from frontline.contract.ids import AgentId
from router.core.capacity import AVAILABLE, AWAY, OFFLINE
from router.core.rota import next_on_duty, rota, turns
from router.core.state import DeskState
from router.core.wait_room import AHEAD, Coming

_INSTANT = timedelta(milliseconds=1)


def comings(state: DeskState, now: datetime) -> list[Coming]:
    """In order of time. What is known changes with the events of the desk, and as time goes on."""
    known = []
    for agent in state.agents.values():
        if agent.until is not None and not agent.gone:
            known.append(Coming(agent.until, agent.id, agent.state != AVAILABLE))
    if state.settings.shifts:
        for turn in turns(rota(state.settings, state.swaps), now, now + AHEAD):
            if turn.available:
                known += [Coming(turn.start, agent, there=True) for agent in turn.agents if turn.start > now]
                known += [Coming(turn.end, agent, there=False) for agent in turn.agents if _goes(state, agent)]
    return sorted(coming for coming in known if now < coming.at <= now + AHEAD)


def opens_at(state: DeskState, now: datetime) -> datetime | None:
    """When somebody is there again, for a desk where nobody is: by what they said, by their shifts, and
    if there are none by the calendars of the policies; `None` if nobody can tell.
    """
    back = [
        agent.until
        for agent in state.agents.values()
        if agent.until is not None and agent.state in (AWAY, OFFLINE) and not agent.gone
    ]
    if state.settings.shifts:
        duty = next_on_duty(rota(state.settings, state.swaps), now)
        if duty is not None and duty > now:
            back.append(duty)
    else:
        policies = {inbox.policy for inbox in state.inboxes.values() if inbox.live}
        kept = {term.calendar_name: term.calendar for key, term in state.terms.items() if key[0] in policies}
        opens = [calendar.due(now, _INSTANT) - _INSTANT for calendar in kept.values()]
        back += [instant for instant in opens if instant > now]
    return min(back, default=None)


def _goes(state: DeskState, id_: AgentId) -> bool:
    """Whoever said that they stay until later, stays until then."""
    agent = state.agents.get(id_)
    return agent is None or not (agent.state == AVAILABLE and agent.until is not None)
