"""What a desk has to do with the others of its configuration: contacts that come and go, messages sent on."""

import asyncio
from collections.abc import Mapping

from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.desk.between import Between
from router.desk.copied import Neighbour
from router.desk.figures import RouterFigures
from router.desk.forwarded import Forwarded
from router.desk.intake import Park
from router.desk.loop import DeskLoop
from router.desk.resolve import Resolver
from router.desk.send_on import SendsOn
from router.desk.strays import Strays
from router.desk.writing_down import WritesDown


class Neighbours:
    """Of one desk; its leader runs it. `copies` are all desks that the process follows. `sends_on` is for whoever else
    takes messages in.
    """

    def __init__(
        self,
        bus: Bus,
        desk: DeskId,
        *,
        resolver: Resolver,
        loop: DeskLoop,
        writes: WritesDown,
        copies: Mapping[DeskId, Neighbour],
        park: Park,
        figures: RouterFigures,
        clock: Clock,
        log: Log,
    ) -> None:
        self.sends_on = SendsOn(bus, desk, log)
        self._strays = Strays(bus, desk, loop, copies, figures, log)
        self._between = Between(bus, desk, loop=loop, park=park, figures=figures, clock=clock, log=log)
        self._forwarded = Forwarded(
            bus,
            desk,
            resolver=resolver,
            loop=loop,
            writes=writes,
            sends_on=self.sends_on,
            is_lost=self._strays.is_lost,
            park=park,
            figures=figures,
            clock=clock,
            log=log,
        )

    async def run(self) -> None:
        """Listen to the other desks until cancelled. Raises `Deposed`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._between.run())
            tasks.create_task(self._forwarded.run())
            tasks.create_task(self._strays.run())
