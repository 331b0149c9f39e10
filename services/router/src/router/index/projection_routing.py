"""What waiting, coming and going, and handing on make of a contact's row; a part of `projection.py`."""

from collections.abc import Callable

import msgspec

from router.core.escalation import BREACH
from router.core.event import (
    AlarmRaised,
    ContactAged,
    ContactClosed,
    ContactMerged,
    ContactTransferred,
    ContactUnmerged,
    CustomerLeft,
    CustomerReturned,
    RingOpened,
    WrapUpEnded,
)
from router.core.event_check_in import CheckInArmed, CheckInDue
from router.core.event_escalation import Escalated
from router.core.event_move import MessagesMoved, MessagesTaken
from router.core.reason import ESCALATED
from router.index.row import ContactRow, Stamp, Why, stamp

WHY_KEPT = 50
"""A contact that goes to and fro for years keeps its latest reasons."""


def because(row: ContactRow, at: Stamp, rule: str, text: str) -> ContactRow:
    return msgspec.structs.replace(row, why=(*row.why, Why(at=at, rule=rule, text=text))[-WHY_KEPT:])


_WIDER = {"nobody_there": "nobody was there before", ESCALATED: "the policy says so"}


def _ring_opened(row: ContactRow, event: RingOpened) -> ContactRow:
    why = _WIDER.get(event.rule, "it has waited so long")
    return because(row, stamp(event.at), "ring_opened", f"open to more people (ring {event.ring + 1}): {why}")


def _aged(row: ContactRow, event: ContactAged) -> ContactRow:
    lanes = "one lane" if event.steps == 1 else f"{event.steps} lanes"
    return because(row, stamp(event.at), "aged", f"competes {lanes} above its own: it has waited so long")


def _alarmed(row: ContactRow, event: AlarmRaised) -> ContactRow:
    row = msgspec.structs.replace(row, alarm=True)
    return because(row, stamp(event.at), "alarm", "nobody has taken it, in the last ring either")


def _left(row: ContactRow, event: CustomerLeft) -> ContactRow:
    more = "" if event.wrap_up_until is None else f"; wrapping up until {stamp(event.wrap_up_until)}"
    row = msgspec.structs.replace(row, presence="left")
    return because(row, stamp(event.at), "customer_left", f"the customer has left{more}")


def _returned(row: ContactRow, event: CustomerReturned) -> ContactRow:
    return because(
        msgspec.structs.replace(row, presence="live"), stamp(event.at), "customer_returned", "the customer is there"
    )


def _wrap_up_ended(row: ContactRow, event: WrapUpEnded) -> ContactRow:
    return because(row, stamp(event.at), "wrap_up_ended", f"{event.agent} has had the time to wrap up")


def _transferred(row: ContactRow, event: ContactTransferred) -> ContactRow:
    row = msgspec.structs.replace(row, alarm=False)  # it waits anew, from the first ring on
    return because(row, stamp(event.at), "transferred", f"{event.by} asked for {' and '.join(event.skills)}")


def _closed(row: ContactRow, event: ContactClosed) -> ContactRow:
    why = "resolved for so long that it is not reopened any more"
    if row.merged_into is not None:
        why = f"{row.merged_into}, which it went on in, is closed"
    return because(msgspec.structs.replace(row, state="closed"), stamp(event.at), "closed", why)


def _merged(row: ContactRow, event: ContactMerged) -> ContactRow:
    row = msgspec.structs.replace(row, state="closed", assignment=None, offer=None, alarm=False, merged_into=event.into)
    return because(row, stamp(event.at), "merged", f"goes on in {event.into}, as {event.agent} says")


def _unmerged(row: ContactRow, event: ContactUnmerged) -> ContactRow:
    row = msgspec.structs.replace(row, state="waiting", merged_into=None)
    return because(row, stamp(event.at), "unmerged", f"a contact of its own again, as {event.agent} says")


def _escalated(row: ContactRow, event: Escalated) -> ContactRow:
    what = f"{event.target} breached" if event.fraction == BREACH else f"{event.target} at {event.fraction:g}"
    told = f": {', '.join(event.agents)} told" if event.agents else ""
    return because(row, stamp(event.at), ESCALATED, f"{what}{told}")


def _check_in_armed(row: ContactRow, event: CheckInArmed) -> ContactRow:
    text = f"the customer is written to on {stamp(event.due_at)} ({event.rule}), unless they are heard of before"
    return because(row, stamp(event.at), "check_in_armed", text)


def _check_in_due(row: ContactRow, event: CheckInDue) -> ContactRow:
    return because(row, stamp(event.at), "check_in", f"nothing was heard of the customer: {event.rule}")


def _moved(row: ContactRow, event: MessagesMoved) -> ContactRow:
    what = "1 line" if len(event.items) == 1 else f"{len(event.items)} lines"
    if event.split:
        return because(row, stamp(event.at), "split", f"{what} split off to {event.to}, as {event.agent} says")
    return because(row, stamp(event.at), "moved", f"{what} moved to {event.to}, as {event.agent} says")


def _taken(row: ContactRow, event: MessagesTaken) -> ContactRow:
    if event.split:  # its opening says so
        return row
    return because(row, stamp(event.at), "moved", f"a message moved here from {event.origin}, as {event.agent} says")


STEPS: dict[type, Callable[..., ContactRow]] = {
    RingOpened: _ring_opened,
    ContactAged: _aged,
    AlarmRaised: _alarmed,
    CustomerLeft: _left,
    CustomerReturned: _returned,
    WrapUpEnded: _wrap_up_ended,
    ContactTransferred: _transferred,
    ContactClosed: _closed,
    ContactMerged: _merged,
    ContactUnmerged: _unmerged,
    Escalated: _escalated,
    CheckInArmed: _check_in_armed,
    CheckInDue: _check_in_due,
    MessagesMoved: _moved,
    MessagesTaken: _taken,
}
