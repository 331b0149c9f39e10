"""An offer that rings an agent's phone, as far as this process knows of it."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from frontline.contract.error import Rejected
from frontline.contract.ids import AgentId, ContactId, InboxId
from intake_phone.normalize import Form, is_sid
from intake_phone.waiting import NOBODY, Waits

ACCEPTED = "accepted"
_MOST = 10_000


@dataclass(slots=True, eq=False)
class Offer:
    """What this process knows of an offer. `outcome` is "" while it is open; `leg` is the agent's own call.
    `waits` is how the caller waits as it was last read, `later` is set while a further call back is due here.
    """

    id: str
    contact: ContactId
    inbox: InboxId
    agent: AgentId
    number: str = ""
    call: str = ""
    leg: str = ""
    ringing: bool = False
    tries: int = 0
    waits: Waits = NOBODY
    later: bool = False
    outcome: str = ""
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def query(self, **more: str) -> str:
        """What names it in the URL of a page."""
        about = {
            "offer": self.id,
            "contact": self.contact,
            "inbox": self.inbox,
            "agent": self.agent,
            "call": self.call,
            "number": self.number,
        }
        return urlencode({name: value for name, value in {**about, **more}.items() if value})


class Offers:
    """The latest ones; the oldest is forgotten when there are too many."""

    def __init__(self) -> None:
        self._offers: OrderedDict[str, Offer] = OrderedDict()

    def __iter__(self) -> Iterator[Offer]:
        return iter(tuple(self._offers.values()))

    def get(self, id_: str) -> Offer | None:
        return self._offers.get(id_)

    def remember(self, offer: Offer) -> None:
        self._offers[offer.id] = offer
        if len(self._offers) > _MOST:
            self._offers.popitem(last=False)

    def of(self, query: Form) -> Offer:
        """What the page of an agent's call is about; its URL is our own, and signed by Twilio."""
        call = query.get("call", "")
        if not is_sid(call) or not query.get("offer"):
            raise Rejected("this page is about no offer")
        offer = self.get(query["offer"])
        if offer is None:
            contact, inbox = ContactId(query.get("contact", "")), InboxId(query.get("inbox", ""))
            offer = Offer(query["offer"], contact, inbox, AgentId(""))
            self.remember(offer)
        offer.call = offer.call or call
        offer.number = offer.number or query.get("number", "")
        offer.agent = offer.agent or AgentId(query.get("agent", ""))
        return offer
