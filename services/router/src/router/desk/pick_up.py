"""Agents who say yes where they were rung: the channel tells it as a signal, and the desk decides as if
they had accepted the offer themselves.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import nats.errors
from nats.aio.msg import Msg

from frontline.configuration.model import Desk
from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.error import Rejected
from frontline.contract.ids import OfferId
from frontline.contract.signal import PickUp, StopRinging, decode_signal
from frontline.runtime.bus import Bus
from router.core.command import AcceptOffer
from router.core.refusal import Refused
from router.core.state import ACCEPTED
from router.desk.loop import DeskLoop, Work
from router.desk.ringing import Ringing

_WAITING = 256


class PickUps:
    """Of one desk; the leader runs it. A signal may be lost, so the channel asks until it is told."""

    def __init__(self, bus: Bus, desk: Desk, loop: DeskLoop, ringing: Ringing, log: Log) -> None:
        self._bus = bus
        self._own = {subject.signal(inbox.channel, inbox.id) for inbox in desk.inboxes}
        self._subjects = set(self._own)
        self._loop = loop
        self._ringing = ringing
        self._log = log

    def listen_to(self, others: Iterable[Desk]) -> None:
        """Before `run`: contacts of these desks' inboxes may come here."""
        self._subjects |= {subject.signal(inbox.channel, inbox.id) for desk in others for inbox in desk.inboxes}

    async def run(self) -> None:
        """Until cancelled. Raises `Deposed`, and `Unavailable` if it can't listen."""
        waiting: asyncio.Queue[Msg] = asyncio.Queue(_WAITING)

        async def take(msg: Msg) -> None:
            if not waiting.full():
                waiting.put_nowait(msg)

        await self._bus.wait_connected()
        subscriptions = [await self._bus.subscribe(name, take) for name in sorted(self._subjects)]
        try:
            while True:
                await self._hear(await waiting.get())
        finally:
            if self._bus.connected:
                for subscription in subscriptions:
                    with suppress(nats.errors.Error):
                        await subscription.unsubscribe()

    async def _hear(self, msg: Msg) -> None:
        try:
            signal = decode_signal(msg.data)
        except Rejected as error:
            self._log.warning("pick_up.unreadable", error=error.detail)
            return
        if not isinstance(signal, PickUp) or not self._mine(signal, msg.subject):
            return
        command = AcceptOffer(offer=OfferId(signal.offer), agent=signal.agent)
        try:
            decided = await (await self._loop.submit(Work(command, cause="pick up")))
        except Refused as refused:
            await self._say(signal, refused.conflict)
            return
        if not decided.events:  # a repeat: the first time was told when it was decided
            await self._say(signal, ACCEPTED)

    def _mine(self, signal: PickUp, heard_on: str) -> bool:
        """Every desk hears of all offers, as a contact may be at another one than its inbox. Of one that nobody has
        the desk of the inbox says so.
        """
        if signal.contact in self._loop.state.contacts:
            return True
        gone = self._loop.state.elsewhere.get(signal.contact)
        return heard_on in self._own and (gone is None or gone.desk is None)

    async def _say(self, asked: PickUp, outcome: str) -> None:
        stop = StopRinging(contact=asked.contact, offer=asked.offer, outcome=outcome)
        await self._ringing.send(asked.contact, stop)
