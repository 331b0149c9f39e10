"""Calling back whoever hung up to keep their place: the agent is on the line, the customer is called.

Webhooks of one call may reach different processes. What has happened so far stands in the transcript;
only the further try is due in the process that was told of the failure, and is given up when it stops, or
by another one (`stray`) when it was killed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import msgspec

from frontline.contract.channel import Host
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import DeskId
from intake_phone import twiml
from intake_phone.calls import Call, Calls
from intake_phone.inhand import InHand
from intake_phone.normalize import Form
from intake_phone.offer import Offer, Offers
from intake_phone.settings import PhoneSettings
from intake_phone.waiting import Waits, waits_of

LOOK_SECONDS = 2.0
_TALKED = {"completed", "answered"}


class Page(Protocol):
    """The URL of a page of an agent's own call."""

    def __call__(self, offer: Offer, **more: str) -> str: ...


class CallBacks:
    """`ring` calls the agent of an offer; `connect` is what they hear whose caller is on the line."""

    def __init__(
        self,
        settings: PhoneSettings,
        host: Host,
        calls: Calls,
        offers: Offers,
        in_hand: InHand,
        tasks: asyncio.TaskGroup,
        style: twiml.Style,
        page: Page,
        ring: Callable[[Offer], Awaitable[None]],
        connect: Callable[[Offer], str],
    ) -> None:
        self._settings = settings
        self._host = host
        self._calls = calls
        self._offers = offers
        self._in_hand = in_hand
        self._tasks = tasks
        self._style = style
        self._page = page
        self._ring = ring
        self._connect = connect

    async def look(self, offer: Offer, patience: float = LOOK_SECONDS, *, until_somebody: bool = False) -> Waits:
        """How the caller waits; as it was known when it can't be read now."""
        found = await waits_of(
            self._host.conversations, offer.contact, patience=patience, until_somebody=until_somebody
        )
        call = self._calls.known(offer.call)
        if call is not None and call.call_back and (found is None or found.line == offer.call):
            found = Waits(asked=offer.call, number=call.party.caller.address)  # the transcript is not as far yet
        if found is not None:
            known = offer.waits.tries if offer.waits.asked == found.asked else ()
            more = tuple(leg for leg in known if leg not in found.tries)  # this process may be further, too
            offer.waits = msgspec.structs.replace(found, tries=found.tries + more)
        return offer.waits

    def call_customer(self, offer: Offer) -> str:
        inbox = self._host.inboxes.by_id(offer.inbox)
        if inbox is None or not offer.waits.number:
            return twiml.goodbye(self._style, "The customer can't be called.")
        offer.call = offer.waits.asked
        self._host.meter.count("call_backs", step="tried")
        return twiml.call_customer(
            self._style,
            offer.waits.number,
            inbox.address,
            self._settings.phone_customer_ring_seconds,
            self._page(offer, step="done", to="customer"),
            self._page(offer, step="answered", to="customer"),
        )

    async def done(self, offer: Offer, form: Form) -> str:
        """The two have talked, or the customer was not reached."""
        status = form.get("DialCallStatus", "")
        if status in _TALKED:
            await self._over(offer)
            return twiml.goodbye(self._style)
        return await self._not_reached(offer, form.get("CallSid", ""), status)

    async def leg_over(self, offer: Offer, form: Form) -> bool:
        """The agent's own call is over. Whether it was about a call back that is settled now."""
        waits = await self.look(offer)
        if waits.talking:  # they hung up on the customer
            offer.call = waits.talking
            await self._over(offer)
        elif waits.asked and not waits.line and offer.number and not offer.later:
            picked_up = form.get("CallStatus") == "completed"
            await self._not_reached(offer, form.get("CallSid", ""), "canceled" if picked_up else "agent")
        else:
            return bool(waits.asked) and offer.later
        return True

    async def stop(self) -> None:
        """Hand over what this process would have done later: it goes on in writing."""
        for offer in [offer for offer in self._offers if offer.later]:
            offer.later = False

            async def keep(offer: Offer = offer) -> None:
                await self._calls.give_up(await self.call_of(offer), len(offer.waits.tries))

            with suppress(Rejected, Unavailable):
                await self._in_hand.do(f"give up {offer.call}", keep, patience=0)

    async def call_of(self, offer: Offer) -> Call:
        """The customer's call. `Unavailable`, `Rejected` when nobody can tell whose it was."""
        inbox = self._host.inboxes.by_id(offer.inbox)
        if inbox is None:
            raise Rejected("there is no such inbox")
        return await self._calls.found({"CallSid": offer.call}, inbox)

    async def _not_reached(self, offer: Offer, leg: str, why: str) -> str:
        """Engaged, perhaps because they are calling us; or nobody is there."""
        waits = await self.look(offer)
        if waits.line:
            offer.call = waits.line
            return self._connect(offer)
        if leg in waits.tries or not waits.asked:
            return twiml.goodbye(self._style)  # told twice
        self._host.meter.count("call_backs", step="not_reached")
        offer.call, tries = waits.asked, len(waits.tries) + 1
        last = tries >= self._settings.phone_call_back_tries
        if not last:
            offer.later = True
            offer.waits = Waits(asked=waits.asked, number=waits.number, tries=(*waits.tries, leg))

        async def keep() -> None:
            call = await self.call_of(offer)
            await (self._calls.give_up(call, tries) if last else self._calls.not_reached(call, leg, why))

        await self._in_hand.do(f"not reached {offer.call} {leg}", keep)
        if last:
            return twiml.goodbye(self._style, "The customer can't be reached. Please answer them in writing.")
        self._tasks.create_task(self._try_later(offer), name=f"call back {offer.id} {tries}")
        return twiml.goodbye(self._style, "The customer can't be reached. We will try again, and call you then.")

    async def _try_later(self, offer: Offer) -> None:
        """Ring the agent again, if it is still theirs: who rings us meanwhile is offered anew."""
        await asyncio.sleep(self._settings.phone_call_back_pause)
        if not offer.later:
            return
        offer.later, offer.tries = False, 0
        waits = await self.look(offer)
        if waits.asked and not waits.line and self._may_be_theirs(offer):
            await self._ring(offer)
        else:
            self._host.meter.count("call_backs", step="dropped")

    def _may_be_theirs(self, offer: Offer) -> bool:
        inbox = self._host.inboxes.by_id(offer.inbox)
        view = self._host.desks.view(DeskId(inbox.desk)) if inbox is not None else None
        standing = view.contacts.get(offer.contact) if view is not None else None
        return standing is None or (standing.state == "assigned" and standing.agent == offer.agent)

    async def _over(self, offer: Offer) -> None:
        async def keep() -> None:
            call = await self.call_of(offer)
            await self._calls.answer(call, offer.agent, back=True)
            await self._calls.end_call_back(call)

        await self._in_hand.do(f"called back {offer.call}", keep)
