"""The desk's ear for other desks: they ask whether it takes a contact, answer what it asked, and give it contacts.

One word after another, each acknowledged once what follows from it counts. A word that comes again changes
nothing: what was decided upon it is in the state.
"""

import asyncio
from contextlib import aclosing

import nats.errors
from nats.aio.msg import Msg

from frontline.contract import cloudevent, subject
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.pull import ensure_consumer, pull
from frontline.runtime.topology import TRANSFERS
from router.core.command import DeskCommand, SettleTransfer, TakeContact
from router.core.decide_between import considered
from router.core.refusal import Refused
from router.desk.between_words import Answered, Asked, Given, Said, decode_said, encode_said
from router.desk.holding import ACK_WAIT_SECONDS
from router.desk.intake import MAX_DELIVERIES, Park
from router.desk.log import Deposed
from router.desk.loop import DeskLoop, Work

_AT_ONCE = 16
_RETRY_SECONDS = 0.5


class Between:
    """Of one desk; its leader runs it."""

    def __init__(self, bus: Bus, desk: DeskId, *, loop: DeskLoop, park: Park, clock: Clock, log: Log) -> None:
        self._bus = bus
        self._desk = desk
        self._loop = loop
        self._park = park
        self._clock = clock
        self._log = log

    async def run(self) -> None:
        """Listen until cancelled. Raises `Deposed`."""
        durable = subject.desk_consumer(self._desk)
        while True:
            try:
                await self._bus.wait_connected()
                await ensure_consumer(
                    self._bus,
                    TRANSFERS,
                    durable,
                    filters=[subject.transfer(self._desk)],
                    ack_wait=ACK_WAIT_SECONDS,
                    max_ack_pending=_AT_ONCE,
                )
                async with aclosing(pull(self._bus, TRANSFERS, durable, lambda: _AT_ONCE)) as batches:
                    async for messages in batches:
                        for msg in messages:
                            await self._take(msg)
            except Unavailable as error:
                self._log.warning("between.interrupted", desk=self._desk, error=error.detail)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _take(self, msg: Msg) -> None:
        try:
            if msg.metadata.num_delivered >= MAX_DELIVERIES:
                await self._put_aside(msg, "poison", f"delivered {msg.metadata.num_delivered} times without success")
                return
            await self._hear(decode_said(msg.data))
        except (Deposed, Unavailable):
            raise
        except Refused as refused:
            await self._put_aside(msg, "refused", f"{refused.conflict}: {refused.detail}")
        except Rejected as error:
            await self._put_aside(msg, "malformed", error.detail)
        except Exception as error:  # noqa: BLE001 - a bug must cost neither a contact nor those behind it
            self._log.error("between.failed", desk=self._desk, error=type(error).__name__)
            await _quietly(msg.nak(delay=2.0 ** min(msg.metadata.num_delivered, 5)))
        else:
            await _quietly(msg.ack())

    async def _hear(self, said: Said) -> None:
        match said:
            case Asked():
                await self._answer(said)
            case Answered():
                command = SettleTransfer(contact=said.contact, desk=said.desk, taken=said.taken, reason=said.reason)
                await self._decide(command, f"answer of {said.desk}")
            case Given():
                parcel = said.parcel
                await self._decide(TakeContact(parcel=parcel), f"given by {parcel.home}")

    async def _decide(self, command: DeskCommand, cause: str) -> None:
        await (await self._loop.submit(Work(command, cause=cause)))

    async def _answer(self, asked: Asked) -> None:
        """Nothing is decided by it: if it is lost, or somebody else leads by then, the desk that asks has to ask anew."""
        reason = considered(self._loop.state, asked.contact, asked.moves, asked.trail)
        answer = Answered(contact=asked.contact, desk=self._desk, taken=not reason, reason=reason)
        # No id: whoever asks again after a while is answered again, and an answer that comes twice changes nothing.
        head = cloudevent.headers(
            id=asked.contact, kind="transfer_answered", source=f"/desks/{self._desk}", at=self._clock()
        )
        del head[cloudevent.MESSAGE_ID]
        await self._bus.publish(subject.transfer(asked.home), encode_said(answer), head)

    async def _put_aside(self, msg: Msg, reason: str, error: str) -> None:
        await self._park(reason, msg, error)
        await _quietly(msg.term())


async def _quietly(doing: object) -> None:
    """Await what may fail because the connection went away; the redelivery makes it good."""
    try:
        await doing  # type: ignore[misc]
    except (nats.errors.Error, ConnectionError):
        return
