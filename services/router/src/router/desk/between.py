"""The desk's ear for other desks: they ask whether it takes a contact, answer what it asked, and give it contacts.

One word after another, each acknowledged once what follows from it counts. A word that comes again changes
nothing: what was decided upon it is in the state.
"""

from nats.aio.msg import Msg

from frontline.contract import cloudevent, subject
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.core.command import DeskCommand, SettleTransfer, TakeContact
from router.core.decide_between import considered
from router.desk.between_words import Answered, Asked, Given, Said, decode_said, encode_said
from router.desk.figures import RouterFigures
from router.desk.intake import Park
from router.desk.listening import Listening
from router.desk.loop import DeskLoop, Work

_AT_ONCE = 16


class Between:
    """Of one desk; its leader runs it."""

    def __init__(
        self, bus: Bus, desk: DeskId, *, loop: DeskLoop, park: Park, figures: RouterFigures, clock: Clock, log: Log
    ) -> None:
        self._bus = bus
        self._desk = desk
        self._loop = loop
        self._clock = clock
        self._words = Listening(
            bus,
            desk,
            "between",
            durable=subject.desk_consumer(desk),
            on=subject.transfer(desk),
            at_once=_AT_ONCE,
            sure=loop.sure,
            park=park,
            figures=figures,
            log=log,
        )

    async def run(self) -> None:
        """Listen until cancelled. Raises `Deposed`."""
        await self._words.run(self._take)

    async def _take(self, msg: Msg) -> None:
        await self._hear(decode_said(msg.data))

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
