"""Writes to customers of whom nothing was heard, once the desk has decided that it is time.

Whether somebody wants none is asked here, at the last moment: it is known to the store and not to the log. A repeat
after a crash writes the same message under the same id, which every place on its way drops.
"""

import asyncio

from frontline.configuration.model import Desk
from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.transcript import TranscriptItem, decode_item
from frontline.runtime.bus import Bus, PubAck
from frontline.runtime.reader import read_whole
from frontline.runtime.signing import Signer
from frontline.runtime.topology import TRANSCRIPT
from router.core.event_check_in import CheckInDue
from router.desk.bindings import Bindings
from router.desk.check_in_letter import letter
from router.desk.figures import RouterFigures
from router.desk.holding import ACK_WAIT_SECONDS
from router.desk.opt_out import OptOuts
from router.desk.outgoing import outgoing
from router.desk.own_lines import of_letter
from router.desk.words import Words

Acks = list[asyncio.Future[PubAck]]

_LOOK_AGAIN_SECONDS = 0.5
_LOOKS = round(3 * ACK_WAIT_SECONDS / _LOOK_AGAIN_SECONDS)
"""So often words are looked for again, in all: what the leader before us had decided and not written down comes to us
once its time to acknowledge is over, and is written down then.
"""


class CheckInWriter:
    """Of one desk. Words and inboxes are those of the leader's configuration."""

    def __init__(
        self,
        bus: Bus,
        signer: Signer,
        desk: Desk,
        words: Words,
        bindings: Bindings,
        clock: Clock,
        figures: RouterFigures,
        log: Log,
    ) -> None:
        self._bus = bus
        self._signer = signer
        self._desk = desk
        self._words = words
        self._clock = clock
        self._figures = figures
        self._log = log
        self._opt_outs = OptOuts(bus)
        self._bindings = bindings
        self._texts = {rule.id: rule.text for rule in desk.check_ins}
        self._looks = _LOOKS

    async def write(self, event: CheckInDue, *, again: bool) -> Acks:
        """Store what is to be sent and shown. Raises `Unavailable`: nothing is written by halves that a repeat does
        not make whole.
        """
        texts = self._texts.get(event.rule)
        if texts is None:
            return self._withheld(event, "unknown_rule")
        said = await self._said(event)
        if await self._opt_outs.holds(event.customer):
            return self._withheld(event, "opted_out")
        message = letter(event, texts, self._desk, said, self._clock())
        if message is None:
            return self._withheld(event, "nobody_to_write_to")
        key = self._signer.key_hash("reply", message.id)
        await self._bindings.lead(key, event.contact)  # the answer finds its contact by it
        acks = await self._words.heard(of_letter(message), again=again)
        acks.append(await self._bus.begin(*outgoing(self._desk.id, message)))
        self._figures.checked_in(self._desk.id, "written")
        return acks

    def _withheld(self, event: CheckInDue, why: str) -> Acks:
        self._log.info("check_in.withheld", desk=self._desk.id, contact=event.contact, rule=event.rule, why=why)
        self._figures.checked_in(self._desk.id, why)
        return []

    async def _said(self, event: CheckInDue) -> list[TranscriptItem]:
        """To whom it goes follows from it, and whether to anybody: a replica that is behind is not believed. A contact
        begins with somebody's words, so where there are none they may be still to come.
        """
        where, first = subject.transcript_public(event.contact), True
        while not (items := await read_whole(self._bus, TRANSCRIPT, where)) and self._looks:
            if first:
                self._log.info("check_in.words_awaited", desk=self._desk.id, contact=event.contact, rule=event.rule)
            first = False
            self._looks -= 1
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        return [decode_item(stored.data) for stored in items]
