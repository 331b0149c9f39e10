"""What a command comes to, as events. Looks and never touches; `evolve` makes it so.

Whatever the calendars, policies and people of the moment have to do with it is settled here, and
the events carry the outcome. Raises `Refused` for what can't be done as things stand.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from frontline.contract.ids import AgentId, ContactId
from router.core import (
    decide_agent,
    decide_between,
    decide_check_in,
    decide_clock,
    decide_contact,
    decide_erase,
    decide_escalation,
    decide_inbox,
    decide_merge,
    decide_message,
    decide_move,
    decide_offer,
    decide_rota,
    decide_transfer,
    leaving,
    sla,
    sla_clock,
    waiting,
)
from router.core.capacity import AVAILABLE, AWAY, Agent
from router.core.command import (
    AcceptOffer,
    AddNote,
    ApplySettings,
    ChangeLane,
    DeskCommand,
    EraseContact,
    EraseCustomer,
    MergeContacts,
    MoveMessage,
    Promise,
    RaiseIndexFloor,
    ReceiveMessage,
    RecordDelivery,
    RecoverTransfer,
    RejectOffer,
    ReleaseInboxes,
    ReopenContact,
    ResolveContact,
    SendReply,
    SetAvailability,
    SettleTransfer,
    SplitContact,
    StartEpoch,
    SwapTurn,
    TakeContact,
    TakeInboxes,
    Tick,
    TransferContact,
    UnmergeContact,
    WaitFor,
    WriteFirst,
)
from router.core.contact import MERGED, RESOLVED, STICKY, TRANSFERRING, WAITS, Contact
from router.core.due import AVAILABILITY, CHECK_IN, DUTY, GRACE, MOMENT, OFFER, Entry
from router.core.event import ContactClosed, ContactUnassigned, DeskDecision, IndexFloorRaised, RingOpened, WrapUpEnded
from router.core.event_people import AvailabilityChanged, GraceEnded
from router.core.refusal import Refused
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]


def decide(state: DeskState, command: DeskCommand, now: datetime) -> Events:
    """The events of `command` at `now` (not before the state's own), none for a repeat."""
    return _STEPS[type(command)](state, command, now)


def due(state: DeskState, entry: Entry) -> Events:
    """What happens when `entry` comes due, at its true time."""
    instant, kind, owner, target = entry
    if kind == AVAILABILITY:
        agent = state.agents[AgentId(owner)]
        after = AWAY if agent.state == AVAILABLE else AVAILABLE
        return (AvailabilityChanged(at=instant, agent=agent.id, state=after),)
    if kind == GRACE:
        return (GraceEnded(at=instant, agent=AgentId(owner)),)
    if kind == DUTY:
        return (decide_rota.changed(state, instant),)
    if kind == CHECK_IN:
        check_in = state.check_ins.get(ContactId(owner), target)
        assert check_in is not None, "an entry that stands names one that is armed"
        return (decide_check_in.due(check_in),)
    contact = state.contacts[ContactId(owner)]
    if kind == OFFER:
        return (decide_offer.timed_out(contact),)
    if kind == MOMENT:
        return _moment(state, contact, instant)
    clock = contact.clock(target)
    assert clock is not None, "an entry that stands names a clock that runs"
    told = sla_clock.next_of(contact.id, clock)
    return (told, *sla.raised(contact, clock, told))


def _moment(state: DeskState, contact: Contact, at: datetime) -> Events:
    if contact.phase in (RESOLVED, MERGED):
        return (ContactClosed(at=at, contact=contact.id),)
    if contact.phase == TRANSFERRING:
        return (decide_between.unanswered(contact, at),)
    if contact.phase in WAITS:
        return tuple(decide_message.waited(contact, at, "until"))
    if contact.left and contact.agent is not None:
        return (WrapUpEnded(at=at, contact=contact.id, agent=contact.agent),)
    return (waiting.next_of(state, contact),)


def next_settling(state: DeskState, now: datetime) -> Events:
    """The next thing to do so that clocks have had what they ask for, and nobody waits whom somebody may
    take; nothing when all is settled.
    """
    if state.escalating:
        return decide_escalation.next_of(state, now)
    if state.check_ins.wanted:
        return decide_check_in.armed(state, now)
    if state.unanswering:
        return (decide_offer.unanswered(state, now),)
    if state.leaving:
        return (_given_up(state, now),)
    matching = state.matching
    if matching.settled:
        return ()
    while (line := matching.deserted()) is not None and line.first is not None:
        waits = state.contacts[line.first[4]]
        if (ring := waiting.better_ring(state, waits)) is not None:
            return (RingOpened(at=now, contact=waits.id, ring=ring, rule=waiting.NOBODY_THERE),)
        matching.hopeless(line)
    match = matching.next()
    if match is None:
        return ()
    contact, agent = match
    return (decide_offer.given(contact, agent, now, _why(state, contact, agent)),)


def _given_up(state: DeskState, now: datetime) -> ContactUnassigned:
    agent = state.agents[min(state.leaving)]
    contact = leaving.next_to_go(state, agent)
    assert contact is not None, "whoever has nothing to give is not leaving"
    rule = leaving.why_of(state, agent, contact)
    return ContactUnassigned(at=now, contact=contact, agent=agent.id, rule=rule, front=True)


def _why(state: DeskState, contact: Contact, agent: Agent) -> str:
    """Why this agent, in one word."""
    if contact.ring != STICKY:
        return state.settings.strategy
    return "last_agent" if agent.id == contact.last_agent else "sticky"


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


_STEPS: Mapping[type, Callable[[DeskState, Any, datetime], Events]] = {
    ReceiveMessage: decide_message.receive,
    RecordDelivery: decide_message.deliver,
    SendReply: decide_contact.reply,
    WriteFirst: decide_contact.write_first,
    MergeContacts: decide_merge.merge,
    UnmergeContact: decide_merge.unmerge,
    SplitContact: decide_move.split,
    MoveMessage: decide_move.move,
    AddNote: decide_contact.note,
    ResolveContact: decide_contact.resolve,
    ReopenContact: decide_contact.reopen,
    TransferContact: decide_transfer.transfer,
    SettleTransfer: decide_between.settle,
    TakeContact: decide_between.take,
    RecoverTransfer: decide_between.recover,
    AcceptOffer: decide_offer.accept,
    RejectOffer: decide_offer.reject,
    WaitFor: decide_clock.wait_for,
    Promise: decide_clock.promise,
    ChangeLane: decide_clock.change_lane,
    EraseContact: decide_erase.contact,
    EraseCustomer: decide_erase.customer,
    SetAvailability: decide_agent.availability,
    SwapTurn: decide_rota.swap,
    ApplySettings: decide_agent.apply,
    TakeInboxes: decide_inbox.take,
    ReleaseInboxes: decide_inbox.release,
    RaiseIndexFloor: _floor,
    StartEpoch: decide_offer.renew,
    Tick: _tick,
}
