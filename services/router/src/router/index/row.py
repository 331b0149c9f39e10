"""What the index keeps of a contact and of an agent, in the shapes that the API shows."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec

from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, OfferId

Stamp = Annotated[
    str, msgspec.Meta(extra_json_schema={"format": "date-time", "examples": ["2026-01-31T23:59:59.999Z"]})
]
"""RFC 3339 in UTC with milliseconds. Of fixed width, so text order is time order."""

Span = tuple[Stamp, Stamp]

Length = Annotated[str, msgspec.Meta(extra_json_schema={"format": "duration", "examples": ["PT4H"]})]
"""A duration by ISO 8601, in days, hours, minutes and seconds."""

State = Literal[
    "waiting", "offered", "assigned", "waiting_customer", "waiting_third_party", "resolved", "closed", "erased"
]
Presence = Literal["live", "left", "away"]
"""Where the customer is: at the other end now, there until a while ago, or never: they wrote and went on."""
ClockOutcome = Literal["met", "breached", "withdrawn"]


def stamp(moment: datetime) -> Stamp:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(length: timedelta) -> Length:
    text: str = msgspec.to_builtins(length)
    return text


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A value of the index. Equal by content, never changed."""


class Why(Row, frozen=True, kw_only=True):
    """One reason for where a contact is now: the rule that decided, and that in words."""

    at: Stamp
    rule: str
    text: str


class ClockPause(Row, frozen=True, kw_only=True):
    """From when to when a clock stood still (`end` is null while it does), and in which state of the contact."""

    begin: Stamp
    end: Stamp | None = None
    reason: str = ""


class WarningDue(Row, frozen=True, kw_only=True):
    """A warning still to come, at a fraction of the time that is promised."""

    fraction: float
    at: Stamp


class Clock(Row, frozen=True, kw_only=True):
    """One SLA clock with everything that explains it.

    `outcome_at` is when the outcome took effect: for a breach the deadline. A clock that was met
    late stays `breached`, with `met_at` as the second time. `reason` is why it was withdrawn, or why
    it runs on after it had ended or stood still.

    `within` is what is promised in time of the calendar, and `intervals` what of it is counted up to
    `due_at`, or up to its end or pause; `rest` is what was counted in further intervals that are too many to
    list. While it is `paused`, `used` is what has gone and `due_at` what would have been.
    """

    target: str
    policy: str
    version: int
    calendar: str
    started_at: Stamp
    due_at: Stamp
    paused: bool = False
    warned: tuple[float, ...] = ()
    outcome: ClockOutcome | None = None
    outcome_at: Stamp | None = None
    met_at: Stamp | None = None
    reason: str = ""
    intervals: tuple[Span, ...] = ()
    within: Length = "PT0S"
    used: Length | None = None
    rest: Length = "PT0S"
    warnings: tuple[WarningDue, ...] = ()
    pauses: tuple[ClockPause, ...] = ()


class Assignment(Row, frozen=True, kw_only=True):
    agent: AgentId
    since: Stamp
    via: str


class Offer(Row, frozen=True, kw_only=True):
    """`expires_at` moves if the desk was away meanwhile. A contact shows its offer while it is open."""

    id: OfferId
    contact: ContactId
    agent: AgentId
    expires_at: Stamp
    state: Literal["open", "accepted", "rejected", "timed_out", "withdrawn"] = "open"


class ContactRow(Row, frozen=True, kw_only=True):
    """A contact as the log tells it. `ordinal` says where in the log it was opened, and orders lists:
    it never changes and grows with each contact, on every replica alike.
    """

    desk: DeskId
    id: ContactId
    ordinal: int
    inbox: InboxId
    channel: ChannelName
    customer: CustomerId
    state: State
    lane: str
    priority_reason: str
    opened_at: Stamp
    updated_at: Stamp
    assignment: Assignment | None = None
    offer: Offer | None = None
    linked_to: ContactId | None = None
    merged_into: ContactId | None = None
    moved_to: DeskId | None = None
    """The desk that it has gone to from this one, which does not show it any more."""
    alarm: bool = False
    """Nobody has taken it, for too long."""
    presence: Presence = "away"
    clocks: tuple[Clock, ...] = ()
    why: tuple[Why, ...] = ()


class AgentRow(Row, frozen=True, kw_only=True):
    """What an agent said of their availability last, or what the configuration says until they do.
    `reason` is why the desk changed it by itself.
    """

    id: AgentId
    state: str
    until: Stamp | None = None
    reason: str = ""
