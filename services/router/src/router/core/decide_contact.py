"""What agents do with a contact: answer, note, resolve, reopen. Looks, never touches."""

from datetime import datetime

from router.core import decide_offer, sla
from router.core.command import (
    AddNote,
    ChangeLane,
    ReopenContact,
    ResolveContact,
    SendReply,
)
from router.core.contact import OFFERED, RESOLVED
from router.core.event import (
    ContactReopened,
    ContactResolved,
    DeskDecision,
    LaneChanged,
    NoteAdded,
    ReplyQueued,
)
from router.core.queue import LANES
from router.core.refusal import Refused, wanted_agent, wanted_contact
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]


def reply(state: DeskState, command: SendReply, now: datetime) -> Events:
    contact = wanted_contact(state, command.contact)
    if any(reply == command.reply for reply, _ in contact.replies):
        return ()
    wanted_agent(state, command.agent)
    if state.inbox(command.channel, command.inbox) is None:
        raise Refused("unknown_inbox", f"This desk has no inbox {command.inbox} on {command.channel}.")
    queued = ReplyQueued(
        at=now,
        contact=contact.id,
        reply=command.reply,
        agent=command.agent,
        channel=command.channel,
        inbox=command.inbox,
        draft=command.draft,
        keys=command.keys,
    )
    clock = contact.clock(sla.FIRST_RESPONSE)
    if clock is None or clock.end:
        return (queued,)
    return (queued, *sla.met(contact.id, clock, now, command.reply))


def note(state: DeskState, command: AddNote, now: datetime) -> Events:
    contact = wanted_contact(state, command.contact)
    wanted_agent(state, command.agent)
    return (NoteAdded(at=now, contact=contact.id, note=command.note, agent=command.agent, draft=command.draft),)


def resolve(state: DeskState, command: ResolveContact, now: datetime) -> Events:
    contact = wanted_contact(state, command.contact)
    wanted_agent(state, command.agent)
    if contact.phase == RESOLVED:
        raise Refused("already_resolved", "The contact is resolved already.")
    withdrawn = [decide_offer.withdrawn(contact, now, "resolved")] if contact.phase == OFFERED else []
    return (*sla.resolved(contact, now), *withdrawn, ContactResolved(at=now, contact=contact.id, agent=command.agent))


def reopen(state: DeskState, command: ReopenContact, now: datetime) -> Events:
    contact = wanted_contact(state, command.contact)
    wanted_agent(state, command.agent)
    if contact.phase != RESOLVED:
        raise Refused("not_resolved", f"The contact is {contact.phase}, so there is nothing to reopen.")
    reopened = ContactReopened(at=now, contact=contact.id, agent=command.agent)
    resumed = sla.reopened(contact)
    return (reopened, *([resumed] if resumed else []))


def change_lane(state: DeskState, command: ChangeLane, now: datetime) -> Events:
    contact = wanted_contact(state, command.contact)
    wanted_agent(state, command.agent)
    if command.lane not in LANES:
        raise Refused("unknown_lane", f"No lane is called {command.lane}; there are {', '.join(LANES)}.")
    if command.lane == contact.lane and not contact.aged:
        return ()
    return (LaneChanged(at=now, contact=contact.id, agent=command.agent, lane=command.lane, reason=command.reason),)
