"""Agents who hold what they may not keep."""

from frontline.contract.ids import ContactId
from router.core.capacity import OFFLINE, Agent
from router.core.state import DeskState

REMOVED = "agent_removed"
OFFLINE_TOO_LONG = "agent_offline"
SHIFT_ENDED = "shift_ended"


def end_shift(state: DeskState, agent: Agent) -> None:
    """Whoever is off duty and not there any more hands over what they hold, as far as it goes: see `next_to_go`."""
    if not agent.on_duty and not agent.present and state.leaving.get(agent.id) != REMOVED:
        state.leaving[agent.id] = SHIFT_ENDED
    look(state, agent)


def next_to_go(state: DeskState, agent: Agent) -> ContactId | None:
    """The first of what they hold that goes to others: not who talks with somebody who may be back in a moment, or is
    only away; and nothing but these, of somebody whose shift goes on.
    """
    why = state.leaving.get(agent.id)
    if why is None:
        return None
    return next((id_ for id_ in agent.held if _goes(why, agent, talks=_talks(state, id_))), None)


def why_of(state: DeskState, agent: Agent, contact: ContactId) -> str:
    why = state.leaving[agent.id]
    return OFFLINE_TOO_LONG if why == SHIFT_ENDED and _talks(state, contact) else why


def _talks(state: DeskState, id_: ContactId) -> bool:
    contact = state.contacts[id_]
    return contact.live and not contact.left


def _goes(why: str, agent: Agent, *, talks: bool) -> bool:
    if why == SHIFT_ENDED:
        return not talks or (agent.state == OFFLINE and agent.back_by is None)
    return talks if why == OFFLINE_TOO_LONG else True


def look(state: DeskState, agent: Agent) -> None:
    """Forget that they are leaving once they have nothing left to give."""
    if agent.id in state.leaving and next_to_go(state, agent) is None:
        del state.leaving[agent.id]
