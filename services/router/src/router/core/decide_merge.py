"""Two contacts that are one, and one that is two after all. Looks, never touches."""

from datetime import datetime

from router.core import decide_offer, placing, sla
from router.core.clock import DROPPED
from router.core.command import MergeContacts, UnmergeContact
from router.core.contact import MERGED, OFFERED, RESOLVED, Contact
from router.core.event import ContactMerged, ContactReopened, ContactUnmerged, DeskDecision
from router.core.refusal import Refused, wanted_agent, wanted_contact
from router.core.state import DeskState
from router.core.term import FIRST_RESPONSE, NEXT_RESPONSE

Events = tuple[DeskDecision, ...]

BY_ANSWER = (FIRST_RESPONSE, NEXT_RESPONSE)


def merge(state: DeskState, command: MergeContacts, now: datetime) -> Events:
    """The clocks of the one that goes stop; the other is opened again if it was resolved and this one was not."""
    wanted_agent(state, command.agent)
    contact, into = wanted_contact(state, command.contact), wanted_contact(state, command.into)
    heir = placing.heir(state, into.id)
    if heir is None or heir is contact:
        raise Refused("same_contact", "A contact can't be merged into itself.")
    if contact.phase == MERGED:
        if contact.merged_into == heir.id:
            return ()
        raise Refused("already_merged", f"The contact is merged into {contact.merged_into} already.")
    if _talks(state, contact):
        raise Refused("live_channel", "Its customer follows it in a chat or a call: merge the other one into it.")
    withdrawn = [decide_offer.withdrawn(contact, now, MERGED)] if contact.phase == OFFERED else []
    merged = ContactMerged(at=now, contact=contact.id, into=heir.id, agent=command.agent)
    again: list[DeskDecision] = []
    if heir.phase == RESOLVED and contact.phase != RESOLVED:
        again = [ContactReopened(at=now, contact=heir.id, rule=MERGED), *sla.unresolved(heir, now)]
    return (*withdrawn, *sla.stopped(contact, now, MERGED), merged, *again)


def unmerge(state: DeskState, command: UnmergeContact, now: datetime) -> Events:
    wanted_agent(state, command.agent)
    contact = wanted_contact(state, command.contact)
    if contact.phase != MERGED:
        raise Refused("not_merged", f"The contact is {contact.phase}, and merged into none.")
    unmerged = ContactUnmerged(at=now, contact=contact.id, agent=command.agent)
    asked = any(clock.end == DROPPED and clock.target in BY_ANSWER for clock in contact.clocks)
    return (unmerged, *(sla.heard(state, contact, now) if asked else ()))


def _talks(state: DeskState, contact: Contact) -> bool:
    inbox = state.inbox(contact.channel, contact.inbox)
    return inbox is not None and inbox.live
