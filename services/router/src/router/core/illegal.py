"""An event that can't have happened, and the look-ups that find it out."""

from typing import NoReturn

from frontline.contract.ids import AgentId, ContactId
from router.core.capacity import Agent
from router.core.contact import Contact
from router.core.state import DeskState


class IllegalEvent(Exception):
    """The event can't have happened to this desk. Nothing has changed."""


def no(what: str) -> NoReturn:
    raise IllegalEvent(what)


def known_contact(state: DeskState, contact: ContactId) -> Contact:
    try:
        return state.contacts[contact]
    except KeyError:
        no(f"there is no contact {contact}")


def known_agent(state: DeskState, agent: AgentId) -> Agent:
    try:
        return state.agents[agent]
    except KeyError:
        no(f"there is no agent {agent}")
