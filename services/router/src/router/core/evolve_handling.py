"""What `evolve` notes of how long live contacts take; nothing that is decided depends on it."""

from collections.abc import Callable, Mapping
from typing import Any

from router.core.contact import ASSIGNED
from router.core.event import (
    ContactAssigned,
    ContactMerged,
    ContactOffered,
    ContactResolved,
    ContactUnassigned,
    CustomerLeft,
    CustomerReturned,
    OfferAccepted,
    WrapUpEnded,
)
from router.core.event_transfer import TransferBegun
from router.core.reason import TRANSFERRED
from router.core.state import DeskState


def _offered(state: DeskState, event: ContactOffered) -> None:
    contact = state.contacts[event.contact]
    state.handling.asked(event.contact, (contact.channel, contact.inbox), event.at)


def _accepted(state: DeskState, event: OfferAccepted) -> None:
    state.handling.accepted(event.contact, event.at)


def _assigned(state: DeskState, event: ContactAssigned) -> None:
    state.handling.given_up(event.contact)
    contact = state.contacts[event.contact]
    if contact.live or contact.offer_for is not None:
        state.handling.taken(contact.id, (contact.channel, contact.inbox), event.at)


def _returned(state: DeskState, event: CustomerReturned) -> None:
    contact = state.contacts[event.contact]
    if contact.phase == ASSIGNED and (contact.live or contact.offer_for is not None):
        state.handling.taken(contact.id, (contact.channel, contact.inbox), event.at)


def _left(state: DeskState, event: CustomerLeft) -> None:
    if event.wrap_up_until is None:
        state.handling.given_up(event.contact)
        state.handling.done(event.contact, event.at)


def _ended(state: DeskState, event: WrapUpEnded) -> None:
    state.handling.done(event.contact, event.at)


def _resolved(state: DeskState, event: ContactResolved) -> None:
    state.handling.given_up(event.contact)
    state.handling.done(event.contact, event.at)


def _unassigned(state: DeskState, event: ContactUnassigned) -> None:
    if event.rule == TRANSFERRED:
        state.handling.done(event.contact, event.at)
    else:
        state.handling.taken_away(event.contact)


def _begun(state: DeskState, event: TransferBegun) -> None:
    state.handling.given_up(event.contact)


def _merged(state: DeskState, event: ContactMerged) -> None:
    state.handling.given_up(event.contact)
    state.handling.taken_away(event.contact)


NOTED: Mapping[type, Callable[[DeskState, Any], None]] = {
    ContactOffered: _offered,
    OfferAccepted: _accepted,
    ContactAssigned: _assigned,
    CustomerReturned: _returned,
    CustomerLeft: _left,
    WrapUpEnded: _ended,
    ContactResolved: _resolved,
    ContactUnassigned: _unassigned,
    ContactMerged: _merged,
    TransferBegun: _begun,
}
"""What to do once an event of this kind has happened."""
