"""What other desks send, in the order in which it came: one at a time, each settled once what follows from it counts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from nats.aio.msg import Msg

from frontline.contract.channel import Log
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.pull import ensure_consumer, pull, quietly
from frontline.runtime.topology import TRANSFERS
from router.core.refusal import Refused
from router.desk.figures import RouterFigures
from router.desk.holding import ACK_WAIT_SECONDS
from router.desk.intake import MAX_DELIVERIES, Park
from router.desk.log import Deposed

_RETRY_SECONDS = 0.5


class Listening:
    """One consumer of `TRANSFERS`, which takes what stands on the subject `on`. `what` names it in logs and figures. `sure` waits
    while what was decided may be lost.
    """

    def __init__(
        self,
        bus: Bus,
        desk: DeskId,
        what: str,
        *,
        durable: str,
        on: str,
        at_once: int,
        sure: Callable[[], Awaitable[None]],
        park: Park,
        figures: RouterFigures,
        log: Log,
    ) -> None:
        self._bus = bus
        self._desk = desk
        self._what = what
        self._sure = sure
        self._durable = durable
        self._on = on
        self._at_once = at_once
        self._park = park
        self._figures = figures
        self._log = log
        self._in_hand: list[Msg] = []

    async def run(self, take: Callable[[Msg], Awaitable[None]]) -> None:
        """Have them taken until cancelled; what is in hand then comes again to the next leader. `take` raises
        `Rejected` and `Refused` for what is to be parked. Raises `Deposed`.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pull(take))
            tasks.create_task(self._keep())

    async def _pull(self, take: Callable[[Msg], Awaitable[None]]) -> None:
        while True:
            try:
                await self._bus.wait_connected()
                await ensure_consumer(
                    self._bus,
                    TRANSFERS,
                    self._durable,
                    filters=[self._on],
                    ack_wait=ACK_WAIT_SECONDS,
                    max_ack_pending=self._at_once,
                )
                async with aclosing(pull(self._bus, TRANSFERS, self._durable, lambda: self._at_once)) as batches:
                    async for messages in batches:
                        self._in_hand = list(messages)
                        while self._in_hand:
                            await self._settle(self._in_hand[0], take)
                            self._in_hand = self._in_hand[1:]
            except Unavailable as error:
                self._log.warning(f"{self._what}.interrupted", desk=self._desk, error=error.detail)
                await asyncio.sleep(_RETRY_SECONDS)
            finally:
                self._in_hand = []

    async def _keep(self) -> None:
        """Tell the server which are still in hand, so that it does not give them out again."""
        while True:
            await asyncio.sleep(ACK_WAIT_SECONDS / 2.5)
            for msg in tuple(self._in_hand):
                if msg in self._in_hand and self._bus.connected:
                    await quietly(msg.in_progress())

    async def _settle(self, msg: Msg, take: Callable[[Msg], Awaitable[None]]) -> None:
        try:
            if msg.metadata.num_delivered >= MAX_DELIVERIES:
                await self._put_aside(msg, "poison", f"delivered {msg.metadata.num_delivered} times without success")
                return
            await take(msg)
            await self._sure()
        except (Deposed, Unavailable):
            raise
        except Refused as refused:
            await self._put_aside(msg, "refused", f"{refused.conflict}: {refused.detail}")
        except Rejected as error:
            await self._put_aside(msg, "malformed", error.detail)
        except Exception as error:  # noqa: BLE001 - a bug must cost neither a contact nor those behind it
            self._log.error(f"{self._what}.failed", desk=self._desk, error=type(error).__name__)
            self._figures.heard(self._desk, self._what, "failed")
            await quietly(msg.nak(delay=2.0 ** min(msg.metadata.num_delivered, 5)))
        else:
            self._figures.heard(self._desk, self._what, "taken")
            await quietly(msg.ack())

    async def _put_aside(self, msg: Msg, reason: str, error: str) -> None:
        await self._park(reason, msg, error)
        self._figures.heard(self._desk, self._what, reason)
        await quietly(msg.term())
