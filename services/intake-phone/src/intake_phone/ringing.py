"""The agent's side of a call: their phone rings for an offer, they take it, they are connected.

An agent may accept in the console or by a key on the phone. Either way the desk decides: the phone's
key is only told to it (`PickUp`), and the caller is connected when the desk says that the offer is
accepted, or shows the contact as theirs.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from urllib.parse import urlencode

from frontline.contract.channel import Host
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import AgentId, ContactId, DeskId, InboxId
from frontline.contract.signal import PickUp, Ring, StopRinging
from intake_phone import twiml
from intake_phone.calls import Calls, call_of
from intake_phone.normalize import Form, is_sid
from intake_phone.rest import NoAnswer, Rest
from intake_phone.settings import PhoneSettings

ACCEPTED = "accepted"
_MOST = 10_000
_TRIES = 3
_REPEAT_SECONDS = 1.0
_OVER = {"completed", "busy", "no-answer", "failed", "canceled"}


@dataclass(slots=True, eq=False)
class Offer:
    """What this process knows of an offer. `outcome` is "" while it is open; `leg` the agent's own call."""

    id: str
    contact: ContactId
    inbox: InboxId
    agent: AgentId
    number: str = ""
    call: str = ""
    leg: str = ""
    ringing: bool = False
    tries: int = 0
    outcome: str = ""
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Ringing:
    """Each offer rings one phone."""

    def __init__(
        self,
        settings: PhoneSettings,
        host: Host,
        calls: Calls,
        rest: Rest,
        link: Callable[[str], str],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._settings = settings
        self._host = host
        self._calls = calls
        self._rest = rest
        self._link = link
        self._tasks = tasks
        self._style = twiml.Style(
            language=settings.phone_language,
            greeting="",
            hold_music="",
            wait_seconds=settings.phone_wait_seconds,
            voicemail_seconds=settings.phone_voicemail_seconds,
            transcribe=False,
        )
        self._offers: OrderedDict[str, Offer] = OrderedDict()

    async def run(self) -> None:
        """Follow the desk's signals until cancelled."""
        while True:
            try:
                await self._follow()
            except Exception as error:
                self._host.meter.count("failures", where="signals")
                self._host.log.error("phone.signals_failed", exc_info=error)
            await asyncio.sleep(_REPEAT_SECONDS)

    async def _follow(self) -> None:
        async with aclosing(self._host.signals.listen()) as signals:
            async for inbox, signal in signals:
                match signal:
                    case Ring():
                        self._ring(inbox, signal)
                    case StopRinging():
                        self._stop(inbox, signal)

    async def page(self, form: Form, query: Form) -> str | None:
        """One webhook of an agent's own call."""
        offer = self._offer(query)
        match query.get("step", ""):
            case "over":
                self._leg_over(offer, form)
                return None
            case "done":
                return self._done(offer, form)
            case "accept" if form.get("Digits") == "1":
                return await self._accept(offer)
        if offer.outcome == ACCEPTED:
            return self._connect(offer)
        if offer.outcome or form.get("CallStatus") == "completed":
            return twiml.goodbye(self._style, "This call has been taken care of.")
        asked = int(query.get("asked", "0")) if query.get("asked", "0").isdigit() else 0
        if asked >= _TRIES:
            return twiml.goodbye(self._style)
        return twiml.ask_agent(self._style, self._page(offer, step="accept"), self._page(offer, asked=str(asked + 1)))

    def _ring(self, inbox: InboxId, signal: Ring) -> None:
        if not self._settings.phone_ring or not signal.number:
            return  # another replica rings, or the agent has no phone
        offer = self._offers.get(signal.offer)
        if offer is None:
            offer = Offer(signal.offer, signal.contact, inbox, signal.agent, signal.number)
            self._remember(offer)
        if offer.ringing or offer.outcome:
            return  # told twice; a renewed offer may ring again
        offer.number = signal.number
        self._tasks.create_task(self._call_agent(offer), name=f"ring {offer.id}")

    def _stop(self, inbox: InboxId, signal: StopRinging) -> None:
        offer = self._offers.get(signal.offer)
        if offer is None:
            offer = Offer(signal.offer, signal.contact, inbox, AgentId(""))
            self._remember(offer)
        if offer.outcome:
            return
        offer.outcome = signal.outcome
        offer.settled.set()
        if signal.outcome != ACCEPTED:
            if offer.leg:
                self._tasks.create_task(self._hang_up(offer), name=f"stop ringing {offer.id}")
        elif offer.number and not offer.ringing:
            self._tasks.create_task(self._call_agent(offer), name=f"ring {offer.id}")

    async def _call_agent(self, offer: Offer) -> None:
        """Let the agent's phone ring, for as long as the offer is open; for one who accepted in the console
        it means their call.
        """
        if offer.ringing or offer.tries >= _TRIES:
            return
        offer.ringing = True
        offer.tries += 1
        try:
            offer.call = offer.call or await call_of(self._host.conversations, offer.contact) or ""
            inbox = self._host.inboxes.by_id(offer.inbox)
            if not offer.call or inbox is None or (offer.outcome and offer.outcome != ACCEPTED):
                self._host.log.info("phone.not_rung", offer=offer.id, contact=offer.contact, outcome=offer.outcome)
                offer.ringing = False
                return
            offer.leg = await self._rest.create_call(
                [
                    ("To", offer.number),
                    ("From", inbox.address),
                    ("Url", self._page(offer)),
                    ("Timeout", str(self._settings.phone_ring_seconds)),
                    ("StatusCallback", self._page(offer, step="over")),
                    ("StatusCallbackEvent", "completed"),
                ]
            )
            self._host.meter.count("rings", outcome="rung")
        except Exception as error:
            offer.ringing = False
            self._host.meter.count("rings", outcome="failed")
            self._host.log.error("phone.ring_failed", offer=offer.id, exc_info=error)
            return
        if offer.outcome and offer.outcome != ACCEPTED:
            await self._hang_up(offer)  # it was over before the phone began to ring

    async def _hang_up(self, offer: Offer) -> None:
        try:
            await self._rest.end_call(offer.leg)
        except (Rejected, Unavailable, NoAnswer) as error:
            # It stops by itself when its time is up, and whoever answers is told.
            self._host.log.warning("phone.stop_failed", offer=offer.id, why=type(error).__name__)

    async def _accept(self, offer: Offer) -> str:
        match await self._confirmed(offer):
            case True:
                return self._connect(offer)
            case False:
                return twiml.goodbye(self._style, "This call has been taken care of.")
        self._host.meter.count("pick_ups_unconfirmed")
        self._host.log.warning("phone.pick_up_unconfirmed", offer=offer.id, contact=offer.contact)
        return twiml.ask_again(self._page(offer), 2)

    async def _confirmed(self, offer: Offer) -> bool | None:
        """Whether the desk gives the caller to this agent; `None` when it does not say so in time. A signal
        may be lost, so it is said again, and what the desk shows counts as much.
        """
        try:
            async with asyncio.timeout(self._settings.phone_confirm_seconds):
                while True:
                    if offer.outcome:
                        return offer.outcome == ACCEPTED
                    if self._is_theirs(offer):
                        return True
                    pick_up = PickUp(contact=offer.contact, offer=offer.id, agent=offer.agent)
                    await self._host.signals.send(offer.inbox, pick_up)
                    try:
                        async with asyncio.timeout(_REPEAT_SECONDS):
                            await offer.settled.wait()
                    except TimeoutError:
                        continue
        except TimeoutError:
            return None

    def _is_theirs(self, offer: Offer) -> bool:
        inbox = self._host.inboxes.by_id(offer.inbox)
        view = self._calls.view(DeskId(inbox.desk)) if inbox is not None else None
        standing = view.contacts.get(offer.contact) if view is not None else None
        return standing is not None and standing.state == "assigned" and standing.agent == offer.agent

    def _connect(self, offer: Offer) -> str:
        call = self._calls.known(offer.call)
        if call is not None:
            call.connecting = True
            if call.left.is_set() and not call.bridged:
                return twiml.goodbye(self._style, "The caller has hung up.")
        return twiml.connect(self._style, offer.call, self._page(offer, step="done"))

    def _done(self, offer: Offer, form: Form) -> str:
        """The caller was there, or had just hung up."""
        call = self._calls.known(offer.call)
        if form.get("DialCallStatus") in {"completed", "answered"}:
            if call is not None:
                call.bridged = True
            return twiml.goodbye(self._style)
        return twiml.goodbye(self._style, "The caller has hung up.")

    def _leg_over(self, offer: Offer, form: Form) -> None:
        """The agent's phone rings no more. One who accepted and did not pick up is called again."""
        if form.get("CallStatus") not in _OVER or not offer.ringing:
            return
        offer.ringing = False
        call = self._calls.known(offer.call)
        is_waiting = call is not None and not call.connecting and not call.left.is_set()
        if offer.outcome == ACCEPTED and offer.number and is_waiting:
            self._tasks.create_task(self._call_agent(offer), name=f"ring {offer.id}")

    def _offer(self, query: Form) -> Offer:
        """What the page of an agent's call is about; its URL is our own, and signed by Twilio."""
        call = query.get("call", "")
        if not is_sid(call) or not query.get("offer"):
            raise Rejected("this page is about no offer")
        offer = self._offers.get(query["offer"])
        if offer is None:
            offer = Offer(
                query["offer"], ContactId(query.get("contact", "")), InboxId(query.get("inbox", "")), AgentId("")
            )
            self._remember(offer)
        offer.call = offer.call or call
        offer.agent = offer.agent or AgentId(query.get("agent", ""))
        return offer

    def _page(self, offer: Offer, **more: str) -> str:
        about = {
            "offer": offer.id,
            "contact": offer.contact,
            "inbox": offer.inbox,
            "agent": offer.agent,
            "call": offer.call,
        }
        return self._link(f"voice/agent?{urlencode({**about, **more})}")

    def _remember(self, offer: Offer) -> None:
        self._offers[offer.id] = offer
        if len(self._offers) > _MOST:
            self._offers.popitem(last=False)
