"""What a desk says to another that gives it a contact, and what follows at either end. Looks, never touches.

A contact is at one desk at any time: at the one that gives it until that has heard yes and let go, and at
the other from when the parcel is there. What comes due in between is told by the other one, with its true time.
"""

from datetime import datetime

import msgspec

from frontline.contract.ids import ContactId, DeskId
from router.core import decide_offer
from router.core.command import RecoverTransfer, SettleTransfer, TakeContact
from router.core.contact import ASSIGNED, OFFERED, TRANSFERRING, Contact
from router.core.desk_settings import DeskSettings
from router.core.elsewhere import arrived
from router.core.event import ContactUnassigned, DeskDecision
from router.core.event_erased import ContactErased
from router.core.event_transfer import ContactTaken, TransferRecovered, TransferRefused, TransferTaken
from router.core.packing import packed
from router.core.parcel import Trail
from router.core.reason import ALREADY_HERE, CLOSED, NOT_CONFIGURED, TOO_FAR, TRANSFERRED, UNANSWERED
from router.core.refusal import Refused
from router.core.settings import faults
from router.core.state import DeskState
from router.core.trail import too_far


def considered(state: DeskState, contact: ContactId, moves: int, trail: Trail) -> str:
    """Why this desk does not take a contact that it is asked to take; empty if it does. Nothing is bound by it."""
    if state.settings.version == 0:
        return NOT_CONFIGURED
    if contact in state.contacts:
        return ALREADY_HERE
    gone = state.elsewhere.get(contact)
    if gone is not None and (gone.desk is None or gone.moves >= moves):
        return CLOSED
    return TOO_FAR if too_far(trail) else ""


def settle(state: DeskState, command: SettleTransfer, now: datetime) -> tuple[DeskDecision, ...]:
    """An answer that nobody waits for any more changes nothing: the contact was recalled, or resolved."""
    contact = state.contacts.get(command.contact)
    if contact is None or contact.phase != TRANSFERRING or contact.bound_for != command.desk:
        return ()
    if not command.taken:
        return (TransferRefused(at=now, contact=contact.id, desk=command.desk, reason=command.reason),)
    assert contact.last_sender is not None
    parcel = packed(state, contact, command.desk, contact.last_sender)
    return (TransferTaken(at=now, contact=contact.id, desk=command.desk, parcel=parcel),)


def unanswered(contact: Contact, at: datetime) -> TransferRefused:
    assert contact.bound_for is not None
    return TransferRefused(at=at, contact=contact.id, desk=contact.bound_for, reason=UNANSWERED)


def take(state: DeskState, command: TakeContact, now: datetime) -> tuple[DeskDecision, ...]:
    parcel = command.parcel
    if arrived(state, parcel.contact, parcel.moves) or parcel.contact in state.erased:
        return ()
    if parcel.customer in state.successors:  # erased while it was on its way
        return (ContactErased(at=now, contact=parcel.contact),)
    others = tuple(state.called_now(customer) for customer in parcel.others)
    parcel = msgspec.structs.replace(parcel, others=others)
    guest = parcel.guest
    wanted = DeskSettings(version=1, inboxes=(guest.inbox,), policies=guest.policies, calendars=guest.calendars)
    if found := faults(wanted):
        raise Refused("invalid_settings", "; ".join(found))
    known = {skill for agent in state.agents.values() if not agent.gone for skill in agent.skills}
    skills = tuple(sorted(skill for skill in parcel.skills if skill in known))
    taken = ContactTaken(at=now, contact=parcel.contact, desk=parcel.home, parcel=parcel, skills=skills)
    here = state.contacts.get(parcel.contact)
    if here is None:
        return (taken,)
    return (*_recovered(here, parcel.home, parcel.moves - 1, now), taken)  # the log has lost that we gave it there


def recover(state: DeskState, command: RecoverTransfer, now: datetime) -> tuple[DeskDecision, ...]:
    contact = state.contacts.get(command.contact)
    if contact is None or contact.moves >= command.moves:
        return ()
    return _recovered(contact, command.desk, command.moves, now)


def _recovered(contact: Contact, desk: DeskId, moves: int, now: datetime) -> tuple[DeskDecision, ...]:
    """What people and clocks did to it here since is known here only, and is not made up for."""
    left = TransferRecovered(at=now, contact=contact.id, desk=desk, moves=moves)
    if contact.phase == OFFERED:
        return (decide_offer.withdrawn(contact, now, TRANSFERRED), left)
    if contact.phase == ASSIGNED:
        assert contact.agent is not None
        rule = TRANSFERRED
        return (ContactUnassigned(at=now, contact=contact.id, agent=contact.agent, rule=rule, front=True), left)
    return (left,)
