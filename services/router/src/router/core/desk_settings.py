"""A desk's configuration as its log holds it: plain data, everything that decisions are made by.

Fields are added with defaults and never renamed.
"""

from datetime import date, timedelta

import msgspec

from frontline.contract.ids import AgentId, ChannelName, InboxId
from router.core.rota_settings import ShiftSettings


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the desk has to know of an agent to assign to them."""

    id: AgentId
    capacity: int = 100
    skills: tuple[str, ...] = ()
    available: bool = False
    """Whether the agent counts as available until they say otherwise."""
    off_duty: bool = True
    """Whether they may be given work while they are available and not on duty."""
    lead: bool = False


class InboxSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    channel: ChannelName
    id: InboxId
    cost: int = 10
    """Units of capacity that one contact of this inbox takes."""
    lane: str = "normal"
    policy: str = "standard"
    skills: tuple[str, ...] = ()
    offer_for: timedelta | None = None
    """Contacts are offered, and an agent has this long to accept; `None`: they are assigned unasked."""
    live: bool = False
    """Customers may be at the other end. Offers and `cost` then are for those who are: what is only
    written is assigned unasked, and takes `written_cost` at most.
    """
    written_cost: int = 10
    sticky_for: timedelta | None = None
    """How long a contact waits for the agent who knows its customer."""
    handling: timedelta | None = None
    """How long a live contact takes, as long as too few were seen to know."""
    wrap_up: timedelta | None = None
    """How long an agent keeps the room of a live contact whose customer has left."""


NEXT_RING = "next"
ALL_RINGS = "all"


class EscalationSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What else a clock does when it warns at `fraction`, or is breached (1)."""

    fraction: float
    widen: str = ""
    """Opens the `next` ring, or `all`, for a contact that waits."""
    reoffer: bool = False
    """Somebody else gets it, from who was asked and has not answered, or holds it and has not replied."""
    holder: bool = False
    """Who is told: whoever has it or is asked for it, the desk's `leads`, `everybody`, and these `agents`."""
    leads: bool = False
    everybody: bool = False
    agents: tuple[AgentId, ...] = ()


class TargetSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of the calendar's time a target may take: contacts of `lanes`, or of every lane if none is
    named. A promise (`follow_up`) says so itself.

    `pause_in` are the states of a contact in which the clock stands still.
    """

    target: str
    within: timedelta = timedelta(0)
    warn_at: tuple[float, ...] = (0.5, 0.8)
    pause_in: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ()
    raises: tuple[tuple[float, str], ...] = ()
    """At which fraction, or 1 for the breach, the contact is raised to which lane."""
    escalations: tuple[EscalationSettings, ...] = ()


class PolicySettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    version: int
    calendar: str
    targets: tuple[TargetSettings, ...] = ()


class HoursSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Open from `opens` to `closes`: minutes since the midnight of the day on which it opens, by the clock
    on the wall. `closes` is above 1440 for what goes on past the next midnight. Monday is weekday 0.
    """

    weekday: int = 0
    opens: int = 0
    closes: int = 1440


class SpecialDaySettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A date with hours of its own, whatever the week and the closed days say; their weekday says nothing."""

    day: date
    hours: tuple[HoursSettings, ...] = ()


class CalendarSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When time counts, in days of `zone` (an IANA name). On `closed` days nothing opens: holidays and
    dates of one's own, worked out where the configuration is read.
    """

    id: str
    zone: str = "UTC"
    week: tuple[HoursSettings, ...] = ()
    closed: tuple[date, ...] = ()
    special: tuple[SpecialDaySettings, ...] = ()


class RingSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who may take a contact, `after` it has begun to wait for so long. Each ring holds those before it."""

    after: timedelta = timedelta(0)
    skills: bool = True
    """Only those with all the skills asked for."""
    off_duty: bool = False
    """Also those who are not on duty, if they allow it."""


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What follows from a routing rule. For whom it holds is found out before: it has words in it."""

    id: str
    lane: str = ""
    skills: tuple[str, ...] = ()
    policy: str = ""


LONGEST_IDLE = "longest_idle"
LEAST_LOADED = "least_loaded"
ROUND_ROBIN = "round_robin"
STRATEGIES = (LONGEST_IDLE, LEAST_LOADED, ROUND_ROBIN)


class CheckInSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer of these inboxes is written to when nothing was heard for so long, in time of `calendar`, since
    their contact came to be as `when` says. What they are told is no part of what the desk decides.
    """

    id: str
    when: str
    after: timedelta
    calendar: str = "always"
    inboxes: tuple[tuple[ChannelName, InboxId], ...] = ()


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A desk's configuration as the log holds it: everything that decisions are made by."""

    version: int
    agents: tuple[AgentSettings, ...] = ()
    inboxes: tuple[InboxSettings, ...] = ()
    policies: tuple[PolicySettings, ...] = ()
    calendars: tuple[CalendarSettings, ...] = ()
    shifts: tuple[ShiftSettings, ...] = ()
    rules: tuple[RuleSettings, ...] = ()
    """In the order in which they have their say."""
    check_ins: tuple[CheckInSettings, ...] = ()
    strategy: str = LONGEST_IDLE
    """Who of those with room comes first."""
    rings: tuple[RingSettings, ...] = (RingSettings(),)
    """In the order in which they open, the first at once."""
    age_after: timedelta | None = None
    """A waiting contact moves up a lane each time that so much has passed."""
    alarm_after: timedelta | None = None
    """An alarm is raised for a contact that has waited so long since the last ring opened for it."""
    offline_grace: timedelta | None = None
    """How long the live contacts of an agent who went offline wait for them to come back."""
    reopen_for: timedelta | None = None
    """A contact resolved for so long is closed."""
    former: tuple[InboxSettings, ...] = ()
    """Inboxes that went to another desk, as they were: by these go on the contacts of theirs that stayed."""
    transfer_within: timedelta | None = None
    """A contact that another desk was asked to take goes on here if that has not answered by then."""
