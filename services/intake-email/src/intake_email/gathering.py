"""Mails that have come whole at nearly the same time, read and stored one right behind the other.

Between two turns of the loop the processor serves others and forgets what reading a mail needs: the first one after
that takes twice as long as those behind it. Ten sessions that take turns by themselves have one or two mails in a turn.
"""

import asyncio


class Gathering:
    """`patience` in seconds: how long the first one waits for others, 0 for not at all."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, others: int) -> None:
        """Until the first one that waits has waited for long enough; not at all, and nor do those that wait already,
        when there are no `others` who may have a mail soon.
        """
        if self._patience <= 0 or others <= 0:
            self._go()
            return
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.append(mine)
        if self._timer is None:
            self._timer = loop.call_later(self._patience, self._go)
        await mine

    def _go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)
