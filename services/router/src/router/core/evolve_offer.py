"""How offers change the desk; a part of `evolve`, with the same promises."""

from frontline.contract.ids import AgentId, ContactId, OfferId
from router.core.capacity import AVAILABLE, Agent
from router.core.contact import OFFERED, WAITING, Contact, Offer
from router.core.event import (
    ContactOffered,
    OfferAccepted,
    OfferRejected,
    OfferRenewed,
    OfferTimedOut,
    OfferWithdrawn,
)
from router.core.illegal import known_agent, known_contact, no
from router.core.state import ACCEPTED, REJECTED, TIMED_OUT, WITHDRAWN, DeskState


def offered(state: DeskState, event: ContactOffered) -> None:
    contact = known_contact(state, event.contact)
    agent = known_agent(state, event.agent)
    if contact.phase != WAITING or contact.offer_for is None:
        no(f"contact {contact.id} is {contact.phase}, and can't be offered")
    if not agent.fits(contact.line.need):
        no(f"agent {agent.id} can't take contact {contact.id}")
    new_round = event.round == contact.round + 1
    if not new_round and (event.round != contact.round or agent.id in contact.asked):
        no(f"agent {agent.id} was asked already in round {contact.round} of contact {contact.id}")
    if event.offer in state.offers:
        no(f"offer {event.offer} is open already")
    state.matching.leave(contact)
    contact.phase = OFFERED
    contact.offers += 1
    contact.round = event.round
    contact.asked = (agent.id,) if new_round else (*contact.asked, agent.id)
    contact.offer = Offer(event.offer, agent.id, state.words[event.rule], event.expires_at)
    state.offers[event.offer] = contact.id
    state.dues.arm_offer(contact, contact.offer)
    agent.offered[contact.id] = None
    agent.take(contact.line.need)
    state.turns += 1
    agent.turn = state.turns
    state.matching.took(agent)


def accepted(state: DeskState, event: OfferAccepted) -> None:
    """Leaves the contact waiting, for the assignment that follows."""
    contact, offer = _open(state, event.contact, event.offer, event.agent)
    _answered(state, _close(state, contact, offer, ACCEPTED))


def rejected(state: DeskState, event: OfferRejected) -> None:
    contact, offer = _open(state, event.contact, event.offer, event.agent)
    _answered(state, _close(state, contact, offer, REJECTED))


def timed_out(state: DeskState, event: OfferTimedOut) -> None:
    contact, offer = _open(state, event.contact, event.offer, event.agent)
    if event.at != offer.expires_at:
        no(f"offer {offer.id} does not time out at {event.at}")
    agent = _close(state, contact, offer, TIMED_OUT)
    agent.missed += 1
    look(state, agent)


def withdrawn(state: DeskState, event: OfferWithdrawn) -> None:
    contact, offer = _open(state, event.contact, event.offer, event.agent)
    _close(state, contact, offer, WITHDRAWN)


def renewed(state: DeskState, event: OfferRenewed) -> None:
    contact, offer = _open(state, event.contact, event.offer, event.agent)
    offer.expires_at = event.expires_at
    state.dues.arm_offer(contact, offer)


def look(state: DeskState, agent: Agent) -> None:
    """Note whether something follows from how this agent stands to what they are asked."""
    if agent.absent or (agent.offered and agent.state != AVAILABLE):
        state.unanswering.add(agent.id)
    else:
        state.unanswering.discard(agent.id)


def forget_gone(state: DeskState, agent: Agent) -> None:
    """One whom the settings no longer name, and who has nothing in hand any more."""
    state.leaving.pop(agent.id, None)
    state.unanswering.discard(agent.id)
    del state.agents[agent.id]


def _answered(state: DeskState, agent: Agent) -> None:
    agent.missed = 0
    look(state, agent)


def _open(state: DeskState, contact_id: ContactId, offer_id: OfferId, agent: AgentId) -> tuple[Contact, Offer]:
    contact = known_contact(state, contact_id)
    offer = contact.offer
    if offer is None or offer.id != offer_id or offer.agent != agent:
        no(f"offer {offer_id} of contact {contact_id} to agent {agent} is not open")
    return contact, offer


def _close(state: DeskState, contact: Contact, offer: Offer, how: str) -> Agent:
    agent = state.agents[offer.agent]
    room = agent.room
    state.dues.disarm_offer(offer)
    state.end_offer(offer.id, offer.agent, how)
    contact.offer = None
    contact.phase = WAITING
    state.matching.join(contact)
    del agent.offered[contact.id]
    agent.give_back(contact.line.need)
    if not agent.gone:
        state.matching.gained(agent, room)
        look(state, agent)
    elif agent.empty_handed:
        forget_gone(state, agent)
    else:
        look(state, agent)
    return agent
