"""Work that an answer waits for, but not for ever: what takes longer goes on, and is joined when it
is asked for again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from frontline.contract.channel import Log, Meter
from frontline.contract.error import Rejected, Unavailable

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0


class InHand:
    """One piece of work for each key at a time. It is tried again until it is done, refused or cancelled:
    Twilio asks a few times only.
    """

    def __init__(self, tasks: asyncio.TaskGroup, patience: float, log: Log, meter: Meter) -> None:
        self._tasks = tasks
        self._patience = patience
        self._log = log
        self._meter = meter
        self._work: dict[str, asyncio.Task[Exception | None]] = {}

    async def do(
        self, key: str, work: Callable[[], Coroutine[Any, Any, None]], *, patience: float | None = None
    ) -> None:
        """Returns once it is done. `Unavailable` when it isn't within the patience; it goes on then."""
        task = self._work.get(key)
        if task is None:
            task = self._work[key] = self._tasks.create_task(self._keep_at(key, work), name=key)
            task.add_done_callback(lambda _: self._work.pop(key, None))
        await asyncio.wait({task}, timeout=self._patience if patience is None else patience)
        if not task.done():
            raise Unavailable("not stored yet")
        if task.cancelled():
            raise Unavailable("the service is stopping")
        if error := task.result():
            raise error

    async def drain(self, grace: float) -> None:
        """Let what is in hand finish, for as long as the grace lasts."""
        if not self._work:
            return
        _, late = await asyncio.wait(set(self._work.values()), timeout=grace)
        for task in late:
            self._meter.count("work_cut_off")
            self._log.error("phone.cut_off", work=task.get_name())
            task.cancel()

    async def _keep_at(self, key: str, work: Callable[[], Coroutine[Any, Any, None]]) -> Exception | None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await work()
            except Unavailable as error:
                self._log.warning("phone.put_off", work=key, why=error.detail)
            except Rejected as error:
                return error
            except Exception as error:  # noqa: BLE001 - told to whoever waits; a bug is none the less a line in the log
                self._meter.count("failures", where="work")
                self._log.error("phone.failed", work=key, exc_info=error)
                return error
            else:
                return None
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
