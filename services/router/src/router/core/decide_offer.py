"""Asking an agent before a contact is theirs: what is said to whom, and who wins. Looks, never touches."""

from datetime import datetime

from frontline.contract.ids import AgentId, OfferId
from router.core.capacity import AVAILABLE, AWAY, Agent
from router.core.command import AcceptOffer, RejectOffer, StartEpoch
from router.core.contact import Contact, Offer
from router.core.event import (
    OFFER,
    ContactAssigned,
    ContactOffered,
    DeskDecision,
    OfferAccepted,
    OfferRejected,
    OfferRenewed,
    OfferTimedOut,
    OfferWithdrawn,
)
from router.core.event_people import AvailabilityChanged
from router.core.refusal import Refused
from router.core.state import ACCEPTED, REJECTED, TIMED_OUT, WITHDRAWN, DeskState

_WHY = {
    ACCEPTED: "The offer was accepted already.",
    REJECTED: "The offer was rejected already.",
    TIMED_OUT: "The offer's time was over before the answer came.",
    WITHDRAWN: "The offer was withdrawn before the answer came.",
}


def given(contact: Contact, agent: Agent, now: datetime, rule: str) -> ContactAssigned | ContactOffered:
    """The contact goes to the agent: theirs at once, or after they were asked, as its inbox has it."""
    if contact.offer_for is None:
        return ContactAssigned(at=now, contact=contact.id, agent=agent.id, via="auto", rule=rule)
    return asked_directly(contact, agent, now, rule)


def asked_directly(contact: Contact, agent: Agent, now: datetime, rule: str) -> ContactOffered:
    assert contact.offer_for is not None
    return ContactOffered(
        at=now,
        contact=contact.id,
        agent=agent.id,
        offer=OfferId(f"{contact.id}.{contact.offers + 1}"),
        expires_at=now + contact.offer_for,
        rule=rule,
        round=contact.round + 1 if not contact.asked or agent.id in contact.asked else contact.round,
    )


def accept(state: DeskState, command: AcceptOffer, now: datetime) -> tuple[DeskDecision, ...]:
    open_ = _open(state, command, ACCEPTED, now)
    if open_ is None:
        return ()
    contact, offer = open_
    return (
        OfferAccepted(at=now, contact=contact.id, agent=offer.agent, offer=offer.id),
        ContactAssigned(at=now, contact=contact.id, agent=offer.agent, via=OFFER, rule=offer.rule),
    )


def reject(state: DeskState, command: RejectOffer, now: datetime) -> tuple[DeskDecision, ...]:
    open_ = _open(state, command, REJECTED, now)
    if open_ is None:
        return ()
    contact, offer = open_
    return (OfferRejected(at=now, contact=contact.id, agent=offer.agent, offer=offer.id, reason=command.reason),)


def renew(state: DeskState, _command: StartEpoch, now: datetime) -> tuple[DeskDecision, ...]:
    renewed = []
    for contact in (state.contacts[id_] for id_ in state.offers.values()):
        assert contact.offer is not None
        assert contact.offer_for is not None
        renewed.append(
            OfferRenewed(
                at=now,
                contact=contact.id,
                agent=contact.offer.agent,
                offer=contact.offer.id,
                expires_at=now + contact.offer_for,
            )
        )
    return tuple(renewed)


def timed_out(contact: Contact) -> OfferTimedOut:
    assert contact.offer is not None
    offer = contact.offer
    return OfferTimedOut(at=offer.expires_at, contact=contact.id, agent=offer.agent, offer=offer.id)


def withdrawn(contact: Contact, now: datetime, reason: str) -> OfferWithdrawn:
    assert contact.offer is not None
    offer = contact.offer
    return OfferWithdrawn(at=now, contact=contact.id, agent=offer.agent, offer=offer.id, reason=reason)


def unanswered(state: DeskState, now: datetime) -> OfferWithdrawn | AvailabilityChanged:
    """What follows for the first of `state.unanswering`: they are set away, or nobody waits for their answer."""
    agent = state.agents[min(state.unanswering)]
    if agent.absent:
        return AvailabilityChanged(at=now, agent=agent.id, state=AWAY, reason="missed_offers")
    contact = state.contacts[next(iter(agent.offered))]
    return withdrawn(contact, now, "agent_removed" if agent.gone else "agent_away")


def _open(
    state: DeskState, command: AcceptOffer | RejectOffer, wanted: str, now: datetime
) -> tuple[Contact, Offer] | None:
    """The offer if it is open and this agent's; `None` if it ended just as they want. Raises `Refused`."""
    if command.offer in state.offers:
        contact = state.contacts[state.offers[command.offer]]
        assert contact.offer is not None
        _check_owner(contact.offer.agent, command)
        if state.agents[command.agent].state != AVAILABLE:
            raise Refused(WITHDRAWN, _WHY[WITHDRAWN])
        if now > contact.offer.expires_at:  # over, and its end is still due, behind what a full commit left
            raise Refused(TIMED_OUT, _WHY[TIMED_OUT])
        return contact, contact.offer
    ended = state.ended_offer(command.offer)
    if ended is None:
        raise Refused("not_found", f"There is no offer {command.offer} on this desk, or it ended long ago.")
    _check_owner(ended.agent, command)
    if ended.how != wanted:
        raise Refused(ended.how, _WHY[ended.how])
    return None


def _check_owner(owner: AgentId, command: AcceptOffer | RejectOffer) -> None:
    if owner != command.agent:
        raise Refused("not_yours", "The offer was made to somebody else.")
