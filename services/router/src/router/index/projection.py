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
from frontline.contract.message import Presence
from router.core.event import (
    ContactAssigned,
    ContactOffered,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    ContactUnassigned,
    DeliveryRecorded,
    DeskDecision,
    LaneChanged,
    MessageReceived,
    NoteAdded,
    OfferAccepted,
    OfferRejected,
    OfferRenewed,
    OfferTimedOut,
    OfferWithdrawn,
    PromiseMade,
    ReplyQueued,
    WaitEnded,
    WaitStarted,
)
from router.core.event_erased import ContactErased
from router.core.event_move import MessagesTaken
from router.core.event_people import AvailabilityChanged, ConfigChanged
from router.core.event_transfer import ContactTaken
from router.index import projection_between, projection_routing
from router.index.clocks import CLOCK_STEPS
from router.index.projection_routing import because
from router.index.row import AgentRow, Assignment, ContactRow, Offer, stamp

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


def words_of(event: DeskDecision) -> tuple[tuple[MessageId, int], ...]:
    """The transcript items that follow from the event, written some moments later; each with how often it was moved."""
    match event:
        case MessageReceived():
            return ((event.message, 0),)
        case ReplyQueued():
            return ((event.reply, 0),)
        case NoteAdded():
            return ((event.note, 0),)
        case DeliveryRecorded():
            return ((event.receipt, 0),)
        case MessagesTaken():
            return tuple((item.id, item.moves) for item in event.items)
        case _:
            return ()


def contact_after(row: ContactRow | None, event: DeskDecision, place: Place) -> ContactRow | None:
    """The contact's row once `event` has happened."""
    if isinstance(event, ContactOpened):
        return row or _opened(event, place)
    if isinstance(event, ContactTaken):
        return projection_between.taken(row, event, place)
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
        presence="live" if event.live else "away",
        lane=event.lane,
        priority_reason=f"lane {event.lane} of inbox {event.inbox}",
        opened_at=at,
        updated_at=stamp(place.now),
        linked_to=event.linked_to,
    )
    if event.linked_to is None:
        return row
    if event.split_by is not None:
        return because(row, at, "split", f"split off from {event.linked_to}, as {event.split_by} says")
    text = f"names contact {event.linked_to}, without proof that its sender takes part there"
    return because(row, at, "linked", text)


def _message(row: ContactRow, _: ReplyQueued | NoteAdded | DeliveryRecorded) -> ContactRow:
    return row


def _received(row: ContactRow, event: MessageReceived) -> ContactRow:
    """Of a contact that is resolved already the desk decides nothing when its customer leaves."""
    left = event.presence is Presence.LEFT and row.presence == "live"
    return msgspec.structs.replace(row, presence="left") if left else row


def _assigned(row: ContactRow, event: ContactAssigned) -> ContactRow:
    at = stamp(event.at)
    held = Assignment(agent=event.agent, since=at, via=event.via)
    row = msgspec.structs.replace(row, state="assigned", assignment=held, alarm=False)
    words = _RULES.get(event.rule, event.rule.replace("_", " "))
    return because(row, at, event.rule, f"given to {event.agent}: {words}")


def _unassigned(row: ContactRow, event: ContactUnassigned) -> ContactRow:
    words = _RULES.get(event.rule, event.rule.replace("_", " "))
    row = msgspec.structs.replace(row, state="waiting", assignment=None)
    return because(row, stamp(event.at), event.rule, f"taken from {event.agent}: {words}")


def _offered(row: ContactRow, event: ContactOffered) -> ContactRow:
    offer = Offer(id=event.offer, contact=event.contact, agent=event.agent, expires_at=stamp(event.expires_at))
    row = msgspec.structs.replace(row, state="offered", offer=offer)
    words = _RULES.get(event.rule, event.rule.replace("_", " "))
    return because(row, stamp(event.at), event.rule, f"offered to {event.agent}: {words}")


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
    return because(msgspec.structs.replace(row, state="waiting", offer=None), stamp(at), rule, text)


