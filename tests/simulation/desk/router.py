"""A router process of two desks: a replica of each, one configuration that its own file says, and an ear for both."""

import asyncio
from datetime import timedelta
from random import Random

from nats.aio.msg import Msg

from frontline.configuration.model import Configuration
from frontline.contract.ids import DeskId
from frontline.runtime.parked import park
from router.desk.commands import DeskCommands
from router.desk.configured import Configured
from router.desk.holders import Holders
from router.desk.replica import Replica
from router.desk.surroundings import Surroundings
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.client import bus_to
from tests.simulation.desk.firm import SIGNER
from tests.simulation.desk.process import FIGURES, Noted, Process
from tests.simulation.faults import Faults


class Router(Process):
    """`file` is what the process's own file says; it is read when a desk's log says that there is more."""

    def __init__(
        self, number: int, broker: Broker, random: Random, faults: Faults, wrong: list[str], file: Configuration
    ) -> None:
        super().__init__(number, broker, random, faults, wrong)
        self.file = file
        self.replicas: dict[DeskId, Replica] = {}

    async def start(self, *, snapshot_every: int, retention: timedelta | None) -> None:
        self.bus = await asyncio.get_running_loop().create_task(
            bus_to(self.client, ack_deadline=self._faults.deadline), context=self._context
        )
        log = Noted(self._broker.seen, self._wrong)
        self.configured = Configured(self.file, self._read, log, FIGURES)
        holders = Holders(self.replicas, FIGURES, log)
        surroundings = Surroundings(
            bus=self.bus,
            signer=SIGNER,
            configured=self.configured,
            wall=self.wall,
            monotonic=asyncio.get_running_loop().time,
            log=log,
            park=self._park,
            figures=FIGURES,
            holders_of=holders.find,
            decided=holders,
            neighbours=self.replicas,
            take_snapshot=self._take,
            snapshot_every=snapshot_every,
            retention=retention,
            acquaintance=self.acquaintance,
            erase_again_after=self.erase_again_after,
        )
        holder = f"process-{self.number}"
        self.replicas |= {desk.id: Replica(desk, holder, surroundings) for desk in self.file.desks}
        self._running = self._task(self._run())
        self._running.add_done_callback(self._ended)

    def has_file(self, configuration: Configuration) -> None:
        """Nobody puts an older one there."""
        if configuration.version > self.file.version:
            self.file = configuration

    @property
    def commands(self) -> DeskCommands:
        return DeskCommands(self.bus, self.replicas)

    async def _run(self) -> None:
        reading = self._task(self.configured.run())
        try:
            async with asyncio.TaskGroup() as tasks:
                for replica in self.replicas.values():
                    tasks.create_task(replica.run(self._stopping))
        finally:
            reading.cancel()

    async def _read(self) -> Configuration:
        return self.file

    async def _park(self, reason: str, msg: Msg, error: str) -> None:
        self._broker.seen[f"parked {reason}"] += 1
        await park(
            self.bus,
            service="router",
            reason=reason,
            origin=msg.subject,
            payload=msg.data,
            error=error,
            at=self.wall(),
            original_headers=msg.headers,
            once=f"{msg.metadata.stream}.{msg.metadata.sequence.stream}",
        )
