"""From a decided event and a row to the row after it. Pure: the log alone says what the index holds.

An event about a contact that the index does not know (its beginning was purged from the log)
changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from frontline.contract.ids import AgentId, ContactId, DeskId, MessageId
from router.core.event import (
    AvailabilityChanged,
    ClockBreached,
    ClockMet,
    ClockStarted,
    ClockWarned,
    ClockWithdrawn,
    ConfigChanged,
    ContactAssigned,
    ContactOffered,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    ContactUnassigned,
    DeliveryRecorded,
    DeskDecision,
    MessageReceived,
    NoteAdded,
    OfferAccepted,
    OfferRejected,
    OfferRenewed,
    OfferTimedOut,
    OfferWithdrawn,
    ReplyQueued,
)
from router.index.row import AgentRow, Assignment, Clock, ContactRow, Offer, Stamp, Why, stamp

WHY_KEPT = 50
"""A contact that goes to and fro for years keeps its latest reasons."""

_EVENTS_IN_COMMIT = 1 << 13
"""More than fit into one commit of 256 KB."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands: in which desk's log, at which sequence, as which event of its commit; and
    the desk's time of that commit.
    """

    desk: DeskId
    seq: int
    n: int
    now: datetime

    @property
    def ordinal(self) -> int:
        return self.seq * _EVENTS_IN_COMMIT + self.n


def contact_of(event: DeskDecision) -> ContactId | None:
    """The contact whose row the event may change."""
    return getattr(event, "contact", None)


def words_of(event: DeskDecision) -> MessageId | None:
    """The transcript item that follows from the event, written some moments later."""
    match event:
        case MessageReceived():
            return event.message
        case ReplyQueued():
            return event.reply
        case NoteAdded():
            return event.note
        case DeliveryRecorded():
            return event.receipt
        case _:
            return None


def contact_after(row: ContactRow | None, event: DeskDecision, place: Place) -> ContactRow | None:
    """The contact's row once `event` has happened."""
    if isinstance(event, ContactOpened):
        return row or _opened(event, place)
    step = _STEPS.get(type(event))
    if row is None or step is None:
        return row
    return msgspec.structs.replace(step(row, event), updated_at=stamp(place.now))


def agents_after(agents: Mapping[AgentId, AgentRow], event: DeskDecision) -> Mapping[AgentId, AgentRow]:
    """All agents of the desk once `event` has happened. Who is known stays as they are at a reload."""
    match event:
        case ConfigChanged():
            return {
                agent.id: agents.get(agent.id)
                or AgentRow(id=agent.id, state="available" if agent.available else "offline")
                for agent in event.settings.agents
            }
        case AvailabilityChanged():
            until = stamp(event.until) if event.until else None
            return {
                **agents,
                event.agent: AgentRow(id=event.agent, state=event.state, until=until, reason=event.reason),
            }
        case _:
            return agents


def _opened(event: ContactOpened, place: Place) -> ContactRow:
    at = stamp(event.at)
    row = ContactRow(
        desk=place.desk,
        id=event.contact,
        ordinal=place.ordinal,
        inbox=event.inbox,
        channel=event.channel,
        customer=event.customer,
        state="waiting",
        lane=event.lane,
        priority_reason=f"lane {event.lane} of inbox {event.inbox}",
        opened_at=at,
        updated_at=stamp(place.now),
        linked_to=event.linked_to,
    )
    if event.linked_to is None:
        return row
    text = f"names contact {event.linked_to}, without proof that its sender takes part there"
    return _because(row, at, "linked", text)


def _message(row: ContactRow, _: MessageReceived | ReplyQueued | NoteAdded | DeliveryRecorded) -> ContactRow:
    return row


def _assigned(row: ContactRow, event: ContactAssigned) -> ContactRow:
    at = stamp(event.at)
    held = Assignment(agent=event.agent, since=at, via=event.via)
    row = msgspec.structs.replace(row, state="assigned", assignment=held)
    words = _RULES.get(event.rule, event.rule.replace("_", " "))
    return _because(row, at, event.rule, f"given to {event.agent}: {words}")


def _unassigned(row: ContactRow, event: ContactUnassigned) -> ContactRow:
    words = _RULES.get(event.rule, event.rule.replace("_", " "))
    row = msgspec.structs.replace(row, state="waiting", assignment=None)
    return _because(row, stamp(event.at), event.rule, f"taken from {event.agent}: {words}")


def _offered(row: ContactRow, event: ContactOffered) -> ContactRow:
    offer = Offer(id=event.offer, contact=event.contact, agent=event.agent, expires_at=stamp(event.expires_at))
    row = msgspec.structs.replace(row, state="offered", offer=offer)
    words = _RULES.get(event.rule, event.rule.replace("_", " "))
    return _because(row, stamp(event.at), event.rule, f"offered to {event.agent}: {words}")


def _offer_accepted(row: ContactRow, _: OfferAccepted) -> ContactRow:
    return msgspec.structs.replace(row, state="waiting", offer=None)


def _offer_rejected(row: ContactRow, event: OfferRejected) -> ContactRow:
    words = f": {event.reason}" if event.reason else ""
    return _not_taken(row, event.at, "rejected", f"rejected by {event.agent}{words}")


def _offer_timed_out(row: ContactRow, event: OfferTimedOut) -> ContactRow:
    return _not_taken(row, event.at, "timed_out", f"not answered in time by {event.agent}")


def _offer_withdrawn(row: ContactRow, event: OfferWithdrawn) -> ContactRow:
    words = _RULES.get(event.reason, event.reason.replace("_", " "))
    return _not_taken(row, event.at, "withdrawn", f"no longer offered to {event.agent}: {words}")


