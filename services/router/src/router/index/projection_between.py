"""What going from desk to desk makes of a contact's row; a part of `projection.py`. Pure.

Each desk that had a contact has a row of it, and shows it only while it has it. The rows of those that had it
before are what happened there: `whole` puts them together. It makes no difference which log is read first.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from router.core import reason
from router.core.clock import MET
from router.core.event_transfer import ContactTaken, TransferBegun, TransferRecovered, TransferRefused, TransferTaken
from router.core.parcel import CarriedClock, Parcel
from router.index.projection_routing import because
from router.index.row import Clock, ClockPause, ContactRow, WarningDue, duration, stamp

if TYPE_CHECKING:
    from router.index.projection import Place

CARRIED = "carried"
"""Why a clock that had ended before it came here says no more of itself: the row of the other desk does."""

_REFUSED = {
    reason.UNANSWERED: "it has not answered",
    reason.RECALLED: "taken back",
    reason.NOT_CONFIGURED: "it is not set up",
    reason.ALREADY_HERE: "it has a contact of that id",
    reason.CLOSED: "it has closed the contact",
    reason.TOO_FAR: "the contact has been at too many desks",
}


def taken(row: ContactRow | None, event: ContactTaken, place: "Place") -> ContactRow:
    """As it comes from another desk; with what happened here before, if it has been here."""
    parcel, at = event.parcel, stamp(event.at)
    clocks = tuple(_clock(parcel, carried) for carried in sorted(parcel.clocks, key=lambda each: each.started_at))
    came = ContactRow(
        desk=place.desk,
        id=event.contact,
        ordinal=place.ordinal if row is None else row.ordinal,
        inbox=parcel.guest.inbox.id,
        channel=parcel.guest.inbox.channel,
        customer=parcel.customer,
        state="waiting",
        presence="live" if parcel.live else "away",
        lane=parcel.lane,
        priority_reason=f"lane {parcel.lane} at desk {event.desk}",
        opened_at=min([at, *(clock.started_at for clock in clocks)]) if row is None else row.opened_at,
        updated_at=stamp(place.now),
        linked_to=parcel.linked_to,
        clocks=clocks if row is None else _both(row.clocks, clocks),
        why=() if row is None else row.why,
    )
    return because(came, at, "taken", f"given by desk {event.desk}, as {parcel.by} says")


def whole(row: ContactRow, before: Iterable[ContactRow]) -> ContactRow:
    """A contact as the desk that has it shows it, with what happened to it at others."""
    rows = sorted(before, key=lambda each: each.opened_at)
    if not rows or row.state == "erased":
        return row
    left = row.presence == "away" and any(each.presence == "left" for each in rows)
    return msgspec.structs.replace(
        row,
        opened_at=min(row.opened_at, *(each.opened_at for each in rows)),
        presence="left" if left else row.presence,
        clocks=_both(tuple(chain.from_iterable(each.clocks for each in rows)), row.clocks),
        why=tuple(sorted(chain(*(each.why for each in rows), row.why), key=lambda each: each.at)),
    )


def _both(before: Sequence[Clock], now: Sequence[Clock]) -> tuple[Clock, ...]:
    """Each clock once, as it was told last; of one that has only been carried along, as it was told before."""
    found = {(clock.target, clock.started_at): clock for clock in before}
    for clock in now:
        if clock.reason != CARRIED or (clock.target, clock.started_at) not in found:
            found[clock.target, clock.started_at] = clock
    return tuple(sorted(found.values(), key=lambda clock: clock.started_at))


def _clock(parcel: Parcel, carried: CarriedClock) -> Clock:
    term = parcel.terms[carried.term]
    to_come = {fraction for fraction, _ in carried.warnings}
    ended = {MET: "met"}.get(carried.end, "withdrawn") if carried.end else None
    outcome = "breached" if carried.breached else ended
    return Clock(
        target=term.target,
        policy=term.policy,
        version=term.version,
        calendar=term.calendar_name,
        started_at=stamp(carried.started_at),
        due_at=stamp(carried.due_at),
        paused=bool(carried.pauses) and carried.pauses[-1][1] is None and not carried.end,
        warned=tuple(fraction for fraction in term.warn_at if fraction not in to_come),
        outcome=outcome,  # type: ignore[arg-type]
        outcome_at=stamp(carried.due_at) if carried.breached else None,
        reason=CARRIED if carried.end else "",
        intervals=tuple((stamp(begin), stamp(end)) for begin, end in carried.intervals),
        rest=duration(carried.rest),
        within=duration(term.within),
        warnings=tuple(WarningDue(fraction=fraction, at=stamp(at)) for fraction, at in carried.warnings),
        pauses=tuple(
            ClockPause(begin=stamp(begin), end=None if end is None else stamp(end)) for begin, end in carried.pauses
        ),
    )


def _begun(row: ContactRow, event: TransferBegun) -> ContactRow:
    return because(row, stamp(event.at), "transfer", f"desk {event.desk} is asked to take it, as {event.by} says")


def _refused(row: ContactRow, event: TransferRefused) -> ContactRow:
    why = f"taken back by {event.agent}" if event.agent else _REFUSED.get(event.reason, event.reason.replace("_", " "))
    row = msgspec.structs.replace(row, alarm=False)  # it waits anew, from the first ring on
    return because(row, stamp(event.at), "transfer_refused", f"not given to desk {event.desk}: {why}")


def _given(row: ContactRow, event: TransferTaken) -> ContactRow:
    row = msgspec.structs.replace(row, state="closed", assignment=None, offer=None, alarm=False, moved_to=event.desk)
    return because(row, stamp(event.at), "transferred", f"taken by desk {event.desk}")


def _recovered(row: ContactRow, event: TransferRecovered) -> ContactRow:
    row = msgspec.structs.replace(row, state="closed", assignment=None, offer=None, alarm=False, moved_to=event.desk)
    return because(row, stamp(event.at), "transferred", f"it had been given to desk {event.desk} before")


STEPS: dict[type, Callable[..., ContactRow]] = {
    TransferBegun: _begun,
    TransferRefused: _refused,
    TransferTaken: _given,
    TransferRecovered: _recovered,
}
