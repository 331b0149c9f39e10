"""Tells the channel of a contact that its offer has opened or ended, so that it reaches the agent where
it can: an offer that nobody hears is missed.
"""

from collections.abc import Mapping

import nats.errors

from frontline.configuration.model import Desk
from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.codec import encode
from frontline.contract.ids import AgentId, ContactId
from frontline.contract.signal import Ring, Signal, StopRinging
from frontline.runtime.bus import Bus
from router.core.event import (
    ContactOffered,
    DeskDecision,
    OfferAccepted,
    OfferRejected,
    OfferRenewed,
    OfferTimedOut,
    OfferWithdrawn,
)
from router.core.state import ACCEPTED, REJECTED, TIMED_OUT, WITHDRAWN, DeskState

_ENDS: Mapping[type, str] = {
    OfferAccepted: ACCEPTED,
    OfferRejected: REJECTED,
    OfferTimedOut: TIMED_OUT,
    OfferWithdrawn: WITHDRAWN,
}


class Ringing:
    """Of one desk; `state` is its leader's, to look at."""

    def __init__(self, bus: Bus, desk: Desk, state: DeskState, log: Log) -> None:
        self._bus = bus
        self._state = state
        self._log = log
        self._numbers: dict[AgentId, str] = {agent.id: agent.phone for agent in desk.agents}

    async def tell(self, event: DeskDecision) -> None:
        """An offer that has ended since rings nowhere: decisions are told late after a crash."""
        match event:
            case ContactOffered() | OfferRenewed():
                if event.offer in self._state.offers:
                    number = self._numbers.get(event.agent, "")
                    ring = Ring(contact=event.contact, offer=event.offer, agent=event.agent, number=number)
                    await self.send(event.contact, ring)
            case OfferAccepted() | OfferRejected() | OfferTimedOut() | OfferWithdrawn():
                outcome = _ENDS[type(event)]
                await self.send(event.contact, StopRinging(contact=event.contact, offer=event.offer, outcome=outcome))
            case _:
                pass

    async def send(self, id_: ContactId, signal: Signal) -> None:
        """To the contact's inbox. Lost without harm while the bus is away: the offer stands, and the page shows it."""
        contact = self._state.contacts.get(id_)
        if contact is None or not self._bus.connected:
            return
        try:
            await self._bus.nc.publish(subject.signal(contact.channel, contact.inbox), encode(signal))
        except (nats.errors.Error, OSError) as error:
            self._log.warning("ringing.lost", contact=id_, error=type(error).__name__)
