"""How the desk says no."""

from frontline.contract.ids import AgentId, ContactId
from router.core.capacity import Agent
from router.core.contact import Contact
from router.core.state import DeskState


class Refused(Exception):
    """The command can't be carried out as things stand; nothing has changed.

    `conflict` is a word for what happened instead (`not_found`, `already_resolved`, ...),
    `detail` a sentence for the person who asked.
    """

    def __init__(self, conflict: str, detail: str) -> None:
        super().__init__(detail)
        self.conflict = conflict
        self.detail = detail


def wanted_contact(state: DeskState, contact: ContactId) -> Contact:
    found = state.contacts.get(contact)
    if found is not None:
        return found
    if contact in state.erased:
        raise Refused("erased", "What was said here has been erased, and nothing can be done with it any more.")
    if (gone := state.elsewhere.get(contact)) is not None and gone.desk is not None:
        raise Refused("elsewhere", f"The contact is at desk {gone.desk} now.")
    raise Refused("not_found", f"There is no contact {contact} on this desk.")


def contact_in_work(state: DeskState, id_: ContactId) -> Contact:
    """One that something may be done with: not one that goes on in another."""
    found = state.contacts.get(id_) or wanted_contact(state, id_)
    if found.merged_into is not None:
        raise Refused("merged", f"The contact goes on in {found.merged_into}.")
    return found


def wanted_agent(state: DeskState, agent: AgentId) -> Agent:
    found = state.agents.get(agent)
    if found is None or found.gone:
        raise Refused("unknown_agent", f"There is no agent {agent} on this desk.")
    return found