def _not_taken(row: ContactRow, at: datetime, rule: str, text: str) -> ContactRow:
    return _because(msgspec.structs.replace(row, state="waiting", offer=None), stamp(at), rule, text)


def _offer_renewed(row: ContactRow, event: OfferRenewed) -> ContactRow:
    if row.offer is None:
        return row
    offer = msgspec.structs.replace(row.offer, expires_at=stamp(event.expires_at))
    return msgspec.structs.replace(row, offer=offer)


def _resolved(row: ContactRow, _: ContactResolved) -> ContactRow:
    # It holds no capacity any more; whose it was is still of use to who looks it up.
    return msgspec.structs.replace(row, state="resolved")


def _reopened(row: ContactRow, event: ContactReopened) -> ContactRow:
    row = msgspec.structs.replace(row, state="waiting", assignment=None)
    who = f"by {event.agent}" if event.agent else _REOPENED.get(event.rule, event.rule.replace("_", " "))
    return _because(row, stamp(event.at), "reopened", f"reopened: {who}")


def _clock_started(row: ContactRow, event: ClockStarted) -> ContactRow:
    if event.resumes:
        return _clock_resumed(row, event)
    clock = Clock(
        target=event.target,
        policy=event.policy,
        version=event.version,
        calendar=event.calendar,
        started_at=stamp(event.at),
        due_at=stamp(event.due_at),
        intervals=tuple((stamp(start), stamp(end)) for start, end in event.intervals),
    )
    return msgspec.structs.replace(row, clocks=(*row.clocks, clock))


def _clock_resumed(row: ContactRow, event: ClockStarted) -> ContactRow:
    """The one that ended last runs on as if it never had; a breach on record stays there."""
    for place in range(len(row.clocks) - 1, -1, -1):
        clock = row.clocks[place]
        if clock.target == event.target:
            breached = clock.outcome == "breached"
            after = msgspec.structs.replace(
                clock,
                outcome="breached" if breached else None,
                outcome_at=clock.outcome_at if breached else None,
                met_at=None,
                reason=event.resumes,
            )
            return _with_clock(row, place, after)
    return row


def _clock_warned(row: ContactRow, event: ClockWarned) -> ContactRow:
    return _on_clock(row, event.target, lambda clock: {"warned": (*clock.warned, event.fraction)})


def _clock_met(row: ContactRow, event: ClockMet) -> ContactRow:
    at = stamp(event.at)

    def met(clock: Clock) -> dict[str, Any]:
        if event.late or clock.outcome == "breached":
            return {"outcome": "breached", "outcome_at": clock.outcome_at or clock.due_at, "met_at": at}
        return {"outcome": "met", "outcome_at": at, "met_at": at}

    return _on_clock(row, event.target, met)


def _clock_breached(row: ContactRow, event: ClockBreached) -> ContactRow:
    return _on_clock(row, event.target, lambda _: {"outcome": "breached", "outcome_at": stamp(event.at)})


def _clock_withdrawn(row: ContactRow, event: ClockWithdrawn) -> ContactRow:
    def withdrawn(clock: Clock) -> dict[str, Any]:
        if clock.outcome == "breached":  # a recorded breach stays
            return {"reason": event.reason}
        return {"outcome": "withdrawn", "outcome_at": stamp(event.at), "reason": event.reason}

    return _on_clock(row, event.target, withdrawn)


def _on_clock(row: ContactRow, target: str, change: Callable[[Clock], dict[str, Any]]) -> ContactRow:
    """Change the clock of `target` that still runs: the latest one, if it was neither met nor withdrawn."""
    for place in range(len(row.clocks) - 1, -1, -1):
        clock = row.clocks[place]
        if clock.target != target:
            continue
        if clock.outcome in {"met", "withdrawn"} or clock.met_at is not None:
            return row
        return _with_clock(row, place, msgspec.structs.replace(clock, **change(clock)))
    return row


def _with_clock(row: ContactRow, place: int, clock: Clock) -> ContactRow:
    return msgspec.structs.replace(row, clocks=(*row.clocks[:place], clock, *row.clocks[place + 1 :]))


def _because(row: ContactRow, at: Stamp, rule: str, text: str) -> ContactRow:
    return msgspec.structs.replace(row, why=(*row.why, Why(at=at, rule=rule, text=text))[-WHY_KEPT:])


_RULES = {
    "longest_idle": "available, with room, and idle for longest",
    "last_agent": "answered here before",
    "agent_removed": "has left the desk",
    "agent_away": "is not available any more",
}

_REOPENED = {"message": "the customer wrote again", "delivery_failed": "a reply did not arrive"}

_STEPS: dict[type, Callable[[ContactRow, Any], ContactRow]] = {
    MessageReceived: _message,
    ReplyQueued: _message,
    NoteAdded: _message,
    DeliveryRecorded: _message,
    ContactAssigned: _assigned,
    ContactUnassigned: _unassigned,
    ContactOffered: _offered,
    OfferAccepted: _offer_accepted,
    OfferRejected: _offer_rejected,
    OfferTimedOut: _offer_timed_out,
    OfferWithdrawn: _offer_withdrawn,
    OfferRenewed: _offer_renewed,
    ContactResolved: _resolved,
    ContactReopened: _reopened,
    ClockStarted: _clock_started,
    ClockWarned: _clock_warned,
    ClockMet: _clock_met,
    ClockBreached: _clock_breached,
    ClockWithdrawn: _clock_withdrawn,
}
