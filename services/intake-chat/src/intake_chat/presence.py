"""From what a desk shows of itself to what a visitor sees. Pure."""

from frontline.contract.deskview import DeskView, Standing
from frontline.contract.ids import AgentId
from intake_chat.frames import Presence, PresenceNow, Somebody, State, Wait
from intake_chat.normalize import CHANNEL

MOST_PEOPLE = 8
NOBODY = Presence()


def presence_of(view: DeskView | None) -> Presence:
    """Nobody, as long as a desk has said nothing."""
    if view is None:
        return NOBODY
    wait = view.wait.get(CHANNEL) if view.online else None
    return Presence(
        online=view.online,
        people=tuple(Somebody(one.name, one.picture) for one in view.people[:MOST_PEOPLE]) if view.online else (),
        wait=Wait(wait.low, wait.high) if wait else None,
        opens_at=None if view.online else view.opens_at,
    )


def told(presence: Presence) -> PresenceNow:
    """The same as a frame."""
    return PresenceNow(online=presence.online, people=presence.people, wait=presence.wait, opens_at=presence.opens_at)


def state_of(standing: Standing) -> State:
    """Where a contact stands; who answers it is told once somebody does."""
    wait = standing.wait
    return State(
        state=standing.state,
        position=standing.position or None,
        low=wait.low if wait else None,
        high=wait.high if wait else None,
        agent=Somebody(standing.agent_name, standing.agent_picture) if standing.agent and standing.agent_name else None,
    )


def picture_of(view: DeskView | None, standing: Standing | None, agent: AgentId, name: str) -> str:
    """The picture that an agent shows, "" without one."""
    if standing is not None and standing.agent == agent:
        return standing.agent_picture
    return next((one.picture for one in (view.people if view else ()) if one.name == name), "")
