"""What becomes of SLA clocks. See `event.py` for the rules."""

from datetime import datetime, timedelta

from frontline.contract.ids import ContactId, MessageId
from router.core.happened import Event


class ClockStarted(Event, frozen=True, kw_only=True):
    """`at` is the start; `intervals` is what the calendar counted from there to `due_at`."""

    contact: ContactId
    target: str
    policy: str
    version: int
    calendar: str
    due_at: datetime
    within: timedelta = timedelta(0)
    """The time that is promised: the calendar's from the start to `due_at`."""
    warnings: tuple[tuple[float, datetime], ...] = ()
    intervals: tuple[tuple[datetime, datetime], ...] = ()
    rest: timedelta = timedelta(0)
    """What was counted after the last of `intervals`, when there are too many to list."""
    resumes: str = ""
    """Empty for a new clock. Else the one that ended last runs on as if it never had, with the
    warnings still to come and a recorded breach kept, because of this: `bounced`, `reopened`.
    """
    former: bool = False
    """It is the one before the one that ended last, or runs: the two change places."""


class ClockPaused(Event, frozen=True, kw_only=True):
    """It stands still from `at` on, with `used` of its time gone. What it would have counted, it has not."""

    contact: ContactId
    target: str
    reason: str
    """The state of the contact: `waiting_customer` or `waiting_third_party`."""
    used: timedelta = timedelta(0)


class ClockResumed(Event, frozen=True, kw_only=True):
    """It goes on from `at`, with the time that was left; `intervals` are from here to `due_at`. Also of a
    resolution that was met too early.
    """

    contact: ContactId
    target: str
    due_at: datetime
    reason: str
    """Why: what ended the wait (`message`, `until`, ...), or `reopened`."""
    warnings: tuple[tuple[float, datetime], ...] = ()
    intervals: tuple[tuple[datetime, datetime], ...] = ()
    rest: timedelta = timedelta(0)


class ClockRebased(Event, frozen=True, kw_only=True):
    """The contact has moved to another policy or lane: reckoned anew from its start, less what it stood still.
    `warnings` are those not given yet.

    With `started_at` it is the start that is another one: messages were moved into the contact, or out of it.
    """

    contact: ContactId
    target: str
    policy: str
    version: int
    calendar: str
    due_at: datetime
    within: timedelta
    warnings: tuple[tuple[float, datetime], ...] = ()
    intervals: tuple[tuple[datetime, datetime], ...] = ()
    rest: timedelta = timedelta(0)
    started_at: datetime | None = None


class ClockWarned(Event, frozen=True, kw_only=True):
    contact: ContactId
    target: str
    fraction: float


class ClockMet(Event, frozen=True, kw_only=True):
    """Ended in time, or, after a breach, ended at all: `late` then says so."""

    contact: ContactId
    target: str
    late: bool = False
    by: MessageId | None = None
    """The reply that met it; if that one fails, the clock runs on."""


class ClockBreached(Event, frozen=True, kw_only=True):
    contact: ContactId
    target: str


class ClockWithdrawn(Event, frozen=True, kw_only=True):
    contact: ContactId
    target: str
    reason: str
    late: bool = False
    """Its breach is on record, and stays there."""
