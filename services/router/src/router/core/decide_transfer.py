"""Giving a contact to somebody else: a colleague, whoever has a skill, another desk. Looks, never touches."""

from datetime import datetime

import msgspec

from frontline.contract.ids import AgentId, DeskId
from router.core import decide_offer, sla, waiting
from router.core.capacity import Agent
from router.core.command import TransferContact
from router.core.contact import ASSIGNED, OFFERED, RESOLVED, TRANSFERRING, WAITS, Contact
from router.core.event import ContactAssigned, ContactTransferred, ContactUnassigned, DeskDecision, WaitEnded
from router.core.event_transfer import TransferBegun, TransferRefused
from router.core.need import Need
from router.core.reason import RECALLED, TRANSFERRED
from router.core.refusal import Refused, contact_in_work, wanted_agent
from router.core.state import DeskState
from router.core.trail import gone_on, too_far


def transfer(state: DeskState, command: TransferContact, now: datetime) -> tuple[DeskDecision, ...]:
    contact = contact_in_work(state, command.contact)
    wanted_agent(state, command.agent)
    if contact.phase == RESOLVED:
        raise Refused("already_resolved", "The contact is resolved: reopen it first.")
    if [command.to is None, not command.skill, command.desk is None].count(False) != 1:
        raise Refused("one_of_three", "A contact is given to an agent, to a skill or to a desk: name one of the three.")
    if command.desk is not None:
        return _to_desk(state, contact, command.desk, command.agent, now)
    if command.to is not None:
        return _to_agent(state, contact, command, wanted_agent(state, command.to), now)
    if not any(command.skill in agent.skills for agent in state.agents.values() if not agent.gone):
        raise Refused("unknown_skill", f"Nobody at this desk has the skill {command.skill}.")
    sent = ContactTransferred(at=now, contact=contact.id, by=command.agent, skills=(command.skill,))
    return (*_taken_back(contact, command.agent, now), sent)


def _to_agent(
    state: DeskState, contact: Contact, command: TransferContact, to: Agent, now: datetime
) -> tuple[DeskDecision, ...]:
    """What is written is theirs at once, whether they are there or not. A customer on the line waits for nobody:
    the agent has to be there, and is asked.
    """
    if contact.agent == to.id:
        return ()
    need = _need_then(state, contact)
    # An offer to them keeps the room already, unless their capacity was lowered below what they have.
    kept = contact.offer is not None and contact.offer.agent == to.id and to.load_of(need) <= to.capacity
    if not kept and not to.has_room(need):
        raise Refused("no_room", f"Agent {to.id} has no room for it: {to.load} of {to.capacity} units are taken.")
    if need.live and not contact.left and (not to.present or to.absent):
        raise Refused("not_available", f"Agent {to.id} is {to.state}, and the customer is on the line.")
    via = "transfer" if contact.phase == ASSIGNED else "direct"
    if need.live and not contact.left and contact.offer_for is not None and command.agent != to.id:
        return (*_taken_back(contact, command.agent, now), decide_offer.asked_directly(contact, to, now, TRANSFERRED))
    theirs = ContactAssigned(at=now, contact=contact.id, agent=to.id, via=via, rule=via, by=command.agent)
    return (*_taken_back(contact, command.agent, now), theirs)


def _to_desk(state: DeskState, contact: Contact, desk: DeskId, by: AgentId, now: datetime) -> tuple[DeskDecision, ...]:
    """It stays here until that desk has said that it takes it."""
    if desk == state.desk:
        raise Refused("same_desk", "The contact is at this desk.")
    if contact.phase == TRANSFERRING and contact.bound_for == desk:
        return ()
    trail = gone_on(contact.trail, state.desk, desk)
    if too_far(trail):
        raise Refused("hop_limit", "The contact has been at so many desks that it can't go on to another one.")
    begun = TransferBegun(at=now, contact=contact.id, desk=desk, by=by, moves=contact.moves + 1, trail=trail)
    return (*_taken_back(contact, by, now), begun)


def _need_then(state: DeskState, contact: Contact) -> Need:
    """What it takes to have it once it is taken back: the time to wrap up ends then, and settings may be others."""
    need = contact.line.need
    if contact.phase != ASSIGNED and contact.phase not in WAITS:
        return need
    live = contact.live and not contact.left
    return msgspec.structs.replace(need, live=live, cost=waiting.cost_of(state, contact, live=live))


def _taken_back(contact: Contact, by: AgentId, now: datetime) -> list[DeskDecision]:
    if contact.phase == OFFERED:
        return [decide_offer.withdrawn(contact, now, TRANSFERRED)]
    if contact.phase == TRANSFERRING:
        assert contact.bound_for is not None
        return [TransferRefused(at=now, contact=contact.id, desk=contact.bound_for, reason=RECALLED, agent=by)]
    if contact.phase in WAITS:  # whoever gives it on has found something to do
        return [
            WaitEnded(at=now, contact=contact.id, rule="agent", agent=by),
            *sla.went_on(contact, now, "agent"),
        ]
    if contact.phase == ASSIGNED:
        assert contact.agent is not None
        return [ContactUnassigned(at=now, contact=contact.id, agent=contact.agent, rule=TRANSFERRED, front=True)]
    return []