def _offer_renewed(row: ContactRow, event: OfferRenewed) -> ContactRow:
    if row.offer is None:
        return row
    offer = msgspec.structs.replace(row.offer, expires_at=stamp(event.expires_at))
    return msgspec.structs.replace(row, offer=offer)


def _resolved(row: ContactRow, _: ContactResolved) -> ContactRow:
    # It holds no capacity any more; whose it was is still of use to who looks it up.
    return msgspec.structs.replace(row, state="resolved", alarm=False)


def _reopened(row: ContactRow, event: ContactReopened) -> ContactRow:
    row = msgspec.structs.replace(row, state="waiting", assignment=None)
    who = f"by {event.agent}" if event.agent else _REOPENED.get(event.rule, event.rule.replace("_", " "))
    return because(row, stamp(event.at), "reopened", f"reopened: {who}")


def _wait_started(row: ContactRow, event: WaitStarted) -> ContactRow:
    # As when it is resolved: nobody's capacity, and whose it was is still of use.
    row = msgspec.structs.replace(row, state=event.state)
    until = f" until {stamp(event.until)}" if event.until else ""
    who = "a third party" if event.state == "waiting_third_party" else "the customer"
    return because(row, stamp(event.at), event.state, f"waits for {who}{until}: said by {event.agent}")


def _wait_ended(row: ContactRow, event: WaitEnded) -> ContactRow:
    row = msgspec.structs.replace(row, state="waiting", assignment=None)
    who = f"said by {event.agent}" if event.agent else _WAITED.get(event.rule, event.rule.replace("_", " "))
    return because(row, stamp(event.at), "waited", f"waits no more: {who}")


def _lane_changed(row: ContactRow, event: LaneChanged) -> ContactRow:
    said = f": {event.reason}" if event.reason else ""
    who = event.agent or "the policy"
    row = msgspec.structs.replace(row, lane=event.lane, priority_reason=f"said by {who}{said}")
    return because(row, stamp(event.at), "lane", f"put in lane {event.lane} by {who}{said}")


def _promise_made(row: ContactRow, event: PromiseMade) -> ContactRow:
    text = f"promised by {event.agent} for {stamp(event.due_at)}"
    return because(row, stamp(event.at), "promise", text)


def _erased(row: ContactRow, event: ContactErased) -> ContactRow:
    """Figures stay: its clocks, and when it was. What people typed about it goes."""
    row = msgspec.structs.replace(
        row, state="erased", presence="away", assignment=None, offer=None, alarm=False, priority_reason="", why=()
    )
    return because(row, stamp(event.at), "erased", "what was said here has been erased")


_RULES = {
    "longest_idle": "available, with room, and idle for longest",
    "least_loaded": "available, with room, and with least to do",
    "round_robin": "available, with room, and next in turn",
    "sticky": "knows this customer",
    "direct": "given by name",
    "transfer": "handed over",
    "transferred": "handed on",
    "customer_returned": "the customer is on the line again",
    "customer_left": "the customer has left",
    "agent_offline": "has been offline for too long",
    "shift_ended": "their shift has ended",
    "last_agent": "answered here before",
    "agent_removed": "has left the desk",
    "escalated": "has not answered, and somebody else can",
    "agent_away": "is not available any more",
    "erased": "it has been erased",
}

_WAITED = {
    "message": "the customer wrote",
    "until": "the time that was said has come",
    "delivery_failed": "a reply did not arrive",
    "moved": "a message came from another contact",
}
_REOPENED = {
    "message": "the customer wrote again",
    "delivery_failed": "a reply did not arrive",
    "moved": "a message came from another contact",
}

_STEPS: dict[type, Callable[[ContactRow, Any], ContactRow]] = {
    MessageReceived: _received,
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
    WaitStarted: _wait_started,
    WaitEnded: _wait_ended,
    PromiseMade: _promise_made,
    LaneChanged: _lane_changed,
    ContactErased: _erased,
    **CLOCK_STEPS,
    **projection_routing.STEPS,
    **projection_between.STEPS,
}
