"""Erases the words of replies and notes from `DRAFTS`, where they wait for the desk's decision: once they were carried
out, and after a week if nobody has sent them. The stream must not do it by age: that leaves the bytes on the disk.
"""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from datetime import timedelta

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.draft import decode_draft
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.erasing import erase
from frontline.runtime.reader import Stored, read
from frontline.runtime.topology import DRAFTS
from router.desk.erasing_objects import erase_objects
from router.desk.words import Words

KEPT = timedelta(days=7)
_SWEEP_SECONDS = 3600.0
_AGAIN_SECONDS = 5.0


class Drafts:
    """Of one desk; its leader runs it."""

    def __init__(self, bus: Bus, desk: DeskId, words: Words, clock: Clock, log: Log) -> None:
        self._bus = bus
        self._desk = desk
        self._words = words
        self._clock = clock
        self._log = log
        self._done: set[int] = set()
        self._changed = asyncio.Event()

    def carried_out(self, seqs: Iterable[int]) -> None:
        """The words at these places stand in the transcript, for good."""
        self._done.update(seqs)
        if self._done:
            self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        sweep_at = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                if loop.time() >= sweep_at:
                    await self._sweep()
                    sweep_at = loop.time() + _SWEEP_SECONDS
                self._changed.clear()
                done = tuple(self._done)
                await erase(self._bus, DRAFTS, done)
                self._done.difference_update(done)
                if not self._done:
                    async with asyncio.timeout(max(sweep_at - loop.time(), 0)):
                        await self._changed.wait()
            except TimeoutError:
                continue
            except Unavailable as error:
                self._log.warning("drafts.not_erased", desk=self._desk, error=error.detail)
                await asyncio.sleep(_AGAIN_SECONDS)
                await self._bus.wait_connected()

    async def _sweep(self) -> None:
        oldest = self._clock() - KEPT
        async with aclosing(read(self._bus, DRAFTS, subject.draft(self._desk))) as drafts:
            old = [stored async for stored in drafts if stored.at < oldest]
        for stored in old:
            await self._drop(stored)

    async def _drop(self, stored: Stored) -> None:
        """With its files, if it was never said: nothing else knows of them."""
        try:
            item = decode_draft(stored.data).item
        except Rejected:
            item = None
        if item is not None and not await self._words.stands(item.contact, item.id):
            await erase_objects(self._bus, [item])
        await erase(self._bus, DRAFTS, [stored.seq])
