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
    found = state.contacts.get(contact)
    return no(f"there is no contact {contact}") if found is None else found


def known_agent(state: DeskState, agent: AgentId) -> Agent:
    found = state.agents.get(agent)
    return no(f"there is no agent {agent}") if found is None else found
