"""What a policy does about a warning or a breach: opens rings, gives the contact to others, has people
told. Looks, never touches.
"""

from collections.abc import Iterator
from datetime import datetime

from frontline.contract.ids import AgentId
from router.core import decide_offer, waiting
from router.core.contact import ASSIGNED, OFFERED, WAITING, WAITS, Contact
from router.core.desk_settings import ALL_RINGS, EscalationSettings
from router.core.event import ContactUnassigned, DeskDecision, RingOpened
from router.core.event_escalation import Escalated
from router.core.reason import ESCALATED
from router.core.state import DeskState


def next_of(state: DeskState, now: datetime) -> tuple[DeskDecision, ...]:
    """What the first of those in `state.escalating` comes to, as things stand now."""
    id_, (reached, *_) = next(iter(state.escalating.items()))
    contact, rule = state.contacts[id_], reached.rule
    ring = _ring(state, contact, rule)
    loser = _unanswering(state, contact, ring) if rule.reoffer else None
    escalated = Escalated(
        at=now,
        contact=id_,
        target=reached.target,
        fraction=rule.fraction,
        agents=tuple(_told(state, contact, rule, loser)),
        taken_from=loser,
    )
    return (escalated, *_given_on(contact, loser, now), *_opened(contact, loser, ring, now))


def _ring(state: DeskState, contact: Contact, rule: EscalationSettings) -> int:
    """The ring that it is to wait in, if it waits then. One that was open stays open."""
    last = len(state.rings) - 1
    if rule.widen:
        return last if rule.widen == ALL_RINGS else min(contact.ring + 1, last)
    return min(contact.ring, last)


def _unanswering(state: DeskState, contact: Contact, ring: int) -> AgentId | None:
    """Who has it or is asked for it, if somebody else who was not asked could take it now."""
    if contact.phase not in (ASSIGNED, OFFERED):
        return None
    loser = contact.agent if contact.offer is None else contact.offer.agent
    assert loser is not None
    if contact.phase == OFFERED and ring < 0:
        return None
    # Wrapping up ends when the contact goes: its customer has left.
    need = waiting.need_in(state, contact, max(ring, 0), live=contact.live and not contact.left)
    return loser if state.matching.anybody(need, {loser, *contact.asked}) else None


def _given_on(contact: Contact, loser: AgentId | None, now: datetime) -> Iterator[DeskDecision]:
    if loser is None:
        return
    if contact.phase == OFFERED:
        yield decide_offer.withdrawn(contact, now, ESCALATED)
    else:
        yield ContactUnassigned(at=now, contact=contact.id, agent=loser, rule=ESCALATED, front=True)


def _opened(contact: Contact, loser: AgentId | None, ring: int, now: datetime) -> Iterator[DeskDecision]:
    if contact.phase in (WAITING, OFFERED):
        begins = contact.ring
    elif loser is not None:
        begins = 0
    else:
        return
    if ring > begins:
        yield RingOpened(at=now, contact=contact.id, ring=ring, rule=ESCALATED)


def _told(state: DeskState, contact: Contact, rule: EscalationSettings, loser: AgentId | None) -> Iterator[AgentId]:
    """In the order of the desk's settings: who is of the desk no more is told nothing."""
    holder = _holder(contact) if rule.holder else loser
    for agent in state.settings.agents:
        named = agent.id == holder or agent.id in rule.agents or (rule.leads and agent.lead)
        if named or rule.everybody:
            yield agent.id


def _holder(contact: Contact) -> AgentId | None:
    """While it waits for others it is still theirs to know of."""
    if contact.offer is not None:
        return contact.offer.agent
    return contact.last_agent if contact.phase in WAITS else contact.agent
