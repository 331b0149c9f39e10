"""What a command comes to, as events. Looks and never touches; `evolve` makes it so.

Whatever the calendars, policies and people of the moment have to do with it is settled here, and
the events carry the outcome. Raises `Refused` for what can't be done as things stand.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from frontline.contract.ids import AgentId, ContactId
from frontline.contract.message import Automation, DeliveryState
from router.core import decide_offer, placing, sla
from router.core.assignment import may_take
from router.core.calendar import exact
from router.core.capacity import AVAILABLE, AWAY, STATES, Agent
from router.core.command import (
    AcceptOffer,
    AddNote,
    ApplySettings,
    DeskCommand,
    RaiseIndexFloor,
    ReceiveMessage,
    RecordDelivery,
    RejectOffer,
    ReopenContact,
    ResolveContact,
    SendReply,
    SetAvailability,
    StartEpoch,
    Tick,
)
from router.core.contact import OFFERED, RESOLVED, Contact
from router.core.due import AVAILABILITY, OFFER, Entry
from router.core.event import (
    AvailabilityChanged,
    ConfigChanged,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    ContactUnassigned,
    DeliveryRecorded,
    DeskDecision,
    IndexFloorRaised,
    MessageReceived,
    NoteAdded,
    ReplyQueued,
)
from router.core.refusal import Refused
from router.core.settings import faults
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]


def decide(state: DeskState, command: DeskCommand, now: datetime) -> Events:
    """The events of `command` at `now` (not before the state's own), none for a repeat."""
    return _STEPS[type(command)](state, command, now)


def due(state: DeskState, entry: Entry) -> DeskDecision:
    """What happens when `entry` comes due, at its true time."""
    instant, kind, owner, target = entry
    if kind == AVAILABILITY:
        agent = state.agents[AgentId(owner)]
        after = AWAY if agent.state == AVAILABLE else AVAILABLE
        return AvailabilityChanged(at=instant, agent=agent.id, state=after)
    contact = state.contacts[ContactId(owner)]
    if kind == OFFER:
        return decide_offer.timed_out(contact)
    clock = contact.clock(target)
    assert clock is not None, "an entry that stands names a clock that runs"
    return sla.next_of(contact.id, clock)


def next_settling(state: DeskState, now: datetime) -> DeskDecision | None:
    """The next thing to do so that nobody waits whom somebody may take; `None` when all is settled."""
    if state.unanswering:
        return decide_offer.unanswered(state, now)
    if state.leaving:
        agent = state.agents[min(state.leaving)]
        contact = next(iter(agent.held))
        return ContactUnassigned(at=now, contact=contact, agent=agent.id, rule="agent_removed", front=True)
    if state.matching.settled:
        return None
    match = state.matching.next()
    if match is None:
        return None
    return decide_offer.given(*match, now, "longest_idle")


def _receive(state: DeskState, command: ReceiveMessage, now: datetime) -> Events:
    if command.known is not None or state.overlay.placement(command.key) is not None:
        return ()
    inbox = state.inbox(command.channel, command.inbox)
    if inbox is None:
        raise Refused("unknown_inbox", f"This desk has no inbox {command.inbox} on {command.channel}.")
    at = _arrived(command.at, now)
    found = placing.find(state, command)
    contact = found.contact
    person = command.automation is not Automation.AUTO_REPLIED
    received = MessageReceived(
        at=at,
        contact=command.new_contact if contact is None else contact.id,
        message=command.message,
        key=command.key,
        customer=command.customer,
        channel=command.channel,
        inbox=command.inbox,
        kind=command.kind,
        presence=command.presence,
        automation=command.automation,
        threaded_by=found.by,
        keys=command.binds,
    )
    if contact is not None:
        return (received, *_heard(state, contact, at, now)) if person else (received,)
    if command.new_contact in state.contacts:
        raise Refused("contact_exists", f"Contact {command.new_contact} is there already.")
    opened = ContactOpened(
        at=at,
        contact=command.new_contact,
        channel=command.channel,
        inbox=command.inbox,
        customer=command.customer,
        lane=inbox.lane,
        linked_to=found.linked_to,
    )
    term = state.terms.get(inbox.policy, {}).get(sla.FIRST_RESPONSE) if person else None
    if term is None:
        return (opened, received)
    return (opened, received, sla.started(term, command.new_contact, at))


def _heard(state: DeskState, contact: Contact, at: datetime, now: datetime) -> list[DeskDecision]:
    """A message that asks for an answer came to a contact that exists."""
    events: list[DeskDecision] = []
    if contact.phase == RESOLVED:
        events.append(ContactReopened(at=at, contact=contact.id, rule="message"))
    if started := sla.asked(contact, state.term(contact, sla.FIRST_RESPONSE), at):
        events.append(started)
    if contact.phase == RESOLVED:
        events += _back(state, contact, now)
    return events


def _back(state: DeskState, contact: Contact, now: datetime) -> list[DeskDecision]:
    """A reopened contact goes to the agent who knows it, if they may take it now."""
    agent = None if contact.last_agent is None else state.agents.get(contact.last_agent)
    if agent is None or not may_take(agent, contact.line):
        return []
    return [decide_offer.given(contact, agent, now, "last_agent")]


def _deliver(state: DeskState, command: RecordDelivery, now: datetime) -> Events:
    if command.known or state.overlay.placement(command.key) is not None:
        return ()
    contact = _contact(state, command.contact)
    at = _arrived(command.at, now)
    recorded = DeliveryRecorded(
        at=at,
        contact=contact.id,
        reply=command.reply,
        receipt=command.receipt,
        key=command.key,
        state=command.state,
    )
    counted = any(reply == command.reply for reply, _ in contact.replies)
    if command.state is not DeliveryState.FAILED or not counted:
        return (recorded,)
    events: list[DeskDecision] = [recorded]
    if contact.phase == RESOLVED:
        events.append(ContactReopened(at=now, contact=contact.id, rule="delivery_failed"))
        if resumed := sla.reopened(contact, command.reply):
            events.append(resumed)
    events += sla.bounced(contact, command.reply)
    if contact.phase == RESOLVED:
        events += _back(state, contact, now)
    return tuple(events)


def _reply(state: DeskState, command: SendReply, now: datetime) -> Events:
    contact = _contact(state, command.contact)
    if any(reply == command.reply for reply, _ in contact.replies):
        return ()
    _agent(state, command.agent)
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


def _note(state: DeskState, command: AddNote, now: datetime) -> Events:
    contact = _contact(state, command.contact)
    _agent(state, command.agent)
    return (NoteAdded(at=now, contact=contact.id, note=command.note, agent=command.agent, draft=command.draft),)


def _resolve(state: DeskState, command: ResolveContact, now: datetime) -> Events:
    contact = _contact(state, command.contact)
    _agent(state, command.agent)
    if contact.phase == RESOLVED:
        raise Refused("already_resolved", "The contact is resolved already.")
    withdrawn = [decide_offer.withdrawn(contact, now, "resolved")] if contact.phase == OFFERED else []
    return (*sla.resolved(contact, now), *withdrawn, ContactResolved(at=now, contact=contact.id, agent=command.agent))


def _reopen(state: DeskState, command: ReopenContact, now: datetime) -> Events:
    contact = _contact(state, command.contact)
    _agent(state, command.agent)
    if contact.phase != RESOLVED:
        raise Refused("not_resolved", f"The contact is {contact.phase}, so there is nothing to reopen.")
    reopened = ContactReopened(at=now, contact=contact.id, agent=command.agent)
    resumed = sla.reopened(contact)
    return (reopened, *([resumed] if resumed else []), *_back(state, contact, now))


def _availability(state: DeskState, command: SetAvailability, now: datetime) -> Events:
    agent = _agent(state, command.agent)
    until = None if command.until is None else exact(command.until)
    if command.state not in STATES:
        raise Refused("unknown_state", f"An agent is {', '.join(STATES)}; never {command.state}.")
    if until is not None and until <= now:
        raise Refused("not_in_future", "The time until which this is to hold has passed.")
    if (agent.state, agent.until) == (command.state, until):
        return ()
    return (AvailabilityChanged(at=now, agent=agent.id, state=command.state, until=until),)


def _settings(state: DeskState, command: ApplySettings, now: datetime) -> Events:
    settings = command.settings
    if settings.version <= state.settings.version:
        detail = f"Version {state.settings.version} is in force; version {settings.version} is not newer."
        raise Refused("older_version", detail)
    if found := faults(settings):
        raise Refused("invalid_settings", "; ".join(found))
    return (ConfigChanged(at=now, settings=settings),)


def _floor(state: DeskState, command: RaiseIndexFloor, now: datetime) -> Events:
    floor, last = (command.epoch, command.index), (state.epoch, state.index)
    if command.index == 0:  # an epoch that has begun and has no commit yet: all that went before it
        floor = min(floor, last)
    if floor > last:
        raise Refused("ahead", f"The index can't hold what the desk has not decided: {floor}.")
    if not state.overlay.reaches(floor):
        return ()
    return (IndexFloorRaised(at=now, epoch=floor[0], index=floor[1]),)


def _tick(_state: DeskState, _command: Tick, _now: datetime) -> Events:
    return ()


def _arrived(at: datetime, now: datetime) -> datetime:
    """Event time, never in the future."""
    return min(exact(at), now)


def _contact(state: DeskState, contact: ContactId) -> Contact:
    found = state.contacts.get(contact)
    if found is None:
        raise Refused("not_found", f"There is no contact {contact} on this desk.")
    return found


def _agent(state: DeskState, agent: AgentId) -> Agent:
    found = state.agents.get(agent)
    if found is None or found.gone:
        raise Refused("unknown_agent", f"There is no agent {agent} on this desk.")
    return found


_STEPS: Mapping[type, Callable[[DeskState, Any, datetime], Events]] = {
    ReceiveMessage: _receive,
    RecordDelivery: _deliver,
    SendReply: _reply,
    AddNote: _note,
    ResolveContact: _resolve,
    ReopenContact: _reopen,
    AcceptOffer: decide_offer.accept,
    RejectOffer: decide_offer.reject,
    SetAvailability: _availability,
    ApplySettings: _settings,
    RaiseIndexFloor: _floor,
    StartEpoch: decide_offer.renew,
    Tick: _tick,
}
