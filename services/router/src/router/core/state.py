"""Everything that one desk knows. Mutable, and changed by `evolve` and by nothing else.

What can be worked out again from the rest (lines, crews, the heap of instants) is kept up to date
beside it, and is not part of a snapshot.
"""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, KeyHash, OfferId
from router.core.assignment import Matching
from router.core.calendar import Calendar, calendars
from router.core.capacity import Agent
from router.core.check_in import CheckIns
from router.core.commit import Outcome
from router.core.contact import Contact
from router.core.desk_settings import DeskSettings, InboxSettings, RingSettings
from router.core.due import Dues
from router.core.escalation import Reached
from router.core.gone import KEPT, Gone
from router.core.handling import Handling
from router.core.holding import Holdings
from router.core.overlay import Overlay, Position
from router.core.parcel import Guest
from router.core.rota import Duty
from router.core.term import FOLLOW_UP, Term, no_promise, terms

OUTCOMES_KEPT = timedelta(hours=24)
ENDED_OFFERS_KEPT = timedelta(hours=1)

ACCEPTED = "accepted"
REJECTED = "rejected"
TIMED_OUT = "timed_out"
WITHDRAWN = "withdrawn"

_ONE = (RingSettings(),)
"""The rings of a desk whose settings have none: everybody who fits is in it from the first."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""`now` of a desk that has never decided anything."""


class EndedOffer(NamedTuple):
    """Kept for a while, so that whoever answers too late is told why."""

    at: datetime
    id: OfferId
    agent: AgentId
    how: str


class Words(dict[str, str]):
    """Each word as one object for all who say it: thousands of clocks name one policy."""

    def __missing__(self, word: str) -> str:
        self[word] = word
        return word


