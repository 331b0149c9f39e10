"""Agents who hold what they may not keep."""

from frontline.contract.ids import ContactId
from router.core.capacity import Agent
from router.core.state import DeskState

REMOVED = "agent_removed"
OFFLINE_TOO_LONG = "agent_offline"
SHIFT_ENDED = "shift_ended"


def next_to_go(state: DeskState, agent: Agent) -> ContactId | None:
    """The first of what they hold that goes to others; what is live only, of somebody who went offline."""
    why = state.leaving.get(agent.id)
    if why == OFFLINE_TOO_LONG:
        held = (state.contacts[id_] for id_ in agent.held)
        return next((contact.id for contact in held if contact.live and not contact.left), None)
    return next(iter(agent.held), None) if why else None


def look(state: DeskState, agent: Agent) -> None:
    """Forget that they are leaving once they have nothing left to give."""
    if agent.id in state.leaving and next_to_go(state, agent) is None:
        del state.leaving[agent.id]
