"""The agent's side of a call: their phone rings for an offer, they take it, they are connected.

An agent may accept in the console or by a key on the phone. Either way the desk decides: the phone's
key is only told to it (`PickUp`), and the caller is connected when the desk says that the offer is
accepted, or shows the contact as theirs. A customer who is to be called back is called then, and
again a while later when their line is engaged.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from frontline.contract.channel import Host
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import AgentId, DeskId, InboxId
from frontline.contract.signal import PickUp, Ring, StopRinging
from intake_phone import twiml
from intake_phone.callback import CallBacks
from intake_phone.calls import Calls
from intake_phone.inhand import InHand
from intake_phone.normalize import Form
from intake_phone.offer import ACCEPTED, Offer, Offers
from intake_phone.rest import NoAnswer, Rest
from intake_phone.settings import PhoneSettings

_TRIES = 3
_REPEAT_SECONDS = 1.0
_FIND_SECONDS = 10.0
_SOON = 1.0
"""So long two people who are about to talk wait for us to write it down."""
_OVER = {"completed", "busy", "no-answer", "failed", "canceled"}


class Ringing:
    """Each offer rings one phone."""

    def __init__(
        self,
        settings: PhoneSettings,
        host: Host,
        calls: Calls,
        rest: Rest,
        in_hand: InHand,
        link: Callable[[str], str],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._settings = settings
        self._host = host
        self._calls = calls
        self._rest = rest
        self._in_hand = in_hand
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
        self._offers = Offers()
        self.back = CallBacks(
            settings,
            host,
            calls,
            self._offers,
            in_hand,
            tasks,
            self._style,
            self._page,
            self._call_agent,
            self._to_caller,
        )

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
        offer = self._offers.of(query)
        match query.get("step", ""):
            case "over":
                await self._leg_over(offer, form)
                return None
            case "done":
                return await self._done(offer, form, query)
            case "answered":
                return await self._answered(offer, back=query.get("to") == "customer")
            case "accept" if form.get("Digits") == "1":
                return await self._accept(offer)
        if offer.outcome == ACCEPTED:
            return await self._connect(offer)
        if offer.outcome or form.get("CallStatus") == "completed":
            return twiml.goodbye(self._style, "This call has been taken care of.")
        asked = int(query.get("asked", "0")) if query.get("asked", "0").isdigit() else 0
        if asked >= _TRIES:
            return twiml.goodbye(self._style)
        return twiml.ask_agent(
            self._style,
            self._page(offer, step="accept"),
            self._page(offer, asked=str(asked + 1)),
            call_back=not offer.waits.line and bool(offer.waits.asked),
        )

    def _ring(self, inbox: InboxId, signal: Ring) -> None:
        if not signal.number:
            return  # the agent has no phone
        offer = self._offers.get(signal.offer)
        if offer is None:
            offer = Offer(signal.offer, signal.contact, inbox, signal.agent, signal.number)
            self._offers.remember(offer)
        if offer.ringing or offer.outcome:
            return  # told twice; a renewed offer may ring again
        offer.number = signal.number
        if not self._settings.phone_ring:
            return  # another replica rings
        self._tasks.create_task(self._call_agent(offer), name=f"ring {offer.id}")

    def _stop(self, inbox: InboxId, signal: StopRinging) -> None:
        offer = self._offers.get(signal.offer)
        if offer is None:
            offer = Offer(signal.offer, signal.contact, inbox, AgentId(""))
            self._offers.remember(offer)
        if offer.outcome:
            return
        offer.outcome = signal.outcome
        offer.settled.set()
        if signal.outcome != ACCEPTED:
            if offer.leg:
                self._tasks.create_task(self._hang_up(offer), name=f"stop ringing {offer.id}")
        elif offer.number and not offer.ringing and self._settings.phone_ring:
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
            await self.back.look(offer, _FIND_SECONDS, until_somebody=not offer.call)
            offer.call = offer.waits.line or offer.waits.asked or offer.call
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
                return await self._connect(offer)
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

    async def _connect(self, offer: Offer) -> str:
        """Whoever is on the line comes first; else whoever asked to be called back. They may have rung again
        since the agent's phone began to ring, or the copy of the transcript was behind then.
        """
        waits = await self.back.look(offer)
        if waits.asked and not waits.line:
            return self.back.call_customer(offer)
        offer.call = waits.line or offer.call
        return self._to_caller(offer)

    def _to_caller(self, offer: Offer) -> str:
        call = self._calls.known(offer.call)
        if call is not None:
            call.connecting = True
            if call.left.is_set() and not call.bridged:
                return twiml.goodbye(self._style, "The caller has hung up.")
        answered = self._page(offer, step="answered")
        return twiml.connect(self._style, offer.call, self._page(offer, step="done"), answered)

    async def _answered(self, offer: Offer, *, back: bool) -> str:
        """The two are connected when this is answered: whatever is wrong with us must not keep them apart."""

        async def keep() -> None:
            await self._calls.answer(await self.back.call_of(offer), offer.agent, back=back)

        try:
            await self._in_hand.do(f"answered {offer.call}", keep, patience=_SOON)
        except (Rejected, Unavailable):
            self._host.log.warning("phone.answer_not_stored_yet", call=offer.call)
        return twiml.SILENT_CALL

    async def _done(self, offer: Offer, form: Form, query: Form) -> str:
        """They have talked; or the caller had just hung up."""
        if query.get("to") == "customer":
            return await self.back.done(offer, form)
        call = self._calls.known(offer.call)
        if form.get("DialCallStatus") in {"completed", "answered"}:
            if call is not None:
                call.bridged = True
            return twiml.goodbye(self._style)
        waits = await self.back.look(offer)
        if waits.asked and not waits.line:  # they asked to be called back while the agent took the call
            return self.back.call_customer(offer)
        if waits.line not in {"", offer.call}:  # they hung up and ring again
            offer.call = waits.line
            return self._to_caller(offer)
        return twiml.goodbye(self._style, "The caller has hung up.")

    async def _leg_over(self, offer: Offer, form: Form) -> None:
        """The agent's phone rings no more. One who accepted and did not pick up is called again."""
        if form.get("CallStatus") not in _OVER:
            return
        was_ringing, offer.ringing = offer.ringing, False
        if offer.outcome != ACCEPTED and not self._is_theirs(offer):
            return
        if await self.back.leg_over(offer, form) or not was_ringing:
            return
        offer.call = offer.waits.line or offer.call  # who was to be called back may have rung again
        call = self._calls.known(offer.call)
        is_waiting = call is not None and not call.connecting and not call.left.is_set()
        if offer.number and is_waiting:
            self._tasks.create_task(self._call_agent(offer), name=f"ring {offer.id}")

    def _page(self, offer: Offer, **more: str) -> str:
        return self._link(f"voice/agent?{offer.query(**more)}")
