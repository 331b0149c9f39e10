"""Readers that wait until the index has come as far as they need."""

import asyncio
from collections.abc import Callable

from frontline.contract.error import Unavailable


class Waiting:
    """Conditions over the index, looked at again each time that it moves on."""

    def __init__(self) -> None:
        self._waiters: dict[asyncio.Future[None], Callable[[], bool]] = {}

    def moved(self) -> None:
        """The index has changed: let those go on whose condition holds now."""
        for waiter, condition in self._waiters.items():
            if not waiter.done() and condition():
                waiter.set_result(None)

    async def until(self, condition: Callable[[], bool], within: float) -> None:
        """Return once `condition` holds. `Unavailable` if it does not within that many seconds."""
        if condition():
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = condition
        try:
            async with asyncio.timeout(within):
                await waiter
        except TimeoutError as error:
            raise Unavailable("this replica has not come that far yet", retry_after=1) from error
        finally:
            del self._waiters[waiter]
