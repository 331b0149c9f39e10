"""Call backs whose next try was due in a process that was killed: nobody would ever make it.

Whoever starts next waits until any process that is alive must have made the tries that it has planned. What was tried
before that, and nothing after it, goes on in writing, as from a process that stops.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta

from frontline.contract.channel import Host
from frontline.contract.clock import Clock
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import ContactId
from intake_phone.calls import Calls
from intake_phone.inhand import InHand
from intake_phone.settings import PhoneSettings
from intake_phone.waiting import Waits, waits_of

_READ_SECONDS = 10.0
_PAUSE_SECONDS = 5.0
_LATE_SECONDS = 10.0
"""So much later than due a try may be written down, on a busy day."""


class Strays:
    def __init__(self, settings: PhoneSettings, host: Host, calls: Calls, in_hand: InHand, clock: Clock) -> None:
        rings = settings.phone_ring_seconds + settings.phone_customer_ring_seconds
        self._seconds = settings.phone_call_back_pause + rings + min(_LATE_SECONDS, settings.phone_call_back_pause)
        self._host = host
        self._calls = calls
        self._in_hand = in_hand
        self._clock = clock

    async def run(self) -> None:
        """Once, after that time."""
        try:
            await self._give_up()
        except Exception as error:
            self._host.meter.count("failures", where="strays")
            self._host.log.error("phone.strays_failed", exc_info=error)

    async def _give_up(self) -> None:
        await asyncio.sleep(self._seconds)
        for view in self._host.desks.views():
            for contact, standing in view.contacts.items():
                if standing.here and standing.state == "assigned":
                    await self._look(contact)

    async def _look(self, contact: ContactId) -> None:
        waits = await self._waits(contact)
        if not (waits.asked and waits.tried and waits.inbox) or waits.line or waits.talking:
            return
        if self._clock() - waits.tried < timedelta(seconds=self._seconds):
            return  # by a process that is alive, or was later than this one
        inbox = self._host.inboxes.by_id(waits.inbox)
        if inbox is None:
            return

        async def keep() -> None:
            call = await self._calls.found({"CallSid": waits.asked}, inbox)
            await self._calls.give_up(call, len(waits.tries))

        with suppress(Rejected, Unavailable):  # what is not stored yet is kept at
            await self._in_hand.do(f"give up {waits.asked}", keep, patience=0)
        self._host.meter.count("call_backs", step="stray")
        self._host.log.info("phone.call_back_given_up", contact=contact, call=waits.asked)

    async def _waits(self, contact: ContactId) -> Waits:
        while True:
            found = await waits_of(self._host.conversations, contact, patience=_READ_SECONDS)
            if found is not None:
                return found
            await asyncio.sleep(_PAUSE_SECONDS)
