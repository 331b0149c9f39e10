"""Giving a contact to somebody else: a colleague, or whoever has a skill. Looks, never touches."""

from datetime import datetime

from frontline.contract.ids import AgentId
from router.core import decide_offer, sla
from router.core.capacity import Agent
from router.core.command import TransferContact
from router.core.contact import ASSIGNED, OFFERED, RESOLVED, WAITS, Contact
from router.core.event import ContactAssigned, ContactTransferred, ContactUnassigned, DeskDecision, WaitEnded
from router.core.refusal import Refused, contact_in_work, wanted_agent
from router.core.state import DeskState

TRANSFERRED = "transferred"


def transfer(state: DeskState, command: TransferContact, now: datetime) -> tuple[DeskDecision, ...]:
    contact = contact_in_work(state, command.contact)
    wanted_agent(state, command.agent)
    if contact.phase == RESOLVED:
        raise Refused("already_resolved", "The contact is resolved: reopen it first.")
    if (command.to is None) == (not command.skill):
        raise Refused("one_of_two", "A contact is given to an agent or to a skill: name one of the two.")
    if command.to is not None:
        return _to_agent(contact, command, wanted_agent(state, command.to), now)
    if not any(command.skill in agent.skills for agent in state.agents.values() if not agent.gone):
        raise Refused("unknown_skill", f"Nobody at this desk has the skill {command.skill}.")
    sent = ContactTransferred(at=now, contact=contact.id, by=command.agent, skills=(command.skill,))
    return (*_taken_back(contact, command.agent, now), sent)


def _to_agent(contact: Contact, command: TransferContact, to: Agent, now: datetime) -> tuple[DeskDecision, ...]:
    """What is written is theirs at once, whether they are there or not. A customer on the line waits for nobody:
    the agent has to be there, and is asked.
    """
    if contact.agent == to.id:
        return ()
    need = contact.line.need
    mine = contact.offer is not None and contact.offer.agent == to.id  # the offer keeps the room already
    if not mine and not to.has_room(need):
        raise Refused("no_room", f"Agent {to.id} has no room for it: {to.load} of {to.capacity} units are taken.")
    if need.live and not contact.left and (not to.present or to.absent):
        raise Refused("not_available", f"Agent {to.id} is {to.state}, and the customer is on the line.")
    via = "transfer" if contact.phase == ASSIGNED else "direct"
    if need.live and not contact.left and contact.offer_for is not None and command.agent != to.id:
        return (*_taken_back(contact, command.agent, now), decide_offer.asked_directly(contact, to, now, TRANSFERRED))
    theirs = ContactAssigned(at=now, contact=contact.id, agent=to.id, via=via, rule=via, by=command.agent)
    return (*_taken_back(contact, command.agent, now), theirs)


def _taken_back(contact: Contact, by: AgentId, now: datetime) -> list[DeskDecision]:
    if contact.phase == OFFERED:
        return [decide_offer.withdrawn(contact, now, TRANSFERRED)]
    if contact.phase in WAITS:  # whoever gives it on has found something to do
        return [
            WaitEnded(at=now, contact=contact.id, rule="agent", agent=by),
            *sla.went_on(contact, now, "agent"),
        ]
    if contact.phase == ASSIGNED:
        assert contact.agent is not None
        return [ContactUnassigned(at=now, contact=contact.id, agent=contact.agent, rule=TRANSFERRED, front=True)]
    return []
