"""What clocks hang on besides messages: waits for others, promises, lanes. Looks, never touches."""

from datetime import datetime, timedelta

from router.core import decide_offer, sla
from router.core.calendar import exact
from router.core.command import ChangeLane, Promise, WaitFor
from router.core.contact import OFFERED, RESOLVED, TRANSFERRING, WAITS
from router.core.event import (
    DeskDecision,
    LaneChanged,
    NoteAdded,
    PromiseMade,
    WaitStarted,
)
from router.core.queue import LANES
from router.core.refusal import Refused, contact_in_work, wanted_agent
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]

FARTHEST = timedelta(days=3650)


def wait_for(state: DeskState, command: WaitFor, now: datetime) -> Events:
    contact = contact_in_work(state, command.contact)
    wanted_agent(state, command.agent)
    until = None if command.until is None else _ahead(command.until, now)
    if command.state not in WAITS:
        raise Refused("unknown_state", f"A contact waits as {', '.join(sorted(WAITS))}; never as {command.state}.")
    if contact.phase == RESOLVED:
        raise Refused("already_resolved", "The contact is resolved, and waits for nobody.")
    if contact.phase == TRANSFERRING:
        raise Refused("in_transfer", f"Desk {contact.bound_for} is asked to take it: take it back first.")
    if (contact.phase, contact.moment) == (command.state, until):
        return ()
    withdrawn = [decide_offer.withdrawn(contact, now, command.state)] if contact.phase == OFFERED else []
    return (
        *withdrawn,
        WaitStarted(at=now, contact=contact.id, state=command.state, agent=command.agent, until=until),
        *sla.went_on(contact, now, command.state, command.state),
        *sla.paused(contact, command.state, now),
    )


def promise(state: DeskState, command: Promise, now: datetime) -> Events:
    contact = contact_in_work(state, command.contact)
    wanted_agent(state, command.agent)
    due_at = _ahead(command.due_at, now)
    if contact.phase == RESOLVED:
        raise Refused("already_resolved", "The contact is resolved; reopen it to promise something.")
    return (
        NoteAdded(at=now, contact=contact.id, note=command.note, agent=command.agent, draft=command.draft),
        PromiseMade(at=now, contact=contact.id, agent=command.agent, note=command.note, due_at=due_at),
        *sla.promised(state, contact, now, due_at),
    )


def change_lane(state: DeskState, command: ChangeLane, now: datetime) -> Events:
    contact = contact_in_work(state, command.contact)
    wanted_agent(state, command.agent)
    if command.lane not in LANES:
        raise Refused("unknown_lane", f"There are {', '.join(LANES)}; there is no lane {command.lane}.")
    if contact.lane == command.lane and not contact.aged:
        return ()
    return (
        LaneChanged(at=now, contact=contact.id, lane=command.lane, reason=command.reason, agent=command.agent),
        *sla.rebased(state, contact, state.policy(contact), command.lane, now),
    )


def _ahead(at: datetime, now: datetime) -> datetime:
    at = exact(at)
    if not now < at <= now + FARTHEST:
        raise Refused("not_in_future", "The time has to lie ahead, and not more than ten years.")
    return at
