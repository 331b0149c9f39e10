"""What a command comes to, as events. Looks and never touches; `evolve` makes it so.

Whatever the calendars, policies and people of the moment have to do with it is settled here, and
the events carry the outcome. Raises `Refused` for what can't be done as things stand.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from frontline.contract.ids import AgentId, ContactId
from router.core import decide_agent, decide_contact, decide_message, decide_offer, decide_rota, sla
from router.core.capacity import AVAILABLE, AWAY
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
    SwapTurn,
    Tick,
)
from router.core.due import AVAILABILITY, DUTY, OFFER, Entry
from router.core.event import (
    AvailabilityChanged,
    ContactUnassigned,
    DeskDecision,
    IndexFloorRaised,
)
from router.core.refusal import Refused
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
    if kind == DUTY:
        return decide_rota.changed(state, instant)
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
    AddNote: decide_contact.note,
    ResolveContact: decide_contact.resolve,
    ReopenContact: decide_contact.reopen,
    AcceptOffer: decide_offer.accept,
    RejectOffer: decide_offer.reject,
    SetAvailability: decide_agent.availability,
    SwapTurn: decide_rota.swap,
    ApplySettings: decide_agent.apply,
    RaiseIndexFloor: _floor,
    StartEpoch: decide_offer.renew,
    Tick: _tick,
}
