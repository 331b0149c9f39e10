"""What agents do with a contact: answer, note, resolve, reopen. Looks, never touches."""

from datetime import datetime

from router.core import decide_offer, sla
from router.core.command import (
    AddNote,
    ReopenContact,
    ResolveContact,
    SendReply,
    WriteFirst,
)
from router.core.contact import OFFERED, RESOLVED, WAITING_CUSTOMER, WAITS
from router.core.event import (
    ContactOpened,
    ContactReopened,
    ContactResolved,
    DeskDecision,
    NoteAdded,
    ReplyQueued,
    WaitEnded,
    WaitStarted,
)
from router.core.refusal import Refused, contact_in_work, wanted_agent
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]


def reply(state: DeskState, command: SendReply, now: datetime) -> Events:
    contact = contact_in_work(state, command.contact)
    if contact.replies and any(reply == command.reply for reply, _ in contact.replies):
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
    return (queued, *sla.replied(contact, now, command.reply))


def write_first(state: DeskState, command: WriteFirst, now: datetime) -> Events:
    """It is nobody's work until the customer answers; then it goes first to who wrote."""
    wanted_agent(state, command.agent)
    inbox = state.inboxes.get((command.channel, command.inbox))
    if inbox is None:
        raise Refused("unknown_inbox", f"This desk has no inbox {command.inbox} on {command.channel}.")
    if command.contact in state.contacts:
        return ()
    if command.contact in state.erased:
        raise Refused("erased", "This has been written before, and erased since.")
    return (
        ContactOpened(
            at=now,
            contact=command.contact,
            channel=command.channel,
            inbox=command.inbox,
            customer=state.called_now(command.customer),
            lane=inbox.lane,
            sticky=command.agent,
            ours=True,
        ),
        ReplyQueued(
            at=now,
            contact=command.contact,
            reply=command.reply,
            agent=command.agent,
            channel=command.channel,
            inbox=command.inbox,
            draft=command.draft,
            keys=command.keys,
        ),
        WaitStarted(at=now, contact=command.contact, state=WAITING_CUSTOMER, agent=command.agent),
    )


def note(state: DeskState, command: AddNote, now: datetime) -> Events:
    contact = contact_in_work(state, command.contact)
    wanted_agent(state, command.agent)
    return (NoteAdded(at=now, contact=contact.id, note=command.note, agent=command.agent, draft=command.draft),)


def resolve(state: DeskState, command: ResolveContact, now: datetime) -> Events:
    contact = contact_in_work(state, command.contact)
    wanted_agent(state, command.agent)
    if contact.phase == RESOLVED:
        raise Refused("already_resolved", "The contact is resolved already.")
    withdrawn = [decide_offer.withdrawn(contact, now, "resolved")] if contact.phase == OFFERED else []
    return (*sla.resolved(contact, now), *withdrawn, ContactResolved(at=now, contact=contact.id, agent=command.agent))


def reopen(state: DeskState, command: ReopenContact, now: datetime) -> Events:
    contact = contact_in_work(state, command.contact)
    wanted_agent(state, command.agent)
    if contact.phase in WAITS:
        ended = WaitEnded(at=now, contact=contact.id, rule="agent", agent=command.agent)
        return (ended, *sla.went_on(contact, now, "agent"))
    if contact.phase != RESOLVED:
        raise Refused("not_resolved", f"The contact is {contact.phase}, so there is nothing to reopen.")
    reopened = ContactReopened(at=now, contact=contact.id, agent=command.agent)
    return (reopened, *sla.reopened(contact, now))
