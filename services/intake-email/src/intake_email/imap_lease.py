"""Which replica reads a mailbox: one that gives a sign of life in time, by a mark that each write changes.

As ADR 4 has it for desks: a holder is gone when its mark has stood still for the whole term by the
watcher's own clock. Two who read at once would do no harm but twice the work, for a mail is the
same message however often it is taken in.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from frontline.contract.channel import Checkpoints, Mark
from frontline.contract.error import Unavailable

_LOOKS = 4


class Lease:
    """Of one mailbox, for one process. `seconds` is the term."""

    def __init__(self, checkpoints: Checkpoints, mailbox: str, seconds: float) -> None:
        self._checkpoints = checkpoints
        self._key = f"imap.{mailbox}.reader"
        self._seconds = seconds
        self._sign = secrets.token_hex(8).encode()
        self._revision = 0

    async def hold(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Wait for the lease, then do `work` while it is held. Returns when it was lost, or work has ended."""
        await self._acquire()
        try:
            async with asyncio.TaskGroup() as tasks:
                both = [tasks.create_task(work()), tasks.create_task(self._renew())]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                for task in both:
                    task.cancel()
        finally:
            await self._release()

    async def _acquire(self) -> None:
        loop = asyncio.get_running_loop()
        seen, since = -1, loop.time()
        while True:
            try:
                mark = await self._checkpoints.get(self._key)
                revision = mark.revision if mark else 0
                if revision != seen:
                    seen, since = revision, loop.time()
                if (_is_free(mark) or loop.time() - since >= self._seconds) and await self._write(revision):
                    return
            except Unavailable:
                seen = -1  # who can't look can't tell that a mark stood still
            await asyncio.sleep(self._seconds / _LOOKS)

    async def _renew(self) -> None:
        """Until somebody else has it, or nobody could be told for a term that we are alive."""
        loop = asyncio.get_running_loop()
        told = loop.time()
        while loop.time() - told < self._seconds:
            await asyncio.sleep(self._seconds / _LOOKS)
            try:
                if not await self._write(self._revision):
                    return
                told = loop.time()
            except Unavailable:
                continue

    async def _write(self, over: int) -> bool:
        written = await self._checkpoints.put(self._key, self._sign, over)
        if written is None:
            # Perhaps by us: of a write that was said to have failed nobody knows whether it did.
            mark = await self._checkpoints.get(self._key)
            if mark is None or mark.value != self._sign:
                return False
            written = mark.revision
        self._revision = written
        return True

    async def _release(self) -> None:
        try:
            await self._checkpoints.put(self._key, b"", self._revision)
        except Unavailable:
            return  # it ends by itself


def _is_free(mark: Mark | None) -> bool:
    return mark is None or not mark.value