class DeskState:
    """`epoch`, `index` and `now` are those of the last commit. `arrivals` and `turns` number those
    who begin to wait, and those who get or take up work. `offers` are the open ones.

    `absorbed` are the contacts that go on in another one, by that one. `leaving` are agents with work that they may not
    keep, and why, `unanswering` those who won't answer what they are asked, `escalating` clocks that ask for more than
    to be told; what follows from that is decided next. `duty` is who is on by the rota, `swaps` are the turns that
    changed hands, by shift and day. `elsewhere` are contacts that went to other desks, or came from one and are closed;
    `guests` are inboxes of other desks whose contacts have come here, the latest last.

    `erased` are contacts, `successors` customers and whoever they would be today: kept for good, for what is under
    way, comes again or is restored may still name them.
    """

    __slots__ = (
        "_answered",
        "_calendars",
        "_ended",
        "_ended_order",
        "_gone_order",
        "_outcomes",
        "absorbed",
        "agents",
        "arrivals",
        "check_ins",
        "contacts",
        "desk",
        "dues",
        "duty",
        "elsewhere",
        "epoch",
        "erased",
        "escalating",
        "former",
        "guests",
        "handling",
        "holdings",
        "inboxes",
        "index",
        "leaving",
        "matching",
        "now",
        "offers",
        "overlay",
        "rings",
        "settings",
        "successors",
        "swaps",
        "terms",
        "turns",
        "unanswering",
        "unpromised",
        "words",
    )  # fmt: skip

    def __init__(self, desk: DeskId) -> None:
        self.desk = desk
        self.epoch = 0
        self.index = 0
        self.now = BEGINNING
        self.contacts: dict[ContactId, Contact] = {}
        self.absorbed: dict[ContactId, set[ContactId]] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.overlay = Overlay()
        self.arrivals = 0
        self.turns = 0
        self.handling = Handling()
        self.holdings = Holdings()
        self.duty = Duty(frozenset(), frozenset())
        self.swaps: dict[tuple[str, date], tuple[tuple[AgentId, AgentId], ...]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._answered: deque[tuple[datetime, str]] = deque()
        self._calendars: dict[str, Calendar] = {}
        self.guests: dict[tuple[ChannelName, InboxId], Guest] = {}
        self.elsewhere: dict[ContactId, Gone] = {}
        self._gone_order: deque[tuple[datetime, ContactId]] = deque()
        self.configure(DeskSettings(version=0))
        self.matching = Matching(self.contacts, self.agents)
        self.check_ins = CheckIns()
        self.dues = Dues(self.contacts, self.agents, self.check_ins)
        self.offers: dict[OfferId, ContactId] = {}
        self._ended: dict[OfferId, EndedOffer] = {}
        self._ended_order: deque[EndedOffer] = deque()
        self.leaving: dict[AgentId, str] = {}
        self.unanswering: set[AgentId] = set()
        self.escalating: dict[ContactId, tuple[Reached, ...]] = {}
        self.erased: set[ContactId] = set()
        self.successors: dict[CustomerId, CustomerId] = {}
        self.words = Words()

    def outcome(self, request: str) -> Outcome | None:
        """What this request was answered before; remembered for 24 hours at least."""
        return self._outcomes.get(request)

    def outcomes(self) -> list[tuple[datetime, Outcome]]:
        """All that are remembered, oldest first, each with when it was given."""
        return [(at, self._outcomes[request]) for at, request in self._answered]

    def ended_offer(self, offer: OfferId) -> EndedOffer | None:
        return self._ended.get(offer)

    def ended_offers(self) -> list[EndedOffer]:
        """All that are remembered, in the order in which they ended."""
        return list(self._ended_order)

    @property
    def floor(self) -> Position:
        """The commit up to which the indexes hold every key, as far as the desk counts on it."""
        return self.overlay.floor

    def contact_of(self, key: KeyHash) -> ContactId | None:
        """Where the message with this idempotency key went, if the index may not know yet."""
        placement = self.overlay.placement(key)
        return None if placement is None else placement.contact

    def called_now(self, customer: CustomerId) -> CustomerId:
        """Who this is, if they have been erased since they were looked up."""
        while (successor := self.successors.get(customer)) is not None:
            customer = successor
        return customer

    def inbox(self, channel: ChannelName, inbox: InboxId) -> InboxSettings | None:
        """As it is set, also if it has gone to another desk and contacts of it have stayed; else that of another
        desk whose contacts have come here.
        """
        own = self.inboxes.get((channel, inbox)) or self.former.get((channel, inbox))
        if own is not None:
            return own
        guest = self.guests.get((channel, inbox))
        return None if guest is None else guest.inbox

    def policy(self, contact: Contact) -> str:
        """Its own, else the one of its inbox today; nothing if the inbox is no more."""
        if contact.policy:
            return contact.policy
        inbox = self.inboxes.get((contact.channel, contact.inbox)) or self.inbox(contact.channel, contact.inbox)
        return "" if inbox is None else inbox.policy

    def term(self, contact: Contact, target: str) -> Term | None:
        """What the policy of the contact's inbox promises today; `None` for nothing."""
        return self.terms.get((self.policy(contact), target, contact.lane))

    def calendar(self, name: str) -> Calendar:
        """One that the settings name, or the one that never closes."""
        return self._calendars[name]

    def promise_term(self, contact: Contact) -> Term:
        """By what a promise of an agent's is measured."""
        return self.term(contact, FOLLOW_UP) or self.unpromised

    def empty(self) -> None:
        """Forget all, in place: for whoever does not know who else still refers to it."""
        DeskState.__init__(self, self.desk)

    def configure(self, settings: DeskSettings) -> None:
        """For `evolve`: take these settings, and what follows from them alone."""
        self.settings = settings
        self.rings = settings.rings or _ONE
        self.inboxes = {(inbox.channel, inbox.id): inbox for inbox in settings.inboxes}
        self.former = {(inbox.channel, inbox.id): inbox for inbox in settings.former}
        self._calendars = calendars(settings, self._calendars)
        self.terms = terms(settings, self._calendars)
        self.unpromised = no_promise(FOLLOW_UP, self._calendars)
        for guest in self.guests.values():
            self._lodge(guest)

    def welcome(self, guest: Guest) -> None:
        """For `evolve`: a contact of this inbox of another desk is here. What it says last of the inbox holds."""
        place = (guest.inbox.channel, guest.inbox.id)
        if place not in self.inboxes and self.guests.get(place) != guest:
            self.guests.pop(place, None)
            self.guests[place] = guest
            self._lodge(guest)

    def left(self, contact: ContactId, desk: DeskId | None, moves: int) -> None:
        """For `evolve`: the contact is here no more, but at `desk`, or nowhere."""
        self.elsewhere[contact] = Gone(desk, moves, self.now)
        self._gone_order.append((self.now, contact))

    def recall_gone(self, gone: Iterable[tuple[ContactId, Gone]]) -> None:
        """For a snapshot."""
        self.elsewhere = dict(gone)
        self._gone_order = deque(sorted((each.at, contact) for contact, each in self.elsewhere.items()))

    def _lodge(self, guest: Guest) -> None:
        """A policy that this desk has itself is its own; of one that it has not, the latest holds."""
        own = {policy.id for policy in self.settings.policies}
        policies = tuple(policy for policy in guest.policies if policy.id not in own)
        brought = DeskSettings(version=0, policies=policies, calendars=guest.calendars)
        ids = {policy.id for policy in policies}
        kept = {place: term for place, term in self.terms.items() if place[0] not in ids}
        self.terms = kept | dict(terms(brought, calendars(brought)))

    def begin(self, epoch: int, index: int, now: datetime) -> None:
        """For `evolve`: a commit begins; what is too old to be kept at `now` goes."""
        self.epoch, self.index, self.now = epoch, index, now
        while self._answered and self._answered[0][0] <= now - OUTCOMES_KEPT:
            _, request = self._answered.popleft()
            del self._outcomes[request]
        while self._ended_order and self._ended_order[0].at <= now - ENDED_OFFERS_KEPT:
            del self._ended[self._ended_order.popleft().id]
        while self._gone_order and self._gone_order[0][0] <= now - KEPT:
            at, contact = self._gone_order.popleft()
            if contact in self.elsewhere and self.elsewhere[contact].at == at:
                del self.elsewhere[contact]

    def remember(self, outcome: Outcome) -> None:
        """For `evolve`: a request was answered, now."""
        self._outcomes[outcome.request] = outcome
        self._answered.append((self.now, outcome.request))

    def recall(self, outcomes: Iterable[tuple[datetime, Outcome]], ended: Iterable[EndedOffer]) -> None:
        """For a snapshot: what was remembered, oldest first."""
        for at, outcome in outcomes:
            self._outcomes[outcome.request] = outcome
            self._answered.append((at, outcome.request))
        self._ended_order.extend(ended)
        self._ended = {offer.id: offer for offer in self._ended_order}

    def end_offer(self, offer: OfferId, agent: AgentId, how: str) -> None:
        """For `evolve`: an open offer is over, now."""
        del self.offers[offer]
        self._ended[offer] = ended = EndedOffer(self.now, offer, agent, how)
        self._ended_order.append(ended)
