"""A contact as its desk holds it in memory: what decisions are made by, and no more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId, OfferId
from router.core.overlay import Position

if TYPE_CHECKING:
    from router.core.clock import Clock
    from router.core.parcel import Trail
    from router.core.queue import Line, Place

WAITING = "waiting"
OFFERED = "offered"
ASSIGNED = "assigned"
RESOLVED = "resolved"
MERGED = "merged"
"""It goes on in another one."""

WAITING_CUSTOMER = "waiting_customer"
WAITING_THIRD_PARTY = "waiting_third_party"
TRANSFERRING = "transferring"
"""Another desk is asked whether it takes it; nobody here has it meanwhile."""

WAITS = frozenset({WAITING_CUSTOMER, WAITING_THIRD_PARTY})
"""Nobody here has to do anything. The contact is nobody's meanwhile, and `last_agent` knows it."""

NEVER: Position = (0, 0)

STICKY = -1
"""The ring of one: the agent who knows the customer."""


@dataclass(slots=True, eq=False)
class Offer:
    """The open offer of a contact. `armed` is when it times out, the very object that stands in the heap."""

    id: OfferId
    agent: AgentId
    rule: str
    expires_at: datetime
    armed: datetime | None = None


class Contact(msgspec.Struct, eq=False, gc=False):
    """`arrival` orders those who wait alike; `front` puts a contact before its lane. `agent` holds it,
    `last_agent` held it last. `replies` are the public ones that didn't fail, oldest first.
    `place` is where it stands in its line, and `None` while that is to be worked out again.

    `offer_for` is how long an agent has to accept it, `None` if nobody is asked. `offers` counts all
    there were; `asked` are those asked in this round.

    `live` says that somebody is at the other end, or, with `left`, that whoever holds it is still
    wrapping up. `policy` is what a rule said, and empty for that of the inbox. `skills` are asked
    for, sorted and distinct. It waits `since` then, in `ring` (`STICKY`:
    for the `sticky` agent alone), and competes `aged` lanes above its own. `moment` is when something
    comes of all that, the very object that stands in the heap: a ring opens, it ages, an alarm is
    raised, the wrap-up or a wait for others ends, another desk has not answered, it is closed.

    `bound_for` is the desk that is asked to take it, by `last_sender`. `moves` counts its changes of desk, `trail` is
    the way it took. `moved` is the commit that last took a message out of it, or put one in, by way of another contact.

    The garbage collector does not look at contacts and clocks: to go through a million of them stops a loop for
    seconds. So nothing that a contact leads to may lead back to it.
    """

    id: ContactId
    channel: ChannelName
    inbox: InboxId
    customer: CustomerId
    lane: str
    line: "Line"
    arrival: int
    phase: str = WAITING
    front: bool = False
    agent: AgentId | None = None
    last_agent: AgentId | None = None
    linked_to: ContactId | None = None
    others: tuple[CustomerId, ...] = ()
    clocks: "tuple[Clock, ...]" = ()
    replies: tuple[tuple[MessageId, datetime], ...] = ()
    place: "Place | None" = None
    offer_for: timedelta | None = None
    offer: Offer | None = None
    offers: int = 0
    round: int = 0
    asked: tuple[AgentId, ...] = ()
    policy: str = ""
    skills: tuple[str, ...] = ()
    live: bool = False
    left: bool = False
    sticky: AgentId | None = None
    since: datetime | None = None
    ring: int = 0
    aged: int = 0
    alarmed: bool = False
    moment: datetime | None = None
    merged_into: ContactId | None = None
    ours: bool = False
    bound_for: DeskId | None = None
    last_sender: AgentId | None = None
    moves: int = 0
    trail: "Trail" = ()
    moved: Position = NEVER

    def clock(self, target: str) -> "Clock | None":
        for clock in self.clocks:
            if clock.target == target:
                return clock
        return None

    def has(self, customer: CustomerId) -> bool:
        """Whether this customer takes part."""
        return customer == self.customer or customer in self.others
