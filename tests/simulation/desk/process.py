"""A router process of the simulation: everything that the real one runs for a desk, on a simulated bus."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextvars import copy_context
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from nats.aio.msg import Msg
from prometheus_client import CollectorRegistry

from frontline.contract import subject
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.core.snapshot import UnreadableSnapshot
from router.desk.commands import DeskCommands
from router.desk.configured import Configured
from router.desk.eraser import Acquaintance, NoAcquaintance
from router.desk.figures import RouterFigures
from router.desk.replica import Replica
from router.desk.snapshotting import take
from router.desk.surroundings import Surroundings
from tests.simulation.desk.broker import START, Broker
from tests.simulation.desk.client import SimulatedClient, bus_to
from tests.simulation.desk.firm import CONFIGURATION, SIGNER, SUPPORT
from tests.simulation.faults import Faults
from tests.simulation.virtual_loop import PROCESS, Stopped

T = TypeVar("T")
FIGURES = RouterFigures(CollectorRegistry())
_ENDS_WITHIN = 60.0


class Gone(Exception):
    """The process ended before it answered."""


class Noted:
    """A process's log: what is never to happen is kept."""

    def __init__(self, seen: Counter[str], wrong: list[str]) -> None:
        self._seen = seen
        self._wrong = wrong

    def info(self, event: str, **_: Any) -> None:
        self._seen[event] += 1

    def warning(self, event: str, **_: Any) -> None:
        self._seen[event] += 1

    def error(self, event: str, **fields: Any) -> None:
        why = f"{event} {fields.get('error', '')}".strip()
        self._seen[why if event == "desk.given_up" else event] += 1
        if event in ("intake.failed", "effects.draft_missing") or why == "desk.given_up Torn":
            self._wrong.append(f"{why} {fields}")


class Process:
    """`number` is unique in a run: a process that is started again is another one."""

    configuration = CONFIGURATION
    """What it was started with."""
    acquaintance: Acquaintance = NoAcquaintance()
    erase_again_after = timedelta(hours=3)

    def __init__(self, number: int, broker: Broker, random: Random, faults: Faults, wrong: list[str]) -> None:
        self.number = number
        self.client = SimulatedClient(broker, random, faults, number, random.choice((0.2, 1, 1, 4)))
        self.skew = 0.0
        """Seconds by which its clock is ahead."""
        self.skewed = False
        self._broker = broker
        self._faults = faults
        self._random = random
        self._wrong = wrong
        self._stopped = Stopped()
        self._context = copy_context()
        self._context.run(PROCESS.set, self._stopped)
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._running: asyncio.Task[None] | None = None
        self.bus: Bus
        self.replica: Replica

    @property
    def stopped(self) -> bool:
        return self._stopped.stopped

    @property
    def alive(self) -> bool:
        return not self.client.dead

    def wall(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time() + self.skew)

    async def start(self, *, snapshot_every: int, retention: timedelta | None) -> None:
        self.bus = await asyncio.get_running_loop().create_task(
            bus_to(self.client, ack_deadline=self._faults.deadline), context=self._context
        )
        log = Noted(self._broker.seen, self._wrong)
        surroundings = Surroundings(
            bus=self.bus,
            signer=SIGNER,
            configured=Configured(self.configuration, None, log, FIGURES),
            wall=self.wall,
            monotonic=asyncio.get_running_loop().time,
            log=log,
            park=self._park,
            figures=FIGURES,
            take_snapshot=self._take,
            snapshot_every=snapshot_every,
            retention=retention,
            acquaintance=self.acquaintance,
            erase_again_after=self.erase_again_after,
        )
        self.replica = Replica(self.configuration.desks[0], f"process-{self.number}", surroundings)
        self._running = self._task(self.replica.run(self._stopping))
        self._running.add_done_callback(self._ended)

    async def ask(self, what: Coroutine[Any, Any, T]) -> T:
        """Have the process do something for somebody. Raises `Gone` when it ends before."""
        if not self.alive:
            what.close()
            raise Gone
        task = self._task(what)
        await asyncio.wait({task})
        if task.cancelled():
            raise Gone
        return task.result()

    @property
    def commands(self) -> DeskCommands:
        return DeskCommands(self.bus, {SUPPORT: self.replica})

    def stop(self) -> None:
        """Stand still, as a machine that is paused: the world goes on."""
        self._stopped.stop()

    def go_on(self) -> None:
        self._stopped.go_on()

    async def crash(self) -> None:
        """End at whatever instruction each task stands. Nothing that it still does has any effect."""
        self.client.kill()
        await self._end()

    async def halt(self) -> None:
        """End as one that is asked to."""
        self._stopping.set()
        assert self._running is not None
        await asyncio.wait({self._running}, timeout=_ENDS_WITHIN)
        if not self._running.done():
            self._wrong.append("a process that was asked to stop does not end")
        self.client.kill()
        await self._end()

    async def _end(self) -> None:
        self.go_on()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _, hanging = await asyncio.wait(tasks, timeout=_ENDS_WITHIN)
            if hanging:
                self._wrong.append(f"a cancelled process does not end: {hanging}")

    def _task(self, what: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(what, context=self._context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and self.alive and (error := task.exception()) is not None:
            self._wrong.append(f"process {self.number} ended: {_causes(error)}")

    async def _park(self, reason: str, msg: Msg, error: str) -> None:
        await self.bus.publish(subject.parked("router", reason), msg.data, {"Frontline-Error": error})

    async def _take(self, desk: DeskId) -> int:
        try:
            taken = await take(self.bus, desk, self.wall)
        except (Unavailable, UnreadableSnapshot):
            return 1
        self._broker.seen["snapshot"] += taken is not None
        return 0


def _causes(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(_causes(each) for each in error.exceptions)
    cause = f" <- {_causes(error.__cause__)}" if error.__cause__ else ""
    return f"{error!r}{cause}"
