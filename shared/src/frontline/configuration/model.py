"""The configuration as values. Pure: how files become these is `load.py`.

In TOML the tables have the singular: `[[desk]]`, `[[desk.agent]]`, `[[desk.inbox]]`,
`[[policy]]`, `[[calendar]]`. Fields are added with defaults and never renamed.
"""

from datetime import timedelta
from typing import Literal

import msgspec

from frontline.configuration.calendar import Calendar
from frontline.configuration.check_in import CheckIn
from frontline.configuration.notify import Notices, Notify
from frontline.configuration.policy import Lane, Policy
from frontline.configuration.routing import OF_DUTY, WITH_A_ROTA, Ring, Strategy
from frontline.configuration.rule import Rule
from frontline.configuration.shift import Shift
from frontline.contract.ids import AgentId, ChannelName, DeskId, InboxId

COST_BY_CHANNEL = {"phone": 100, "chat": 30}
OTHER_COST = 10

OFFERED_CHANNELS = frozenset({"phone", "chat"})
"""Where somebody waits at the other end: an agent is asked first, so that nobody talks to an empty chair."""

OFFER_FOR = timedelta(seconds=20)

Right = Literal["erase"]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Agent(_Table, frozen=True):
    """A person who answers. `name` and `picture` (a URL) are what customers see; `phone` (E.164) is
    where a call reaches them.

    Raising `token_version` ends the agent's former bearer tokens.
    """

    id: AgentId
    name: str
    capacity: int = 100
    skills: tuple[str, ...] = ()
    available: bool = False
    """Whether the agent counts as available until they say otherwise."""
    off_duty: bool = True
    """Whether they may be given work while they are available and not on duty."""
    lead: bool = False
    """Whether they lead the desk: alarms and escalations reach them."""
    shown: bool = True
    """Whether customers who wait see that they are there. What they write is signed with their name."""
    picture: str = ""
    phone: str = ""
    token_version: int = 1
    may: tuple[Right, ...] = ()
    """What not everybody may: `erase` a customer or a contact, for good."""
    notify: Notify = Notify()
    """How they learn of what waits for them, until they say otherwise themselves."""


class Inbox(_Table, frozen=True):
    """One of our addresses on a channel; `id` is unique within its channel.

    `cost` is in units of capacity a contact; `units` is the cost that holds. `offer` says whether an
    agent is asked before a contact is theirs, and `offer_for` how long they have to accept. `sender` is
    how people sign mail from here: `{agent} at Example`, `{inbox}` for the inbox's name.
    """

    channel: ChannelName
    id: InboxId
    address: str
    name: str = ""
    sender: str = ""
    cost: int | None = None
    lane: Lane = "normal"
    policy: str = "standard"
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    offer: bool | None = None
    offer_for: timedelta = OFFER_FOR
    written_cost: int = OTHER_COST
    """What a contact of a live channel takes when nobody is at the other end: a text, a missed call."""
    acknowledge: bool = False
    """Whether a customer who opens a contact is told at once that we have it, and by when we answer."""
    sticky_for: timedelta | None = None
    """How long a contact waits for the agent who knows its customer."""
    wrap_up: timedelta | None = None
    """How long an agent keeps the room of a call or chat after the customer has left."""
    handling: timedelta | None = None
    """How long a live contact takes: supposed until the desk has seen enough of them to know."""

    @property
    def offered(self) -> bool:
        return self.channel in OFFERED_CHANNELS if self.offer is None else self.offer

    @property
    def live(self) -> bool:
        """Whether customers wait and watch here; elsewhere they are told by a message."""
        return self.offered or self.channel in OFFERED_CHANNELS

    @property
    def carries_presence(self) -> bool:
        """Whether its channel tells that somebody is at the other end, and when they leave."""
        return self.channel in OFFERED_CHANNELS

    @property
    def units(self) -> int:
        return COST_BY_CHANNEL.get(self.channel, OTHER_COST) if self.cost is None else self.cost


class Desk(_Table, frozen=True):
    """People who share work. An agent and an inbox belong to exactly one desk."""

    id: DeskId
    name: str = ""
    agents: tuple[Agent, ...] = msgspec.field(default=(), name="agent")
    inboxes: tuple[Inbox, ...] = msgspec.field(default=(), name="inbox")
    shifts: tuple[Shift, ...] = msgspec.field(default=(), name="shift")
    rings: tuple[Ring, ...] = msgspec.field(default=(), name="ring")
    rules: tuple[Rule, ...] = msgspec.field(default=(), name="rule")
    check_ins: tuple[CheckIn, ...] = msgspec.field(default=(), name="check_in")
    strategy: Strategy = "longest_idle"
    """Who of those with room comes first."""
    age_after: timedelta = timedelta(hours=2)
    """A waiting contact moves up a lane each time so much has passed; nothing: never."""
    alarm_after: timedelta = timedelta(minutes=10)
    """When an alarm is raised for a contact that nobody took in the last ring; nothing: never."""
    offline_grace: timedelta = timedelta(minutes=1)
    """How long the live contacts of an agent who went offline wait for them."""
    reopen_for: timedelta = timedelta(days=14)
    """How long a resolved contact is reopened when its customer writes again; nothing: for ever."""
    transfer_within: timedelta = timedelta(minutes=10)
    """When a contact goes on here that another desk was asked to take and has not answered about; nothing: never."""
    notices: Notices = Notices()

    @property
    def rings_or_default(self) -> tuple[Ring, ...]:
        return self.rings or (WITH_A_ROTA if self.shifts else OF_DUTY)


class Configuration(_Table, frozen=True):
    """All of it. A desk's log takes a changed one over only when `version` is higher."""

    version: int = 1
    desks: tuple[Desk, ...] = msgspec.field(default=(), name="desk")
    policies: tuple[Policy, ...] = msgspec.field(default=(), name="policy")
    calendars: tuple[Calendar, ...] = msgspec.field(default=(), name="calendar")

    @property
    def channels(self) -> tuple[ChannelName, ...]:
        """The channels that have an inbox, in alphabetical order."""
        return tuple(sorted({inbox.channel for desk in self.desks for inbox in desk.inboxes}))
