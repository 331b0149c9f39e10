"""The only place where a desk changes. An event says what has happened; here it becomes so.

Each step checks first and changes then: an event that can't have happened raises `IllegalEvent` and
leaves everything as it was. Nothing is asked but the state and the event.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from router.core import (
    evolve_agent,
    evolve_between,
    evolve_check_in,
    evolve_clock,
    evolve_contact,
    evolve_erase,
    evolve_escalation,
    evolve_inbox,
    evolve_merge,
    evolve_move,
    evolve_offer,
    evolve_presence,
    evolve_rota,
    evolve_waiting,
)
from router.core.commit import Outcome
from router.core.event import (
    AlarmRaised,
    ContactAged,
    ContactAssigned,
    ContactClosed,
    ContactMerged,
    ContactOffered,
    ContactOpened,
    ContactReopened,
    ContactResolved,
    ContactTransferred,
    ContactUnassigned,
    ContactUnmerged,
    CustomerLeft,
    CustomerReturned,
    DeliveryRecorded,
    DeskDecision,
    IndexFloorRaised,
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
    RingOpened,
    WaitEnded,
    WaitStarted,
    WrapUpEnded,
)
from router.core.event_check_in import CheckInArmed, CheckInDue
from router.core.event_clock import (
    ClockBreached,
    ClockMet,
    ClockPaused,
    ClockRebased,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    ClockWithdrawn,
)
from router.core.event_erased import ContactErased, CustomerErased
from router.core.event_escalation import Escalated
from router.core.event_inbox import InboxReleased, InboxTaken
from router.core.event_move import MessagesMoved, MessagesTaken
from router.core.event_people import AvailabilityChanged, ConfigChanged, DutyChanged, GraceEnded, RotaSwapped
from router.core.event_transfer import ContactTaken, TransferBegun, TransferRecovered, TransferRefused, TransferTaken
from router.core.evolve_handling import NOTED
from router.core.illegal import no
from router.core.state import DeskState


def begin_commit(state: DeskState, epoch: int, index: int, now: datetime) -> None:
    """The head of a commit: it must be the next one of its epoch, or the first of a later one."""
    follows = (epoch == state.epoch and index == state.index + 1) or (epoch > state.epoch and index == 1)
    if not follows:
        no(f"commit {epoch}.{index} does not follow {state.epoch}.{state.index}")
    if now < state.now:
        no(f"commit {epoch}.{index} is of {now}, before {state.now}")
    state.begin(epoch, index, now)


def remember_outcome(state: DeskState, outcome: Outcome) -> None:
    """What the command of the commit that was begun is answered with."""
    if state.outcome(outcome.request) is not None:
        no("a request is answered once")
    state.remember(outcome)


def evolve(state: DeskState, events: Iterable[DeskDecision]) -> None:
    """Make them so, in turn. Raises `IllegalEvent`: those before one that can't have happened have."""
    for event in events:
        kind = type(event)
        _STEPS[kind](state, event)
        if kind in NOTED:
            NOTED[kind](state, event)


def _index_floor_raised(state: DeskState, event: IndexFloorRaised) -> None:
    floor = (event.epoch, event.index)
    if not state.overlay.floor < floor <= (state.epoch, state.index):
        no(f"the floor can't be raised from {state.overlay.floor} to {floor}")
    state.overlay.raise_floor(floor)


_STEPS: Mapping[type, Callable[[DeskState, Any], None]] = {
    ConfigChanged: evolve_agent.config_changed,
    InboxTaken: evolve_inbox.taken,
    InboxReleased: evolve_inbox.released,
    AvailabilityChanged: evolve_agent.availability_changed,
    DutyChanged: evolve_agent.duty_changed,
    RotaSwapped: evolve_rota.rota_swapped,
    ContactOpened: evolve_contact.opened,
    MessageReceived: evolve_contact.message_received,
    ReplyQueued: evolve_contact.reply_queued,
    NoteAdded: evolve_contact.note_added,
    DeliveryRecorded: evolve_contact.delivery_recorded,
    ContactAssigned: evolve_contact.assigned,
    ContactUnassigned: evolve_contact.unassigned,
    RingOpened: evolve_waiting.ring_opened,
    ContactAged: evolve_waiting.aged,
    AlarmRaised: evolve_waiting.alarm_raised,
    CustomerLeft: evolve_presence.left,
    CustomerReturned: evolve_presence.returned,
    WrapUpEnded: evolve_presence.wrap_up_ended,
    GraceEnded: evolve_agent.grace_ended,
    ContactTransferred: evolve_waiting.transferred,
    TransferBegun: evolve_between.begun,
    TransferRefused: evolve_between.refused,
    TransferTaken: evolve_between.taken,
    TransferRecovered: evolve_between.recovered,
    ContactTaken: evolve_between.arrived,
    ContactMerged: evolve_merge.merged,
    ContactUnmerged: evolve_merge.unmerged,
    ContactClosed: evolve_waiting.closed,
    MessagesMoved: evolve_move.moved,
    MessagesTaken: evolve_move.taken,
    ContactOffered: evolve_offer.offered,
    OfferAccepted: evolve_offer.accepted,
    OfferRejected: evolve_offer.rejected,
    OfferTimedOut: evolve_offer.timed_out,
    OfferWithdrawn: evolve_offer.withdrawn,
    OfferRenewed: evolve_offer.renewed,
    ContactResolved: evolve_contact.resolved,
    ContactReopened: evolve_contact.reopened,
    WaitStarted: evolve_clock.wait_started,
    WaitEnded: evolve_clock.wait_ended,
    PromiseMade: evolve_clock.promise_made,
    LaneChanged: evolve_clock.lane_changed,
    ClockStarted: evolve_clock.started,
    ClockPaused: evolve_clock.paused,
    ClockResumed: evolve_clock.resumed,
    ClockRebased: evolve_clock.rebased,
    ClockWarned: evolve_clock.warned,
    ClockBreached: evolve_clock.breached,
    ClockMet: evolve_clock.met,
    ClockWithdrawn: evolve_clock.withdrawn,
    Escalated: evolve_escalation.escalated,
    CheckInArmed: evolve_check_in.armed,
    CheckInDue: evolve_check_in.due,
    IndexFloorRaised: _index_floor_raised,
    ContactErased: evolve_erase.contact_erased,
    CustomerErased: evolve_erase.customer_erased,
}
