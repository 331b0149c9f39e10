"""Which contact a message belongs to: by its thread keys, and by who wrote it."""

from typing import NamedTuple

from frontline.contract.ids import ContactId
from frontline.contract.message import ThreadEvidence
from router.core.command import FoundKey, ReceiveMessage
from router.core.contact import Contact
from router.core.elsewhere import send_on
from router.core.state import DeskState

NEW = "new"

_STRENGTH = {evidence: strength for strength, evidence in enumerate(ThreadEvidence)}


class Found(NamedTuple):
    """`contact` is `None` for a message that opens one of its own; `linked_to` is then the contact that
    it named without proof, if it named one.
    """

    contact: Contact | None
    by: str
    linked_to: ContactId | None


NOWHERE = Found(None, NEW, None)
"""Of a message that names nothing."""


def find(state: DeskState, command: ReceiveMessage) -> Found:
    """The strongest key wins whose contact this sender takes part in, or which shows that they may.

    A contact that the index names but the desk does not hold, as it is closed, can't take the message; it is
    linked. For one that another desk has, the message is for that desk: raises `Elsewhere`. To one that was erased
    nothing leads.
    """
    linked: ContactId | None = None
    for found in sorted(command.finds, key=_strength):
        named = state.overlay.contact(found.key) or found.contact
        if command.sent_on is not None and found.key == command.sent_on.key:
            named = _sent_for(state, found, named, command.sent_on.contact)
        if named is None or named in state.erased:
            continue
        contact = heir(state, named)
        if contact is not None and _lets_in(found.evidence, contact, command):
            return Found(contact, found.evidence.value, None)
        if contact is None and found.evidence is not ThreadEvidence.FORWARD:
            send_on(state, command, found, named)
        linked = linked or named
    return Found(None, NEW, linked)


def heir(state: DeskState, id_: ContactId) -> Contact | None:
    """The contact, or the one that it has been merged into; `None` if that is here no more."""
    contact = state.contacts.get(id_)
    while contact is not None and contact.merged_into is not None:
        contact = state.contacts.get(contact.merged_into)
    return contact


def _sent_for(state: DeskState, found: FoundKey, named: ContactId | None, told: ContactId) -> ContactId:
    """Where a key leads by which another desk has sent a message on, for the contact that it was `told` of there. Here
    it leads to `named`, which holds if it is surely the younger of the two: bound here since the other one came, or
    said by the index after that. What the index says may have been merged there into the other one, so it has to
    be here.
    """
    if named is None:
        return told
    if state.overlay.contact(found.key) is not None:
        return named if state.overlay.bound_since(found.key, told) else told
    return told if heir(state, named) is None else named


def _lets_in(evidence: ThreadEvidence, contact: Contact, command: ReceiveMessage) -> bool:
    """Whether a message joins the contact that it names."""
    match evidence:
        case ThreadEvidence.TOKEN | ThreadEvidence.NAMED:
            return True
        case ThreadEvidence.FORWARD:
            # Handed on to another of our inboxes it is work for that inbox, and says where it came from.
            return contact.inbox == command.inbox and contact.has(command.customer)
        case _:
            return contact.has(command.customer)


def _strength(found: FoundKey) -> int:
    return _STRENGTH[found.evidence]
